"""Proper scores of a Gaussian law: negative log likelihood and continuous ranked probability score."""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.error import average
from shiftbench.metrics.metric import Floats, Metric, Number


def nll(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean negative log density of N(mean, sd^2) at `target`, nats; `mean`, `sd`, `target` (n,); `weights` (B, n).

    `Undefined` where an SD is not positive.
    """
    centre, scale, value = _law(mean, sd, target)
    z = (value - centre) / scale
    return average(0.5 * (np.log(2 * np.pi) + z**2) + np.log(scale), weights)


def crps(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean CRPS of N(mean, sd^2), in the unit of the target, 0 or more; `mean`, `sd`, `target` (n,); `weights` (B, n).

    `Undefined` where an SD is not positive.
    Source: Gneiting and Raftery 2007, doi:10.1198/016214506000001437, section 4.2.
    """
    import scoringrules

    centre, scale, value = _law(mean, sd, target)
    return average(np.asarray(scoringrules.crps_normal(value, centre, scale)), weights)


def _law(mean: ArrayLike, sd: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats, Floats]:
    scale = np.asarray(sd, np.float64)
    if wrong := np.count_nonzero(~(scale > 0)):
        raise Undefined(f"predicted SD is not positive in {wrong} of {scale.size} rows")
    return np.asarray(mean, np.float64), scale, np.asarray(target, np.float64)


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
)
