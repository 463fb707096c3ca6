"""A table file as texts by column, with the line at which each row stands: TSV, CSV or Parquet, compressed or not."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.own.content import blocks, ending
from shiftbench.spec import did_you_mean

SEPARATORS = {".tsv": "\t", ".tab": "\t", ".txt": "\t", ".csv": ","}
PARQUET = (".parquet", ".pq")
LARGEST = float(np.finfo(np.float32).max)
"""Larger numbers are infinite to whoever computes with them."""
MISSING = ("", ".", "-", "na", "n/a", "nan", "null", "none", "<na>")
"""What stands for a value that is not known, in any case of letters."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Fields of a table as text without surrounding blanks, "" for an empty one.

    `place` int64 (n,): where each row ends, as `unit`: line of the file, from 1, or row of a Parquet file, from 1.
    """

    path: Path
    frame: pd.DataFrame
    unit: str
    place: NDArray[np.int64]

    def error(self, row: int, column: str, problem: str) -> InputError:
        """Error in a field: file, line, column, and the `problem`: what was found, what is expected, what to do."""
        return InputError(f"{self.path}, {self.unit} {self.place[row]}, column {column!r}: {problem}")

    def texts(self, column: str, option: str) -> "pd.Series[str]":
        """A column; `InputError` names the `option` that asked for one that is not there."""
        if column not in self.frame:
            known = list(self.frame.columns)
            hint = "; is it separated otherwise?" if len(known) == 1 else ""
            raise InputError(f"{self.path}: {option}: no column {column!r}{did_you_mean(column, known)}{hint}")
        return self.frame[column]

    def numbers(self, column: str, option: str, *, least: float = -np.inf) -> NDArray[np.float64]:
        """A column of numbers, NaN for a missing one; `InputError` for other text, infinity, or one below `least`."""
        text = self.texts(column, option)
        missing = text.str.lower().isin(MISSING).to_numpy()
        values = pd.to_numeric(text.where(~missing, "nan"), errors="coerce").to_numpy(np.float64)
        for wrong, expected in (
            (~missing & ~(np.abs(values) <= LARGEST), "a finite number, or nothing where it was not measured"),
            (values < least, f"{least:g} or more"),
        ):
            if wrong.any():
                row = int(np.argmax(wrong))
                raise self.error(row, column, f"found {text.iloc[row]!r}; expected {expected}; mend or remove the row")
        return values


def read(path: Path) -> Sheet:
    """The table in a file; `InputError` says why it cannot be read, with the line at which it breaks off."""
    kind = ending(path)
    if kind not in (*SEPARATORS, *PARQUET):
        known = ", ".join([*SEPARATORS, *PARQUET])
        raise InputError(f"{path}: ends in {kind or 'nothing'!r}; expected {known}, or one of these with .gz")
    content = BytesIO(b"".join(blocks(path)))
    return _parquet(path, content) if kind in PARQUET else _delimited(path, content, SEPARATORS[kind])


def _delimited(path: Path, content: BytesIO, separator: str) -> Sheet:
    # The parser of pandas tells neither lines nor how many fields one has.
    reader = csv.reader(TextIOWrapper(content, "utf-8-sig", newline=""), delimiter=separator, strict=True)
    found, lines = [], []
    try:
        for fields in reader:
            if fields:
                found.append([field.strip() for field in fields])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}; mend or remove the line") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8") from None
    if not found:
        raise InputError(f"{path}: empty; expected a header and rows")
    head, *rows = found
    _check_head(path, head)
    odd = next((at for at, fields in enumerate(rows) if len(fields) != len(head)), None)
    if odd is not None:
        count = f"found {len(rows[odd])} fields; expected {len(head)}, one for each name in line {lines[0]}"
        raise InputError(f"{path}, line {lines[odd + 1]}: {count}")
    return Sheet(path, pd.DataFrame(rows, columns=head, dtype=str), "line", np.array(lines[1:], np.int64))


def _parquet(path: Path, content: BytesIO) -> Sheet:
    import pyarrow as pa

    try:
        frame = pd.read_parquet(content)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: cannot read ({str(error).splitlines()[0]}); expected a Parquet file") from None
    head = [str(name).strip() for name in frame.columns]
    _check_head(path, head)
    texts = {name: _as_text(frame.iloc[:, at]) for at, name in enumerate(head)}
    return Sheet(path, pd.DataFrame(texts), "row", np.arange(1, len(frame) + 1))


def _as_text(column: "pd.Series[Any]") -> "pd.Series[str]":
    known = column.notna()
    return column.astype(object).where(known, "").map(str).str.strip().reset_index(drop=True)


def _check_head(path: Path, head: Sequence[str]) -> None:
    twice = next((name for at, name in enumerate(head) if name in head[:at]), None)
    if twice is not None:
        raise InputError(f"{path}, line 1: two columns are called {twice!r}; expected each name once, so rename one")
