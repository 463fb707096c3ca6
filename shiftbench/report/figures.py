"""Figures of the report as inline SVG: one size, one font, one colour a recipe, labels at the lines."""

import html
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.ticker import MaxNLocator

from shiftbench.report.frame import FLOOR, NOMINAL, ORACLE, SOURCE, Number
from shiftbench.report.inline import inline, svg
from shiftbench.spec import PRIOR

WIDTH, EDGE, IN_KEY = 5.6, 0.63, 5
"""Of a strip: width, inches; height of title and axis, inches; names in a line of its key."""
SMALL = (2.75, 3.5)
"""Size of a figure of which many stand side by side."""
INK, GREY = "#1a1a1a", "#6f6f6f"
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "shiftbench",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.linewidth": 0.7,
    "axes.edgecolor": GREY,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass(frozen=True, slots=True)
class Style:
    """How a recipe is drawn in every figure."""

    colour: str
    marker: str
    width: float = 1.1
    dash: str = "-"
    hollow: bool = False


UNDER_TEST = [
    Style(colour, "oPX*"[(at + turn) % 4], 2.2)
    for turn in range(4)
    for at, colour in enumerate(("#D55E00", "#0072B2", "#7A3E9D", "#5C5C00"))
]
KNOWN = {
    ORACLE: Style("#000000", "", 1.4, "--"),
    SOURCE: Style("#000000", "", 1.8),
    "repeat": Style("#000000", "D"),
    "position_mean": Style("#4D4D4D", "<"),
    "conservation": Style("#4D4D4D", ">"),
    "centre_distance": Style("#4D4D4D", "d"),
    "motif_prior": Style("#CC79A7", "D"),
    "pwm_ridge": Style("#009E73", "v"),
    "kmer_ridge": Style("#E69F00", "s"),
    "gc_ridge": Style("#56B4E9", "^"),
    FLOOR: Style(GREY, "", 1.4, ":"),
    **dict(zip(("cnn", "bilstm", "transformer"), UNDER_TEST, strict=False)),
}
WRAPPED = {"ensemble": "-."}
"""Dashes of wrappers that have one of their own."""


def styles(recipes: Sequence[str]) -> dict[str, Style]:
    """Style of every recipe of a report: those of the product have fixed ones (Okabe-Ito), others take theirs in turn.

    A network with structural priors has the colour and mark of the same without, but is dashed and hollow.
    """
    plain = dict.fromkeys(name.removesuffix(PRIOR) for name in recipes)
    look = KNOWN | dict(zip([name for name in plain if name not in KNOWN], itertools.cycle(UNDER_TEST[3:])))
    priors = [name for name in recipes if name.endswith(PRIOR) and name not in KNOWN]
    return look | {name: replace(look[name.removesuffix(PRIOR)], dash="--", hollow=True) for name in priors}


def wrapped(style: Style, wrapper: str) -> Style:
    """Style of a recipe under a wrapper: same colour, another dash and mark."""
    if wrapper == "none":
        return style
    return replace(style, dash=WRAPPED.get(wrapper, ":"), marker="d", hollow=True, width=1.4)


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of one recipe along the axis; `x` are severities of a line, or indices of categories of dots."""

    name: str
    style: Style
    x: tuple[float, ...]
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """What all panels share: title, subject for the alternative text, and the scale of the vertical axis."""

    title: str
    subject: str
    share: bool = False
    nominal: float | None = None

    def scaled(self, value: float) -> float:
        """Value in the unit of the axis (per cent for shares)."""
        return 100 * value if self.share else value


@dataclass(frozen=True, slots=True)
class Half:
    """One of the two panels of a family: numbers joined over its doses, those of its `arms`, and the axis' ends."""

    panel: Panel
    series: Sequence[Series]
    arms: Sequence[Series]
    limits: tuple[float, float]


