"""Shifts of the assay, p(observed given y); severity = 1 - lambda' / lambda, mean over outputs.

lambda = Var f / (Var f + E[sd^2] + Var(expected - f)) on the reference sequences of a world, over all batches. Every
family goes along one line from the assay of the world, at 0, to the farthest that it knows, at 1.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import msgspec
import numpy as np

from simulators import effects, moments, program
from simulators.contract import Assay, Batch, World
from simulators.effects import Floats
from simulators.random import key
from simulators.severity import Solved, Unreachable, climb
from simulators.standard import moments as mean_sd

RUNGS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.75, 1.0)
"""Places on the line of a family that are tried first."""
DEPTH_LEAST = 0.01
"""Smallest share of the reads that `depth` leaves; below it an insert has so few that pseudocounts decide."""
BATCH_SD = {"offset": 0.15, "slope": 0.12, "gc_linear": 1.0, "gc_square": 6.0, "depth": 0.2}
"""SD of one step of `batch`; slope and depth in natural logs."""
BATCH_STEPS = 10.0
GC_MOST, GC_CURVE = 20.0, 3.0
"""Largest PCR bias, log2 per unit of GC, and how many times as large its square term is."""
DISPERSION_MOST, DISPERSION_GC = 32.0, 8.0
JACKPOT_RATE, JACKPOT_GROWTH = 0.3, 100.0
GAIN_LEAST, LEAK_MORE = 0.1, 2.0
"""Share of the gain that `protocol` leaves and leak that it adds."""
DROPOUT_MOST = 0.98

Line = Callable[[World, float], tuple[Assay, dict[str, float]]]
"""Assay at a place 0..1 of a family's line, and the parameters to tell."""


def depth(world: World, severity: float) -> Solved:
    """Assay with fewer reads a barcode, DNA and RNA by one factor in `DEPTH_LEAST`..1."""
    reason = f"at less than {DEPTH_LEAST:g} of the reads pseudocounts decide"
    return _solved("depth", world, severity, _depth, reason)


def batch(world: World, severity: float) -> Solved:
    """Assay whose batches were never seen: as many, each an old one changed by independent normal effects.

    The SDs of these effects are `BATCH_SD` times one factor. A sign common to all batches is chosen for each effect so
    that the new part does not cancel the old.
    """
    return _solved("batch", world, severity, _batch, f"batches change by at most {BATCH_STEPS:g} steps")


def pcr_gc(world: World, severity: float) -> Solved:
    """Assay that reads GC-rich inserts as less active, and both ends of GC more so than the middle."""
    return _solved("pcr_gc", world, severity, _pcr_gc, f"a bias above {GC_MOST:g} log2 per unit of GC is not used")


def heteroscedastic(world: World, severity: float) -> Solved:
    """Assay with more dispersion of reads, the more the farther GC is from the middle."""
    reason = f"dispersion grows by at most {DISPERSION_MOST:g}"
    return _solved("heteroscedastic", world, severity, _heteroscedastic, reason)


def heavy_tail(world: World, severity: float) -> Solved:
    """Assay with more jackpots, and larger ones."""
    reason = f"the rate of jackpots ends at {JACKPOT_RATE:g}, their size at {JACKPOT_GROWTH:g} times the old"
    return _solved("heavy_tail", world, severity, _heavy_tail, reason)


def protocol(world: World, severity: float) -> Solved:
    """Assay of another promoter: less gain and more leak, which both press what is read together.

    (More gain with more leak would first undo, then overdo: lambda rises before it falls.)
    """
    return _solved("protocol", world, severity, _protocol, f"then {GAIN_LEAST:g} of the gain is left, the rest is leak")


def dropout(world: World, severity: float) -> Solved:
    """Assay that loses barcodes, and with them more of the inserts."""
    reason = f"at a loss above {DROPOUT_MOST:g} hardly an insert is measured; those that are have enough barcodes"
    return _solved("dropout", world, severity, _dropout, reason)


def _depth(world: World, t: float) -> tuple[Assay, dict[str, float]]:
    law, factor = world.assay, math.exp(t * math.log(DEPTH_LEAST))
    new = msgspec.structs.replace(law, dna_depth=law.dna_depth * factor, rna_depth=law.rna_depth * factor)
    return new, {"factor": factor}


