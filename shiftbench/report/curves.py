"""What a network's stated law looks like beside the law trained on: reliability, PIT, and risk of what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from shiftbench.report import frame as read
from shiftbench.report import panels, tables
from shiftbench.report.figures import GREY, Style
from shiftbench.report.frame import Place
from shiftbench.report.panels import Line, Plot
from shiftbench.report.tables import Entry, Table

KEY = ("shift", "dose", "group", "recipe", "curve", "target")


class Points(NamedTuple):
    """A curve, mean over seeds and worlds."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def at(self, x: float) -> float:
        """Value at the point nearest to `x`."""
        return min(zip(self.x, self.y, strict=True), key=lambda point: abs(point[0] - x))[1]


Curves = dict[tuple[str, ...], Points]
"""Curves of a task by shift, dose, group, recipe, curve and target."""


Pair = tuple[Place, Place]
"""A test set like the training data, and one unlike it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the four panels: which curve, how its axes read, and the landmarks that the table gives, as `says`."""

    curve: str
    target: str
    title: str
    xlabel: str
    landmarks: tuple[float, ...]
    says: str
    guide: str = ""


KINDS = (
    Kind("reliability", "observed", "Reliability", "nominal level", (0.05, 0.5, 0.95), "level {:.0%}", "diagonal"),
    Kind("pit", "observed", "PIT density", "PIT", (0.025, 0.525, 0.975), "at {:.2f}", "one"),
    Kind("risk_coverage", "observed", "Risk, measured", "share kept", (1.0, 0.5, 0.2), "{:.0%} kept"),
    Kind("risk_coverage", "f", "Risk, truth f", "share kept", (1.0, 0.5, 0.2), "{:.0%} kept"),
)


def curves(frame: pd.DataFrame | None, task: str) -> Curves:
    """Mean curves of a task's networks as predicted; empty without any."""
    if frame is None or not len(frame):
        return {}
    rows = frame[(frame["task"] == task) & (frame["wrapper"] == "none") & (frame["budget"] == 0)]
    rows = rows[rows["view"] == read.primary_view(rows)].assign(group=lambda every: every["group"].replace("all", ""))
    mean = rows.groupby([*KEY, "x"], sort=True)["y"].mean()
    found: dict[Any, list[tuple[float, float]]] = {}
    for (*key, x), y in zip(mean.index, mean.tolist(), strict=True):
        found.setdefault(tuple(map(str, key)), []).append((float(x), y))
    return {key: Points(*zip(*points, strict=True)) for key, points in found.items()}


def drawn(found: Curves, place: Place, recipe: str) -> bool:
    """Whether a network has any curve on a test set."""
    return any(_at(found, place, recipe, kind) for kind in KINDS)


def figure(title: str, found: Curves, pair: Pair, recipe: str, style: Style, subject: str) -> Markup:
    """Panels of one network, those that have a curve: grey on the set like the training data, coloured on the other."""
    plots = []
    for kind in KINDS:
        looks = ((GREY, 1.0, "3 2"), (style.colour, 1.8, ""))
        lines = [
            Line(place.name, one.x, one.y, *look)
            for place, look in zip(pair, looks, strict=True)
            if (one := _at(found, place, recipe, kind)) is not None
        ]
        share = kind.guide == "diagonal"
        ends = (0.0, 1.0) if share else panels.ends([line.y for line in lines], zero=True)
        if lines:
            plots.append(Plot(kind.title, kind.xlabel, lines, ends, kind.guide))
    return Markup(panels.four(title, plots, f"{subject}, {recipe}: {pair[1].name} beside {pair[0].name} (grey)"))


def _at(found: Curves, place: Place, recipe: str, kind: Kind) -> Points | None:
    return found.get((*place.key, recipe, kind.curve, kind.target))


def table(title: str, found: Curves, pair: Pair, recipes: Sequence[str]) -> Table:
    """Landmarks of every network's curves on both test sets; all points as TSV."""
    kinds = [kind for kind in KINDS if any(_at(found, place, name, kind) for place in pair for name in recipes)]
    heads, body = [kind.says.format(x) for kind in kinds for x in kind.landmarks], []
    lines = ["curve\ttarget\trecipe\ttest set\tpoints x:y"]
    for recipe in recipes:
        for place in pair:
            shown = {kind: _at(found, place, recipe, kind) for kind in kinds}
            if any(shown.values()):
                fields = [_landmark(one, x) for kind, one in shown.items() for x in kind.landmarks]
                body.append((Entry(recipe), Entry(place.name), *fields))
                lines += [_line(kind, recipe, place, one) for kind, one in shown.items() if one is not None]
    groups = (("", 2), *((kind.title, len(kind.landmarks)) for kind in kinds))
    return Table(title, ("recipe", "test set", *heads), tuple(body), data="\n".join(lines), groups=groups, labels=2)


def _landmark(one: Points | None, x: float) -> Entry:
    return Entry("–" if one is None else tables.decimal(one.at(x)))


def _line(kind: Kind, recipe: str, place: Place, one: Points) -> str:
    """One line a curve and place: its points as x:y, so that the page stays light."""
    points = " ".join(f"{x:.3g}:{y:.3g}" for x, y in zip(one.x, one.y, strict=True))
    return f"{kind.curve}\t{kind.target}\t{recipe}\t{place.name}\t{points}"
