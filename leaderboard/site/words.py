"""Numbers, names and durations as a reader meets them."""

import hashlib
import math
import re

from leaderboard.scoring.standing import Interval
from shiftbench.report.tables import decimal, percent

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}[a-z0-9]")
NONE = "–"
TITLES = {
    "null": "Severity 0",
    "gc": "GC content",
    "turnover_sites": "Site turnover",
    "rewiring": "Rewiring",
    "cell_type": "Cell type",
    "heteroscedastic": "Noise",
    "batch": "Batch",
    "genome": "Genome",
    "program": "Program",
    "assay": "Assay",
}
"""What families and parts are called in print; others by their own name."""


def named(name: str) -> str:
    """Name of a family or part in print."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


def number(value: float, digits: int = 3) -> str:
    """Fixed decimals with a true minus sign; a dash if undefined."""
    return NONE if math.isnan(value) else decimal(round(value, digits), digits)


def share(value: float, digits: int = 0) -> str:
    """Share in per cent; a dash if undefined."""
    return NONE if math.isnan(value) else percent(value, digits)


def ends(found: Interval, digits: int = 2) -> str:
    """Both ends of an interval in words; empty without one."""
    return "" if math.isnan(found.low) else f"{number(found.low, digits)} to {number(found.high, digits)}"


def duration(seconds: float) -> str:
    """Time in the unit that a reader would use."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{_short(seconds / size)}\u00a0{unit}"
    return f"{_short(seconds)}\u00a0s"


def count(value: int) -> str:
    """A count in thousands, millions or billions."""
    for size, unit in ((1e9, "\u00a0B"), (1e6, "\u00a0M"), (1e3, "\u00a0k")):
        if value >= size:
            return f"{_short(value / size)}{unit}"
    return str(value)


def ordinal(place: int) -> str:
    """1st, 2nd, 3rd, 4th ..."""
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def sentence(text: str) -> str:
    """Text with a capital at its start."""
    return f"{text[:1].upper()}{text[1:]}"


def page_of(entry: str) -> str:
    """File name of an entry's page, safe whatever the id holds."""
    if NAME.fullmatch(entry):
        return f"{entry}.html"
    return f"x-{hashlib.sha256(entry.encode(errors='backslashreplace')).hexdigest()[:16]}.html"


def _short(value: float) -> str:
    return decimal(value, 1 if value < 9.95 else 0).removesuffix(".0")


def cut(text: str, length: int) -> str:
    """Text of at most that length."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def plain(value: float) -> str:
    """Number for a program to sort by; empty if undefined."""
    return "" if math.isnan(value) else f"{value:.6f}"


def page_of_family(name: str) -> str:
    """File name of a family's page; its names are those of the suite."""
    return f"{name.replace('_', '-')}.html"


def inside(name: str) -> str:
    """Name of a family or part within a sentence: small, unless it begins with an abbreviation."""
    known = named(name)
    return known if known[1:2].isupper() else f"{known[:1].lower()}{known[1:]}"
