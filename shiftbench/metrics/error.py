"""Error of a predicted mean: root mean square."""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.metric import ALL_TARGETS, Floats, Metric, Number


def average(loss: Floats, weights: ArrayLike | None) -> Number:
    """Mean of `loss` (n,), of each replicate where `weights` (B, n) are given; `Undefined` without rows."""
    if loss.size == 0:
        raise Undefined("no rows")
    if weights is None:
        return float(loss.mean())
    counts = np.asarray(weights)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.einsum("bn,n->b", counts, loss) / counts.sum(axis=1))


def rmse(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Root mean square error, in the unit of the target, 0 or more. `predicted`, `target` (n,); `weights` (B, n)."""
    squared = np.square(np.asarray(predicted, np.float64) - np.asarray(target, np.float64))
    mean = average(squared, weights)
    return float(np.sqrt(mean)) if weights is None else np.sqrt(mean)


TABLE = (
    Metric(
        name="rmse",
        title="Root mean square error",
        better="lower",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=True,
        formula="sqrt(mean((mu - y)^2))",
        example=">>> rmse([0, 1], [0, 3])\n1.4142135623730951",
        source="textbook",
        compute=rmse,
    ),
)
