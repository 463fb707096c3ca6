"""A VCF as texts: one row an alternative, effect and confidence from its INFO field."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from shiftbench.errors import InputError
from shiftbench.own.content import lines
from shiftbench.own.variants_rows import Texts
from shiftbench.spec import Variants, did_you_mean

HEAD = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")


@dataclass
class _Found:
    """Rows as they are read."""

    line: list[int] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    """How many rows have each INFO key."""


def read(path: Path, asked: Variants) -> Texts:
    """Rows of a VCF (.gz too), sites of several alternatives split.

    A key of INFO has one value an alternative; a row without it says nothing ("."). `InputError` names the line of a
    header or row that is none of a VCF, or of a key with another number of values, and a key that no row has.
    """
    keys = {name: key for name in ("effect", "confidence", "repeat") if (key := getattr(asked, name))}
    found = _Found(fields={name: [] for name in ("element", "position", "ref", "alt", *keys)})
    header = False
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
        if found.line and not found.seen[key]:
            raise InputError(
                f"{path}: INFO of no row has the key {key!r} ({name}){did_you_mean(key, list(found.seen) or ['none'])}"
            )
    columns = {"element": "#CHROM", "position": "POS", "ref": "REF", "alt": "ALT"}
    told = {name: f"INFO {key}" for name, key in keys.items()}
    return Texts(path, columns | told, found.line, found.fields, found.left_out)


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
    known = dict(item.partition("=")[::2] for item in info.split(";") if item not in ("", "."))
    found.seen.update(known)
    alternatives = alts.split(",")
    values = {name: _split(path, number, key, known.get(key, "."), len(alternatives)) for name, key in keys.items()}
    for at, alt in enumerate(alternatives):
        if alt in (".", ""):
            found.left_out["without an alternative"] += 1
            continue
        found.line.append(number)
        row = {"element": element, "position": position, "ref": ref, "alt": alt}
        for name, text in (row | {name: each[at] for name, each in values.items()}).items():
            found.fields[name].append(text)


def _split(path: Path, number: int, key: str, text: str, alternatives: int) -> list[str]:
    """The values of an INFO key, one an alternative; a missing one is missing for all of them."""
    if text == ".":
        return ["."] * alternatives
    values = text.split(",")
    if len(values) != alternatives:
        raise InputError(
            f"{path}, line {number}, INFO {key}: {len(values)} values for {alternatives} alternatives; expected one "
            "each, by commas (Number=A)"
        )
    return values
