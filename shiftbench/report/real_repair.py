"""Which wrapper repairs the intervals on a real shift, and with how many labels of it."""

import math
from dataclasses import dataclass

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import real_rows as real
from shiftbench.report.frame import NOMINAL, Scores
from shiftbench.report.real_families import Family, family
from shiftbench.report.real_rows import KEY, Test
from shiftbench.report.real_words import fails, listed
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.sentences import MISS
from shiftbench.report.tables import Entry, Notes, Table, decimal, entry, percent, tsv

BUDGETS = {"lentimpra_repair": "lentimpra_gc"}
"""Tasks of wrappers and budgets by name, with the task whose test sets they share."""
CAPTION = (
    "Coverage of 90\u00a0% intervals, %, and below it their mean width. Labels: rows of the shifted set that a wrapper "
    "was shown; 0 means rows like the training data. All are scored on the same remaining rows. ∞: the "
    f"share of intervals without bound. The TSV also holds the {BARS}."
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


@dataclass(frozen=True, slots=True)
class Tried:
    """Coverage, width and share of endless intervals of one network, by number of labels seen."""

    recipe: str
    tests: tuple[Test, ...]
    held: dict[int, Scores]
    width: dict[int, Scores]
    endless: dict[int, Scores]

    def wrappers(self, budget: int) -> list[str]:
        """Wrappers tried with this many labels, in the order of the registry."""
        found = {key[5] for key in self.held.get(budget, {}) if key[4] == self.recipe and key[5]}
        return read.wrappers(pd.DataFrame({"wrapper": sorted(found)}))


def _section(suite: str, task: str, frame: pd.DataFrame, recipe: str) -> list[Section]:
    known, rows = family(BUDGETS.get(task, task)), frame[frame["recipe"] == recipe]
    budgets = sorted(map(int, rows["budget"].unique()))
    by_budget = [
        {budget: read.numbers(read.select(rows, metric, budget=budget), KEY) for budget in budgets}
        for metric in ("coverage", "width", "infinite_share")
    ]
    tried = Tried(recipe, tuple(real.tests(rows)), *by_budget)
    table = _table(task, known, tried)
    if not table.rows:
        return []
    said = [_said(known, test, tried) for test in tried.tests if test.group != known.like]
    return [
        Section(
            f"{task}-repair", f"{suite}: what repairs intervals under a shift of {known.title}", "", given(said),
            caption=CAPTION, tables=(table,),
        )
    ]  # fmt: skip


def _table(task: str, known: Family, tried: Tried) -> Table:
    """A row a wrapper; for each test set a column a number of labels."""
    marks, body, budgets = Notes(), [], list(tried.held)
    order = read.wrappers(pd.DataFrame({"wrapper": sorted({one for at in budgets for one in tried.wrappers(at)})}))
    for wrapper in order:
        places = [(test, budget) for test in tried.tests for budget in budgets]
        if any(test.number(tried.held[budget], tried.recipe, wrapper).defined for test, budget in places):
            body.append((Entry(wrapper), *[_field(test, wrapper, budget, tried, marks) for test, budget in places]))
    parts = {
        f"{name}, {budget} labels": scores[budget]
        for name, scores in (("coverage", tried.held), ("width", tried.width))
        for budget in scores
    }
    heads = ("wrapper", *[f"{budget} labels" for _ in tried.tests for budget in budgets])
    groups = (("", 1), *[(known.name(test), len(budgets)) for test in tried.tests])
    title = f"{task}: intervals of {tried.recipe}"
    return Table(title, heads, tuple(body), marks.lines(), tsv(KEY, parts), groups)


def _field(test: Test, wrapper: str, budget: int, tried: Tried, marks: Notes) -> Entry:
    """Coverage over width; blank where a wrapper takes no labels, or needs more."""
    if wrapper not in tried.wrappers(budget):
        return Entry("")
    held, wide, endless = (
        test.number(scores[budget], tried.recipe, wrapper) for scores in (tried.held, tried.width, tried.endless)
    )
    told = entry(held, marks, share=True)
    if wide.defined:
        return told._replace(small=f"width {decimal(wide.value, 2)}")
    return told._replace(small=f"∞ in {percent(endless.value)}" if endless.value > 0 else "")


def _said(known: Family, test: Test, tried: Tried) -> str:
    """How many wrappers come within the margin of the nominal level, by number of labels, if intervals fail at all."""
    plain = test.number(tried.held.get(0, {}), tried.recipe)
    start = f"{known.title[:1].upper()}{known.title[1:]}, {known.name(test)}"
    if not plain.defined:
        return ""
    if not fails(plain):
        return f"{start}: intervals of {tried.recipe} hold {percent(plain.value)} as they are; nothing to repair."
    told = []
    for budget, scores in tried.held.items():
        numbers = {
            wrapper: number
            for wrapper in tried.wrappers(budget)
            if wrapper != "none" and (number := test.number(scores, tried.recipe, wrapper)).defined
        }
        good = [wrapper for wrapper, number in numbers.items() if abs(number.value - NOMINAL) <= MISS]
        which = f" ({listed(good)})" if 0 < len(good) <= 3 else ""
        seen = f"with {budget} labels" if budget else "without labels"
        told.append(f"{len(good)} of {len(numbers)}{which} {seen}")
    return (
        f"{start}: intervals of {tried.recipe} hold {percent(plain.value)} as they are; of the wrappers, "
        f"{listed(told)} come within {100 * MISS:.0f} points of {percent(NOMINAL)}."
    )
