"""Rows of variants from what a file says of them as text: numbers, alleles, and what is left out, by reason."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.own.sheet import Sheet
from shiftbench.spec import Variants

FIELDS = ("element", "position", "ref", "alt", "effect", "confidence", "repeat")
"""What may be told of a variant; the last two only where they are asked for."""
_EMPTY = ("", "-", ".")
"""What stands for no letter: the alternative of a deletion, the reference of an insertion."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Written:
    """Variants as a file says them, a row each.

    `columns` is the column of `sheet` for each field that is told; `left_out` counts what the format itself leaves out.
    """

    sheet: Sheet
    columns: dict[str, str]
    left_out: Counter[str]


@dataclass(frozen=True, slots=True)
class Rows:
    """n variants as a file states them: `place` int64 (n,) from 0; alleles str (n,) in capitals, "" for no letter.

    `effect`, `confidence`, `repeat` float64 (n,), the last two NaN if they were not asked for, `repeat` also where it
    is not known. `first` is the position of the first letter in the file, 0 or 1. `kept` (n,) are the rows in the
    file, `left_out` counts the others by reason.
    """

    written: Written
    kept: NDArray[np.intp]
    first: int
    element: NDArray[np.str_]
    place: NDArray[np.int64]
    ref: NDArray[np.str_]
    alt: NDArray[np.str_]
    effect: Floats
    confidence: Floats
    repeat: Floats
    left_out: dict[str, int]

    def error(self, row: int, field: str, problem: str) -> InputError:
        """Error in a field of a variant: file, line, column, and the `problem`."""
        return self.written.sheet.error(int(self.kept[row]), self.written.columns[field], problem)

    def where(self, row: int) -> str:
        """Where a variant stands in its file."""
        sheet = self.written.sheet
        return f"{sheet.unit} {sheet.place[self.kept[row]]}"


def columns(asked: Variants) -> dict[str, str]:
    """Name that was given for each field that is told."""
    return {field: name for field in FIELDS if (name := getattr(asked, field))}


def parse(written: Written, asked: Variants) -> Rows:
    """Rows with numbers and alleles.

    Rows without a position, effect or asked confidence, and those with a symbolic alternative, are left out and
    counted. `InputError` names the line and column of what is no number, no whole position or no letter of DNA, of an
    alternative that is the reference, and tells of a file without any row that is kept.
    """
    sheet = written.sheet
    if not len(sheet.frame):
        raise InputError(f"{sheet.path}: no row; expected variants below the header")
    text = {field: sheet.texts(column, f"--variant-{field}") for field, column in written.columns.items()}
    number = {
        field: sheet.numbers(written.columns[field], f"--variant-{field}")
        if field in text
        else np.full(len(sheet.frame), np.nan)
        for field in ("position", "effect", "confidence", "repeat")
    }
    needed = [field for field in ("position", "effect", "confidence") if field in text]
    kept, left_out = _kept(written, text["alt"].to_numpy(str), {field: number[field] for field in needed})
    place = number["position"][kept]
    if (part := np.flatnonzero(place != np.floor(place))).size:
        raise sheet.error(int(kept[part[0]]), written.columns["position"], f"{place[part[0]]}; expected a whole number")
    ref, alt = (_alleles(written, field, text[field].to_numpy(str), kept) for field in ("ref", "alt"))
    if (same := np.flatnonzero(ref == alt)).size:
        problem = f"{str(alt[same[0]])!r} is the reference allele; expected another one"
        raise sheet.error(int(kept[same[0]]), written.columns["alt"], problem)
    return Rows(
        written=written,
        kept=kept,
        first=int(not asked.zero_based),
        element=text["element"].to_numpy(str)[kept],
        place=place.astype(np.int64) - (not asked.zero_based),
        ref=ref,
        alt=alt,
        effect=number["effect"][kept],
        confidence=number["confidence"][kept],
        repeat=number["repeat"][kept],
        left_out=left_out,
    )


def _kept(
    written: Written, alt: NDArray[np.str_], needed: dict[str, Floats]
) -> tuple[NDArray[np.intp], dict[str, int]]:
    """Rows that tell all that is needed, and how many do not, by reason; `InputError` if there is none."""
    left_out = Counter(written.left_out)
    kept = np.array([not (text.startswith(("<", "*")) or "[" in text or "]" in text) for text in alt.tolist()])
    left_out["with a symbolic alternative (such as <DEL> or *)"] += int((~kept).sum())
    for field, values in needed.items():
        left_out[f"without {'an' if field == 'effect' else 'a'} {field}"] += int((kept & np.isnan(values)).sum())
        kept &= ~np.isnan(values)
    counted = {reason: count for reason, count in left_out.items() if count}
    if not kept.any():
        reasons = "; ".join(f"{count} {reason}" for reason, count in counted.items())
        raise InputError(f"{written.sheet.path}: no variant is left of {len(alt)} rows ({reasons}); expected some")
    return np.flatnonzero(kept), counted


def _alleles(written: Written, field: str, text: NDArray[np.str_], kept: NDArray[np.intp]) -> NDArray[np.str_]:
    found = []
    for row in kept.tolist():
        letters = "" if text[row] in _EMPTY else str(text[row]).upper()
        if not {*letters} <= {*"ACGT"}:
            problem = f"{str(text[row])!r}; expected letters A C G T, or - for none"
            raise written.sheet.error(row, written.columns[field], problem)
        found.append(letters)
    return np.array(found)
