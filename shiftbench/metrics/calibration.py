"""Whether predicted laws are as wide as they are wrong: variance ratios, reliability, and PIT."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.errors import Undefined
from shiftbench.metrics.error import as_number, average, finite, root_mean_square
from shiftbench.metrics.metric import Argument, Floats, Metric, Number
from shiftbench.metrics.ranking import draws, ranking
from shiftbench.metrics.scoring import standardised
from shiftbench.prediction import QUANTILES

BINS = 10
"""Bins of equal count by predicted SD."""
PERCENTILES = np.arange(1, 100) / 100
"""Levels at which a density is compared with what is observed."""


def variance_ratio(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean squared error over mean predicted variance, 0 or more, 1 if calibrated; all (n,), `weights` (B, n).

    Rows of large SD decide; errors in the SDs that cancel are not seen, see `mean_z2`. `Undefined` where an SD is not
    positive.
    """
    squared, variance = _squares(mean, sd, target)
    return average(squared, weights) / average(variance, weights)


def mean_z2(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean of the squared error over the predicted variance, 0 or more, 1 if calibrated; all (n,), `weights` (B, n).

    Every row counts the same, so that SDs that are too small anywhere raise it. `Undefined` where an SD is not
    positive.
    """
    with np.errstate(over="ignore"):
        return average(np.square(standardised(mean, sd, target)[1]), weights)


def ence(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Expected normalised calibration error: mean over bins of |RMV - RMSE| / RMV, 0 or more; all (n,).

    Ten bins of equal count by predicted SD, RMV the root mean predicted variance of a bin; rows of the same SD share
    one. 0 is out of reach: with m rows a bin a calibrated law has about 0.56 / sqrt(m). `weights` (B, n).
    `Undefined` where an SD is not positive, and below one row a bin.
    Source: Levi et al. 2019, arXiv:1905.11659.
    """
    from shiftbench.metrics import tally

    squares = np.stack(_squares(mean, sd, target))
    scale = finite(sd, "predicted SD")
    if scale.size < BINS:
        raise Undefined(f"{scale.size} rows, {BINS} bins need {BINS}")
    found = tally.binned(*ranking(scale), squares, draws(weights, scale.size), BINS)
    rows, (error, variance) = found[..., 0], np.moveaxis(found[..., 1:], -1, 0)
    ratio = np.sqrt(np.divide(error, variance, out=np.ones_like(error), where=rows > 0))
    bins = np.count_nonzero(rows, axis=1)
    score = np.abs(1 - ratio).sum(axis=1) / np.maximum(bins, 1)
    return as_number(np.where(rows.sum(axis=1) < BINS, np.nan, score), weights)


def calibration_error(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean over 99 levels of |level - share of targets up to that quantile|, 0 to 0.5, for a Gaussian; all (n,).

    `weights` (B, n). `Undefined` where an SD is not positive.
    Source: Kuleshov et al. 2018, arXiv:1807.00263, with absolute differences.
    """
    levels, observed = reliability_curve(mean, sd, target, draws(weights, len(np.asarray(target))))
    return as_number(np.abs(observed - levels).mean(axis=1), weights)


def calibration_error_squared(
    mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Mean over 99 levels of (level - share of targets up to that quantile)^2, 0 to 0.33, for a Gaussian; all (n,).

    `weights` (B, n). `Undefined` where an SD is not positive.
    Source: Kuleshov et al. 2018, arXiv:1807.00263, every level with the weight 1/99.
    """
    levels, observed = reliability_curve(mean, sd, target, draws(weights, len(np.asarray(target))))
    return as_number(np.square(observed - levels).mean(axis=1), weights)


def quantile_calibration_error(quantiles: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean over the stored levels of |level - share of targets up to that quantile|, 0 to 0.975, for any law.

    `quantiles` (n, 9) at `prediction.QUANTILES`, may be infinite; `target` (n,); `weights` (B, n). `Undefined` where
    a quantile is not a number.
    """
    levels, observed = quantile_reliability_curve(quantiles, target, draws(weights, len(np.asarray(target))))
    return as_number(np.abs(observed - levels).mean(axis=1), weights)


def pit_ks(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Kolmogorov distance of the predicted probabilities of the targets from uniform, 0 to 1; all (n,).

    Calibrated laws have a uniform probability integral transform. `weights` (B, n). `Undefined` where an SD is not
    positive.
    """
    from shiftbench.metrics import tally

    share = pit(mean, sd, target)
    return as_number(tally.distances(ranking(share).order, share, draws(weights, share.size)), weights)


def sharpness(sd: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Root mean predicted variance, in the unit of the target; `sd` (n,), `weights` (B, n). Small is no merit alone.

    `Undefined` where an SD is not finite.
    """
    return root_mean_square(finite(sd, "predicted SD"), weights)


def pit(mean: ArrayLike, sd: ArrayLike, target: ArrayLike) -> Floats:
    """Probability integral transform of a Gaussian: predicted probability of values up to the target, (n,), 0 to 1."""
    from scipy.special import ndtr

    return np.asarray(ndtr(standardised(mean, sd, target)[1]))


def pit_histogram(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, bins: int = 20) -> NDArray[np.int64]:
    """Rows in each of `bins` equal parts of [0, 1] by their probability integral transform, int64 (bins,)."""
    return np.histogram(pit(mean, sd, target), bins, (0, 1))[0]


def reliability_curve(
    mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Levels (99,), and the share of targets up to the Gaussian's quantile of each level: (99,), or (B, 99)."""
    return PERCENTILES, _reached(np.searchsorted(PERCENTILES, pit(mean, sd, target)), PERCENTILES.size, weights)


def quantile_reliability_curve(
    quantiles: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Levels (9,), and the share of targets up to the stored quantile of each level: (9,), or (B, 9)."""
    stated, value = np.asarray(quantiles, np.float64), finite(target, "target")
    if wrong := np.count_nonzero(np.isnan(stated).any(axis=1)):
        raise Undefined(f"no quantiles are stated in {wrong} of {value.size} rows")
    if crossed := np.count_nonzero((stated[:, 1:] < stated[:, :-1]).any(axis=1)):
        raise Undefined(f"quantiles cross in {crossed} of {value.size} rows")
    levels = np.asarray(QUANTILES)
    return levels, _reached(np.count_nonzero(stated < value[:, None], axis=1), levels.size, weights)


def _reached(first: NDArray[np.intp], levels: int, weights: ArrayLike | None) -> Floats:
    """Share of rows at or below each level; `first` (n,) is the first level at which a row is, `levels` if none."""
    from shiftbench.metrics import tally

    rows = tally.grouped(first, draws(weights, first.size), levels + 1)
    with np.errstate(invalid="ignore"):
        share: Floats = rows.cumsum(axis=1)[:, :-1] / rows.sum(axis=1, keepdims=True)
    return share[0] if weights is None else share


def _squares(mean: ArrayLike, sd: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    """Squared error and predicted variance, both in units of the largest variance."""
    scale, z = standardised(mean, sd, target)
    relative = scale / scale.max()
    if relative.min() < 1e-150:
        raise Undefined("predicted SDs span more than 150 orders of magnitude")
    with np.errstate(over="ignore"):
        return finite(np.square(z * relative), "squared error"), np.square(relative)


_LAW: tuple[Argument, ...] = ("mean", "sd", "target")
_KULESHOV = "Kuleshov et al. 2018, arXiv:1807.00263"

TABLE = (
    Metric(
        name="variance_ratio",
        title="Mean squared error over mean predicted variance",
        better="nominal",
        targets=("observed",),
        needs=_LAW,
        scaled=False,
        formula="mean((y - mu)^2) / mean(sigma^2)",
        example=">>> variance_ratio([0, 0], [1, 2], [1, 3])\n2.0",
        source="textbook",
        compute=variance_ratio,
        nominal=1.0,
    ),
    Metric(
        name="mean_z2",
        title="Mean squared z-score",
        better="nominal",
        targets=("observed",),
        needs=_LAW,
        scaled=False,
        formula="mean(((y - mu) / sigma)^2)",
        example=">>> mean_z2([0, 0], [1, 2], [1, 3])\n1.625",
        source="textbook (reduced chi-square)",
        compute=mean_z2,
        nominal=1.0,
    ),
    Metric(
        name="ence",
        title="Expected normalised calibration error",
        better="lower",
        targets=("observed",),
        needs=_LAW,
        scaled=False,
        formula=f"mean over {BINS} bins of equal count by sigma of |RMV - RMSE| / RMV, RMV = sqrt(mean(sigma^2))",
        example=">>> ence([0] * 10, [1] * 5 + [2] * 5, [1] * 5 + [3] * 5)\n0.25",
        source="Levi et al. 2019, arXiv:1905.11659",
        compute=ence,
    ),
    Metric(
        name="calibration_error",
        title="Mean absolute calibration error",
        better="lower",
        targets=("observed",),
        needs=_LAW,
        scaled=False,
        formula="mean over p = .01 to .99 of |p - mean(Phi((y - mu) / sigma) <= p)|",
        example=">>> round(calibration_error([0], [1], [0]), 6)\n0.252525",
        source=f"{_KULESHOV}, with absolute differences",
        compute=calibration_error,
    ),
    Metric(
        name="calibration_error_squared",
        title="Mean squared calibration error",
        better="lower",
        targets=("observed",),
        needs=_LAW,
        scaled=False,
        formula="mean over p = .01 to .99 of (p - mean(Phi((y - mu) / sigma) <= p))^2",
        example=">>> round(calibration_error_squared([0], [1], [0]), 6)\n0.084192",
        source=f"{_KULESHOV}, every level with the weight 1/99",
        compute=calibration_error_squared,
    ),
    Metric(
        name="quantile_calibration_error",
        title="Mean absolute calibration error at the stored levels",
        better="lower",
        targets=("observed",),
        needs=("quantiles", "target"),
        scaled=False,
        formula="mean over the stored levels p of |p - mean(y <= q_p)|",
        example=">>> round(quantile_calibration_error([[-4, -3, -2, -1, 0, 1, 2, 3, 4]], [0]), 6)\n0.15",
        source=f"{_KULESHOV}, with absolute differences",
        compute=quantile_calibration_error,
    ),
    Metric(
        name="pit_ks",
        title="Kolmogorov distance of PIT values from uniform",
        better="lower",
        targets=("observed",),
        needs=_LAW,
        scaled=False,
        formula="max over u of |mean(Phi((y - mu) / sigma) <= u) - u|",
        example=">>> pit_ks([0, 0], [1, 1], [0, 0])\n0.5",
        source="Gneiting et al. 2007, doi:10.1111/j.1467-9868.2007.00587.x, section 3.1 (PIT)",
        compute=pit_ks,
    ),
    Metric(
        name="sharpness",
        title="Root mean predicted variance",
        better="none",
        targets=("observed",),
        needs=("sd",),
        scaled=False,
        formula="sqrt(mean(sigma^2))",
        example=">>> sharpness([3, 4, 5])\n4.08248290463863",
        source="Gneiting et al. 2007, doi:10.1111/j.1467-9868.2007.00587.x, section 3.3 (sharpness)",
        compute=sharpness,
    ),
)
