"""Section of test sequences like those trained on: correlation, error and coverage by cell type."""

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from shiftbench.report import figures
from shiftbench.report import frame as read
from shiftbench.report import real_tests as real
from shiftbench.report.figures import Rung, Style
from shiftbench.report.frame import NOT_SCORED, Number, Scores
from shiftbench.report.real_tests import Facts, Line, Test
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.tables import HEADS, Entry, Notes, Table, decimal, percent

FIRST = ("pearson", "coverage")
"""Metrics that are drawn and open; the others stand behind a click."""
CEILINGS = {
    True: "Black bars: what the oracle of the world trained on reaches.",
    False: "Black bars: the correlation of a perfect model (root of the measurement's reliability), where known.",
}


def by_cell(
    task: str, rows: pd.DataFrame, facts: Facts, look: dict[str, Style], word: str = "cell type"
) -> Section:  # fmt: skip
    """Recipes by cell type, with a figure of the correlation and one of the coverage; wrappers and parts on a click.

    `word` says what the outputs are.
    """
    frame = real.shown(rows)
    found = {name: real.scores(frame, name) for name in HEADS}
    found = {name: scores for name, scores in found.items() if any(one.defined for one in scores.values())}
    pearson, tops = found.get("pearson", {}), real.ceilings(frame, "pearson")
    names = sorted(set(frame["output"].unique()) - {""}, key=lambda name: (name == "mean", name))
    cells = [Test(task, "", name) for name in names]
    mean = real.tests(frame)
    rival = real.leader(pearson, mean, real.letters(frame))
    leader = real.leader(pearson, mean, read.networks(frame)) or rival
    shown = _table(f"{task}: every recipe by {word}", frame, cells, found, tops)
    return Section(
        f"{task}-by-output",
        f"{task}: by {word}",
        "",
        given([_said(leader, rival, cells, pearson, tops, word)]),
        figures=tuple(_figure(name, frame, cells, found[name], tops, look) for name in FIRST if name in found),
        caption=f"{CEILINGS[read.simulated(frame)]} Lines, and small print in the table: {BARS}.",
        tables=(shown,) if shown.rows else (),
        hidden=tuple(table for table in _hidden(task, frame, cells, found, facts, word) if table.rows),
    )


def _said(leader: str, rival: str, cells: Sequence[Test], scores: Scores, tops: Scores, word: str) -> str:
    """A network's mean correlation over cell types, its range, its ceiling, and the best control beside it."""
    found = _by_output(cells, scores, leader)
    single = {name: value for name, value in found.items() if name != "mean"}
    if not single:
        return ""
    mean = _mean(found)
    text = f"{leader} reaches a mean Pearson of {decimal(mean, 2)} over {len(single)} {word}s"
    if len(single) == 1:
        text = f"{leader} reaches a Pearson of {decimal(mean, 2)} on {next(iter(single))}"
    if len(single) > 1:
        low, high = (choose(single, key=lambda name: single[name]) for choose in (min, max))
        text += f" ({decimal(single[low], 2)} on {low} to {decimal(single[high], 2)} on {high})"
    known = {test.output: number.value for test in cells if (number := real.top(tops, test)).defined}
    if set(single) <= set(known):
        top = _mean(known)
        text += f", {percent(mean / top)} of the {decimal(top, 2)} that noise in the measurement allows"
    other = _by_output(cells, scores, rival) if rival != leader else {}
    if not other:
        return f"{text}."
    better = "does better with" if _mean(other) > mean else "reaches"
    return f"{text}; the best control, {rival}, {better} {decimal(_mean(other), 2)}."


def _by_output(cells: Sequence[Test], scores: Scores, recipe: str) -> dict[str, float]:
    return {test.output: number.value for test in cells if (number := test.number(scores, recipe)).defined}


def _mean(found: dict[str, float]) -> float:
    return found.get("mean", sum(found.values()) / len(found))


def _table(title: str, frame: pd.DataFrame, cells: Sequence[Test], found: dict[str, Scores], tops: Scores) -> Table:
    """A row a recipe, with correlation and coverage cell by cell; last what the measurement allows."""
    marks, body = Notes(), []
    shown = {name: [one for one in cells if _scored(one, found[name])] for name in FIRST if name in found}
    for recipe in read.recipes(frame):
        numbers = [(name, test.number(found[name], recipe)) for name, tests in shown.items() for test in tests]
        if any(number.defined for _, number in numbers):
            fields = [real.brief(number, marks, share=name == "coverage") for name, number in numbers]
            body.append((Entry(recipe), *fields))
    if tops and body:
        allowed = [
            real.top(tops, test) if name == "pearson" else None for name, tests in shown.items() for test in tests
        ]
        fields = [Entry("") if one is None else Entry(decimal(one.value, 2) if one.defined else "–") for one in allowed]
        body.append((Entry("ceiling"), *fields))
    heads = ("recipe", *[test.output for tests in shown.values() for test in tests])
    groups = (("", 1), *[(HEADS[name], len(tests)) for name, tests in shown.items()])
    return Table(title, heads, tuple(body), marks.lines(), groups=groups)


def _allowed(top: Number) -> Entry:
    return Entry(decimal(top.value, 2) if top.defined else "–")


def _scored(test: Test, scores: Scores) -> bool:
    return any(key[3] == test.output for key in scores)


def _hidden(
    task: str, frame: pd.DataFrame, cells: Sequence[Test], found: dict[str, Scores], facts: Facts, word: str
) -> list[Table]:
    """Further metrics of every recipe, wrappers, parts of the rows (sources, fifths of GC), and what is known."""
    recipes = [(name, "none") for name in read.recipes(frame)]
    lines = [Line(task, test.output, test) for test in cells]
    strata = [name for name in frame["stratum"].unique() if name]
    parts = [Line(test.output, name, test.within(name)) for test in real.tests(frame) for name in strata]
    heads, inner = ("task", word), (word, "part")
    further = [name for name in found if name not in FIRST]
    return [
        *[real.grid(f"{HEADS[name]}: every recipe", heads, lines, recipes, found[name]) for name in further],
        *[
            real.wrapped(f"{HEADS[name]}: wrappers", frame, lines, found[name], share=name == "coverage")
            for name in found
        ],
        real.grid("Pearson on parts of the test set", inner, parts, recipes, real.scores(frame, "pearson", strata)),
        real.text("What to know of these data", real.notes(facts, str(frame["suite"].iloc[0]), [task])),
    ]


def _figure(
    metric: str, frame: pd.DataFrame, cells: Sequence[Test], scores: Scores, tops: Scores, look: dict[str, Style]
) -> Markup:
    """One metric by cell type; the oracles are its ceiling, or stand in the table alone."""
    names = [name for name in read.recipes(frame) if name not in (read.ORACLE, read.SOURCE)]
    rungs = []
    for test in cells:
        marks = {name: number for name in names if (number := test.number(scores, name)).defined}
        if marks:
            rungs.append(Rung("", test.output, marks, real.top(tops, test) if metric == "pearson" else NOT_SCORED))
    return Markup(figures.strip(HEADS[metric], rungs, look, "ceiling", share=metric == "coverage"))
