"""Correlation of values and of ranks."""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.error import finite
from shiftbench.metrics.metric import ALL_TARGETS, Floats, Metric, Number
from shiftbench.metrics.ranking import draws, ranking


def pearson(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Product-moment correlation, -1 to 1. `predicted`, `target` (n,); `weights` (B, n), whole numbers.

    `Undefined` below 3 rows or if either side is constant. Offset and unit of a side cost no digits.
    """
    from shiftbench.metrics import correlation_kernels as kernels

    x, y = (_standard(side) for side in _varying(predicted, target))
    found: Floats = kernels.pearson(x, y, draws(weights, x.size))
    return float(found[0]) if weights is None else found


def spearman(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Rank correlation with midranks for ties, -1 to 1. `predicted`, `target` (n,); `weights` (B, n), whole numbers.

    `Undefined` below 3 rows or if either side is constant. Each side is sorted once: the ranks of a replicate are
    running sums of its counts in that order.
    """
    from shiftbench.metrics import correlation_kernels as kernels

    x, y = _varying(predicted, target)
    found: Floats = kernels.spearman(*ranking(x), *ranking(y), draws(weights, x.size))
    return float(found[0]) if weights is None else found


def _varying(predicted: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    if (rows := np.size(predicted)) < 3:
        raise Undefined(f"{rows} rows, a correlation needs 3")
    x, y = finite(predicted, "prediction"), finite(target, "target")
    for side, name in ((x, "predictions"), (y, "targets")):
        if side.min() == side.max():
            raise Undefined(f"{name} are constant")
    return x, y


def _standard(values: Floats) -> Floats:
    """Distance from the median, over the largest: the correlation is the same and no square overflows or vanishes."""
    away = values - np.median(values)
    return np.asarray(away / np.abs(away).max())


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
