"""Reliability, PIT and risk of what is kept on real data: a set like the training data beside one far from it."""

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from shiftbench.report import frame as read
from shiftbench.report import panels, tables
from shiftbench.report.curves import KINDS, Kind, Points
from shiftbench.report.figures import GREY, Style
from shiftbench.report.panels import Line, Plot
from shiftbench.report.real_rows import Test
from shiftbench.report.tables import Entry, Table

Curves = dict[tuple[str, str, str], Points]
"""Mean over seeds, by group of the test set, recipe and curve, against the measurement."""
MEASURED = tuple(kind for kind in KINDS if kind.target == "observed")


def curves(points: pd.DataFrame | None, task: str) -> Curves:
    """Curves of a task's recipes as predicted; empty without any."""
    if points is None or not len(points):
        return {}
    rows = points[(points["task"] == task) & (points["wrapper"] == "none") & (points["budget"] == 0)]
    rows = rows[(rows["target"] == "observed") & (rows["view"] == read.primary_view(rows))]
    found: Curves = {}
    for (group, recipe, curve), one in rows.groupby(["group", "recipe", "curve"], sort=True):
        mean = one.groupby("x")["y"].mean()
        found[str(group), str(recipe), str(curve)] = Points(tuple(mean.index.tolist()), tuple(mean.tolist()))
    return found


def figure(found: Curves, alike: Test, far: Test, names: tuple[str, str], recipe: str, style: Style) -> Markup:
    """Panels of one network: grey on the set like the training data, in its own colour on the one far from it."""
    plots = []
    for kind in MEASURED:
        lines = [
            Line(name, one.x, one.y, *stroke)
            for name, one, stroke in zip(
                names,
                _pair(found, alike, far, recipe, kind),
                ((GREY, 1.0, "3 2"), (style.colour, 1.8, "")),
                strict=True,
            )
            if one is not None
        ]
        share = kind.curve == "reliability"
        ends = (0.0, 1.0) if share else panels.ends([line.y for line in lines], zero=True)
        guide = {"reliability": "diagonal", "pit": "one"}.get(kind.curve, "")
        plots.append(Plot(kind.title, kind.xlabel, lines, ends, guide))
    subject = f"{recipe}: {names[1]} (in colour) beside {names[0]} (grey, dashed)"
    return Markup(panels.four(f"{recipe}: {names[1]}", plots, subject))


def table(found: Curves, alike: Test, far: Test, names: tuple[str, str], recipes: Sequence[str]) -> Table:
    """Landmarks of the curves of every network on both sets."""
    heads, body = [kind.says.format(x) for kind in MEASURED for x in kind.landmarks], []
    for recipe in recipes:
        for turn, name in enumerate(names):
            pairs = [(_pair(found, alike, far, recipe, kind)[turn], x) for kind in MEASURED for x in kind.landmarks]
            if any(one is not None for one, _ in pairs):
                fields = [Entry("–" if one is None else tables.decimal(one.at(x), 2)) for one, x in pairs]
                body.append((Entry(recipe), Entry(name), *fields))
    title = f"Reliability, PIT and risk: {names[1]} beside {names[0]}"
    return Table(title, ("recipe", "test set", *heads), tuple(body), labels=2)


def _pair(found: Curves, alike: Test, far: Test, recipe: str, kind: Kind) -> tuple[Points | None, Points | None]:
    one, two = (found.get((test.group, recipe, kind.curve)) for test in (alike, far))
    return one, two
