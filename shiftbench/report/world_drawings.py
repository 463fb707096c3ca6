"""Pictures of a world as inline SVG: letters of a motif, laws as curves, and histograms."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from shiftbench.report.figures import GREY, INK, SETTINGS
from shiftbench.report.inline import inline, svg

WIDE, SQUARE = (2.75, 1.5), (2.75, 2.1)
"""Sizes of a small figure, inches: of a motif, of a law."""
LETTERS = {"A": "#009E73", "C": "#0072B2", "G": "#E69F00", "T": "#D55E00"}
COLOURS = ("#D55E00", "#0072B2", "#7A3E9D", "#009E73", "#5C5C00", "#56B4E9")
"""Colours of the lines of one figure; each line has a dash of its own as well."""
DASHES = ("-", "--", "-.", ":", (0, (1, 1)), (0, (6, 1, 1, 1)))


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a figure, by name; `marks` shows its points, `steps` draws it as the outline of a histogram."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    marks: bool = False
    steps: bool = False


def logo(title: str, probability: NDArray[np.float64], weights: dict[str, float]) -> str:
    """SVG of a motif: letters as high as their share of a column's information, and its weight in each cell type.

    `probability` (width, 4), letters ACGT; `weights` by cell type.
    """
    with mpl.rc_context(SETTINGS | {"font.size": 8}):
        figure = Figure(figsize=WIDE)
        figure.text(0.03, 0.88, title, fontsize=9, fontweight="bold", color=INK)
        axes = figure.add_axes((0.09, 0.17, 0.56, 0.62))
        _letters(axes, probability)
        _weights(figure.add_axes((0.8, 0.17, 0.18, 0.62)), weights)
    told = ", ".join(f"{cell} {weight:.2f}" for cell, weight in weights.items())
    return inline(svg(figure), f"Motif {title}, most likely letters {consensus(probability)}; weights: {told}.")


def consensus(probability: NDArray[np.float64]) -> str:
    """Most likely letter of every column, small where it is below one half."""
    best = [(float(row.max()), "ACGT"[int(row.argmax())]) for row in probability]
    return "".join(letter if p >= 0.5 else letter.lower() for p, letter in best)


def _letters(axes: Axes, probability: NDArray[np.float64]) -> None:
    """A stack of letters a column, the most likely on top; its height is the information of the column, bits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = 2 + np.nansum(np.where(probability > 0, probability * np.log2(probability), 0.0), axis=1)
    for column, (row, height) in enumerate(zip(probability, bits, strict=True)):
        base = 0.0
        for letter in np.argsort(row, kind="stable"):
            tall = float(row[letter] * height)
            if tall > 0.01:
                axes.add_patch(_letter("ACGT"[letter], column, base, tall))
            base += tall
    axes.set(xlim=(0, len(probability)), ylim=(0, 2), yticks=(0, 1, 2), xticks=())
    axes.set_ylabel("bits", labelpad=1)


def _letter(letter: str, left: float, base: float, height: float) -> PathPatch:
    """A letter that fills a box one column wide."""
    path = TextPath((0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = path.get_extents()
    fitted = (
        Affine2D().translate(-box.x0, -box.y0).scale(0.94 / box.width, height / box.height).translate(left + 0.03, base)
    )
    return PathPatch(path.transformed(fitted), facecolor=LETTERS[letter], linewidth=0)


def _weights(axes: Axes, weights: dict[str, float]) -> None:
    at = range(len(weights))
    axes.bar(
        at, list(weights.values()), width=0.7, color=["#0072B2" if x >= 0 else "#D55E00" for x in weights.values()]
    )
    axes.axhline(0, color=GREY, linewidth=0.7)
    axes.set_xticks(at, [str(turn + 1) for turn in at])
    axes.tick_params(length=0, pad=2)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_title("weight", fontsize=8, pad=3)


def curves(
    title: str, shown: Sequence[Curve], xlabel: str, ylabel: str = "", ends: tuple[float, float] | None = None
) -> str:
    """SVG of curves of one figure, each with a colour and a dash, named in a key where there are several.

    `ends` of the horizontal axis, where figures are to share them.
    """
    with mpl.rc_context(SETTINGS | {"font.size": 8}):
        figure = Figure(figsize=SQUARE)
        figure.text(0.03, 0.91, title, fontsize=9, fontweight="bold", color=INK)
        axes = figure.add_axes((0.17, 0.2, 0.8, 0.6))
        axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        for turn, one in enumerate(shown):
            axes.plot(
                one.x, one.y, color=COLOURS[turn % len(COLOURS)], linestyle=DASHES[turn % len(DASHES)], linewidth=1.4,
                marker="o" if one.marks else "", markersize=3.5, drawstyle="steps-mid" if one.steps else "default",
                label=one.name,
            )  # fmt: skip
        axes.set_xlabel(xlabel, labelpad=1)
        if ends:
            axes.set_xlim(*ends)
        axes.set_title(ylabel, loc="left", fontsize=8, pad=3)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        if len(shown) > 1:
            axes.legend(fontsize=7, frameon=False, loc="best", handlelength=2.4)
    told = "; ".join(f"{one.name} from {one.y[0]:.3g} to {one.y[-1]:.3g}" for one in shown)
    span = f"{shown[0].x[0]:.3g} to {shown[0].x[-1]:.3g}" if shown else ""
    return inline(
        svg(figure), f"{title}: {ylabel or 'value'} against {xlabel}, {span}. {told}. The table gives numbers."
    )