def _batch(world: World, t: float) -> tuple[Assay, dict[str, float]]:
    old, steps = world.assay.batches, t * BATCH_STEPS
    stream = key(0, world.program.identity, "shift", "batch")
    draws = effects.normals(stream, len(old), 0, len(BATCH_SD)).tolist()
    change = {}
    for (name, sd), draw in zip(BATCH_SD.items(), draws, strict=True):
        before = [getattr(b, name) for b in old]
        middle = sum(before) / len(before)
        along = sum((x - middle) * z for x, z in zip(before, draw, strict=True))
        change[name] = [math.copysign(sd, along) * steps * z for z in draw]
    new = tuple(
        Batch(
            offset=b.offset + change["offset"][i],
            slope=b.slope * math.exp(change["slope"][i]),
            gc_linear=b.gc_linear + change["gc_linear"][i],
            gc_square=b.gc_square + change["gc_square"][i],
            depth=b.depth * math.exp(change["depth"][i]),
        )
        for i, b in enumerate(old)
    )
    return msgspec.structs.replace(world.assay, batches=new), {"steps": steps}


def _pcr_gc(world: World, t: float) -> tuple[Assay, dict[str, float]]:
    law = world.assay
    parameter = {"gc_linear": law.gc_linear - t * GC_MOST, "gc_square": law.gc_square - t * GC_MOST * GC_CURVE}
    return msgspec.structs.replace(law, **parameter), parameter


def _heteroscedastic(world: World, t: float) -> tuple[Assay, dict[str, float]]:
    law = world.assay
    factor = math.exp(t * math.log(DISPERSION_MOST))
    parameter = {"dispersion": law.dispersion * factor, "dispersion_gc": law.dispersion_gc + t * DISPERSION_GC}
    return msgspec.structs.replace(law, **parameter), parameter


def _heavy_tail(world: World, t: float) -> tuple[Assay, dict[str, float]]:
    law = world.assay
    growth = math.exp(t * math.log(JACKPOT_GROWTH))
    parameter = {
        "jackpot_rate": law.jackpot_rate + t * max(0.0, JACKPOT_RATE - law.jackpot_rate),
        "jackpot_least": law.jackpot_least * growth,
        "jackpot_most": law.jackpot_most * growth,
    }
    return msgspec.structs.replace(law, **parameter), parameter


def _protocol(world: World, t: float) -> tuple[Assay, dict[str, float]]:
    gain = world.assay.gain * (1 - t * (1 - GAIN_LEAST))
    parameter = {"gain": gain, "leak": world.assay.leak + t * LEAK_MORE}
    return msgspec.structs.replace(world.assay, **parameter), parameter


def _dropout(world: World, t: float) -> tuple[Assay, dict[str, float]]:
    old = world.assay.dropout
    parameter = {"dropout": old + t * max(0.0, DROPOUT_MOST - old)}
    return msgspec.structs.replace(world.assay, **parameter), parameter


def _solved(family: str, world: World, severity: float, line: Line, reason: str) -> Solved:
    """Assay on the line of a family that has the severity, to a thousandth of it."""

    def lost(t: float) -> float:
        before, after = _reliability(world, world.assay), _reliability(world, line(world, t)[0])
        return 1 - sum(b / a for a, b in zip(before, after, strict=True)) / len(before)

    t, reached = climb(lost, severity, RUNGS, 1e-3 * severity)
    if reached < severity * (1 - 1e-3):
        raise Unreachable(family, severity, reached, reason)
    new, parameter = line(world, t)
    return (new,), reached, parameter


@lru_cache(maxsize=128)
def _reliability(world: World, law: Assay) -> tuple[float, ...]:
    """Lambda of every output of a world under an assay: the share of what is observed that is truth."""
    f, gc = _items(world)
    expected, sd = moments.moments(law, f.astype(np.float32), gc, grid=moments.COARSE)
    shares = []
    for c in range(f.shape[1]):
        signal = mean_sd(f[:, c])[1] ** 2
        noise = mean_sd(sd[:, c].astype(np.float64) ** 2)[0]
        bias = mean_sd(expected[:, c] - f[:, c])[1] ** 2
        shares.append(float(signal / (signal + noise + bias)))
    return tuple(shares)


@lru_cache(maxsize=4)
def _items(world: World) -> tuple[Floats, Floats]:
    """Activity (n, outputs) and GC (n,) of the reference sequences."""
    found = program.reference(world.genome, world.program)
    return program.link(world.program, program.parts(world.program, found)), found.gc
