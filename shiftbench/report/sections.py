"""Sections of the page: every task in the way that its numbers ask for."""

import pandas as pd

from shiftbench.report import figures
from shiftbench.report import frame as read
from shiftbench.report.placed import placed
from shiftbench.report.section import Section
from shiftbench.report.shifted import shifted


def sections(frame: pd.DataFrame, titles: dict[str, str]) -> list[Section]:
    """Sections of all tasks in their order in the frame; those without a number do not appear."""
    look = figures.styles(read.recipes(frame))
    parts: list[Section] = []
    for task, rows in frame.groupby("task", sort=False):
        shown = rows[rows["view"] == read.primary_view(rows)]
        kind, title = read.kind(shown), titles.get(str(task), "")
        if kind == "shift":
            parts += shifted(str(task), shown, title, look)
        else:
            parts.append(placed(str(task), rows, kind, title, look))
    return [part for part in parts if any(table.rows for table in part.tables)]
