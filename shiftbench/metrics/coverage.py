"""Central prediction intervals: how often they hold the target, everywhere and in the worst fifth, and how wide."""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.error import as_number, average, finite
from shiftbench.metrics.metric import Floats, Metric, Number
from shiftbench.metrics.ranking import draws, ranking
from shiftbench.prediction import LEVELS

FIFTHS = 5
"""Parts of equal count in which the worst coverage is sought."""


def coverage(low: ArrayLike, high: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Share of targets with low <= target <= high, 0 to 1; `low`, `high` (n,) may be infinite; `weights` (B, n).

    `Undefined` where an end is not a number or the ends cross.
    """
    return average(_held(low, high, target), weights)


def truth_coverage(
    truth_low: ArrayLike, truth_high: ArrayLike, f: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Share of rows whose noise-free `f` lies in the interval of the epistemic SD alone, 0 to 1; all (n,).

    An interval for the measurement covers f far too often by construction: f is judged by what the predictor says of
    its own error. `weights` (B, n).
    """
    return average(_held(truth_low, truth_high, f), weights)


def coverage_gap(
    low: ArrayLike, high: ArrayLike, target: ArrayLike, level: float, weights: ArrayLike | None = None
) -> Number:
    """Coverage less the nominal level, -1 to 1; below 0 where error bars are too short. Arguments as `coverage`."""
    return coverage(low, high, target, weights) - level


def worst_coverage_gc(
    low: ArrayLike, high: ArrayLike, target: ArrayLike, gc: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Lowest coverage in the five parts of equal count by GC content `gc`, 0 to 1; all (n,), `weights` (B, n).

    Rows of the same value share a part; a replicate is parted anew. The least of five lies below the nominal level by
    chance alone, the more so the fewer rows. `Undefined` if `gc` is constant.
    """
    return _worst(low, high, target, gc, "GC content", weights)


def worst_coverage_noise(
    low: ArrayLike, high: ArrayLike, target: ArrayLike, noise: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Lowest coverage in the five parts of equal count by the SD of a measurement; else as `worst_coverage_gc`."""
    return _worst(low, high, target, noise, "noise", weights)


def worst_coverage_f(
    low: ArrayLike, high: ArrayLike, target: ArrayLike, f: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Lowest coverage in the five parts of equal count by noise-free expression; else as `worst_coverage_gc`."""
    return _worst(low, high, target, f, "f", weights)


def width(low: ArrayLike, high: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean of high - low, in the unit of the target; `low`, `high` (n,); `weights` (B, n).

    `Undefined` where an end is infinite or not a number, or the ends cross.
    """
    lower, upper = bounded(low, high)
    return average(upper - lower, weights)


def width_at_coverage(
    low: ArrayLike, high: ArrayLike, target: ArrayLike, level: float, weights: ArrayLike | None = None
) -> Number:
    """Mean width after all half-widths are multiplied by the least factor with which `level` of the rows are held.

    Sharpness at equal coverage, in the unit of the target: two predictors compare only where both hold as much. The
    factor is fitted to these rows (of each replicate anew): a diagnosis, not a way to predict. `low`, `high`,
    `target` (n,); `weights` (B, n). `Undefined` where an end is infinite, and if no factor does.
    """
    from shiftbench.metrics import tally

    lower, upper = bounded(low, high)
    value = finite(target, "target")
    off_centre = np.abs((value - lower) - (upper - value))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        needed = np.where(off_centre == 0, 0.0, off_centre / (upper - lower))
    order = ranking(needed).order

    def widened(counts: ArrayLike | None) -> Floats:
        factor = tally.quantiles(order, needed, draws(counts, needed.size), level)
        return np.where(np.isinf(factor), np.nan, factor) * average(upper - lower, counts)

    if np.isnan(widened(None)[0]):
        raise Undefined("intervals of width 0 miss the target in too many rows: no factor widens them")
    return as_number(widened(weights), weights)


def infinite_share(low: ArrayLike, high: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Share of rows whose interval has an infinite end, 0 to 1; `low`, `high` (n,); `weights` (B, n)."""
    lower, upper = _ends(low, high)
    return average((np.isinf(lower) | np.isinf(upper)).astype(np.float64), weights)


def bounded(low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    """Ends of intervals as float64 (n,); `Undefined` where one is infinite or not a number, or they cross."""
    lower, upper = _ends(low, high)
    if endless := np.count_nonzero(np.isinf(lower) | np.isinf(upper)):
        raise Undefined(f"the interval is infinite in {endless} of {lower.size} rows")
    return lower, upper


def _ends(low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    lower, upper = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if wrong := np.count_nonzero(np.isnan(lower) | np.isnan(upper)):
        raise Undefined(f"no interval is stated in {wrong} of {lower.size} rows")
    if crossed := np.count_nonzero(lower > upper):
        raise Undefined(f"the ends of the interval cross in {crossed} of {lower.size} rows")
    return lower, upper


def _held(low: ArrayLike, high: ArrayLike, target: ArrayLike) -> Floats:
    lower, upper = _ends(low, high)
    value = finite(target, "target")
    return ((lower <= value) & (value <= upper)).astype(np.float64)


def _worst(
    low: ArrayLike, high: ArrayLike, target: ArrayLike, by: ArrayLike, name: str, weights: ArrayLike | None
) -> Number:
    """Lowest coverage over fifths of `by`; NaN in replicates where that is constant."""
    from shiftbench.metrics import tally

    held, value = _held(low, high, target), finite(by, name)
    if value.min() == value.max():
        raise Undefined(f"{name} is constant")
    found = tally.binned(*ranking(value), held[None], draws(weights, held.size), FIFTHS)
    rows, hits = found[..., 0], found[..., 1]
    share = np.divide(hits, rows, out=np.full_like(hits, np.inf), where=rows > 0)
    # least and largest value are always in different fifths
    constant = np.count_nonzero(rows, axis=1) < 2
    return as_number(np.where(constant, np.nan, share.min(axis=1)), weights)


_WORST = "min over fifths of {by} of mean(low <= y <= high in the fifth), fifths by midrank"
_CONDITIONAL = "Vovk 2012, arXiv:1209.2673 (validity given the object)"

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
        name="coverage_gap",
        title="Coverage less its nominal level",
        better="nominal",
        targets=("observed",),
        needs=("low", "high", "target", "level"),
        scaled=False,
        formula="mean(low <= y <= high) - level",
        example=">>> coverage_gap([0, 0], [2, 2], [1, 3], level=0.75)\n-0.25",
        source="Khosravi et al. 2011, doi:10.1109/TNN.2011.2162110 (PICP)",
        compute=coverage_gap,
        levels=LEVELS,
        nominal=0.0,
    ),
    Metric(
        name="truth_coverage",
        title="Coverage of the noise-free truth by the epistemic interval",
        better="nominal",
        targets=("f",),
        needs=("truth_low", "truth_high", "target"),
        scaled=False,
        formula="mean(|f - mu| <= q sigma_epistemic), q the normal quantile of the level",
        example=">>> truth_coverage([-1, -1], [1, 1], [0.5, 2])\n0.5",
        source="Khosravi et al. 2011, doi:10.1109/TNN.2011.2162110 (PICP)",
        compute=truth_coverage,
        levels=LEVELS,
    ),
    Metric(
        name="worst_coverage_gc",
        title="Lowest coverage over fifths of GC content",
        better="nominal",
        targets=("observed",),
        needs=("low", "high", "target", "gc"),
        scaled=False,
        formula=_WORST.format(by="GC content"),
        example=">>> worst_coverage_gc([0] * 6, [1] * 6, [0, 0, 0, 0, 0, 2], [0.3, 0.4, 0.5, 0.6, 0.7, 0.7])\n0.5",
        source=_CONDITIONAL,
        compute=worst_coverage_gc,
        levels=(0.9,),
    ),
    Metric(
        name="worst_coverage_noise",
        title="Lowest coverage over fifths of the noise SD",
        better="nominal",
        targets=("observed",),
        needs=("low", "high", "target", "noise"),
        scaled=False,
        formula=_WORST.format(by="noise SD"),
        example=">>> worst_coverage_noise([0] * 6, [1] * 6, [0, 0, 0, 0, 0, 2], [1, 2, 3, 4, 5, 5])\n0.5",
        source=_CONDITIONAL,
        compute=worst_coverage_noise,
        levels=(0.9,),
    ),
    Metric(
        name="worst_coverage_f",
        title="Lowest coverage over fifths of noise-free expression",
        better="nominal",
        targets=("observed",),
        needs=("low", "high", "target", "f"),
        scaled=False,
        formula=_WORST.format(by="f"),
        example=">>> worst_coverage_f([0] * 6, [1] * 6, [0, 0, 0, 0, 0, 2], [-2, -1, 0, 1, 2, 2])\n0.5",
        source=_CONDITIONAL,
        compute=worst_coverage_f,
        levels=(0.9,),
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
    Metric(
        name="width_at_coverage",
        title="Mean width at equal coverage",
        better="lower",
        targets=("observed",),
        needs=("low", "high", "target", "level"),
        scaled=True,
        formula="k mean(high - low), k least with mean(|y - (low + high) / 2| <= k (high - low) / 2) >= level",
        example=">>> width_at_coverage([-1, -1, -1], [1, 1, 1], [0.5, 2, 9], level=0.6)\n4.0",
        source="Gneiting et al. 2007, doi:10.1111/j.1467-9868.2007.00587.x (sharpness subject to calibration)",
        compute=width_at_coverage,
        levels=(0.9,),
    ),
    Metric(
        name="infinite_share",
        title="Share of infinite intervals",
        better="lower",
        targets=("observed",),
        needs=("low", "high"),
        scaled=False,
        formula="mean(low = -inf or high = inf)",
        example=">>> infinite_share([0, -float('inf')], [1, 1])\n0.5",
        source="Tibshirani et al. 2019, arXiv:1904.06019 (weighted conformal intervals)",
        compute=infinite_share,
        levels=LEVELS,
    ),
)
