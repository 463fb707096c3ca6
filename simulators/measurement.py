"""Shifts of the assay, p(observed given y); severity = 1 - lambda' / lambda, mean over outputs.

lambda = Var f / (Var f + E[sd^2] + Var(expected - f)) on the reference sequences of a world.
"""

import math
from functools import lru_cache

import msgspec
import numpy as np

from simulators import assay, program
from simulators.contract import Assay, World
from simulators.effects import Floats
from simulators.program import moments
from simulators.severity import Solved, Unreachable, bisect

DEPTH_LEAST = 0.01
"""Smallest share of the reads that `depth` leaves; below it an insert has so few that pseudocounts decide."""


def depth(world: World, severity: float) -> Solved:
    """Assay with fewer reads a barcode, DNA and RNA by one factor in `DEPTH_LEAST`..1."""

    def reached(thinning: float) -> float:
        return _lost(world, math.exp(-thinning))

    most = -math.log(DEPTH_LEAST)
    if severity > reached(most):
        reason = f"at less than {DEPTH_LEAST:g} of the reads pseudocounts decide"
        raise Unreachable("depth", severity, reached(most), reason)
    thinning = bisect(reached, severity, 0.0, most, steps=32)
    factor = math.exp(-thinning)
    return _thinned(world.assay, factor), reached(thinning), {"factor": factor}


def _lost(world: World, factor: float) -> float:
    f, gc = _activity(world)
    before, after = (reliability(law, f, gc) for law in (world.assay, _thinned(world.assay, factor)))
    return 1 - sum(b / a for a, b in zip(before, after, strict=True)) / len(before)


def reliability(law: Assay, f: Floats, gc: Floats) -> list[float]:
    """Lambda of every output for activities `f` float64 (n, outputs): the share of what is observed that is truth."""
    expected, sd = assay.moments(law, f.astype(np.float32), gc)
    shares = []
    for c in range(f.shape[1]):
        signal = moments(f[:, c])[1] ** 2
        noise = moments(sd[:, c].astype(np.float64) ** 2)[0]
        bias = moments(expected[:, c] - f[:, c])[1] ** 2
        shares.append(signal / (signal + noise + bias))
    return shares


@lru_cache(maxsize=4)
def _activity(world: World) -> tuple[Floats, Floats]:
    found = program.reference(world.genome, world.program)
    return program.link(world.program, program.parts(world.program, found)), found.gc


def _thinned(law: Assay, factor: float) -> Assay:
    return msgspec.structs.replace(law, dna_depth=law.dna_depth * factor, rna_depth=law.rna_depth * factor)
