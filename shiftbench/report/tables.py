"""Tables of the report, with the numbers behind them as TSV."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report.frame import Number, Scores

BLUE, VERMILLION = (0, 114, 178), (213, 94, 0)
SWEEP = ("shift", "dose", "recipe", "wrapper")
"""Columns that tell the tests of a shift task apart."""


class Entry(NamedTuple):
    """One field of a table: text, a second line in small print, a mark that points to a note, and its shade.

    The small print of the first field of a row names the group that starts with it.
    """

    text: str
    small: str = ""
    mark: str = ""
    shade: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Plain data of a table; `rows` hold one `Entry` a column, `notes` explain the marks, `data` is TSV.

    `groups`: headings over runs of columns with their lengths; `labels`: leading columns that name the row;
    `dense`: small print stands beside its number instead of under it; `text`: sentences, which wrap.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    notes: tuple[str, ...] = ()
    data: str = ""
    groups: tuple[tuple[str, int], ...] = ()
    labels: int = 1
    dense: bool = False
    text: bool = False


@dataclass(slots=True)
class Notes:
    """Reasons for blanks, each with a letter."""

    letters: dict[str, str] = field(default_factory=dict)

    def mark(self, reason: str) -> str:
        """Letter of a reason, the same at each use: a to z, then aa."""
        count = len(self.letters)
        return self.letters.setdefault(reason, chr(97 + count % 26) * (1 + count // 26))

    def lines(self) -> tuple[str, ...]:
        """The reasons, each after its letter."""
        return tuple(f"{letter}: {reason}" for reason, letter in self.letters.items())


def decimal(value: float, digits: int = 3) -> str:
    """Number in print: fixed decimals and a true minus sign."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value + 0.0:.{digits}f}".replace("-", "−")


def percent(share: float, digits: int = 0) -> str:
    """Share as per cent, with a space that does not break."""
    return f"{decimal(100 * share, digits)}\u00a0%"


def tint(colour: tuple[int, int, int], weight: float = 0.25) -> str:
    """Inline style of a field: white mixed with a colour."""
    mixed = [round(255 + weight * (end - 255)) for end in colour]
    return f"background:#{mixed[0]:02x}{mixed[1]:02x}{mixed[2]:02x}"


def entry(number: Number, notes: Notes, *, share: bool = False, shade: str = "") -> Entry:
    """Value with its interval, or a blank with the mark of its reason; `share` prints per cent."""
    if not number.defined:
        return Entry("–", mark=notes.mark(number.reason))
    ends = (number.low, number.high)
    show = (lambda value: decimal(100 * value, 1)) if share else decimal
    small = "" if any(math.isnan(end) for end in ends) else f"{show(ends[0])} to {show(ends[1])}"
    return Entry(show(number.value), small, shade=shade)


def tsv(labels: Sequence[str], parts: dict[str, Scores]) -> str:
    """Numbers of several metrics as TSV: the key columns `labels`, then the metric and its number."""
    head = "\t".join([*labels, "number", "value", "low", "high", "sd", "fits", "n", "reason"])
    lines = [head]
    for name, scores in parts.items():
        for key, number in scores.items():
            figures = [f"{x:.6g}" for x in (number.value, number.low, number.high, number.sd)]
            text = [*key, name, *figures, str(number.fits), str(number.n), number.reason]
            lines.append("\t".join(part.replace("\t", " ").replace("\n", " ") for part in text))
    return "\n".join(lines) + "\n"


def pairs(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Recipe and wrapper of every row of a table, from ceiling to floor."""
    found = frame[["recipe", "wrapper"]].drop_duplicates()
    present = set(zip(found["recipe"], found["wrapper"], strict=True))
    names, wrappers = read.recipes(found), read.wrappers(found)
    return [(recipe, wrapper) for recipe in names for wrapper in wrappers if (recipe, wrapper) in present]


def drawn(frame: pd.DataFrame, leader: str) -> list[tuple[str, str]]:
    """Recipes and wrappers that a figure has room for: every recipe as it is, and the wrappers of one."""
    return [pair for pair in pairs(frame) if pair[1] == "none" or pair[0] == leader]


def named(recipe: str, wrapper: str) -> str:
    """Recipe and wrapper as one label."""
    return recipe if wrapper == "none" else f"{recipe}, {wrapper}"


HEADS = {"rmse": "RMSE", "pearson": "Pearson", "spearman": "Spearman", "coverage": "Coverage of 90\u00a0% intervals, %"}


def plain(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Table of plain text."""
    return Table(title, tuple(columns), tuple(tuple(Entry(str(part)) for part in row) for row in rows))
