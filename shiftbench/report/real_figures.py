"""A figure for many test sets or elements: one a row, recipes as marks along it, its ceiling as a bar."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from shiftbench.report.figures import INK, SETTINGS, Style, filled
from shiftbench.report.frame import NOMINAL, Number
from shiftbench.report.inline import inline, svg

WIDTH, ROW, EDGE = 5.6, 0.24, 0.8
"""Inches: width, height of a row, and what title, axis and key need."""


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
    height = EDGE + ROW * len(rungs)
    with mpl.rc_context(SETTINGS | {"font.size": 8.5}):
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((0.42, 0.46 / height, 0.56, ROW * len(rungs) / height))
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
        _key(figure, names, look, ceiling if any(rung.top.defined for rung in rungs) else "", 0.17 / height)
        return inline(svg(figure), f"{title}. {_told(rungs, scale)}. The table below gives the numbers.")


def _offset(names: Sequence[str], name: str) -> float:
    return 0.0 if len(names) == 1 else 0.44 * (names.index(name) / (len(names) - 1) - 0.5)


def _mark(axes: Axes, at: float, number: Number, style: Style, scale: float) -> None:
    if not number.defined:
        return
    if math.isfinite(number.low) and math.isfinite(number.high):
        axes.hlines(at, scale * number.low, scale * number.high, color=style.colour, linewidth=0.9)
    axes.plot(
        [scale * number.value], [at], marker=style.marker or "|", markersize=4.6, color=style.colour,
        markerfacecolor=filled(style), linestyle="none",
    )  # fmt: skip


def _key(figure: Figure, names: Sequence[str], look: dict[str, Style], ceiling: str, at: float) -> None:
    """Names with their marks in one line under the axis."""
    shown = [
        Line2D([], [], linestyle="none", marker=look[name].marker or "|", color=look[name].colour,
               markerfacecolor=filled(look[name]), markersize=4.6, label=name)
        for name in names
    ]  # fmt: skip
    if ceiling:
        shown.append(
            Line2D(
                [], [], linestyle="none", marker="|", markersize=8, markeredgewidth=1.8, color="#000000", label=ceiling
            )
        )
    figure.legend(
        handles=shown, loc="center left", bbox_to_anchor=(0.0, at), ncols=len(shown), frameon=False, fontsize=8,
        handletextpad=0.2, columnspacing=1.0, borderaxespad=0.0,
    )  # fmt: skip


def _told(rungs: Sequence[Rung], scale: float) -> str:
    """Every row in words."""
    lines = []
    for rung in rungs:
        found = [f"{name} {scale * number.value:.3g}" for name, number in rung.numbers.items() if number.defined]
        if found:
            lines.append(f"{rung.name}: {', '.join(found)}")
    return "; ".join(lines)
