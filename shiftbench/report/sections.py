"""Sections of the page: every task in the way that its numbers ask for."""

from typing import Any

import pandas as pd

from shiftbench.report import figures
from shiftbench.report import frame as read
from shiftbench.report.curves import curves
from shiftbench.report.real_sections import real_sections
from shiftbench.report.repaired import budgeted, repaired
from shiftbench.report.section import Section
from shiftbench.report.shifted import shifted


def sections(
    frame: pd.DataFrame, manifest: dict[str, Any], robustness: pd.DataFrame | None = None,
    points: pd.DataFrame | None = None,
) -> list[Section]:  # fmt: skip
    """Sections of all tasks in their order in the frame, shifts first; those without a number do not appear.

    `robustness` and `points` are the tables of a run over doses and of curves. Doses of a task that asks what labels
    of the target repair are shown only if no other task shows doses.
    """
    look = figures.styles(read.recipes(frame))
    titles = {name: str(text) for name, text in manifest.get("tasks", {}).items()}
    tasks = {str(task): rows for task, rows in frame.groupby("task", sort=False)}
    doses = {task: rows for task, rows in tasks.items() if read.kind(rows) == "shift"}
    repairs = [task for task, rows in doses.items() if budgeted(rows)]
    parts: list[Section] = []
    for task, rows in doses.items():
        shown = rows[rows["view"] == read.primary_view(rows)]
        if task not in repairs or len(repairs) == len(doses):
            parts += shifted(task, shown, titles.get(task, ""), look, robustness, curves(points, task))
        if task in repairs:
            parts.append(repaired(task, shown, titles.get(task, "")))
    rest = frame[~frame["task"].isin(doses)]
    parts += real_sections(rest, titles, manifest.get("facts", {}), look, points)
    return [part for part in parts if any(table.rows for table in part.tables)]
