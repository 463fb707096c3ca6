"""Effects of variants, element by element: rank correlation beside a repeat experiment, and what confidence hides."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from shiftbench.report import frame as read
from shiftbench.report import real_rows as real
from shiftbench.report.elements import PAPER, Element, Means, elements, grouped, mean, named
from shiftbench.report.figures import Style
from shiftbench.report.frame import Number, Scores
from shiftbench.report.real_figures import Rung, strip
from shiftbench.report.real_rows import PLAIN, Facts
from shiftbench.report.real_words import listed
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.tables import Entry, Notes, Table, decimal, plain, tsv

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
CAPTION = (
    "Spearman between predicted and measured effect, mean of both strands. Under the output that predicts: how near "
    "its cell is to that of the experiment (same, proxy, none). r of replicates and the repeat say what a second "
    "measurement reaches; whoever knew the truth could pass it. Mean effect at the position: of other variants "
    "there, measured in the same experiment, which no model of sequence sees. Means over elements weigh every element "
    f"alike (repeats of one are averaged first); the four of earlier work are {listed(PAPER)}; a handful of elements "
    f"supports no interval. Small print: {BARS}."
)
GAPS = (
    "High confidence (HC) selects on the measured effect itself: a repeat experiment has the same kind of gap, so that "
    "a small gap is no sign of robustness. The last column takes off the gap of the repeat, where there is one."
)


def variants(suite: str, rows: pd.DataFrame, facts: Facts, look: dict[str, Style]) -> list[Section]:
    """The section of the first task of `rows`, with the others as further tables; none without a number."""
    frame = real.shown(rows)
    tasks = [str(task) for task in frame["task"].unique()]
    main = frame[frame["task"] == tasks[0]]
    found = elements(suite, main, facts)
    scores = real.scores(main, "spearman")
    networks = read.networks(main)
    letters = [name for name in real.LETTERS if name in set(main["recipe"])]
    four = [one for one in found if one.name in PAPER] or found
    leader = real.leader(scores, [one.test for one in four], networks) or real.leader(
        scores, [one.test for one in four], letters
    )
    rival = real.leader(scores, [one.test for one in four], letters)
    recipes = [name for name in (*read.ANNOTATION, *networks, *letters) if name in set(main["recipe"])]
    means = grouped(found)
    table = _table(tasks[0], found, scores, recipes, means)
    if not table.rows:
        return []
    return [
        Section(
            f"{suite}-elements",
            f"{suite}: effects of variants by element",
            "",
            given(_said(found, four, scores, leader, rival)),
            (GAPS,),
            figures=(_figure(found, scores, [*read.ANNOTATION[1:2], rival, leader], look),),
            caption=CAPTION,
            tables=(table, _confidence(main, recipes, means.first())),
            hidden=tuple(
                one
                for one in (
                    *([_confidence(main, recipes, means)] if len(means.groups) > 1 else []),
                    _by_element(main, found, leader),
                    _sweep(main, recipes, means),
                    _strands(rows[rows["task"] == tasks[0]], recipes, means),
                    *_others(suite, frame, tasks, facts, recipes),
                    real.text("What to know of these data", real.notes(facts, suite, tasks)),
                )
                if one.rows
            ),
        )
    ]


def _said(found: Sequence[Element], four: Sequence[Element], scores: Scores, leader: str, rival: str) -> list[str]:
    """Means over the elements of the paper, and the elements on which a network does better than letters explain."""
    value = mean(four, scores, leader)
    if not value.defined:
        return []
    others = [
        f"{PLAIN.get(name, name)} {decimal(number.value, 2)}{_of(name, four, scores)}"
        for name in (rival, "position_mean", "repeat")
        if name != leader and (number := mean(four, scores, name)).defined
    ]
    text = f"{leader} reaches a mean Spearman of {decimal(value.value, 2)} over {listed(named(four))}"
    lines = [f"{text}; {', '.join(others)}." if others else f"{text}."]
    clean = [one for one in found if one.clean]
    better = [
        one.name
        for one in clean
        if rival != leader and one.test.number(scores, leader).value > one.test.number(scores, rival).value
    ]
    if rival and rival != leader:
        which = f": {listed(better)}" if better else ""
        lines.append(
            f"{leader} ranks variants better than {rival} in {len(better)} of {len(clean)} experiments on elements "
            f"without a training sequence{which}."
        )
    return lines


def _of(name: str, four: Sequence[Element], scores: Scores) -> str:
    known = [one.name for one in four if one.test.number(scores, name).defined]
    return "" if len(known) == len(four) else f" ({listed(known)} alone)"


def _table(task: str, found: Sequence[Element], scores: Scores, recipes: Sequence[str], means: Means) -> Table:
    """Every element with its cell and vector, what a second measurement reaches, and every recipe; then means."""
    marks, body = Notes(), []
    for one in found:
        numbers = [one.test.number(scores, name) for name in recipes]
        if not any(number.defined for number in numbers):
            continue
        place = ", ".join(part for part in (one.cell, one.vector) if part)
        fields = (Entry(one.name, place), Entry(one.output, one.match), Entry(one.replicates))
        body.append((Entry(one.part), *fields, *_entries(recipes, numbers, marks)))
    for title, which in means.groups.items():
        numbers = [mean(which, scores, name) for name in recipes]
        body.append((Entry("mean"), Entry(title), Entry(""), Entry(""), *_counted(numbers, marks, which)))
    heads = ("elements", "element, cell, vector", "predicted by", "r of replicates", *_heads(recipes))
    return Table(
        f"{task}: Spearman by element", heads, tuple(body) if any(one.part for one in found) or body else (),
        marks.lines(), tsv(real.KEY, {"spearman": scores}), labels=2,
    )  # fmt: skip


def _entries(recipes: Sequence[str], numbers: Sequence[Number], marks: Notes) -> list[Entry]:
    """Numbers of an element; where no experiment repeats it, that is the reason."""
    none = Number(math.nan, reason="no experiment repeats this one")
    return [
        real.brief(number if number.defined or name != "repeat" else none, marks)
        for name, number in zip(recipes, numbers, strict=True)
    ]


def _heads(recipes: Sequence[str]) -> tuple[str, ...]:
    return tuple(PLAIN.get(name, name) for name in recipes)


def _counted(numbers: Sequence[Number], marks: Notes, which: Sequence[Element]) -> list[Entry]:
    """Means, each with the number of elements behind it where that is not all of them."""
    every = len({one.element for one in which})
    return [
        Entry(decimal(number.value, 2), f"over {number.fits} of {every}" if number.fits < every else "")
        if number.defined
        else Entry("–", mark=marks.mark(number.reason))
        for number in numbers
    ]


def _confidence(main: pd.DataFrame, recipes: Sequence[str], means: Means) -> Table:
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
                body.append((Entry(group), Entry(PLAIN.get(name, name)), *_counted(numbers, marks, which)))
    return Table(title, ("mean over", "recipe", *heads), tuple(body), marks.lines(), labels=2)


def _by_element(main: pd.DataFrame, found: Sequence[Element], leader: str) -> Table:
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


def _sweep(main: pd.DataFrame, recipes: Sequence[str], means: Means) -> Table:
    """Spearman over thresholds of p and on the variants with many barcodes, which selects on no effect."""
    order = ("p 1e-3", "p 1e-4", "HC", "p 1e-6", "p 1e-8", "LC", "many barcodes")
    known = [name for name in order if name in set(main["stratum"])]
    heads = [STRATA[name] for name in known]
    return _means("Sweep of the p value, means over elements", heads, _strata(main, known), recipes, means)


def _strands(rows: pd.DataFrame, recipes: Sequence[str], means: Means) -> Table:
    """Each strand by itself and the mean of both."""
    views = [view for view in ("plain", "reverse", "strands") if view in set(rows["view"])]
    if len(views) < 2:
        return plain("", (), ())
    found = {view: real.scores(rows[rows["view"] == view], "spearman") for view in views}
    heads = [{"plain": "strand shown", "reverse": "other strand", "strands": "mean of both"}[view] for view in views]
    return _means("Spearman by strand, means over elements", heads, found, recipes, means)


def _others(suite: str, frame: pd.DataFrame, tasks: Sequence[str], facts: Facts, recipes: Sequence[str]) -> list[Table]:
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


def _figure(found: Sequence[Element], scores: Scores, names: Sequence[str], look: dict[str, Style]) -> Markup:
    """Best network and control by element, with the repeat experiment as a bar."""
    drawn = [
        name for name in dict.fromkeys(names) if name and any(one.test.number(scores, name).defined for one in found)
    ]
    rungs = [
        Rung(
            one.part, one.name, {name: one.test.number(scores, name) for name in drawn},
            one.test.number(scores, read.ANNOTATION[0]),
        )
        for one in found
    ]  # fmt: skip
    return Markup(strip("Spearman by element", rungs, look, "repeat experiment"))
