"""What a network's stated law looks like beside the law trained on: reliability, PIT, and risk of what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from shiftbench.report import frame as read
from shiftbench.report import panels, tables
from shiftbench.report.figures import GREY, Style
from shiftbench.report.frame import Dose
from shiftbench.report.panels import Line, Plot
from shiftbench.report.tables import Entry, Table

KEY = ("shift", "dose", "recipe", "curve", "target")


class Points(NamedTuple):
    """A curve, mean over seeds and worlds."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def at(self, x: float) -> float:
        """Value at the point nearest to `x`."""
        return min(zip(self.x, self.y, strict=True), key=lambda point: abs(point[0] - x))[1]


Curves = dict[tuple[str, ...], Points]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the four panels: which curve, how its axes read, and the landmarks that the table gives, as `says`."""

    curve: str
    target: str
    title: str
    xlabel: str
    landmarks: tuple[float, ...]
    says: str


KINDS = (
    Kind("reliability", "observed", "Reliability", "nominal level", (0.05, 0.5, 0.95), "level {:.0%}"),
    Kind("pit", "observed", "PIT density", "PIT", (0.025, 0.525, 0.975), "at {:.2f}"),
    Kind("risk_coverage", "observed", "Risk, measured", "share kept", (1.0, 0.5, 0.2), "{:.0%} kept"),
    Kind("risk_coverage", "f", "Risk, truth f", "share kept", (1.0, 0.5, 0.2), "{:.0%} kept"),
)


def curves(frame: pd.DataFrame | None, task: str) -> Curves:
    """Mean curves of a task's networks as predicted, by shift, dose, recipe, curve and target; empty without any."""
    if frame is None or not len(frame):
        return {}
    rows = frame[(frame["task"] == task) & (frame["wrapper"] == "none") & (frame["budget"] == 0)]
    rows = rows[rows["group"].isin(["", "all"])]
    rows = rows[rows["view"] == read.primary_view(rows)] if len(rows) else rows
    mean = rows.groupby([*KEY, "x"], sort=True)["y"].mean()
    found: dict[Any, list[tuple[float, float]]] = {}
    for (*key, x), y in zip(mean.index, mean.tolist(), strict=True):
        found.setdefault(tuple(map(str, key)), []).append((float(x), y))
    return {key: Points(*zip(*points, strict=True)) for key, points in found.items()}


def drawn(found: Curves, shift: str, dose: Dose, recipe: str) -> bool:
    """Whether a network has any curve at a dose."""
    return any((shift, dose.name, recipe, kind.curve, kind.target) in found for kind in KINDS)


def figure(found: Curves, shift: str, dose: Dose, recipe: str, style: Style, task: str) -> Markup:
    """Four panels of one network: grey on the law trained on, in its own colour at the dose."""
    plots = []
    for kind in KINDS:
        pairs = _pair(found, shift, dose, recipe, kind)
        names = ("source", dose.label)
        looks = ((GREY, 1.0, "3 2"), (style.colour, 1.8, ""))
        lines = [
            Line(name, one.x, one.y, *look)
            for name, one, look in zip(names, pairs, looks, strict=True)
            if one is not None
        ]
        guide = {"reliability": "diagonal", "pit": "one"}.get(kind.curve, "")
        ends = (0.0, 1.0) if kind.curve == "reliability" else panels.ends([line.y for line in lines], zero=True)
        plots.append(Plot(kind.title, kind.xlabel, lines, ends, guide))
    return Markup(panels.four(recipe, plots, f"{task}, {shift}, {recipe}, {dose.label} beside the source law"))


def _pair(found: Curves, shift: str, dose: Dose, recipe: str, kind: Kind) -> tuple[Points | None, Points | None]:
    source, shifted = (
        found.get((*place, recipe, kind.curve, kind.target)) for place in (("", "0"), (shift, dose.name))
    )
    return source, shifted


def table(title: str, found: Curves, shift: str, dose: Dose, recipes: Sequence[str]) -> Table:
    """Landmarks of every network's curves, on the law trained on and at the dose; all points as TSV."""
    heads, body = [kind.says.format(x) for kind in KINDS for x in kind.landmarks], []
    for recipe in recipes:
        for turn, where in enumerate(("source", dose.label)):
            numbers = [(_pair(found, shift, dose, recipe, kind)[turn], x) for kind in KINDS for x in kind.landmarks]
            if any(one is not None for one, _ in numbers):
                fields = [Entry("–" if one is None else tables.decimal(one.at(x))) for one, x in numbers]
                body.append((Entry(recipe), Entry(where), *fields))
    groups = (("", 2), *((kind.title, len(kind.landmarks)) for kind in KINDS))
    data = _tsv(found, shift, dose, recipes)
    return Table(title, ("recipe", "test set", *heads), tuple(body), data=data, groups=groups, labels=2)


def _tsv(found: Curves, shift: str, dose: Dose, recipes: Sequence[str]) -> str:
    """One line a curve and place: its points as x:y, so that the page stays light."""
    lines = ["curve\ttarget\trecipe\ttest set\tpoints x:y"]
    for kind in KINDS:
        for recipe in recipes:
            for one, where in zip(_pair(found, shift, dose, recipe, kind), ("source", dose.label), strict=True):
                if one is not None:
                    points = " ".join(f"{x:.3g}:{y:.3g}" for x, y in zip(one.x, one.y, strict=True))
                    lines.append(f"{kind.curve}\t{kind.target}\t{recipe}\t{where}\t{points}")
    return "\n".join(lines) + "\n"
