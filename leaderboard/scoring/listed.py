"""The table of standings as text for a terminal."""

import math
from collections.abc import Iterator

from leaderboard.reading.text import visible
from leaderboard.scoring.standing import Interval, Standing, Table

COLUMNS = ("place", "entry", "labels", "score", "95 %", "parts", "worst family", "coverage", "notes")


def rows(table: Table) -> Iterator[tuple[str, ...]]:
    """A row an entry, `COLUMNS`, text that needs no markup."""
    for one in table.standings:
        parts = ", ".join(f"{part} {_decimal(value.value)}" for part, value in one.parts.items())
        yield (
            _place(one),
            visible(one.id),
            str(one.labels),
            _decimal(one.score.value),
            _ends(one.score),
            parts,
            one.worst_family,
            _decimal(one.coverage),
            _notes(one),
        )


def _place(one: Standing) -> str:
    if not one.place:
        return ""
    spread = f" ({one.best}-{one.worst})" if one.best != one.worst else ""
    return f"{one.place}{spread} {chr(ord('a') + min(one.group, 26) - 1)}"


def _decimal(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _ends(value: Interval) -> str:
    return "" if math.isnan(value.low) else f"{value.low:.3f} to {value.high:.3f}"


def _notes(one: Standing) -> str:
    copied = "" if one.counted else f"not counted: a near-copy of {', '.join(one.copies)}"
    return visible("; ".join(filter(None, (one.unranked, copied, ", ".join(one.flags)))))
