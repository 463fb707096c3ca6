"""Pairwise win probability: how often one training of a contender beats one of another on test rows drawn anew."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shiftbench.comparison.measured import Numbers
from shiftbench.errors import Undefined


def win_probability(
    first: Mapping[int, Numbers], second: Mapping[int, Numbers], *, higher: bool, paired: bool = False
) -> float:
    """Share of (world, seed of the first, seed of the second, bootstrap draw) in which the first is better, 0..1.

    A tie counts half; every world counts alike, as does every pair of seeds and every draw of the clusters in it, which
    is one and the same draw for both. It speaks of single trainings, not of means over seeds: near 1/2 where the
    difference is small beside the spread of the seeds, however many seeds there are.
    `higher`: whether more is better; `paired`: both rest on the same trainings, and each is compared with itself.
    `Undefined` where the number is, in a draw.
    """
    shares = [
        _share(first[world].replicates, second[world].replicates, higher, paired) for world in first if world in second
    ]
    if not shares:
        raise Undefined("no world that both were scored in")
    return float(np.mean(shares))


def _share(first: NDArray[np.float64], second: NDArray[np.float64], higher: bool, paired: bool) -> float:
    """The share in one world, of replicates (s, B) and (t, B)."""
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise Undefined("undefined in some resamples")
    apart = (first - second if paired else first[:, None] - second[None]) * (1 if higher else -1)
    return float(np.mean((np.sign(apart) + 1) / 2))
