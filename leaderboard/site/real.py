"""Real data beside the table: what recipes reach on them, never ranked."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leaderboard.scoring.standing import Interval
from leaderboard.site import words
from leaderboard.site.charts import Axis
from shiftbench.catalog import bundled_recipes

METRICS = {"pearson": "Pearson r", "spearman": "Spearman rank correlation", "auroc": "AUROC", "auprc": "AUPRC"}
CHANCE = {"auroc": 0.5}
"""Where a drawing begins, 0 else."""
TASKS = {
    "lentimpra": "lentiMPRA, held-out sequences",
    "lentimpra_gc": "lentiMPRA, by GC content",
    "lentimpra_source": "lentiMPRA, from one source of sequences to another",
    "lentimpra_cells": "lentiMPRA, from one cell type to another",
    "turnover": "Human and mouse orthologues",
    "cagi5": "Saturation mutagenesis (CAGI5)",
    "cagi4": "Natural variants (CAGI4)",
}
"""What tasks are called in print; others by their own name."""


@dataclass(frozen=True, slots=True)
class Line:
    """A recipe on one test set: its number with the range of its trainings."""

    recipe: str
    found: Interval

    @property
    def control(self) -> bool:
        """Whether it is a control."""
        known = bundled_recipes().get(self.recipe)
        return known is not None and known.kind == "control"


@dataclass(frozen=True, slots=True)
class Test:
    """A test set with everybody on it, best first; `ceiling`: what noise in the measurement allows, NaN if unknown."""

    name: str
    ceiling: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A real task with its metric, one scale for all, and its test sets."""

    title: str
    metric: str
    axis: Axis
    tests: tuple[Test, ...]


def values(numbers: pd.DataFrame) -> dict[str, Any]:
    """What the template asks for, from the columns of real.tsv."""
    return {"tasks": [_task(str(name), rows) for (name, _), rows in numbers.groupby(["task", "metric"], sort=False)]}


def _task(name: str, rows: pd.DataFrame) -> Task:
    metric = str(rows["metric"].iloc[0])
    numbers = rows[["value", "low", "high", "ceiling"]]
    low, high = _tenth(numbers.min().min(), math.floor), _tenth(numbers.max().max(), math.ceil)
    start = CHANCE.get(metric, 0.0)
    axis = Axis(min(start, low), max(start + 0.1, high))
    tests = tuple(_test(str(test), mine) for test, mine in rows.groupby("test", sort=False))
    return Task(TASKS.get(name, words.named(name)), METRICS.get(metric, metric), axis, tests)


def _tenth(value: float, towards: Callable[[float], int]) -> float:
    return towards(round(value * 10, 6)) / 10


def _test(name: str, rows: pd.DataFrame) -> Test:
    ordered = rows.sort_values(["value", "recipe"], ascending=[False, True])
    lines = [
        Line(str(recipe), Interval(float(value), float(low), float(high)))
        for recipe, value, low, high in ordered[["recipe", "value", "low", "high"]].itertuples(index=False)
    ]
    ceilings = rows["ceiling"].dropna()
    return Test(name, float(ceilings.iloc[0]) if len(ceilings) else math.nan, tuple(lines))
