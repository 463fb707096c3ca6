"""The score scaled between floor and ceiling."""

import numpy as np

from shiftbench.errors import Undefined
from shiftbench.stats.bootstrap import Estimate


def scaled(estimate: Estimate, floor: Estimate, ceiling: Estimate, *, higher: bool, ceiling_name: str) -> Estimate:
    """Score (floor - m) / (floor - ceiling), 0 at the floor and 1 at the ceiling, unclipped, resampled as one.

    `higher`: whether more is better. `Undefined` if the denominator is negative, under 3 of its standard errors
    or under 5 % of the floor: then the scale has no length to speak of.
    """
    sign = 1.0 if higher else -1.0
    span = sign * (ceiling.value - floor.value)
    spans = sign * (ceiling.replicates - floor.replicates)
    error = spans.std(ddof=1) if spans.size > 1 else np.nan
    if span <= 0:
        raise Undefined(f"{ceiling_name} no better than the mean")
    if span < 0.05 * abs(floor.value):
        raise Undefined(f"{ceiling_name} within 5 % of the mean")
    if not np.isfinite(error):
        raise Undefined(f"no standard error of {ceiling_name} minus mean")
    if span < 3 * error:
        raise Undefined(f"{ceiling_name} within 3 standard errors of the mean")
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = sign * (estimate.replicates - floor.replicates) / spans
    return Estimate(float(sign * (estimate.value - floor.value) / span), replicates)
