"""A VCF as a table of texts: one row an alternative, effect and confidence from its INFO field."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from shiftbench.errors import InputError
from shiftbench.own.content import ending, lines
from shiftbench.own.sheet import Sheet
from shiftbench.own.variants_rows import Written
from shiftbench.spec import Variants, did_you_mean

HEAD = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
FIXED = {"element": "#CHROM", "position": "POS", "ref": "REF", "alt": "ALT"}
INFO = ("effect", "confidence", "repeat")


@dataclass
class _Found:
    """Rows as they are read."""

    line: list[int] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    """How many lines have each INFO key."""


def is_vcf(path: Path) -> bool:
    """Whether a file calls itself a VCF."""
    return ending(path) == ".vcf"


def read(path: Path, asked: Variants) -> Written:
    """Alternatives of a VCF (.gz too), those of one line each by itself.

    A key of INFO has one value an alternative; a line without it says nothing (""). `InputError` names the line of a
    header or row that is none of a VCF, or of a key with another number of values, and a key that no line has.
    """
    keys = {name: key for name in INFO if (key := getattr(asked, name))}
    found, header = _Found(), False
    for number, raw in enumerate(lines(path), 1):
        line = _text(path, number, raw)
        if line.startswith("##") or not line.strip():
            continue
        cells = line.split("\t")
        if line.startswith("#"):
            _check_head(path, number, cells)
            header = True
        elif not header:
            raise InputError(f"{path}, line {number}: {line[:30]!r} before the header; expected #CHROM, POS, ... (VCF)")
        else:
            _add(path, number, cells, keys, found)
    if not header:
        raise InputError(f"{path}: no header; expected a VCF with a line #CHROM, POS, ID, REF, ALT, ...")
    for name, key in keys.items():
        if found.line and key not in found.keys:
            hint = did_you_mean(key, list(found.keys)) if found.keys else "; INFO is empty"
            raise InputError(f"{path}: --variant-{name}: INFO of no line has the key {key!r}{hint}")
    columns = FIXED | {name: f"INFO {key}" for name, key in keys.items()}
    frame = pd.DataFrame(found.rows, columns=list(columns.values()), dtype=str)
    return Written(Sheet(path, frame, "line", np.array(found.line, np.int64)), columns, found.left_out)


def _text(path: Path, number: int, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise InputError(f"{path}, line {number}: bytes that are no text; expected a VCF, as text or .gz") from None


def _check_head(path: Path, number: int, cells: list[str]) -> None:
    if tuple(cells[: len(HEAD)]) != HEAD:
        raise InputError(f"{path}, line {number}: header {' '.join(cells[:8])!r}; expected {' '.join(HEAD)}, by tabs")


def _add(path: Path, number: int, cells: list[str], keys: dict[str, str], found: _Found) -> None:
    if len(cells) < len(HEAD):
        raise InputError(f"{path}, line {number}: {len(cells)} columns; expected at least {len(HEAD)}, divided by tabs")
    element, position, _, ref, alts, _, _, info = cells[: len(HEAD)]
    known = {key: value for key, _, value in (item.partition("=") for item in info.split(";") if item not in ("", "."))}
    found.keys.update(known)
    alternatives = alts.split(",")
    values = [_split(path, number, key, known.get(key, ""), len(alternatives)) for key in keys.values()]
    for alt, *told in zip(alternatives, *values, strict=True):
        if alt in (".", ""):
            found.left_out["without an alternative"] += 1
        else:
            found.line.append(number)
            found.rows.append((element, position, ref, alt, *told))


def _split(path: Path, number: int, key: str, text: str, alternatives: int) -> list[str]:
    """The values of an INFO key, one an alternative; a missing one is missing for all of them."""
    if text in ("", "."):
        return [""] * alternatives
    values = text.split(",")
    if len(values) != alternatives:
        raise InputError(
            f"{path}, line {number}, INFO {key}: {len(values)} values for {alternatives} alternatives; expected one "
            "each, by commas (Number=A)"
        )
    return values