def family(name: str, halves: Sequence[Half], ticks: Sequence[tuple[float, str]], right: float) -> str:
    """SVG of one shift among many: error above, coverage below, against the severity of its doses up to `right`.

    Between the series of the two oracles, where both are given, the gap that needs target data is shaded. Arms stand
    beyond the doses and are not joined.
    """
    with mpl.rc_context(SETTINGS | {"font.size": 8}):
        figure = Figure(figsize=SMALL)
        figure.text(0.03, 0.95, name, fontsize=10, fontweight="bold", color=INK)
        for turn, half in enumerate(halves):
            axes = figure.add_axes((0.145, 0.55 - 0.46 * turn, 0.83, 0.32))
            axes.set_title(half.panel.title, loc="left", fontsize=8, pad=3)
            _half(axes, half)
            axes.set_xlim(-0.03, right)
            axes.set_ylim(*half.limits)
            axes.set_xticks([at for at, _ in ticks], [label for _, label in ticks])
            axes.tick_params(length=2.5, pad=2)
            axes.yaxis.set_major_locator(MaxNLocator(4))
        told = ". ".join(f"{half.panel.title}: {_told(half.panel, [*half.series, *half.arms])}" for half in halves)
        return inline(svg(figure), f"{halves[0].panel.subject}. {told}. The tables below give the numbers.")


def _half(axes: Axes, half: Half) -> None:
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    if half.panel.nominal is not None:
        axes.axhline(half.panel.scaled(half.panel.nominal), color=INK, linewidth=0.8, dashes=(1, 2))
    _gap(axes, half.panel, {one.name: one for one in half.series})
    for one in half.series:
        _line(axes, half.panel, one)
    for one in half.arms:
        if one.style.marker:
            _line(axes, half.panel, replace(one, style=replace(one.style, hollow=True)), joined=False)
        for x, y in [] if one.style.marker else _points(half.panel, one):
            axes.plot([x - 0.045, x + 0.045], [y, y], **_look(one.style))


def swatch(name: str, style: Style) -> str:
    """SVG of a recipe's line and mark, for the key of small figures; drawn by hand, so that it holds no ids."""
    dash = {"--": "5 2.5", ":": "1.5 2.5", "-.": "5 2 1.5 2"}.get(style.dash, "none")
    line = f'stroke="{style.colour}" stroke-width="{style.width}"'
    mark = ""
    if style.marker:
        mark = f'<polygon points="{outline(style.marker, 20, 8, 7)}" fill="{filled(style)}" {line}></polygon>'
    return (
        f'<svg viewBox="0 0 40 16" role="img" aria-label="line of {html.escape(name)}">'
        f'<line x1="1" y1="8" x2="39" y2="8" stroke-dasharray="{dash}" {line}></line>{mark}</svg>'
    )


def outline(marker: str, x: float, y: float, size: float) -> str:
    """Corners of a mark at a place, as SVG writes them."""
    shape = MarkerStyle(marker)
    corners = np.asarray(shape.get_path().transformed(shape.get_transform()).to_polygons()[0])
    return " ".join(f"{x + size * right:.2f},{y - size * up:.2f}" for right, up in corners)


def filled(style: Style) -> str:
    """Colour inside a mark."""
    return "#ffffff" if style.hollow else style.colour


def _gap(axes: Axes, panel: Panel, series: dict[str, Series]) -> None:
    if SOURCE not in series or ORACLE not in series or panel.share:
        return
    upper = dict(zip(series[SOURCE].x, series[SOURCE].numbers, strict=True))
    lower = dict(zip(series[ORACLE].x, series[ORACLE].numbers, strict=True))
    at = sorted(x for x in upper if x in lower and upper[x].defined and lower[x].defined)
    axes.fill_between(at, [lower[x].value for x in at], [upper[x].value for x in at], color="#dddddd", linewidth=0)


def _line(axes: Axes, panel: Panel, series: Series, *, joined: bool = True) -> None:
    style = series.style
    shown = [(x, number) for x, number in zip(series.x, series.numbers, strict=True) if math.isfinite(number.value)]
    barred = [(x, one.low, one.high) for x, one in shown if math.isfinite(one.low) and math.isfinite(one.high)]
    if barred and (style.width > 2 or not joined):
        low, high = ([panel.scaled(end) for end in ends] for ends in zip(*(one[1:] for one in barred), strict=True))
        axes.vlines([x for x, _, _ in barred], low, high, color=style.colour, linewidth=0.9)
    axes.plot(
        [x for x, _ in shown],
        [panel.scaled(number.value) for _, number in shown],
        **_look(style if joined else replace(style, dash="none", marker=style.marker or "_")),
    )


def _told(panel: Panel, series: Sequence[Series]) -> str:
    """Names with their numbers, in words."""
    shown = [(one.name, _points(panel, one)) for one in series]
    return "; ".join(f"{name} {', '.join(f'{y:.3g}' for _, y in points)}" for name, points in shown if points)


def _points(panel: Panel, series: Series) -> list[tuple[float, float]]:
    return [
        (x, panel.scaled(number.value))
        for x, number in zip(series.x, series.numbers, strict=True)
        if math.isfinite(number.value)
    ]


