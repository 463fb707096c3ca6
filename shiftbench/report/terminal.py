"""One small table a task, for a terminal of 80 columns: a row a recipe, best first, and the few numbers that matter."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import real_tests as real
from shiftbench.report import shift_tables
from shiftbench.report.frame import NOT_SCORED, Number
from shiftbench.report.real_tests import Facts
from shiftbench.report.tables import decimal, percent
from shiftbench.report.variant_elements import elements, grouped, mean

MOST = 6
"""Columns of numbers."""
Columns = Mapping[str, Mapping[str, Number | str]]
"""Number or word of each recipe, by column."""
SHARES = ("coverage", "there", "right sign")
LOWER = ("RMSE",)


@dataclass(frozen=True, slots=True)
class Compact:
    """Text of a table: what it is of, its columns, its rows from best to worst, and the names of controls among them.

    `more`: how many columns the report has beyond these.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    controls: frozenset[str]
    more: int = 0


def compact(results: pd.DataFrame, facts: Facts) -> list[Compact]:
    """Tables of every task that has numbers, without wrappers, over whole test sets, seeds and worlds."""
    parts = [(told(part, facts), read.recipes(part.frame)) for part in tasks(results)]
    found = [_table(title, columns, recipes) for (title, columns), recipes in parts]
    return [table for table in found if table.rows]


class Part(NamedTuple):
    """A task: its name, the rows that one number is meant by, in the view that is shown, and all of its rows."""

    task: str
    frame: pd.DataFrame
    rows: pd.DataFrame


def tasks(results: pd.DataFrame) -> Iterator[Part]:
    """Every task of a run, without wrappers."""
    for task, rows in read.complete(results).groupby("task", sort=False):
        frame = rows[(rows["view"] == read.primary_view(rows)) & rows["wrapper"].isin(["none", ""])]
        yield Part(str(task), read.plainly(frame), rows)


def told(part: Part, facts: Facts) -> tuple[str, Columns]:
    """What is shown of a task, and its columns."""
    task, frame, rows = part
    kind = read.kind(frame)
    if kind == "shift":
        return f"{task}: without a shift, and under the largest dose of the shift that raises the error most", _doses(
            frame
        )
    if kind == "variants":
        return f"{task}: Spearman, means over elements", _elements(frame, rows, facts)
    if kind == "alleles":
        return f"{task}: natural variants", _alleles(frame)
    if (frame["metric"] == "pearson").any():
        return f"{task}: Pearson", _tests(frame, "pearson")
    return f"{task}: coverage of 90\u00a0% intervals, as a share", _tests(frame, "coverage")


def _doses(frame: pd.DataFrame) -> Columns:
    """Error and coverage without a shift and under the worst one, arms and compounds left out."""
    swept = shift_tables.sweep(frame)
    families = [name for names in read.families(swept.frame).values() for name in swept.reached(names)]
    columns: dict[str, dict[str, Number | str]] = {
        name: {} for name in ("RMSE", "coverage", "worst RMSE", "under", "there")
    }
    for recipe in read.recipes(frame):
        columns["RMSE"][recipe] = read.at(swept.errors, "", "0", recipe)
        columns["coverage"][recipe] = read.at(swept.coverage, "", "0", recipe)
        worst = {name: read.at(swept.errors, name, swept.top(name).name, recipe) for name in families}
        known = {name: number for name, number in worst.items() if number.defined}
        if known:
            most = max(known, key=lambda name: known[name].value)
            top = swept.top(most).name
            columns["worst RMSE"][recipe], columns["under"][recipe] = known[most], f"{most} {top}"
            columns["there"][recipe] = read.at(swept.coverage, most, top, recipe)
    return columns


def _tests(frame: pd.DataFrame, metric: str) -> Columns:
    """One metric by test set; by output, with the coverage, where there is but one."""
    scores, tests = real.scores(frame, metric), real.tests(frame)
    if len(tests) == 1:
        outputs = [name for name in frame["output"].unique() if name and name != "mean"]
        one = tests[0]
        tests = [one, *[real.Test(one.task, one.group, name) for name in outputs if name != one.output]]
        held = {name: one.number(real.scores(frame, "coverage"), name) for name in read.recipes(frame)}
        columns = {test.output: {name: test.number(scores, name) for name in read.recipes(frame)} for test in tests}
        return columns | {"coverage": held}
    return {test.group or "i.i.d.": {name: test.number(scores, name) for name in read.recipes(frame)} for test in tests}


def _elements(frame: pd.DataFrame, rows: pd.DataFrame, facts: Facts) -> Columns:
    """Means over the groups of elements, then confident and other variants of the first group."""
    found = elements(str(frame["suite"].iloc[0]), frame, facts)
    groups, scores = grouped(found).groups, real.scores(frame, "spearman")
    recipes = read.recipes(frame)
    columns: dict[str, dict[str, Number | str]] = {
        title.partition(" (")[0]: {name: mean(which, scores, name) for name in recipes}
        for title, which in groups.items()
    }
    title, which = next(iter(groups.items()))
    shown = rows[(rows["view"] == frame["view"].iloc[0]) & (rows["wrapper"] == "none")]
    for stratum in ("HC", "LC"):
        part = real.scores(shown, "spearman", (stratum,))
        within = [one.within(stratum) for one in which]
        columns[f"{stratum} of {title.partition(' (')[0]}"] = {name: mean(within, part, name) for name in recipes}
    return columns


def _alleles(frame: pd.DataFrame) -> Columns:
    """Finding emVars, their direction and their size, test set by test set."""
    heads = {"auprc": "AUPRC", "sign_agreement": "right sign", "pearson": "r of skew"}
    tests = real.tests(frame)
    scores = {metric: real.scores(frame, metric) for metric in heads}
    return {
        head if len(tests) == 1 else f"{test.group} {head}": {
            name: test.number(scores[metric], name) for name in read.recipes(frame)
        }
        for test in tests
        for metric, head in heads.items()
    }


def _table(title: str, columns: Columns, recipes: Sequence[str]) -> Compact:
    """Rows sorted by the first column; columns and rows without a number do not appear."""
    known = {head: cells for head, cells in columns.items() if any(_defined(cell) for cell in cells.values())}
    shown = dict(list(known.items())[:MOST])
    if not shown:
        return Compact(title, (), (), frozenset())
    order = ranked(shown, recipes)
    rows = [(name, *[_text(head, column.get(name, NOT_SCORED)) for head, column in shown.items()]) for name in order]
    controls = frozenset(name for name in order if name in read.CONTROLS)
    return Compact(title, ("recipe", *shown), tuple(rows), controls, len(known) - len(shown))


def ranked(columns: Columns, recipes: Sequence[str]) -> list[str]:
    """Recipes with any number, from best to worst in the first column."""
    first, cells = next(iter(columns.items()))
    answered = [name for name in recipes if any(_defined(column.get(name, NOT_SCORED)) for column in columns.values())]
    return sorted(answered, key=lambda name: _rank(cells.get(name, NOT_SCORED), lower=first in LOWER))


def _defined(cell: Number | str) -> bool:
    return bool(cell) if isinstance(cell, str) else cell.defined


def _rank(cell: Number | str, *, lower: bool) -> float:
    if isinstance(cell, str) or not cell.defined:
        return math.inf
    return cell.value if lower else -cell.value


def _text(head: str, cell: Number | str) -> str:
    if isinstance(cell, str):
        return cell
    if not cell.defined:
        return "–"
    return percent(cell.value) if head.endswith(SHARES) else decimal(cell.value, 2)
