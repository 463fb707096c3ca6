"""Which wrapper repairs the intervals on a real shift, and with how many labels of it."""

import math

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import real_rows as real
from shiftbench.report.frame import NOMINAL, Scores
from shiftbench.report.real_families import Family, family
from shiftbench.report.real_rows import KEY, Test
from shiftbench.report.real_words import listed
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.sentences import MISS
from shiftbench.report.tables import Entry, Notes, Table, entry, percent, tsv

BUDGETS = {"lentimpra_repair": "lentimpra_gc"}
"""Tasks of wrappers and budgets by name, with the task whose test sets they share."""
CAPTION = (
    "Coverage of 90\u00a0% intervals, %, and below it their mean width. Labels: rows of the shifted set that a wrapper "
    "was shown; 0 means rows like the training data. All are scored on the same remaining rows. ∞: some intervals have "
    f"no bound. The TSV also holds the {BARS}."
)


def repaired(suite: str, rows: pd.DataFrame) -> list[Section]:
    """One section a task that tries wrappers with labels of the target; none without a number."""
    found = []
    for task, one in real.shown(rows).groupby("task", sort=False):
        for name in _tried(one):
            found += _section(suite, str(task), one, name)
    return found


def _tried(frame: pd.DataFrame) -> list[str]:
    """Of the networks with which most wrappers were tried the one that errs least on the first test set."""
    counts = frame[frame["recipe"].isin(read.networks(frame))].groupby("recipe")["wrapper"].nunique()
    most = sorted(str(name) for name, count in counts.items() if count == counts.max())
    errors, first = real.scores(frame, "rmse"), real.tests(frame)[:1]
    found = {name: test.number(errors, name) for test in first for name in most}
    return sorted(most, key=lambda name: found[name].value if name in found and found[name].defined else math.inf)[:1]


def _section(suite: str, task: str, frame: pd.DataFrame, recipe: str) -> list[Section]:
    known = family(BUDGETS.get(task, task))
    rows = frame[frame["recipe"] == recipe]
    held, width = ({budget: _scores(rows, name, budget) for budget in _budgets(rows)} for name in ("coverage", "width"))
    tests = real.tests(rows)
    table = _table(task, known, tests, recipe, held, width)
    if not table.rows:
        return []
    said = [_said(known, test, recipe, held) for test in tests if test.group != known.like]
    return [
        Section(
            f"{task}-repair", f"{suite}: what repairs intervals under a shift of {known.title}", "", given(said),
            caption=CAPTION, tables=(table,),
        )
    ]  # fmt: skip


def _budgets(rows: pd.DataFrame) -> list[int]:
    return sorted(map(int, rows["budget"].unique()))


def _scores(rows: pd.DataFrame, metric: str, budget: int) -> Scores:
    return read.numbers(read.select(rows, metric, budget=budget), KEY)


def _pairs(held: dict[int, Scores], recipe: str) -> list[tuple[str, int]]:
    """Wrappers with each of their budgets, in the order of the registry."""
    found = {(key[5], budget) for budget, scores in held.items() for key in scores if key[4] == recipe and key[5]}
    order = read.wrappers(pd.DataFrame({"wrapper": sorted({wrapper for wrapper, _ in found})}))
    return sorted(found, key=lambda pair: (order.index(pair[0]), pair[1]))


def _table(
    task: str, known: Family, tests: list[Test], recipe: str, held: dict[int, Scores], width: dict[int, Scores]
) -> Table:
    marks, body = Notes(), []
    for wrapper, budget in _pairs(held, recipe):
        fields = []
        for test in tests:
            number, wide = (test.number(scores[budget], recipe, wrapper) for scores in (held, width))
            told = entry(number, marks, share=True)
            fields.append(told._replace(small=f"width {entry(wide, marks).text}" if wide.defined else ""))
        if any(field.text != "–" for field in fields):
            body.append((Entry(wrapper), Entry(str(budget)), *fields))
    parts = {
        f"{name}, {budget} labels": scores[budget]
        for name, scores in (("coverage", held), ("width", width))
        for budget in scores
    }
    heads = ("wrapper", "labels", *[known.name(test) for test in tests])
    return Table(f"{task}: intervals of {recipe}", heads, tuple(body), marks.lines(), tsv(KEY, parts), labels=2)


def _said(known: Family, test: Test, recipe: str, held: dict[int, Scores]) -> str:
    """How many wrappers come within the margin of the nominal level, by budget."""
    plain = test.number(held.get(0, {}), recipe)
    if not plain.defined:
        return ""
    told = []
    for budget, scores in held.items():
        tried = [wrapper for wrapper, at in _pairs({budget: scores}, recipe) if wrapper != "none"]
        scored = {wrapper: number for wrapper in tried if (number := test.number(scores, recipe, wrapper)).defined}
        good = [wrapper for wrapper, number in scored.items() if abs(number.value - NOMINAL) <= MISS]
        which = f" ({listed(good)})" if 0 < len(good) <= 3 else ""
        told.append(
            f"{len(good)} of {len(scored)} wrappers{which} {f'with {budget} labels' if budget else 'without labels'}"
        )
    return (
        f"{known.title[:1].upper()}{known.title[1:]}, {known.name(test)}: intervals of {recipe} hold "
        f"{percent(plain.value)} as they are; within {percent(MISS)} of {percent(NOMINAL)} come {listed(told)}."
    )
