"""What a notebook shows of a run: a table a task, recipes from best to worst by test sets, with intervals."""

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import shift_tables, tables
from shiftbench.report.frame import Number
from shiftbench.report.real_tests import Facts
from shiftbench.report.section import BARS
from shiftbench.report.tables import Entry, Notes, Table
from shiftbench.report.terminal import SHARES, Columns, Part, ranked, tasks, told


def shown(results: pd.DataFrame, facts: Facts) -> list[Table]:
    """Tables of every task that has numbers: of shifts the error at the largest dose of each family, else as told."""
    found = []
    for part in tasks(results):
        title, columns = _families(part) if read.kind(part.frame) == "shift" else told(part, facts)
        if recipes := ranked(columns, read.recipes(part.frame)) if columns else []:
            found.append(_table(title, columns, recipes))
    return found


def _families(part: Part) -> tuple[str, Columns]:
    """Error without a shift and at the largest dose of each family."""
    swept = shift_tables.sweep(part.frame)
    families = [name for names in read.families(swept.frame).values() for name in swept.reached(names)]
    places = {"RMSE": ("", "0")} | {f"{name} {swept.top(name).name}": (name, swept.top(name).name) for name in families}
    recipes = read.recipes(part.frame)
    columns = {head: {name: read.at(swept.errors, *place, name) for name in recipes} for head, place in places.items()}
    return f"{part.task}: RMSE without a shift, and at the largest dose of each family", columns


def _table(title: str, columns: Columns, recipes: list[str]) -> Table:
    notes = Notes()
    rows = [(Entry(name), *[_entry(head, columns[head].get(name), notes) for head in columns]) for name in recipes]
    return Table(title, ("recipe", *columns), tuple(rows), (*notes.lines(), f"small print: {BARS}"))


def _entry(head: str, cell: Number | str | None, notes: Notes) -> Entry:
    if isinstance(cell, str):
        return Entry(cell)
    return tables.entry(cell or read.NOT_SCORED, notes, share=head.endswith(SHARES))
