"""Effects of variants, element by element: rank correlation of predicted and measured effect beside a repeat."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from shiftbench.report import frame as read
from shiftbench.report import real_tests as real
from shiftbench.report import variant_tables as more
from shiftbench.report.figures import Rung, Style, strip
from shiftbench.report.frame import Number, Scores
from shiftbench.report.real_tests import PLAIN, Facts
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.tables import Entry, Notes, Table, decimal, tsv
from shiftbench.report.variant_elements import PAPER, Element, Means, elements, grouped, mean, named

MATCHES = (
    "Under the output that predicts: how near its cell is to that of the experiment (same, proxy, none). "
    "r of replicates and the repeat say what a second measurement reaches; whoever knew the truth could pass it. "
)
FEW = 3
"""Networks that fit beside each other in a table of elements; of more only the leading one is shown at once."""
FOUR = f"; the four of earlier work are {read.listed(PAPER)}"


def _caption(found: Sequence[Element]) -> str:
    """What the table says, of cells and of earlier work only where elements tell them."""
    return (
        f"Spearman between predicted and measured effect, mean of both strands. {MATCHES * _matched(found)}Mean effect "
        "at the position: that of other variants there, measured in the same experiment, which no model of sequence "
        "sees. Means over elements weigh every element alike (repeats of one are averaged first)"
        f"{FOUR * any(one.known for one in found)}; a handful of elements supports no interval. "
        f"Small print: {BARS}."
    )


def _matched(found: Sequence[Element]) -> bool:
    """Whether it is known of the elements in which cells they were measured."""
    return not all(one.own for one in found)


@dataclass(frozen=True, slots=True)
class Scored:
    """What a task tells of its elements: rows in the view shown, numbers, and whom the sentences speak of."""

    main: pd.DataFrame
    found: list[Element]
    scores: Scores
    recipes: list[str]
    leader: str
    rival: str

    @property
    def four(self) -> list[Element]:
        """The elements of earlier work; all where none of them was asked for."""
        return [one for one in self.found if one.known] or self.found


def _scored(suite: str, main: pd.DataFrame, facts: Facts) -> Scored:
    found, scores = elements(suite, main, facts), real.scores(main, "spearman")
    tests = [one.test for one in found if one.known] or [one.test for one in found]
    networks, present = read.networks(main), set(main["recipe"].unique())
    letters = real.letters(main)
    rival = real.leader(scores, tests, letters)
    notes = [name for name in read.ANNOTATION[1:] if name in present]
    recipes = [*[name for name in read.ANNOTATION[:1] if name in present], *networks, *letters, *notes]
    return Scored(main, found, scores, recipes, real.leader(scores, tests, networks) or rival, rival)


def variants(suite: str, rows: pd.DataFrame, facts: Facts, look: dict[str, Style]) -> list[Section]:
    """The section of the first task of `rows`, with the others as further tables; none without a number."""
    frame = real.shown(rows)
    tasks = [str(task) for task in frame["task"].unique()]
    told = _scored(suite, frame[frame["task"] == tasks[0]], facts)
    means = grouped(told.found)
    networks = read.networks(told.main)
    shown = {told.leader, told.rival, *read.ANNOTATION[:2], *(networks if len(networks) <= FEW else ())}
    best = [name for name in told.recipes if name in shown]
    table = _table(f"{tasks[0]}: Spearman by element", told, best, means)
    if not table.rows:
        return []
    hidden = (
        _table(f"{tasks[0]}: Spearman by element, every recipe", told, told.recipes, means),
        *([more.confidence(told.main, told.recipes, means)] if len(means.groups) > 1 else []),
        more.by_element(told.main, told.found, told.leader),
        more.sweep(told.main, told.recipes, means),
        more.strands(rows[rows["task"] == tasks[0]], told.recipes, means),
        *more.others(suite, frame, tasks, facts, told.recipes),
        real.text("What to know of these data", real.notes(facts, suite, tasks)),
    )
    return [
        Section(
            f"{suite}-elements",
            f"{suite}: effects of variants by element",
            "",
            given(_said(told)),
            (more.GAPS,),
            figures=(_figure(told, look),),
            caption=_caption(told.found),
            tables=(table, more.confidence(told.main, told.recipes, means.first())),
            hidden=tuple(one for one in hidden if one.rows),
        )
    ]


def _said(told: Scored) -> list[str]:
    """Means over the elements of the paper, and the elements on which a network does better than letters explain."""
    scores, leader, rival = told.scores, told.leader, told.rival
    value = mean(told.four, scores, leader)
    if not value.defined:
        return []
    others = [
        f"{PLAIN.get(name, name)} {decimal(number.value, 2)}{_of(name, told)}"
        for name in (rival, "position_mean", "repeat")
        if name != leader and (number := mean(told.four, scores, name)).defined
    ]
    text = f"{leader} reaches a mean Spearman of {decimal(value.value, 2)} over {read.listed(named(told.four))}"
    lines = [f"{text}; {', '.join(others)}." if others else f"{text}."]
    clean = [one for one in told.found if one.clean]
    better = [one.name for one in clean if one.test.number(scores, leader).value > one.test.number(scores, rival).value]
    if clean and rival not in ("", leader):
        which = f": {read.listed(better)}" if better else ""
        lines.append(
            f"{leader} ranks variants better than {rival} in {len(better)} of {len(clean)} experiments on elements "
            f"without a training sequence{which}."
        )
    return lines


def _of(name: str, told: Scored) -> str:
    known = [one.name for one in told.four if one.test.number(told.scores, name).defined]
    return "" if len(known) == len(told.four) else f" ({read.listed(known)} alone)"


def _table(title: str, told: Scored, recipes: Sequence[str], means: Means) -> Table:
    """Means, then every element with its cell and vector, what a second measurement reaches, and recipes."""
    marks, body = Notes(), []
    for name, which in means.groups.items():
        numbers = [mean(which, told.scores, recipe) for recipe in recipes]
        if any(number.defined for number in numbers):
            body.append(
                (
                    Entry("mean"),
                    Entry(name),
                    Entry(""),
                    *_replicates(told.found, ""),
                    *more.counted(numbers, marks, which),
                )
            )
    for one in told.found:
        numbers = [one.test.number(told.scores, recipe) for recipe in recipes]
        if any(number.defined for number in numbers):
            place = ", ".join(part for part in (one.cell, one.vector) if part) or f"{one.variants:,} variants"
            fields = (Entry(one.name, place), Entry(one.output, one.match), *_replicates(told.found, one.replicates))
            body.append((Entry(one.part), *fields, *_entries(recipes, numbers, marks)))
    names = [PLAIN.get(recipe, recipe) for recipe in recipes]
    second = "element, cell, vector" if _matched(told.found) else "element"
    heads = ("elements", second, "predicted by", *["r of replicates"] * _matched(told.found), *names)
    kept = {key: number for key, number in told.scores.items() if key[4] in recipes}
    return Table(title, heads, tuple(body), marks.lines(), tsv(real.KEY, {"spearman": kept}), labels=2)


def _replicates(found: Sequence[Element], told: str) -> list[Entry]:
    """What replicates reach, a column only of experiments whose circumstances are known."""
    return [Entry(told)] * _matched(found)


def _entries(recipes: Sequence[str], numbers: Sequence[Number], marks: Notes) -> list[Entry]:
    """Numbers of an element; where no experiment repeats it, that is the reason."""
    none = Number(math.nan, reason="no experiment repeats this one")
    return [
        real.brief(number if number.defined or name != "repeat" else none, marks)
        for name, number in zip(recipes, numbers, strict=True)
    ]


def _figure(told: Scored, look: dict[str, Style]) -> Markup:
    """Best network and control by element, with the repeat experiment as a bar."""
    repeat, position = read.ANNOTATION[:2]
    names = [name for name in dict.fromkeys((told.leader, told.rival, position)) if name]
    rungs = []
    for one in told.found:
        marks = {name: one.test.number(told.scores, name) for name in names}
        drawn = {name: number for name, number in marks.items() if number.defined}
        if drawn:
            rungs.append(Rung(one.part, one.name, drawn, one.test.number(told.scores, repeat)))
    return Markup(strip("Spearman by element", rungs, look, "repeat experiment"))
