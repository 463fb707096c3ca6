"""Uncertainty of a number: cluster bootstrap and percentile intervals."""

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.stats.draws import draw


class Estimate(NamedTuple):
    """A number and its bootstrap replicates float64 (B,)."""

    value: float
    replicates: NDArray[np.float64]


def cluster_counts(group: ArrayLike, resamples: int, seed_text: str) -> NDArray[np.uint16]:
    """How often each row is drawn, uint16 (resamples, n), when all clusters are redrawn with replacement.

    `group` (n,): cluster of each row; rows of a cluster always come together. The draws depend on `seed_text` and the
    number of clusters alone, and the first k resamples are the same for any number of them.
    Source: Davison and Hinkley 1997, Bootstrap Methods and their Application, section 3.8.
    """
    names, cluster = np.unique(np.asarray(group), return_inverse=True)
    counts = np.empty((resamples, cluster.size), np.uint16)
    key = int.from_bytes(hashlib.blake2b(seed_text.encode(), digest_size=8).digest(), "little")
    draw(np.uint64(key), cluster, names.size, counts)
    return counts


def interval(replicates: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Ends of the central percentile interval of `replicates` (B,); NaN if there is none or any is not finite."""
    values = np.asarray(replicates, np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        return np.nan, np.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
