"""A number with its standard error, and the interval and test by Student's t that follow from both."""

from typing import NamedTuple

from scipy.special import stdtr, stdtrit

from shiftbench.errors import Undefined


class Mean(NamedTuple):
    """Estimate, its standard error, degrees of freedom, ends of the interval, two-sided p value against the null."""

    value: float
    error: float
    freedom: float
    low: float
    high: float
    p: float


def student(value: float, error: float, freedom: float, level: float = 0.95, null: float = 0.0) -> Mean:
    """Interval at `level` and p value of `value` = `null`, where (value - truth) / error follows Student's t.

    `Undefined` if the error is 0 or not finite, or if no degree of freedom is left.
    """
    if not freedom > 0:
        raise Undefined("no degree of freedom, a standard error needs two units")
    if not 0 < error < float("inf"):
        raise Undefined("no variation, no standard error")
    half = error * float(stdtrit(freedom, (1 + level) / 2))
    p = 2 * float(stdtr(freedom, -abs(value - null) / error))
    return Mean(float(value), float(error), float(freedom), float(value - half), float(value + half), p)
