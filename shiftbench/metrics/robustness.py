"""How a metric moves with the dose of a shift: gap, worst dose, area, and its value where families do equal harm.

Doses are severities, rising from 0; the last axis of a curve runs over them. Areas and worst doses are compared within
a part of the world, whose severities share a scale; across parts, families are compared at equal harm.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.errors import Undefined
from shiftbench.metrics.metric import Floats, Metric

LONGEST = 0.75
"""Severity to which an area is taken: that of dose 5."""


class Place(NamedTuple):
    """A severity between two doses: `share` of the way from dose number `before` to the next."""

    severity: float
    before: int
    share: float


def robustness_gap(value: ArrayLike, at_zero: ArrayLike) -> Floats:
    """Metric at a dose less the metric at severity 0, in its unit; any shapes that broadcast."""
    return np.asarray(np.asarray(value, np.float64) - np.asarray(at_zero, np.float64))


def relative_gap(value: ArrayLike, at_zero: ArrayLike) -> Floats:
    """Gap as a share of the size of the metric at severity 0; NaN where that is 0; any shapes that broadcast."""
    gap, size = np.broadcast_arrays(robustness_gap(value, at_zero), np.abs(np.asarray(at_zero, np.float64)))
    return np.asarray(np.divide(gap, size, out=np.full(gap.shape, np.nan), where=size > 0))


def worst_dose(value: ArrayLike, better: str, reference: ArrayLike = np.nan) -> NDArray[np.intp]:
    """Number of the dose with the worst value, intp (...), the first of several or of the NaN; `value` (..., doses).

    `better`: lower, higher, or nominal or none: then the worst is farthest from `reference` (...), the nominal value
    or the metric at severity 0.
    """
    curve = np.asarray(value, np.float64)
    away = np.abs(curve - np.asarray(reference, np.float64)[..., None])
    badness = {"lower": curve, "higher": -curve}.get(better, away)
    return np.asarray(badness.argmax(axis=-1))


def dose_area(severity: ArrayLike, value: ArrayLike) -> Floats:
    """Trapezoid area under a metric from severity 0 to the largest of `severity` (doses,), over .75; (...).

    The mean of the metric over severities for a family that reaches .75; less for one that stops before, so that the
    largest severity has to be told beside it. `value` (..., doses).
    `Undefined` if severities do not rise from 0, or rise above .75.
    """
    dose = _rising(severity)
    if dose[-1] > LONGEST:
        raise Undefined(f"severity {dose[-1]:g} is an arm beyond {LONGEST:g}, which no area holds")
    return np.asarray(np.trapezoid(np.asarray(value, np.float64), dose, axis=-1) / LONGEST)


def harm(error: ArrayLike, error_at_zero: ArrayLike, spread: ArrayLike) -> Floats:
    """What a shift does to a pinned reference learner: its rise in RMSE to the truth, in SDs of the truth.

    `error`, `error_at_zero`: RMSE against f at the dose and at severity 0; `spread` SD of f at severity 0.
    """
    return np.asarray(robustness_gap(error, error_at_zero) / np.asarray(spread, np.float64))


def place_of_harm(severity: ArrayLike, harms: ArrayLike, wanted: float) -> Place:
    """Least severity at which the piecewise linear `harms` (doses,) reach `wanted` > 0; `severity` rises from 0.

    `Undefined` if the family never does that harm.
    """
    dose, curve = _rising(severity), np.asarray(harms, np.float64)
    reached = np.flatnonzero(curve >= wanted)
    if np.isnan(curve).any():
        raise Undefined("the harm of the family is undefined at some dose")
    if not reached.size:
        raise Undefined(f"the family does harm {np.max(curve):.3g} at most, never {wanted:g}")
    after = int(reached[0])
    if after == 0:
        raise Undefined(f"harm {wanted:g} is done at severity 0")
    share = float((wanted - curve[after - 1]) / (curve[after] - curve[after - 1]))
    return Place(float(dose[after - 1] + share * (dose[after] - dose[after - 1])), after - 1, share)


def at_harm(severity: ArrayLike, harms: ArrayLike, value: ArrayLike, wanted: float) -> Floats:
    """Metric at the least severity at which the family does harm `wanted`, linear between doses; (...).

    `severity`, `harms` (doses,); `value` (..., doses). `Undefined` as `place_of_harm`.
    """
    _, before, share = place_of_harm(severity, harms, wanted)
    curve = np.asarray(value, np.float64)
    return np.asarray((1 - share) * curve[..., before] + share * curve[..., before + 1])


def _rising(severity: ArrayLike) -> Floats:
    dose = np.asarray(severity, np.float64)
    if dose.size < 2 or dose[0] != 0 or (np.diff(dose) <= 0).any():
        raise Undefined(f"severities {dose.tolist()} do not rise from 0")
    return dose


TABLE = (
    Metric(
        name="robustness_gap",
        title="Change of a metric from severity 0 to a dose",
        better="none",
        targets=(),
        needs=(),
        scaled=False,
        formula="m(dose) - m(0), m(0) from an independent draw of the training law",
        example=">>> float(robustness_gap(0.75, 0.5))\n0.25",
        source="textbook",
        compute=robustness_gap,
    ),
    Metric(
        name="relative_gap",
        title="Change of a metric as a share of its value at severity 0",
        better="none",
        targets=(),
        needs=(),
        scaled=False,
        formula="(m(dose) - m(0)) / |m(0)|",
        example=">>> float(relative_gap(0.75, 0.5))\n0.5",
        source="textbook",
        compute=relative_gap,
    ),
    Metric(
        name="dose_area",
        title="Area under a metric over severity",
        better="none",
        targets=(),
        needs=(),
        scaled=False,
        formula="trapezoid of m over severity from 0 to the largest reached, / 0.75",
        example=">>> float(dose_area([0, 0.3, 0.75], [1, 1, 2]))\n1.3",
        source="this project",
        compute=dose_area,
    ),
    Metric(
        name="harm",
        title="Harm of a shift to the reference learner",
        better="none",
        targets=(),
        needs=(),
        scaled=False,
        formula="(RMSE to f of the k-mer ridge at the dose - at severity 0) / SD(f)",
        example=">>> float(harm(1.25, 0.75, 1))\n0.5",
        source="this project",
        compute=harm,
    ),
    Metric(
        name="at_harm",
        title="Metric where a family does a given harm",
        better="none",
        targets=(),
        needs=(),
        scaled=False,
        formula="m at the least severity whose harm reaches the one wanted, linear between doses",
        example=">>> float(at_harm([0, 0.3, 0.75], [0, 0.25, 0.75], [1, 2, 4], 0.5))\n3.0",
        source="this project",
        compute=at_harm,
    ),
)
