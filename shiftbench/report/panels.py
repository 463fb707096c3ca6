"""Small figures written out as SVG by hand, so that a page may hold many: four panels of lines, marks on one axis."""

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from shiftbench.report.figures import GREY, INK, SMALL, Style, filled, outline
from shiftbench.report.frame import Number

WIDE, TALL = (72 * inches for inches in SMALL)
GRID, BAND = "#e6e6e6", "#dddddd"
Scale = Callable[[float], float]
"""From a number to its place in a figure."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel; `dash` as SVG writes it."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str
    width: float
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """One panel over 0 to 1, with the ends of its vertical axis; `guide`: diagonal, one (y = 1), or none."""

    title: str
    xlabel: str
    lines: Sequence[Line]
    ends: tuple[float, float]
    guide: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of positions: numbers of recipes, the two oracles and the floor."""

    name: str
    numbers: Sequence[tuple[str, Style, Number]]
    oracle: Number
    source: Number
    floor: Number


def ends(values: Sequence[Sequence[float]], *, zero: bool = False) -> tuple[float, float]:
    """Ends of an axis that holds all finite `values`, and 0 if asked; 0 to 1 if there are none."""
    finite = [value for one in values for value in one if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min([*finite, *([0.0] if zero else [])]), max(finite)
    room = 0.05 * ((high - low) or 1.0)
    return (low if zero and low == 0 else low - room), high + room


def four(title: str, plots: Sequence[Plot], subject: str) -> str:
    """SVG of four panels, two by two, under the name of a recipe."""
    parts = [_text(6, 12, title, 10, bold=True)]
    for turn, plot in enumerate(plots):
        parts += _plot(plot, 23 + 98 * (turn % 2), 34 + 112 * (turn // 2))
    told = "; ".join(f"{plot.title}: {_ends_told(plot)}" for plot in plots if plot.lines)
    return _svg(parts, f"{subject}. {told}. The table below gives the numbers.")


def _ends_told(plot: Plot) -> str:
    return ", ".join(f"{line.name} from {line.y[0]:.2g} to {line.y[-1]:.2g}" for line in plot.lines)


def _plot(plot: Plot, left: float, top: float) -> list[str]:
    """Title, axes, guide and lines of a panel."""
    wide, tall = 74.0, 74.0
    low, high = plot.ends
    across: Scale = lambda x: left + wide * x  # noqa: E731
    up: Scale = lambda y: top + tall * (1 - (y - low) / (high - low))  # noqa: E731
    parts = [_text(left, top - 4, plot.title, 8)]
    for tick in _ticks(low, high, 3):
        parts.append(_line(left, up(tick), left + wide, up(tick), GRID, 0.6))
        parts.append(_text(left - 2, up(tick) + 2.5, f"{tick:g}", 7, "end"))
    parts.append(_line(left, top + tall, left + wide, top + tall, GREY, 0.7))
    parts += [_text(across(x), top + tall + 9, f"{x:g}", 7, "middle") for x in (0.0, 0.5, 1.0)]
    parts.append(_text(left + wide / 2, top + tall + 17, plot.xlabel, 7, "middle"))
    guides = {"diagonal": (0.0, 1.0), "one": (1.0, 1.0)}
    if not plot.lines:
        return [*parts, _text(left + wide / 2, top + tall / 2, "no curve", 7, "middle")]
    if plot.guide:
        y = guides[plot.guide]
        parts.append(_line(left, up(y[0]), left + wide, up(y[1]), INK, 0.8, "1 2"))
    for line in plot.lines:
        known = [(x, y) for x, y in zip(line.x, line.y, strict=True) if math.isfinite(y)]
        points = " ".join(f"{across(x):.1f},{up(min(max(y, low), high)):.1f}" for x, y in known)
        parts.append(f'<polyline points="{points}" fill="none" {_stroke(line.colour, line.width, line.dash)}/>')
    return parts


def positions(title: str, rows: Sequence[Row], limits: tuple[float, float], xlabel: str, subject: str) -> str:
    """SVG of numbers on one axis, a row a dose: grey between the oracles, every recipe at its own height."""
    parts, left, right = [_text(6, 12, title, 10, bold=True)], 8.0, WIDE - 8
    low, high = limits
    across: Scale = lambda x: left + (right - left) * (x - low) / (high - low)  # noqa: E731
    step = (TALL - 42) / max(len(rows), 1)
    for tick in _ticks(low, high, 5):
        parts.append(_line(across(tick), 22, across(tick), TALL - 20, GRID, 0.6))
        parts.append(_text(across(tick), TALL - 11, f"{tick:g}", 7, "middle"))
    parts.append(_text((left + right) / 2, TALL - 2, xlabel, 7, "middle"))
    for turn, row in enumerate(rows):
        parts += _row(row, 22 + step * turn, step, across, left)
    told = "; ".join(f"{row.name}: {_row_told(row)}" for row in rows)
    return _svg(parts, f"{subject}. {told}. The tables below give the numbers.")


def _row(row: Row, top: float, step: float, across: Scale, left: float) -> list[str]:
    """Label, grey band between the oracles, floor and marks of a row."""
    head, foot, parts = top + 10, top + step - 3, []
    if row.oracle.defined and row.source.defined:
        a, b = sorted((across(row.oracle.value), across(row.source.value)))
        parts.append(f'<rect x="{a:.1f}" y="{head:.1f}" width="{b - a:.1f}" height="{foot - head:.1f}" fill="{BAND}"/>')
    for number, colour, width, dash in (
        (row.floor, GREY, 1.4, "1.5 2"), (row.oracle, "#000000", 1.4, "4 2"), (row.source, "#000000", 1.8, ""),
    ):  # fmt: skip
        if number.defined:
            parts.append(_line(across(number.value), head, across(number.value), foot, colour, width, dash))
    shown = [one for one in row.numbers if math.isfinite(one[2].value)]
    for turn, (_, style, number) in enumerate(shown):
        at = head + (foot - head) * (turn + 0.5) / len(shown)
        if math.isfinite(number.low) and math.isfinite(number.high):
            parts.append(_line(across(number.low), at, across(number.high), at, style.colour, 0.9))
        corners = outline(style.marker or "o", across(number.value), at, 2.6)
        parts.append(f'<polygon points="{corners}" fill="{filled(style)}" {_stroke(style.colour, 0.9)}/>')
    return [_text(left, top + 7, row.name, 8), *parts]


def _row_told(row: Row) -> str:
    named = [("oracle", row.oracle), ("source oracle", row.source), ("training mean", row.floor)]
    every = [*named, *((name, number) for name, _, number in row.numbers)]
    return ", ".join(f"{name} {number.value:.3g}" for name, number in every if number.defined)


def _ticks(low: float, high: float, count: int) -> list[float]:
    return [round(float(tick), 10) for tick in MaxNLocator(count).tick_values(low, high) if low <= tick <= high]


def _stroke(colour: str, width: float, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{colour}" stroke-width="{width:g}"{dashed}'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float, dash: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {_stroke(colour, width, dash)}/>'


def _text(x: float, y: float, text: str, size: float, anchor: str = "start", *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{INK}"{weight}>'
        f"{html.escape(text)}</text>"
    )


def _svg(parts: Iterable[str], alt: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDE:g} {TALL:g}" role="img" aria-label="{html.escape(alt)}" font-family="sans-serif">'
        f"{''.join(parts)}</svg>"
    )
