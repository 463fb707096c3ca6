"""Real data beside the table: what recipes reach on them, never ranked."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leaderboard.site import words
from leaderboard.site.charts import Axis
from leaderboard.standing import Interval

METRICS = {"pearson": "Pearson r", "spearman": "Spearman rank correlation", "auroc": "AUROC", "auprc": "AUPRC"}
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


@dataclass(frozen=True, slots=True)
class Test:
    """A test set with everybody on it, best first; `ceiling`: what noise in the measurement allows, NaN if unknown."""

    name: str
    metric: str
    ceiling: float
    axis: Axis
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A real task with its test sets."""

    name: str
    title: str
    tests: tuple[Test, ...]


def values(numbers: pd.DataFrame) -> dict[str, Any]:
    """What the template asks for, from the columns of real.tsv."""
    tasks = [
        Task(str(name), TASKS.get(str(name), words.title(str(name))), tuple(_tests(rows)))
        for name, rows in numbers.groupby("task", sort=False)
    ]
    return {"tasks": tasks}


def _tests(rows: pd.DataFrame) -> list[Test]:
    found = []
    for (name, metric), mine in rows.groupby(["test", "metric"], sort=False):
        lines = [
            Line(str(row.recipe), Interval(float(row.value), float(row.low), float(row.high)))
            for row in mine.sort_values(["value", "recipe"], ascending=[False, True]).itertuples()
        ]
        ceilings = mine["ceiling"].dropna()
        ceiling = float(ceilings.iloc[0]) if len(ceilings) else math.nan
        low = min(line.found.low if line.found.low == line.found.low else line.found.value for line in lines)
        start = 0.5 if metric == "auroc" else 0.0
        axis = Axis(min(start, math.floor(low * 10) / 10), 1.0)
        found.append(Test(str(name), METRICS.get(str(metric), str(metric)), ceiling, axis, tuple(lines)))
    return found
