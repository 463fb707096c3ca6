"""Proper scores of a Gaussian law: negative log likelihood and continuous ranked probability score."""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.error import Floats, Number, average


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
