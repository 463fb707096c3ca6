"""A table of predictions as CSV: plain fields, every number spelled as a number."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leaderboard.manifest import Manifest
from leaderboard.reading.tables import QUANTILE, SEED, Rows, check_columns
from leaderboard.reading.text import shown
from leaderboard.refused import Refused
from shiftbench.outside.file import ID, TEST

LINE = 4096
"""Most bytes of a line."""
_NUMBER = r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,4})?"
_NUMBERS = re.compile(rf"(?:{_NUMBER}\n)*+", re.ASCII)
_QUANTILES = re.compile(rf"(?:(?:{_NUMBER}|[+-]?inf)?\n)*+", re.ASCII)
_SEEDS = re.compile(r"(?:\d{1,10}\n)*+", re.ASCII)


def read(data: bytes, told: Manifest, name: str) -> Rows:
    """Rows of a CSV file; `Refused` for quotes, missing or further fields, and what is no plain decimal number.

    Lines are counted, and the header is read, before the rest is split.
    """
    header = data[: LINE + 1].partition(b"\n")[0]
    if len(header) > LINE:
        raise Refused("csv-line", f"{name}: a header of over {LINE} bytes; expected less")
    columns = _text(header, name).removesuffix("\r").split(",")
    rows = check_columns(columns, told, name)
    if data.count(b"\n") > rows + 1:
        raise Refused("rows-extra", f"{name}: more than {rows:,} rows; expected {rows:,}, as manifest.json tells")
    lines = _text(data, name).replace("\r\n", "\n").removesuffix("\n").split("\n")[1:]
    if len(lines) > rows:
        raise Refused("rows-extra", f"{name}: more than {rows:,} rows; expected {rows:,}, as manifest.json tells")
    fields = dict(zip(columns, _columns(lines, len(columns), name), strict=True))
    seed = _parsed(fields[SEED], _SEEDS, SEED, name) if SEED in fields else None
    return Rows(
        name=name,
        test=fields[TEST],
        id=fields[ID],
        seed=None if seed is None else [int(value) for value in seed],
        values={column: _numbers(fields[column], column, name) for column in columns if column not in (TEST, ID, SEED)},
    )


def _text(data: bytes, name: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Refused("csv-encoding", f"{name}: byte {error.start} is no UTF-8; expected UTF-8") from None
    if text.startswith("\ufeff") or "\0" in text:
        raise Refused("csv-encoding", f"{name}: a byte order mark or a NUL; expected UTF-8 without one")
    if '"' in text:
        raise Refused("csv-quote", f"{name}: a field in quotes; expected plain fields")
    return text


def _columns(lines: Sequence[str], width: int, name: str) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in range(width)]
    for row, line in enumerate(lines):
        if len(line) > LINE:
            raise Refused("csv-line", f"{name} line {row + 2}: over {LINE} characters; expected less")
        fields = line.split(",")
        if len(fields) != width:
            raise Refused("csv-fields", f"{name} line {row + 2}: {len(fields)} fields; expected {width}")
        for column, field in zip(columns, fields, strict=True):
            column.append(field)
    return columns


def _parsed(fields: Sequence[str], spelled: re.Pattern[str], column: str, name: str) -> Sequence[str]:
    """The fields, all spelled as asked."""
    text = "".join(f"{field}\n" for field in fields)
    stop = spelled.match(text).end()  # type: ignore[union-attr] # the pattern matches "" too
    if stop < len(text):
        row = text.count("\n", 0, stop)
        found = f"{name} line {row + 2}, column {shown(column)}: {shown(fields[row])}"
        raise Refused("csv-number", f"{found}; expected a decimal number with a point")
    return fields


def _numbers(fields: Sequence[str], column: str, name: str) -> NDArray[np.float64]:
    spelled = _QUANTILES if QUANTILE in column else _NUMBERS
    return np.array([float(field or "nan") for field in _parsed(fields, spelled, column, name)], np.float64)
