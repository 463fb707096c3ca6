"""Shifts of the genome, p(x); severity = total variation between the laws of the sequences."""

import math
from collections.abc import Callable
from functools import lru_cache

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import genome, program
from simulators.contract import Genome, Program, World
from simulators.distributions import log_gamma
from simulators.effects import Floats
from simulators.random import key
from simulators.severity import Solved, Unreachable, bisect, climb

Counts = NDArray[np.int64]

GC_HIGHEST = 0.95
"""Largest mean GC of the background that the family uses."""
SITES_MOST = 60.0
"""Sites tried an insert, mean, that `motif_density` ends at; a site that would overlap an earlier one is left out."""
DRAWN = 20_000
"""Sequences a side from which a total variation is estimated."""
BINS = 8
"""Quantile bins of the source law for each of the numbers that tell of a sequence."""
NUMBERS = ("f", "gc", "occupancy", "pairs")
"""Mean f over outputs, GC, total occupancy of the public motifs, total strength of pairs."""
RESOLVED = 0.15
"""Severity below which the estimate is mostly noise; a smaller one is had at the same share of this one's parameter."""
TOLERANCE = 0.002
"""How far from the severity asked an estimated one may be."""
RUNGS = (0.05, 0.1, 0.2, 0.35, 0.55, 0.75, 1.0)
"""Shares of the way to the end of a family that are tried first."""


def gc(world: World, severity: float) -> Solved:
    """Genome with a higher mean GC of the background letters, same SD.

    Given how many background letters are C or G their arrangement is uniform, so the total variation is that of two
    beta-binomial laws, taken at the mean number of letters that no site covers. `overlap` is ESS / n of the exact
    weights of source sequences, 1 / E[weight^2].
    """
    law = world.genome
    letters = genome.free_letters(law, world.program.release)

    def reached(mean: float) -> float:
        return float(_compared(letters, law.gc_sd, law.gc_mean, mean)[0])

    largest = reached(GC_HIGHEST)
    if severity > largest:
        raise Unreachable("gc", severity, largest, f"a mean GC above {GC_HIGHEST} is not used")
    mean = bisect(reached, severity, law.gc_mean, GC_HIGHEST)
    overlap = float(_compared(letters, law.gc_sd, law.gc_mean, mean)[1])
    return (msgspec.structs.replace(law, gc_mean=mean),), reached(mean), {"gc_mean": mean, "overlap": overlap}


def motif_density(world: World, severity: float) -> Solved:
    """Genome that plants more of everything: single sites and pairs of sites by one factor."""
    law = world.genome
    sites = law.plants + 2 * law.module_plants
    reason = f"an insert has hardly room for more where {SITES_MOST:g} sites are tried"

    def shifted(share: float) -> Genome:
        factor = 1 + share * (SITES_MOST / sites - 1)
        return msgspec.structs.replace(law, plants=law.plants * factor, module_plants=law.module_plants * factor)

    if not 0 < sites < SITES_MOST:
        raise Unreachable("motif_density", severity, 0.0, reason if sites else "the genome plants no sites")
    new, reached, share = _solved("motif_density", world, severity, shifted, reason)
    return (new,), reached, {"factor": 1 + share * (SITES_MOST / sites - 1)}


def grammar_use(world: World, severity: float) -> Solved:
    """Genome that plants pairs in the place of single sites, and more of them in the arrangement of their module.

    The mean number of planted sites stays. Total variation of (mean f, strength of pairs, occupancy): GC does not tell.
    """
    law = world.genome

    def shifted(share: float) -> Genome:
        return msgspec.structs.replace(
            law,
            plants=law.plants * (1 - share),
            module_plants=law.module_plants + share * law.plants / 2,
            arranged=law.arranged + share * (1 - law.arranged),
        )

    if not (law.modules and law.plants):
        raise Unreachable("grammar_use", severity, 0.0, "the genome has no modules or plants no single sites")
    seen = ("f", "pairs", "occupancy")
    new, reached, _ = _solved("grammar_use", world, severity, shifted, "then all sites are pairs, all arranged", seen)
    return (new,), reached, {name: getattr(new, name) for name in ("plants", "module_plants", "arranged")}


def turnover_sites(world: World, severity: float) -> Solved:
    """Genome whose planted sites decay: each letter of a site may be one of the background."""
    law = world.genome

    def shifted(share: float) -> Genome:
        return msgspec.structs.replace(law, decay=law.decay + share * (1 - law.decay))

    if law.decay >= 1:
        raise Unreachable("turnover_sites", severity, 0.0, "all sites have decayed in the source")
    new, reached, _ = _solved("turnover_sites", world, severity, shifted, "then no letter of a planted site is left")
    return (new,), reached, {"decay": new.decay}


