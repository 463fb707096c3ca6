"""Further tables of variant effects: confidence, thresholds of p, strands, other windows and other variants."""

from collections.abc import Mapping, Sequence

import pandas as pd

from shiftbench.report import real_tests as real
from shiftbench.report.frame import Number, Scores
from shiftbench.report.real_tests import PLAIN, Facts
from shiftbench.report.tables import Entry, Notes, Table, decimal, plain, tsv
from shiftbench.report.variant_elements import Element, Means, elements, mean

ANSWERS = {
    "spearman": "Spearman",
    "confidence_gap": "HC less LC",
    "confidence_gap_excess": "the same less that of the repeat",
}
STRATA = {
    "HC": "HC (p ≤ 1e-5)",
    "LC": "LC",
    "p 1e-3": "p ≤ 1e-3",
    "p 1e-4": "p ≤ 1e-4",
    "p 1e-6": "p ≤ 1e-6",
    "p 1e-8": "p ≤ 1e-8",
    "many barcodes": "many barcodes",
}
OTHERS = {"offsets": "five offsets", "paper": "paper's window", "challenge": "challenge set", "deletions": "deletions"}
"""Further tasks by the end of their name."""
GAPS = (
    "High confidence (HC) selects on the measured effect itself: a repeat experiment has the same kind of gap, so that "
    "a small gap is no sign of robustness. The last column takes off the gap of the repeat, where there is one."
)


def counted(numbers: Sequence[Number], marks: Notes, which: Sequence[Element]) -> list[Entry]:
    """Means, each with the number of elements behind it where that is not all of them."""
    every = len({one.element for one in which})
    return [
        Entry(decimal(number.value, 2), f"over {number.fits} of {every}" if number.fits < every else "")
        if number.defined
        else Entry("–", mark=marks.mark(number.reason))
        for number in numbers
    ]


def confidence(main: pd.DataFrame, recipes: Sequence[str], means: Means) -> Table:
    """HC, LC, their gap and its excess: means over the groups of elements, a row a recipe."""
    found = {**_strata(main, ("HC", "LC")), **{name: real.scores(main, name) for name in list(ANSWERS)[1:]}}
    heads = ("HC", "LC", *list(ANSWERS.values())[1:])
    title = f"Spearman by confidence, means over {'; '.join(means.groups)}"
    return _means(title, heads, found, recipes, means)


def _strata(main: pd.DataFrame, names: Sequence[str]) -> dict[str, Scores]:
    """Scores by stratum, under the keys of the whole test sets."""
    return {
        name: {(*key[:2], "", *key[3:]): number for key, number in real.scores(main, "spearman", (name,)).items()}
        for name in names
    }


def _means(
    title: str, heads: Sequence[str], found: Mapping[str, Scores], recipes: Sequence[str], means: Means
) -> Table:
    marks, body = Notes(), []
    for group, which in means.groups.items():
        for name in recipes:
            numbers = [mean(which, scores, name) for scores in found.values()]
            if any(number.defined for number in numbers):
                body.append((Entry(group), Entry(PLAIN.get(name, name)), *counted(numbers, marks, which)))
    return Table(title, ("mean over", "recipe", *heads), tuple(body), marks.lines(), labels=2)


def by_element(main: pd.DataFrame, found: Sequence[Element], leader: str) -> Table:
    """HC, LC and gaps of the best network, element by element."""
    parts = {**_strata(main, ("HC", "LC")), **{name: real.scores(main, name) for name in list(ANSWERS)[1:]}}
    marks, body = Notes(), []
    for one in found:
        numbers = [one.test.number(scores, leader) for scores in parts.values()]
        if any(number.defined for number in numbers):
            fields = (Entry(one.part), Entry(one.name), Entry(f"{one.confident} of {one.variants}"))
            body.append((*fields, *[real.brief(number, marks) for number in numbers]))
    heads = ("elements", "element", "HC of all", "HC", "LC", *list(ANSWERS.values())[1:])
    title = f"High and low confidence by element: {leader}"
    return Table(title, heads, tuple(body), marks.lines(), tsv(real.KEY, parts), labels=2)


def sweep(main: pd.DataFrame, recipes: Sequence[str], means: Means) -> Table:
    """Spearman over thresholds of p and on the variants with many barcodes, which selects on no effect."""
    order = ("p 1e-3", "p 1e-4", "HC", "p 1e-6", "p 1e-8", "LC", "many barcodes")
    known = [name for name in order if name in set(main["stratum"])]
    if {*known} <= {"HC", "LC"}:  # which another table shows
        return plain("", (), ())
    heads = [STRATA[name] for name in known]
    return _means("Sweep of the p value, means over elements", heads, _strata(main, known), recipes, means)


def strands(rows: pd.DataFrame, recipes: Sequence[str], means: Means) -> Table:
    """Each strand by itself and the mean of both."""
    views = [view for view in ("plain", "reverse", "strands") if view in set(rows["view"])]
    if len(views) < 2:
        return plain("", (), ())
    found = {view: real.scores(rows[rows["view"] == view], "spearman") for view in views}
    heads = [{"plain": "strand shown", "reverse": "other strand", "strands": "mean of both"}[view] for view in views]
    return _means("Spearman by strand, means over elements", heads, found, recipes, means)


def others(suite: str, frame: pd.DataFrame, tasks: Sequence[str], facts: Facts, recipes: Sequence[str]) -> list[Table]:
    """Other windows and other variants: means over their elements beside those of the first task on the same ones."""
    found = real.scores(frame, "spearman")
    sets = {task: elements(suite, frame[frame["task"] == task], facts) for task in tasks[1:]}
    shown = {task: which for task, which in sets.items() if which}
    body = []
    for name in recipes:
        fields = []
        for which in shown.values():
            number = mean(which, found, name)
            same = [one.under(tasks[0]) for one in which if one.test.number(found, name).defined]
            centred = mean(same, found, name)
            small = f"centred {decimal(centred.value, 2)}" if centred.defined else ""
            fields.append(Entry(decimal(number.value, 2), small) if number.defined else Entry("–"))
        body.append((Entry(PLAIN.get(name, name)), *fields))
    heads = [f"{_other(task)} ({len({one.element for one in which})})" for task, which in shown.items()]
    title = (
        "Other windows and variants: mean Spearman over their elements (small: all substitutions of the same elements, "
        "the variant in the middle of its window)"
    )
    columns, names = [(name, "none") for name in recipes], ("elements", "element")
    lines = {task: [real.Line(one.part, one.name, one.test) for one in which] for task, which in shown.items()}
    every = [real.grid(f"{task}: Spearman by element", names, lines[task], columns, found) for task in shown]
    return [Table(title, ("recipe", *heads), tuple(body)), *every] if shown else []


def _other(task: str) -> str:
    return OTHERS.get(task.rpartition("_")[2], task)
