"""Gaps over dose: the null shift is no gap, a planted one is found, and seeds are no worlds."""

import numpy as np
import pandas as pd
import pytest

from shiftbench import robustness
from shiftbench.results import COLUMNS

pytestmark = pytest.mark.statistical

CURVES, WORLDS, SEEDS = 2000, 5, 3


def _table(gap, worlds_are_seeds=False):
    """Measures of 2,000 recipes that gain `gap` at dose 3; worlds, seeds and draws of test rows all move the metric."""
    rng = np.random.default_rng(0)
    shape = (CURVES, WORLDS, SEEDS)
    curve, world, seed = (axis.ravel() for axis in np.indices(shape))
    level = 1 + 0.1 * rng.normal(size=(CURVES, WORLDS, 1)) + 0.05 * rng.normal(size=shape)
    moved = level + gap + 0.08 * rng.normal(size=(CURVES, WORLDS, 1)) + 0.02 * rng.normal(size=shape)
    frames = []
    for shift, dose, severity, value in (("null", "0", 0.0, level), ("gc", "3", 0.3, moved)):
        own = {"shift": shift, "dose": dose, "severity": severity, "value": value.ravel(), "metric": "rmse"}
        place = (
            {"world": 0 * world, "seed": WORLDS * seed + world} if worlds_are_seeds else {"world": world, "seed": seed}
        )
        frames.append(pd.DataFrame(own | place | {"recipe": [f"r{k}" for k in curve]}))
    frame = pd.concat(frames)
    empty = {"str": "", "int64": 0, "float64": np.nan}
    frame = frame.assign(**{name: empty[dtype] for name, dtype in COLUMNS.items() if name not in frame})
    return robustness.table(frame.assign(status="ok", better="lower", output="mean", floor=1.0))


def _excluded(table, measure, value):
    rows = table[table["measure"] == measure]
    assert len(rows) == CURVES
    return ((rows["low"] > value) | (rows["high"] < value)).mean()


def test_a_null_shift_is_called_a_gap_5_percent_of_the_time():
    """3 to 7 % of 2,000 curves: outside at most 1e-4 of the time; the relative gap is a ratio and has 1 point more."""
    table = _table(0.0)
    assert 0.03 <= _excluded(table, "gap", 0) <= 0.07
    assert 0.02 <= _excluded(table, "relative_gap", 0) <= 0.08
    assert 0.03 <= _excluded(table, "gap_area", 0) <= 0.07


def test_a_planted_gap_is_recovered():
    """The interval holds .3 in 93 to 97 % of curves and excludes 0 in nearly all."""
    table = _table(0.3)
    assert 0.03 <= _excluded(table, "gap", 0.3) <= 0.07
    assert _excluded(table, "gap", 0) > 0.95
    assert 0.02 <= _excluded(table, "gap_area", 0.3 * 0.5 * 0.3 / 0.75) <= 0.08


def test_worlds_taken_for_seeds_raise_too_many_alarms():
    """Positive control: 15 fits of 5 worlds as 15 independent ones."""
    assert _excluded(_table(0.0, worlds_are_seeds=True), "gap", 0) > 0.15
