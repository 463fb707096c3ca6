"""Correlation of values and of ranks."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.errors import Undefined
from shiftbench.metrics.metric import ALL_TARGETS, Floats, Metric, Number

Counts = NDArray[np.int32]

_BLOCK = 2**15
"""Numbers held at once for a block of replicates, so that they stay in cache."""


def pearson(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Product-moment correlation, -1 to 1. `predicted`, `target` (n,); `weights` (B, n).

    `Undefined` below 3 rows or if either side is constant. Two passes, so that an offset costs no digits.
    """
    x, y = (_standard(side) for side in _varying(predicted, target))

    def of(counts: Counts) -> Floats:
        return _correlation(_centred(x, counts), _centred(y, counts), counts)

    return _replicated(of, weights, x.size)


def spearman(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Rank correlation with midranks for ties, -1 to 1. `predicted`, `target` (n,); `weights` (B, n).

    `Undefined` below 3 rows or if either side is constant.
    """
    x, y = _varying(predicted, target)
    order_x, order_y = _Order(x), _Order(y)

    def of(counts: Counts) -> Floats:
        return _correlation(order_x.centred_ranks(counts), order_y.centred_ranks(counts), counts)

    return _replicated(of, weights, x.size)


class _Order:
    """One sort of `values` (n,), from which the ranks of any replicate follow in O(n)."""

    def __init__(self, values: Floats) -> None:
        self._order = np.argsort(values)
        ordered = values[self._order]
        self._below = np.searchsorted(ordered, values, "left")
        self._up_to = np.searchsorted(ordered, values, "right")

    def centred_ranks(self, counts: Counts) -> Floats:
        """Twice the midranks less twice their mean (B, n): whole numbers, so a constant replicate gives exact zeros."""
        drawn = np.zeros((counts.shape[0], counts.shape[1] + 1), np.int32)
        np.cumsum(counts.take(self._order, axis=1), axis=1, out=drawn[:, 1:])
        return (drawn.take(self._below, axis=1) + drawn.take(self._up_to, axis=1) - drawn[:, -1:]).astype(np.float64)


def _varying(predicted: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    if x.size < 3:
        raise Undefined(f"{x.size} rows, a correlation needs 3")
    for side, name in ((x, "predictions"), (y, "targets")):
        if side.min() == side.max():
            raise Undefined(f"{name} are constant")
    return x, y


def _standard(values: Floats) -> Floats:
    """Values moved and scaled to [0, 1]: the correlation is the same and no square overflows or vanishes."""
    low = values.min()
    return np.asarray((values - low) / (values.max() - low))


def _centred(values: Floats, counts: Counts) -> Floats:
    """Values less the mean of each replicate (B, n); zeros where a replicate is constant up to rounding."""
    total = np.maximum(counts.sum(axis=1), 1)
    centred: Floats = values - (np.einsum("bn,n->b", counts, values) / total)[:, None]
    spread = np.einsum("bn,bn->b", counts * centred, centred)
    rounding = np.square(8 * np.finfo(np.float64).eps) * np.einsum("bn,n->b", counts, values**2)
    centred[spread <= rounding] = 0
    return centred


def _correlation(x: Floats, y: Floats, counts: Counts) -> Floats:
    """Weighted correlation (B,) of centred values (B, n); NaN where a side is all zeros."""
    weighted_x, weighted_y = counts * x, counts * y
    cross = np.einsum("bn,bn->b", weighted_x, y)
    squares_x, squares_y = np.einsum("bn,bn->b", weighted_x, x), np.einsum("bn,bn->b", weighted_y, y)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.clip(cross / (np.sqrt(squares_x) * np.sqrt(squares_y)), -1, 1))


def _replicated(of: Callable[[Counts], Floats], weights: ArrayLike | None, n: int) -> Number:
    """`of` the rows themselves (float), or of `weights` (B, n) in blocks of replicates (B,)."""
    if weights is None:
        return float(of(np.ones((1, n), np.int32))[0])
    counts, step = np.asarray(weights), max(1, _BLOCK // n)
    blocks = [counts[start : start + step].astype(np.int32) for start in range(0, len(counts), step)]
    return np.concatenate([of(block) for block in blocks])


TABLE = (
    Metric(
        name="pearson",
        title="Pearson correlation",
        better="higher",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=True,
        formula="cov(mu, y) / (sd(mu) sd(y))",
        example=">>> round(pearson([1, 2, 3], [1, 2, 4]), 6)\n0.981981",
        source="textbook",
        compute=pearson,
        floor=0.0,
    ),
    Metric(
        name="spearman",
        title="Spearman rank correlation",
        better="higher",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=True,
        formula="pearson(rank(mu), rank(y)), ties share the mean of their ranks",
        example=">>> round(spearman([1, 2, 2, 9], [1, 3, 2, 4]), 6)\n0.948683",
        source="Kendall and Gibbons 1990, Rank Correlation Methods, chapter 3 (ties)",
        compute=spearman,
        floor=0.0,
    ),
)