def _look(style: Style) -> dict[str, Any]:
    return {
        "color": style.colour,
        "linestyle": style.dash,
        "linewidth": style.width,
        "marker": style.marker,
        "markersize": 5.2 if style.width > 1.3 else 4.2,
        "markeredgewidth": 1.0,
        "markerfacecolor": filled(style),
        "markeredgecolor": style.colour,
    }


@dataclass(frozen=True, slots=True)
class Rung:
    """One row: what it is a part of, its name, its number by recipe, and its ceiling."""

    part: str
    name: str
    numbers: dict[str, Number]
    top: Number


def strip(title: str, rungs: Sequence[Rung], look: dict[str, Style], ceiling: str, *, share: bool = False) -> str:
    """SVG of one metric, a row a test set; `share` draws per cent and the nominal level."""
    names = list(dict.fromkeys(name for rung in rungs for name in rung.numbers))
    row = max(0.24, 0.075 * len(max((rung.numbers for rung in rungs), key=len, default={})))
    key = 0.17 * math.ceil((len(names) + 1) / IN_KEY)
    height, left = EDGE + key + row * len(rungs), 0.02 + 0.0135 * max((len(rung.name) for rung in rungs), default=0)
    with mpl.rc_context(SETTINGS | {"font.size": 8.5}):
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((left, (0.29 + key) / height, 0.98 - left, row * len(rungs) / height))
        figure.text(0.01, 1 - 0.17 / height, title, fontsize=10, fontweight="bold", color=INK, va="center")
        scale = 100 if share else 1
        for at, rung in enumerate(rungs):
            if rung.top.defined:
                axes.vlines(scale * rung.top.value, at - 0.36, at + 0.36, color="#000000", linewidth=1.8)
            for name, number in rung.numbers.items():
                _mark(axes, at + _offset(list(rung.numbers), name), number, look[name], scale)
            if at and rung.part != rungs[at - 1].part:
                axes.axhline(at - 0.5, color="#a8a8a8", linewidth=0.7)
        if share:
            axes.axvline(scale * NOMINAL, color=INK, linewidth=0.8, dashes=(1, 2))
        axes.set_yticks(range(len(rungs)), [rung.name for rung in rungs])
        axes.set_ylim(len(rungs) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        _key(figure, names, look, ceiling if any(rung.top.defined for rung in rungs) else "")
        return inline(svg(figure), f"{title}. {_rungs_told(rungs, scale)}. The table below gives the numbers.")


def _offset(names: Sequence[str], name: str) -> float:
    return 0.0 if len(names) == 1 else (0.44 if len(names) <= 3 else 0.7) * (names.index(name) / (len(names) - 1) - 0.5)


def _mark(axes: Axes, at: float, number: Number, style: Style, scale: float) -> None:
    if not number.defined:
        return
    if math.isfinite(number.low) and math.isfinite(number.high):
        axes.hlines(at, scale * number.low, scale * number.high, color=style.colour, linewidth=0.9)
    axes.plot(
        [scale * number.value], [at], marker=style.marker or "|", markersize=5.2, color=style.colour,
        markerfacecolor=filled(style), linestyle="none",
    )  # fmt: skip


def _key(figure: Figure, names: Sequence[str], look: dict[str, Style], ceiling: str) -> None:
    """Names with their marks under the axis."""
    shown = [
        Line2D([], [], linestyle="none", marker=look[name].marker or "|", color=look[name].colour,
               markerfacecolor=filled(look[name]), markersize=5.2, label=name)
        for name in names
    ]  # fmt: skip
    if ceiling:
        shown.append(
            Line2D(
                [], [], linestyle="none", marker="|", markersize=8, markeredgewidth=1.8, color="#000000", label=ceiling
            )
        )
    figure.legend(
        handles=shown, loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=min(len(shown), IN_KEY), frameon=False,
        fontsize=8, handletextpad=0.2, columnspacing=1.0, labelspacing=0.2, borderaxespad=0.1,
    )  # fmt: skip


def _rungs_told(rungs: Sequence[Rung], scale: float) -> str:
    """Every row in words."""
    lines = []
    for rung in rungs:
        found = [f"{name} {scale * number.value:.3g}" for name, number in rung.numbers.items() if number.defined]
        if found:
            lines.append(f"{rung.name}: {', '.join(found)}")
    return "; ".join(lines)
