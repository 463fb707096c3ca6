"""One section of the page, as the template takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from shiftbench.report.tables import Table

BARS = "95\u00a0% intervals of one fit, mean over fits"
"""What the vertical bars of a figure and the small print of a table are."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page: what it asks, what the numbers say (`said`, also told at the top) and `more` of it.

    `key` names what is drawn how, as swatch and name; `figures` are SVG, `narrow` where many stand side by side;
    `hidden` tables open on a click, and so does all of a `closed` section; `parts` follow under headings of their own.
    """

    anchor: str
    title: str
    gloss: str
    said: tuple[str, ...]
    more: tuple[str, ...] = ()
    key: tuple[tuple[Markup, str], ...] = ()
    figures: tuple[Markup, ...] = ()
    narrow: bool = False
    caption: str = ""
    tables: tuple[Table, ...] = ()
    hidden: tuple[Table, ...] = ()
    closed: bool = False
    parts: tuple["Section", ...] = ()


def given(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines that are not empty."""
    return tuple(line for line in lines if line)
