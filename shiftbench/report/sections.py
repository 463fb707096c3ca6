"""Sections of the page in their order: simulated shifts and what repairs them, then real tasks suite by suite."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from shiftbench.report import figures, own_data, real_shifts, repair, robustness, shift_tables, variant_tables
from shiftbench.report import frame as read
from shiftbench.report.alleles import COLUMNS as ALLELES
from shiftbench.report.alleles import alleles
from shiftbench.report.by_cell import by_cell
from shiftbench.report.curves import curves
from shiftbench.report.figures import Style
from shiftbench.report.real_families import family
from shiftbench.report.real_shifts import shifts
from shiftbench.report.real_tests import Facts
from shiftbench.report.repair import budgeted, repaired
from shiftbench.report.section import Section
from shiftbench.report.shift_sections import shifted
from shiftbench.report.tables import HEADS
from shiftbench.report.variants import variants

READ = {
    *shift_tables.METRICS, *repair.METRICS, *HEADS, *real_shifts.METRICS, *variant_tables.ANSWERS, *ALLELES, "",
}  # fmt: skip
"""Metrics that some section reads, and that of absent nodes."""


@dataclass(frozen=True, slots=True)
class Run:
    """What all sections of a run share: questions of its tasks, facts of its data, looks of recipes, further tables."""

    titles: Mapping[str, str]
    facts: Facts
    look: dict[str, Style]
    robustness: pd.DataFrame | None = None
    points: pd.DataFrame | None = None


def sections(
    frame: pd.DataFrame, manifest: dict[str, Any], robustness: pd.DataFrame | None = None,
    points: pd.DataFrame | None = None,
) -> list[Section]:  # fmt: skip
    """Sections of all tasks; those without a number do not appear.

    `robustness` and `points` are the tables of a run over doses and of curves.
    """
    titles = {name: str(text) for name, text in manifest.get("tasks", {}).items()}
    frame = read.leveled(frame[frame["metric"].isin(READ) & frame["target"].isin(["observed", ""])])
    run = Run(titles, manifest.get("facts", {}), figures.styles(read.recipes(frame)), robustness, points)
    tasks = {str(task): rows for task, rows in frame.groupby("task", sort=False)}
    swept = {task: rows for task, rows in tasks.items() if read.kind(rows) == "shift"}
    found = list(_swept(swept, run))
    for suite, rows in frame[~frame["task"].isin(swept)].groupby("suite", sort=False):
        gloss = next((titles[task] for task in map(str, rows["task"].unique()) if task in titles), "")
        for section in _measured(str(suite), rows, run):
            found.append(replace(section, gloss=gloss))
            gloss = ""
    return [part for part in found if any(table.rows for table in part.tables)]


def _swept(tasks: Mapping[str, pd.DataFrame], run: Run) -> Iterator[Section]:
    """Tasks of doses: shifts, what repairs them, and robustness over dose.

    Doses of a task that asks what labels of the target repair are shown only if no other task shows doses.
    """
    shown = {task: rows[rows["view"] == read.primary_view(rows)] for task, rows in tasks.items()}
    repairs = [task for task, rows in shown.items() if budgeted(rows)]
    others = [task for task in shown if task not in repairs] or repairs
    for task in others:
        yield from shifted(task, shown[task], run.titles.get(task, ""), run.look, curves(run.points, task))
    for task in repairs:
        yield repaired(task, shown[task], run.titles.get(task, ""))
    for task in others:
        yield robustness.section(task, shown[task], run.robustness)


def _measured(suite: str, rows: pd.DataFrame, run: Run) -> Iterator[Section]:
    """Sequences like those trained on, then shifts and what repairs them, then variants."""
    kinds = {task: read.kind(one) for task, one in rows.groupby("task", sort=False)}
    kind = rows["task"].map(kinds)
    measured = rows[kind == "measured"]
    own = own_data.own(measured, run.facts)
    if own:
        yield own_data.section(suite, measured, run.facts, own)
    for task, one in measured[measured["group"] == ""].groupby("task", sort=False):
        yield by_cell(str(task), one, run.facts, run.look, "output" if own else "cell type")
    if (measured["group"] != "").any():
        known = (lambda task: own_data.family(task, own.get(task, {}))) if own else family
        yield shifts(suite, measured, run.facts, run.look, run.points, known)
    for task, one in measured.groupby("task", sort=False):
        if budgeted(one):
            yield repaired(str(task), one[one["view"] == read.primary_view(one)], "")
    if (kind == "variants").any():
        yield from variants(suite, rows[kind == "variants"], run.facts, run.look)
    if (kind == "alleles").any():
        yield from alleles(suite, rows[kind == "alleles"], run.facts)
