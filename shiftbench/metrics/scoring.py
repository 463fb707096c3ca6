"""Proper scores: of a Gaussian law its likelihood and CRPS, of any law its intervals and quantiles."""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.coverage import bounded
from shiftbench.metrics.error import average, finite
from shiftbench.metrics.metric import Floats, Metric, Number
from shiftbench.prediction import LEVELS, QUANTILES


def nll(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean negative log density of N(mean, sd^2) at `target`, nats; `mean`, `sd`, `target` (n,); `weights` (B, n).

    `Undefined` where an SD is not positive.
    """
    scale, z = standardised(mean, sd, target)
    with np.errstate(over="ignore"):
        return average(0.5 * (np.log(2 * np.pi) + z**2) + np.log(scale), weights)


def crps(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean CRPS of N(mean, sd^2), in the unit of the target, 0 or more; `mean`, `sd`, `target` (n,); `weights` (B, n).

    `Undefined` where an SD is not positive.
    Source: Gneiting and Raftery 2007, doi:10.1198/016214506000001437, section 4.2.
    """
    import scoringrules

    scale, z = standardised(mean, sd, target)
    with np.errstate(over="ignore"):
        return average(scale * np.asarray(scoringrules.crps_normal(z, 0.0, 1.0)), weights)


def interval_score(
    low: ArrayLike, high: ArrayLike, target: ArrayLike, level: float, weights: ArrayLike | None = None
) -> Number:
    """Mean width of the central interval plus 2 / (1 - level) of what `target` lies outside; unit of the target.

    `low`, `high`, `target` (n,); `weights` (B, n). `Undefined` where an end is infinite.
    Source: Gneiting and Raftery 2007, doi:10.1198/016214506000001437, equation 43.
    """
    import scoringrules

    lower, upper = bounded(low, high)
    score = scoringrules.interval_score(finite(target, "target"), lower, upper, 1 - level, backend="numpy")
    return average(np.atleast_1d(score), weights)


def quantile_score(quantiles: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Twice the mean pinball loss of the stored quantiles, in the unit of the target, 0 or more.

    The CRPS as far as these levels tell it, defined for laws without a density. `quantiles` (n, 9) at
    `prediction.QUANTILES`, `target` (n,); `weights` (B, n). `Undefined` where a quantile is infinite.
    Source: Gneiting and Raftery 2007, doi:10.1198/016214506000001437, section 6.1.
    """
    import scoringrules

    stated, value = finite(quantiles, "quantile"), finite(target, "target")
    return average(scoringrules.crps_quantile(value, stated, np.asarray(QUANTILES), backend="numpy"), weights)


def standardised(mean: ArrayLike, sd: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    """SD and (target - mean) / SD, each (n,) and finite; `Undefined` where an SD is not positive."""
    scale = finite(sd, "predicted SD")
    if wrong := np.count_nonzero(scale <= 0):
        raise Undefined(f"predicted SD is not positive in {wrong} of {scale.size} rows")
    with np.errstate(over="ignore"):
        return scale, finite((finite(target, "target") - finite(mean, "prediction")) / scale, "z")


TABLE = (
    Metric(
        name="nll",
        title="Gaussian negative log likelihood",
        better="lower",
        targets=("observed",),
        needs=("mean", "sd", "target"),
        scaled=True,
        formula="mean(log(2 pi sigma^2) / 2 + z^2 / 2), z = (y - mu) / sigma, nats",
        example=">>> round(nll([0], [1], [0]), 6)\n0.918939",
        source="Gneiting and Raftery 2007, doi:10.1198/016214506000001437, section 4.1",
        compute=nll,
    ),
    Metric(
        name="crps",
        title="Continuous ranked probability score of a Gaussian",
        better="lower",
        targets=("observed",),
        needs=("mean", "sd", "target"),
        scaled=True,
        formula="mean(sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))), z = (y - mu) / sigma",
        example=">>> round(crps([0], [1], [0]), 8)\n0.23369498",
        source="Gneiting and Raftery 2007, doi:10.1198/016214506000001437, section 4.2",
        compute=crps,
    ),
    Metric(
        name="interval_score",
        title="Interval score",
        better="lower",
        targets=("observed",),
        needs=("low", "high", "target", "level"),
        scaled=True,
        formula="mean((high - low) + 2 / (1 - level) (max(low - y, 0) + max(y - high, 0)))",
        example=">>> interval_score([0, 0], [1, 1], [0.5, 2], level=0.5)\n3.0",
        source="Gneiting and Raftery 2007, doi:10.1198/016214506000001437, equation 43",
        compute=interval_score,
        levels=LEVELS,
    ),
    Metric(
        name="quantile_score",
        title="Quantile score (CRPS at the stored levels)",
        better="lower",
        targets=("observed",),
        needs=("quantiles", "target"),
        scaled=True,
        formula="2 mean(max(p (y - q_p), (p - 1) (y - q_p))) over rows and levels p",
        example=">>> round(quantile_score([[-2, -1, -1, -1, 0, 1, 1, 1, 2]], [0]), 6)\n0.2",
        source="Gneiting and Raftery 2007, doi:10.1198/016214506000001437, section 6.1",
        compute=quantile_score,
    ),
)
