"""Shifts in real data: one compact section over the test sets of a suite that are unlike its training data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from shiftbench.report import curves, real_words
from shiftbench.report import frame as read
from shiftbench.report import real_tests as real
from shiftbench.report.curves import Curves
from shiftbench.report.figures import Rung, Style, strip
from shiftbench.report.frame import NOT_SCORED, Place, Scores
from shiftbench.report.real_families import Family, family
from shiftbench.report.real_tests import Facts, Line, Test
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.tables import Entry, Notes, Table, decimal, tsv

METRICS = {
    "pearson": ("Pearson", False),
    "relative_rmse": ("RMSE in SDs of the values", False),
    "coverage": ("Coverage of 90\u00a0% intervals, %", True),
    "risk_reduction": ("Share of the squared error that filtering to the surer half removes, %", True),
}
"""Metrics shown: title, and whether it is a share."""
OWN = {
    "pearson": "best network",
    "relative_rmse": "RMSE / SD",
    "coverage": "coverage, %",
    "risk_reduction": "risk reduction, %",
}
"""Heads of what the best network does."""
CAPTION = (
    "Each row is one test set; where several outputs predict it, the mean over them. The ceiling is the correlation of "
    "a perfect model (root of the measurement's reliability), where it is known. RMSE is given in SDs of the values of "
    "the same rows, since a test set whose values differ less has a smaller error and a smaller correlation by that "
    "alone: read it beside the SD. Filtering keeps the half of the rows for which the network states the smaller SD. "
    f"Small print: {BARS}."
)
CURVES = " Curves: the best network far from the training data (in colour) and near it (grey); dotted: an honest law."


@dataclass(frozen=True, slots=True)
class Arm:
    """One task of a section: its family, its tests with their parts, and the recipes that the sentences speak of."""

    family: Family
    tests: tuple[Test, ...]
    leader: str
    rival: str

    @property
    def whole(self) -> tuple[Test, ...]:
        """Tests over all of their rows."""
        return tuple(test for test in self.tests if not test.stratum)


def shifts(
    suite: str, rows: pd.DataFrame, facts: Facts, look: dict[str, Style], points: pd.DataFrame | None = None,
    known: Callable[[str], Family] = family,
) -> Section:  # fmt: skip
    """The section over all test sets of `rows`, those of a task without groups being what they are held against.

    `known` tells of a task what its test sets are.
    """
    frame = real.shown(rows)
    strata = sorted(frame["stratum"].unique())
    found = {name: real.scores(frame, name, strata) for name in METRICS}
    tops = real.ceilings(frame, "pearson", strata)
    arms = [_arm(known(task), task, frame, found["pearson"]) for task in _tasks(frame)]
    arms = [arm for arm in arms if arm.tests and arm.leader]
    lines = [_line(arm, test) for arm in arms for test in arm.tests]
    said = [real_words.verdict(arm.family, arm.whole, arm.leader, found["pearson"], found["coverage"]) for arm in arms]
    drawn = [curves.curves(points, arm.tests[0].task) for arm in arms]
    pictures, landmarks = _curves(arms, drawn, look, read.networks(frame))
    more = [real_words.filtering(arm.family, arm.whole, arm.leader, found["risk_reduction"]) for arm in arms]
    rivals = [real_words.controls(arm.family, arm.whole, arm.leader, arm.rival, found["pearson"]) for arm in arms]
    if given(rivals):
        more.append(f"The best control correlates better than the best network on {'; '.join(given(rivals))}.")
    return Section(
        f"{suite}-shifts",
        f"{suite}: shifts in real data",
        "",
        given(said),
        given(more),
        figures=(*_figures(arms, found, tops, look), *pictures),
        caption=CAPTION + (CURVES if pictures else ""),
        tables=(_overview(suite, arms, found, tops, facts),),
        hidden=tuple(
            table for table in (*landmarks, *_hidden(suite, frame, lines, found, facts, strata)) if table.rows
        ),
    )


def _tasks(frame: pd.DataFrame) -> list[str]:
    return [str(task) for task in frame.loc[frame["group"] != "", "task"].unique()]


def _arm(known: Family, task: str, frame: pd.DataFrame, correlation: Scores) -> Arm:
    rows = frame[frame["task"] == task]
    whole = real.tests(rows)
    strata = [name for name in known.strata if name in set(rows["stratum"])]
    scored = [test for one in whole for test in (one, *map(one.within, strata))]
    scored = [test for test in scored if any(key[:4] == _key(test) for key in correlation)]
    alike = [test for test in whole if known.like and test.group == known.like] or whole
    rival = real.leader(correlation, alike, real.letters(rows))
    return Arm(known, tuple(scored), real.leader(correlation, alike, read.networks(rows)) or rival, rival)


def _key(test: Test) -> tuple[str, str, str, str]:
    return (test.task, test.group, test.stratum, test.output)


def _line(arm: Arm, test: Test) -> Line:
    return Line(arm.family.title, arm.family.name(test), test)


def _overview(suite: str, arms: Sequence[Arm], found: dict[str, Scores], tops: Scores, facts: Facts) -> Table:
    """Every test set with what its data allow, the best control, and what the best network does on it."""
    marks, body = Notes(), []
    pairs = [(arm, test) for arm in arms for test in arm.tests]
    scored = [name for name, one in found.items() if any(test.number(one, arm.leader).defined for arm, test in pairs)]
    spread = any(real.told(facts, suite, test).get("target_sd") for _, test in pairs)
    for arm, test in pairs:
        known, number = real.told(facts, suite, test), test.number(found["pearson"], arm.rival)
        numbers = {name: test.number(found[name], arm.leader) for name in scored}
        count = f"{test.number(found['pearson'], arm.leader).n:,} rows"
        name = Entry(test.stratum, f"{arm.family.name(test.within(''))}, {count}") if test.stratum else None
        body.append(
            (
                Entry(arm.family.title, arm.leader),
                name or Entry(arm.family.name(test), count),
                *([Entry("" if test.stratum else _range(known.get("target_sd", {}).values()))] if spread else []),
                _ceiling(test, tops, known, marks),
                Entry(decimal(number.value, 2) if number.defined else "–", arm.rival),
                *[real.brief(one, marks, share=METRICS[name][1]) for name, one in numbers.items()],
            )
        )
    heads = ("shift, best network", "test set", *(["SD of values"] if spread else []), "ceiling", "best control")
    groups = (("", 2 + spread), ("Pearson", 3), *([("best network", len(scored) - 1)] if len(scored) > 1 else []))
    data, own = tsv(real.KEY, found), [OWN[name] for name in scored]
    return Table("Real shifts at a glance", (*heads, *own), tuple(body), marks.lines(), data, groups, labels=2)


def _range(values: Any) -> str:
    known = sorted(values)
    if not known:
        return "–"
    low, high = decimal(known[0], 2), decimal(known[-1], 2)
    return low if low == high else f"{low}–{high}"


def _ceiling(test: Test, tops: Scores, known: Mapping[str, Any], marks: Notes) -> Entry:
    """Ceiling of a test set, or its range over the outputs of which it is known, with the reason for the others."""
    exact = real.top(tops, test)
    if exact.defined:
        return Entry(decimal(exact.value, 2))
    found = real.parts(tops, test)
    missing = known.get("ceiling_missing", {})
    reason = "; ".join(f"{name}: {why}" for name, why in missing.items()) or "no ceiling is known"
    return Entry(_range(found.values()), ", ".join(found), marks.mark(reason))


def _hidden(
    suite: str, frame: pd.DataFrame, lines: Sequence[Line], found: dict[str, Scores], facts: Facts,
    strata: Sequence[str],
) -> list[Table]:  # fmt: skip
    """Every recipe on every test set, wrappers, parts of the test sets, and what is known of the data."""
    recipes = [(name, "none") for name in [*read.networks(frame), *real.letters(frame)]]
    heads = ("shift", "test set")
    every = [
        real.grid(f"{METRICS[name][0]}: every recipe", heads, lines, recipes, scores, share=METRICS[name][1])
        for name, scores in found.items()
    ]
    every.append(real.wrapped(f"{METRICS['coverage'][0]}: wrappers", frame, lines, found["coverage"], share=True))
    shown = {line.test for line in lines}
    further = [
        Line(line.name, stratum, test)
        for line in lines
        for stratum in strata
        if not line.test.stratum and stratum and (test := line.test.within(stratum)) not in shown
    ]
    every.append(
        real.grid("Pearson on parts of the test sets", ("test set", "part"), further, recipes, found["pearson"])
    )
    return [*every, real.text("What to know of these data", real.notes(facts, suite, _tasks(frame)))]


def _curves(
    arms: Sequence[Arm], found: Sequence[Curves], look: dict[str, Style], networks: Sequence[str]
) -> tuple[list[Markup], list[Table]]:
    """For each shift the curves of its best network where it is farthest from the training data, and their table."""
    pictures, told = [], []
    for arm, points in zip(arms, found, strict=True):
        groups = {test.group: test for test in arm.whole}
        pair = [
            Place(arm.family.name(groups[name]), ("", "0", name))
            for name in (arm.family.like, arm.family.far)
            if name in groups
        ]
        if len(pair) == 2 and curves.drawn(points, pair[1], arm.leader):
            alike, far = pair
            title = f"{arm.leader}: {far.name}"
            pictures.append(curves.figure(title, points, (alike, far), arm.leader, look[arm.leader], arm.family.title))
            title = f"Reliability, PIT and risk: {far.name} beside {alike.name}"
            told.append(curves.table(title, points, (alike, far), networks))
    return pictures, told


def _figures(arms: Sequence[Arm], found: dict[str, Scores], tops: Scores, look: dict[str, Style]) -> tuple[Markup, ...]:
    """Correlation and coverage of the best network and control on every test set."""
    drawn = []
    for name in ("pearson", "coverage"):
        rungs = []
        for arm in arms:
            for test in arm.whole:
                both = [recipe for recipe in dict.fromkeys((arm.leader, arm.rival)) if recipe]
                marks = {recipe: test.number(found[name], recipe) for recipe in both}
                top = real.top(tops, test) if name == "pearson" else NOT_SCORED
                if any(number.defined for number in marks.values()):
                    rungs.append(Rung(arm.family.title, arm.family.name(test), marks, top))
        if rungs:
            title, share = METRICS[name]
            drawn.append(Markup(strip(title, rungs, look, "ceiling", share=share)))
    return tuple(drawn)
