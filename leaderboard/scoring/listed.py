"""The table of standings as text: for a terminal and for a spreadsheet."""

import math
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from leaderboard.reading.text import FORMULA, visible
from leaderboard.scoring.standing import Interval, Standing, Table
from shiftbench.errors import StoreError
from shiftbench.whole import whole

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


def write(table: Table, path: Path) -> None:
    """Write all standings, tab-separated; `StoreError` if the file cannot be written."""
    try:
        with whole(path) as partial:
            frame(table).to_csv(partial, sep="\t", index=False, float_format="%.6f")
    except OSError as error:
        raise StoreError(f"{path}: cannot write ({error.strerror}); give another --output") from error


def frame(table: Table) -> pd.DataFrame:
    """One row an entry with all of its numbers; no text begins like a formula, NaN where there is no number."""
    found = pd.DataFrame([_record(one) for one in table.standings])
    for name in ("entry", "worst_family", "copies", "flags", "unranked"):
        found[name] = found[name].map(_safe)
    return found


def _record(one: Standing) -> dict[str, object]:
    record: dict[str, object] = {
        "entry": one.id,
        "labels": one.labels,
        "place": one.place,
        "best": one.best,
        "worst": one.worst,
        "group": one.group,
        **_numbers("score", one.score),
    }
    for name, value in {**one.parts, **one.families, "source law": one.source_law}.items():
        record |= _numbers(name, value)
    return record | {f"place {part}": place for part, place in one.part_places.items()} | {
        "worst_family": one.worst_family,
        "coverage": one.coverage,
        "gate": {None: "unknown", True: "passed", False: "failed"}[one.gate],
        "clipped": one.clipped,
        "undefined": one.undefined,
        "counted": one.counted,
        "copies": " ".join(one.copies),
        "flags": " ".join(one.flags),
        "unranked": one.unranked,
    }  # fmt: skip


def _numbers(name: str, value: Interval) -> dict[str, object]:
    return {name: value.value, f"{name} low": value.low, f"{name} high": value.high}


def _safe(text: str) -> str:
    """The text as a spreadsheet shows it: never as a formula, never over two lines."""
    line = " ".join(text.split())
    return f"'{line}" if line[:1] in tuple(FORMULA) else line


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
