"""Shifts of the genome, p(x); severity = total variation between the laws of the sequences."""

import math

import msgspec
from numba import njit

from simulators import genome
from simulators.contract import World
from simulators.distributions import log_gamma
from simulators.severity import Solved, Unreachable, bisect

GC_HIGHEST = 0.95
"""Largest mean GC of the background that the family uses."""


def gc(world: World, severity: float) -> Solved:
    """Genome with a higher mean GC of the background letters, same SD.

    Given how many background letters are C or G their arrangement is uniform, so the total variation is that of two
    beta-binomial laws, taken at the mean number of letters that no site covers.
    """
    law = world.genome
    letters = genome.free_letters(law, world.program.release)

    def reached(mean: float) -> float:
        return float(_total_variation(letters, law.gc_sd, law.gc_mean, mean))

    largest = reached(GC_HIGHEST)
    if severity > largest:
        raise Unreachable("gc", severity, largest, f"a mean GC above {GC_HIGHEST} is not used")
    mean = bisect(reached, severity, law.gc_mean, GC_HIGHEST)
    return msgspec.structs.replace(law, gc_mean=mean), reached(mean), {"gc_mean": mean}


@njit(cache=True)
def _total_variation(letters, sd, mean, other):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(letters + 1):
        total += abs(_beta_binomial(k, letters, mean, sd) - _beta_binomial(k, letters, other, sd))
    return total / 2


@njit(cache=True)
def _beta_binomial(k, n, mean, sd):  # type: ignore[no-untyped-def]
    """Probability of k of n letters when their common probability is beta-distributed."""
    total = mean * (1 - mean) / (sd * sd) - 1
    a, b = mean * total, (1 - mean) * total
    ways = log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0)
    joint = log_gamma(k + a) + log_gamma(n - k + b) - log_gamma(n + a + b)
    return math.exp(ways + joint + log_gamma(a + b) - log_gamma(a) - log_gamma(b))
