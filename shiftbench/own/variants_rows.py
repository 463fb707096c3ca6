"""Rows of variants from what a file says of them as text: numbers, alleles, and what is left out, by reason."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError

FIELDS = ("element", "position", "ref", "alt", "effect", "confidence", "repeat")
_NOTHING = {"", ".", "-", "na", "n/a", "nan", "none", "null", "<na>"}
"""What stands for a value that is not known."""
_EMPTY = {"", "-", "."}
"""What stands for no letter: the alternative of a deletion, the reference of an insertion."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What a file says, a text a row and field; `confidence` and `repeat` only if they were asked for.

    `columns` is what a field is called in the file, `lines` where each row stands, `left_out` counts what the format
    itself leaves out.
    """

    path: Path
    columns: dict[str, str]
    lines: Sequence[int]
    fields: dict[str, list[str]]
    left_out: Counter[str]

    def error(self, row: int, field: str, problem: str) -> InputError:
        """Error in a field of a row: file, line, column, and the `problem`: what was found and what is expected."""
        return InputError(f"{self.path}, line {self.lines[row]}, column {self.columns[field]!r}: {problem}")


@dataclass(frozen=True, slots=True)
class Rows:
    """Variants as a file states them: `place` int64 (n,) from 0; alleles in capitals, "" for no letter.

    `effect`, `confidence`, `repeat` float64 (n,), the last two NaN if they were not asked for, `repeat` also where it
    is not known. `kept` (n,) are the rows in `texts`, `left_out` counts the others by reason.
    """

    texts: Texts
    kept: NDArray[np.intp]
    element: NDArray[np.str_]
    place: NDArray[np.int64]
    ref: NDArray[np.str_]
    alt: NDArray[np.str_]
    effect: NDArray[np.float64]
    confidence: NDArray[np.float64]
    repeat: NDArray[np.float64]
    left_out: dict[str, int]

    def error(self, row: int, field: str, problem: str) -> InputError:
        """Error in a field of a row that was kept."""
        return self.texts.error(int(self.kept[row]), field, problem)


def parse(texts: Texts, *, zero_based: bool) -> Rows:
    """Rows with numbers and alleles.

    Rows without a position, effect or asked confidence, and those with a symbolic alternative, are left out and
    counted. `InputError` names the line and column of what is no number, no whole position or no letter of DNA, of an
    alternative that is the reference, and tells of a file without any row that is kept.
    """
    if not texts.lines:
        raise InputError(f"{texts.path}: no row; expected variants below the header")
    kept, left_out = _kept(texts)
    if not kept:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise InputError(f"{texts.path}: no variant is left of {len(texts.lines)} rows: {reasons}; expected some")
    ref, alt = (_alleles(texts, field, kept) for field in ("ref", "alt"))
    for at, row in enumerate(kept):
        if ref[at] == alt[at]:
            raise texts.error(row, "alt", f"{texts.fields['alt'][row]!r} is the reference allele; expected another one")
    return Rows(
        texts,
        np.array(kept, np.intp),
        np.array([texts.fields["element"][row].strip() for row in kept]),
        np.array(_values(texts, "position", kept, _whole), np.int64) - (not zero_based),
        np.array(ref),
        np.array(alt),
        *(np.array(_values(texts, field, kept, _number)) for field in ("effect", "confidence", "repeat")),
        left_out=left_out,
    )


def _kept(texts: Texts) -> tuple[list[int], dict[str, int]]:
    """Rows that tell all that is needed, and how many do not, by reason."""
    left_out, kept = Counter(texts.left_out), []
    needed = [field for field in ("position", "effect", "confidence") if field in texts.fields]
    for row, alt in enumerate(texts.fields["alt"]):
        lacking = next((field for field in needed if _unknown(texts.fields[field][row])), "")
        if alt.startswith(("<", "*")) or "[" in alt or "]" in alt:
            left_out["with a symbolic alternative (such as <DEL> or *)"] += 1
        elif lacking:
            left_out[f"without {'an' if lacking == 'effect' else 'a'} {lacking}"] += 1
        else:
            kept.append(row)
    return kept, dict(left_out)


def _unknown(text: str) -> bool:
    return text.strip().lower() in _NOTHING


def _alleles(texts: Texts, field: str, kept: Sequence[int]) -> list[str]:
    found = []
    for row in kept:
        text = texts.fields[field][row].strip()
        letters = "" if text in _EMPTY else text.upper()
        if not {*letters} <= {*"ACGT"}:
            raise texts.error(row, field, f"{text!r}; expected letters A C G T, or - for none")
        found.append(letters)
    return found


def _values(texts: Texts, field: str, kept: Sequence[int], read: Callable[[str], float]) -> list[float]:
    if field not in texts.fields:
        return [math.nan] * len(kept)
    found = []
    for row in kept:
        text = texts.fields[field][row].strip()
        if field == "repeat" and _unknown(text):
            found.append(math.nan)
            continue
        try:
            found.append(read(text))
        except ValueError as problem:
            raise texts.error(row, field, f"{text!r}; expected {problem}") from None
    return found


def _whole(text: str) -> float:
    """A whole number; tables that lack some positions write the others as 12.0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not value.is_integer():
        raise ValueError("a whole number")
    return int(value)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("a finite number")
    return value
