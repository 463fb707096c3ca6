"""Sections of the real tasks, suite by suite, each told in the way that its numbers ask for."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report.alleles import alleles
from shiftbench.report.figures import Style
from shiftbench.report.placed import placed
from shiftbench.report.real_repair import repaired
from shiftbench.report.real_rows import Facts
from shiftbench.report.real_shifts import shifts
from shiftbench.report.section import Section
from shiftbench.report.variants import variants


def real_sections(
    frame: pd.DataFrame, titles: dict[str, str], facts: Facts, look: dict[str, Style],
    points: pd.DataFrame | None = None,
) -> list[Section]:  # fmt: skip
    """Sections of tasks of measured data; the question of a suite stands over the first of them.

    `points`: the table of curves of the run.
    """
    found = []
    for suite, rows in frame.groupby("suite", sort=False):
        gloss = next((titles[task] for task in map(str, rows["task"].unique()) if task in titles), "")
        for section in _sections(str(suite), rows, facts, look, points):
            found.append(replace(section, gloss=gloss))
            gloss = ""
    return found


def _sections(
    suite: str, rows: pd.DataFrame, facts: Facts, look: dict[str, Style], points: pd.DataFrame | None
) -> Iterator[Section]:
    """Sequences like those trained on, then shifts and what repairs them, then variants."""
    kinds = {task: read.kind(one) for task, one in rows.groupby("task", sort=False)}
    kind = rows["task"].map(kinds)
    measured = rows[kind == "measured"]
    for task, one in measured[measured["group"] == ""].groupby("task", sort=False):
        yield placed(str(task), one, facts, look)
    if (measured["group"] != "").any():
        yield shifts(suite, measured, facts, look, points)
        labelled = measured.groupby("task")["budget"].transform("max") > 0
        yield from repaired(suite, measured[labelled])
    if (kind == "variants").any():
        yield from variants(suite, rows[kind == "variants"], facts, look)
    if (kind == "alleles").any():
        yield from alleles(suite, rows[kind == "alleles"], facts)
