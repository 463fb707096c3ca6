"""Error of a predicted mean: root mean square, absolute, relative to the spread of the target, and bias."""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.metric import ALL_TARGETS, Floats, Metric, Number


def average(loss: Floats, weights: ArrayLike | None) -> Number:
    """Mean of `loss` (n,), of each replicate where `weights` (B, n) are given, NaN where one draws no row.

    `Undefined` without rows, and where a loss is not finite. No BLAS: the sum is the same for any number of threads.
    """
    finite(loss, "loss")
    if weights is None:
        return float(loss.mean())
    counts = np.asarray(weights)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.einsum("bn,n->b", counts, loss) / counts.sum(axis=1))


def finite(values: ArrayLike, name: str) -> Floats:
    """`values` as float64; `Undefined` without rows, and where a value is infinite or not a number."""
    checked = np.asarray(values, np.float64)
    if len(checked) == 0:
        raise Undefined("no rows")
    if wrong := np.count_nonzero(~np.isfinite(checked)):
        raise Undefined(f"{name} is not finite in {wrong} of {checked.size} values")
    return checked


def as_number(found: Floats, weights: ArrayLike | None) -> Number:
    """`found` (B,) of each replicate; a float without weights, where the rows themselves are the only one."""
    return float(found[0]) if weights is None else found


def root_mean_square(values: Floats, weights: ArrayLike | None) -> Number:
    """Root of the mean square of finite `values` (n,); `weights` (B, n). No square overflows or vanishes."""
    size = float(np.abs(values).max()) or 1.0
    mean = average(np.square(values / size), weights)
    return size * float(np.sqrt(mean)) if weights is None else size * np.sqrt(mean)


def rmse(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Root mean square error, in the unit of the target, 0 or more. `predicted`, `target` (n,); `weights` (B, n)."""
    return root_mean_square(_error(predicted, target), weights)


def mae(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean absolute error, in the unit of the target, 0 or more. `predicted`, `target` (n,); `weights` (B, n).

    The median of a law is its best prediction, not the mean.
    """
    return average(np.abs(_error(predicted, target)), weights)


def bias(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean of prediction less target, in the unit of the target. `predicted`, `target` (n,); `weights` (B, n)."""
    return average(_error(predicted, target), weights)


def r2(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """One less the share of the target's variance (in these rows) that is left unexplained: 1 or less, also negative.

    `predicted`, `target` (n,); `weights` (B, n). `Undefined` if the target is constant.
    """
    return 1 - _unexplained(predicted, target, weights)


def relative_rmse(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Root mean square error in SDs of the target (in these rows; divisor n), 0 or more; sqrt(1 - r2).

    `predicted`, `target` (n,); `weights` (B, n). `Undefined` if the target is constant.
    """
    share = _unexplained(predicted, target, weights)
    return float(np.sqrt(share)) if weights is None else np.sqrt(share)


def _error(predicted: ArrayLike, target: ArrayLike) -> Floats:
    return finite(predicted, "prediction") - finite(target, "target")


def _unexplained(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None) -> Number:
    """Mean square error over the variance of the target, NaN in replicates where the target is constant."""
    value = finite(target, "target")
    if value.min() == value.max():
        raise Undefined("targets are constant")
    centred = value - np.median(value)  # a mean would take digits from all rows where one lies far away
    size = np.abs(centred).max()
    with np.errstate(over="ignore"):
        squared = np.square(_error(predicted, value) / size)
    return average(squared, weights) / _variance(centred / size, weights)


def _variance(values: Floats, weights: ArrayLike | None) -> Number:
    """Variance (divisor n) of `values` about 0, NaN in replicates where they are constant."""
    if weights is None:
        return float(values.var())
    counts = np.asarray(weights)
    square = np.asarray(average(values**2, counts))
    variance = square - np.square(average(values, counts))
    for replicate in np.flatnonzero(variance <= 1e-4 * square):  # too few digits left by the difference
        rows = counts[replicate] > 0
        left, times = values[rows], counts[replicate, rows]
        around = left - np.average(left, weights=times)
        variance[replicate] = np.average(around**2, weights=times) if left.min() < left.max() else np.nan
    return variance


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
    Metric(
        name="mae",
        title="Mean absolute error",
        better="lower",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=True,
        formula="mean(|mu - y|)",
        example=">>> mae([0, 1], [0, 3])\n1.0",
        source="textbook",
        compute=mae,
    ),
    Metric(
        name="r2",
        title="Share of variance explained",
        better="higher",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=True,
        formula="1 - sum((mu - y)^2) / sum((y - mean(y))^2)",
        example=">>> r2([1, 2, 2], [1, 2, 3])\n0.5",
        source="textbook",
        compute=r2,
    ),
    Metric(
        name="relative_rmse",
        title="Root mean square error in SDs of the target",
        better="lower",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=False,
        formula="sqrt(mean((mu - y)^2) / mean((y - mean(y))^2))",
        example=">>> round(relative_rmse([1, 2, 2], [1, 2, 3]), 6)\n0.707107",
        source="textbook",
        compute=relative_rmse,
    ),
    Metric(
        name="bias",
        title="Bias",
        better="nominal",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=False,
        formula="mean(mu - y)",
        example=">>> bias([0, 1], [0, 3])\n-1.0",
        source="textbook",
        compute=bias,
        nominal=0.0,
    ),
)