def _solved(
    family: str,
    world: World,
    severity: float,
    shifted: Callable[[float], Genome],
    reason: str,
    seen: tuple[str, ...] = ("f", "gc", "occupancy"),
) -> tuple[Genome, float, float]:
    """Genome `shifted` by a share 0..1 of the way of its family to the severity, the severity reached, and the share.

    Towards 0 the total variation of a smooth family goes linearly with its parameter.
    """
    target = max(severity, RESOLVED)
    share, reached = climb(lambda x: total_variation(world, shifted(x), seen), target, RUNGS, TOLERANCE)
    if reached < severity - TOLERANCE:
        raise Unreachable(family, severity, reached, reason)
    scale = min(1.0, severity / reached) if severity < RESOLVED else 1.0
    return shifted(share * scale), reached * scale, share * scale


def total_variation(world: World, other: Genome, seen: tuple[str, ...]) -> float:
    """Total variation between the laws of some `NUMBERS` of the sequences of two genomes, read by one program.

    From `DRAWN` sequences a side, drawn independently of each other, in `BINS`^3 bins between quantiles of the source.
    A shift of one number alone ends at 1 - 1 / `BINS`.
    """
    columns = [NUMBERS.index(name) for name in seen]
    here = _numbers(world.genome, world.program, "severity source")[:, columns]
    there = _numbers(other, world.program, "severity target")[:, columns]
    edges = np.sort(here, axis=0)[len(here) * np.arange(1, BINS) // BINS].T
    return corrected(histogram(edges, here), histogram(edges, there))


def corrected(here: Counts, there: Counts) -> float:
    """Total variation between two laws from the histograms of two independent draws of one size, int64 (bins,).

    Draws of one law differ too, by a `noise` that the counts tell. Differences of bins spread about 0 as this noise
    does, so that squares add: sqrt((raw^2 - noise^2) / (1 - noise^2)), near 0 for one law and 1 for disjoint ones. For
    three normal numbers, 512 bins and 20,000 a side it is within .005 of the truth of the bins from .04 to .88, SD
    .005; for one law it is .01. (To take `noise` off as it is would tell .16 as .10 and .31 as .26.)
    """
    raw, noise = _differences(here, there)
    return math.sqrt(max(0.0, raw * raw - noise * noise) / (1 - noise * noise))


def histogram(edges: Floats, numbers: Floats) -> Counts:
    """Draws in every bin, int64 (bins,), of `numbers` float64 (n, k) between `edges` (k, inner edges)."""
    places = [np.searchsorted(edge, values, side="right") for edge, values in zip(edges, numbers.T, strict=True)]
    return np.bincount(np.ravel_multi_index(places, (BINS,) * len(edges)), minlength=BINS ** len(edges))


@lru_cache(maxsize=64)
def _numbers(law: Genome, effect: Program, purpose: str) -> Floats:
    """`NUMBERS` of `DRAWN` sequences, float64 (n, 4)."""
    stream = key(0, effect.identity, purpose)
    found = program.basis(effect, genome.draw(law, effect.release, stream, DRAWN).sequence)
    out = np.empty((DRAWN, len(NUMBERS)))
    _sum_up(program.link(effect, program.parts(effect, found)), found.gc, found.occupancy, found.pair, out)
    return out


@njit(cache=True)
def _sum_up(f, gc, occupancy, pair, out):  # type: ignore[no-untyped-def]
    for i in range(len(gc)):
        out[i, 0], out[i, 1] = _sum(f[i]) / f.shape[1], gc[i]
        out[i, 2], out[i, 3] = _sum(occupancy[i]), _sum(pair[i])


@njit(cache=True)
def _sum(values):  # type: ignore[no-untyped-def]
    total = 0.0
    for x in values:
        total += x
    return total


@njit(cache=True)
def _differences(here, there):  # type: ignore[no-untyped-def]
    """Half the summed difference of two histograms, and that expected of two draws of what they have in common."""
    raw, noise, n = 0.0, 0.0, here.sum()
    for k in range(here.size):
        raw += abs(here[k] - there[k])
        noise += math.sqrt(2 / math.pi * (here[k] + there[k]))
    return raw / (2 * n), noise / (2 * n)


@njit(cache=True)
def _compared(letters, sd, mean, other):  # type: ignore[no-untyped-def]
    """Total variation of two laws of GC counts, and ESS / n of draws of the first with weights to be of the second."""
    total, square = 0.0, 0.0
    for k in range(letters + 1):
        p, q = _beta_binomial(k, letters, mean, sd), _beta_binomial(k, letters, other, sd)
        total += abs(p - q)
        square += q * q / p if p > 0 else 0.0
    return total / 2, 1 / square


@njit(cache=True)
def _beta_binomial(k, n, mean, sd):  # type: ignore[no-untyped-def]
    """Probability of k of n letters when their common probability is beta-distributed."""
    total = mean * (1 - mean) / (sd * sd) - 1
    a, b = mean * total, (1 - mean) * total
    ways = log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0)
    joint = log_gamma(k + a) + log_gamma(n - k + b) - log_gamma(n + a + b)
    return math.exp(ways + joint + log_gamma(a + b) - log_gamma(a) - log_gamma(b))
