"""Curves behind a prediction's numbers: reliability, PIT histogram, and risk over the share of rows kept."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import Undefined
from shiftbench.metrics import calibration, selective
from shiftbench.stated import Stated

POINTS = 20
"""Points of a curve: bins of the PIT histogram, shares of rows kept."""
LEVELS = np.arange(1, POINTS) / POINTS

Floats = NDArray[np.float64]
Curve = tuple[Floats, Floats]


def curves(stated: Sequence[Stated]) -> list[dict[str, Any]]:
    """Points of every curve that the law states, mean over outputs: records with curve, target, x and y.

    `reliability`: x nominal level, y share of targets up to the predicted quantile of that level; `pit`: x middle of a
    bin, y density of the probability integral transform, 1 if uniform; `risk_coverage`: x share of rows kept, surest
    first, y their mean squared error, against the observed value and against f.
    """
    return [
        {"curve": name, "target": target, "x": float(x), "y": float(y)}
        for name, target, make in _kinds(stated[0])
        for x, y in zip(*_mean(stated, target, make), strict=True)
    ]


def _kinds(stated: Stated) -> Iterator[tuple[str, str, Callable[[Floats, Floats, Floats], Curve]]]:
    yield "reliability", "observed", _reliability
    yield "pit", "observed", _pit
    for target in ("observed", "f"):
        if stated.knows(target):
            yield "risk_coverage", target, _risk


def _mean(stated: Sequence[Stated], target: str, make: Callable[[Floats, Floats, Floats], Curve]) -> Curve:
    """Mean over outputs; no points where an output has none."""
    try:
        found = [make(*one.law(target)) for one in stated]
    except Undefined:
        return np.empty(0), np.empty(0)
    return found[0][0], np.mean([y for _, y in found], axis=0)


def _reliability(mean: Floats, sd: Floats, target: Floats) -> Curve:
    levels, reached = calibration.reliability_curve(mean, sd, target)
    chosen = np.searchsorted(levels, LEVELS - 1e-9)
    return levels[chosen], reached[chosen]


def _pit(mean: Floats, sd: Floats, target: Floats) -> Curve:
    counts = calibration.pit_histogram(mean, sd, target, POINTS)
    return (np.arange(POINTS) + 0.5) / POINTS, counts * (POINTS / counts.sum())


def _risk(mean: Floats, sd: Floats, target: Floats) -> Curve:
    kept, risk = selective.risk_coverage(sd, np.square(mean - target))
    shares = np.arange(1, POINTS + 1) / POINTS
    return shares, risk[np.ceil(shares * kept.size - 1e-9).astype(int) - 1]
