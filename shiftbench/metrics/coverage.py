"""Central prediction intervals: how often they hold the target, and how wide they are."""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.error import average
from shiftbench.metrics.metric import Floats, Metric, Number
from shiftbench.prediction import LEVELS


def coverage(low: ArrayLike, high: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Share of targets with low <= target <= high, 0 to 1; `low`, `high` (n,) may be infinite; `weights` (B, n).

    `Undefined` where an end is not a number.
    """
    lower, upper = _ends(low, high)
    value = np.asarray(target, np.float64)
    return average(((lower <= value) & (value <= upper)).astype(np.float64), weights)


def width(low: ArrayLike, high: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean of high - low, in the unit of the target; `low`, `high` (n,); `weights` (B, n).

    `Undefined` where an end is infinite or not a number.
    """
    lower, upper = _ends(low, high)
    endless = np.isinf(lower) | np.isinf(upper)
    if endless.any():
        raise Undefined(f"the interval is infinite in {np.count_nonzero(endless)} of {lower.size} rows")
    return average(upper - lower, weights)


def _ends(low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    lower, upper = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if wrong := np.count_nonzero(np.isnan(lower) | np.isnan(upper)):
        raise Undefined(f"no interval is stated in {wrong} of {lower.size} rows")
    return lower, upper


TABLE = (
    Metric(
        name="coverage",
        title="Coverage of the central interval",
        better="nominal",
        targets=("observed",),
        needs=("low", "high", "target"),
        scaled=False,
        formula="mean(low <= y <= high)",
        example=">>> coverage([0, 0, 0, 0], [2, 2, 2, 2], [1, 2, 3, -1])\n0.5",
        source="Khosravi et al. 2011, doi:10.1109/TNN.2011.2162110 (PICP)",
        compute=coverage,
        levels=LEVELS,
    ),
    Metric(
        name="width",
        title="Mean width of the central interval",
        better="none",
        targets=("observed",),
        needs=("low", "high"),
        scaled=False,
        formula="mean(high - low)",
        example=">>> width([0, 0], [1, 3])\n2.0",
        source="Khosravi et al. 2011, doi:10.1109/TNN.2011.2162110 (MPIW)",
        compute=width,
        levels=LEVELS,
    ),
)
