"""Uncertainty of a number: cluster bootstrap, percentile intervals, and the score scaled between floor and ceiling."""

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.errors import Undefined


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
    if names.size == 0:
        return np.zeros((resamples, 0), np.uint16)
    key = int.from_bytes(hashlib.blake2b(seed_text.encode(), digest_size=16).digest(), "little")
    drawn = np.random.Generator(np.random.Philox(key=key)).integers(names.size, size=(resamples, names.size))
    counts = np.zeros((resamples, names.size), np.uint16)
    for row, clusters in zip(counts, drawn, strict=True):
        row[:] = np.bincount(clusters, minlength=names.size)
    return counts[:, cluster]


def interval(replicates: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Ends of the central percentile interval of `replicates` (B,); NaN if there is none or any is not finite."""
    values = np.asarray(replicates, np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        return np.nan, np.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def scaled(estimate: Estimate, floor: Estimate, ceiling: Estimate, *, higher: bool, ceiling_name: str) -> Estimate:
    """Score (floor - m) / (floor - ceiling), 0 at the floor and 1 at the ceiling, unclipped, resampled as one.

    `higher`: whether more is better. `Undefined` if the denominator is negative, under 3 of its standard errors
    or under 5 % of the floor: then the scale has no length to speak of.
    """
    sign = 1.0 if higher else -1.0
    span = sign * (ceiling.value - floor.value)
    spans = sign * (ceiling.replicates - floor.replicates)
    error = spans.std(ddof=1) if spans.size > 1 else np.nan
    if span <= 0:
        raise Undefined(f"{ceiling_name} no better than the mean")
    if span < 0.05 * abs(floor.value):
        raise Undefined(f"{ceiling_name} within 5 % of the mean")
    if not np.isfinite(error):
        raise Undefined(f"no standard error of {ceiling_name} minus mean")
    if span < 3 * error:
        raise Undefined(f"{ceiling_name} within 3 standard errors of the mean")
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = sign * (estimate.replicates - floor.replicates) / spans
    return Estimate(float(sign * (estimate.value - floor.value) / span), replicates)
