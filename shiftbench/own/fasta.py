"""A FASTA file as letter codes by name: elements, inserts, or chromosomes of which only those asked for are kept."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.own.content import lines

_BAD = 255
_CODE = np.full(256, _BAD, np.uint8)
for _at, _letters in enumerate(("Aa", "Cc", "Gg", "Tt", "NRYSWKMBDHVnryswkmbdhv")):
    _CODE[np.frombuffer(_letters.encode(), np.uint8)] = _at

Entry = tuple[int, str, list[bytes]]
"""Line of a header, counted from 1, name, and the lines of letters below, of those entries that are kept."""


@dataclass(frozen=True, slots=True)
class Fasta:
    """`names` of all entries in their order; `letters` uint8 (length,) of those asked for: A0 C1 G2 T3, other IUPAC 4.

    The name of an entry is the first word of its header.
    """

    names: tuple[str, ...]
    letters: dict[str, NDArray[np.uint8]]


def read(path: Path, wanted: Collection[str] | None = None) -> Fasta:
    """Entries of a FASTA file (.gz too), those `wanted` (None: all) with their letters.

    `InputError` names the line of an entry without a name or of a name that stands there twice, the line and column of
    a letter that is none of DNA, and the line of an entry without letters.
    """
    first: dict[str, int] = {}
    letters = {}
    for line, name, parts in _entries(path, wanted):
        if name in first:
            raise InputError(
                f"{path}, line {line}: a second entry {name!r}, the first is in line {first[name]}; expected each name "
                "once, so rename or remove one"
            )
        first[name] = line
        if wanted is None or name in wanted:
            letters[name] = _codes(path, line, name, parts)
    if not first:
        raise InputError(f"{path}: no entry; expected a FASTA file, lines of > and a name each followed by letters")
    return Fasta(tuple(first), letters)


def _entries(path: Path, wanted: Collection[str] | None) -> Iterator[Entry]:
    """Entries one by one, so that no more than one chromosome that is not wanted is ever held."""
    entry: Entry | None = None
    kept = False
    for number, line in enumerate(lines(path), 1):
        if line.startswith(b">"):
            if entry:
                yield entry
            words = line[1:].split(maxsplit=1)
            if not words:
                raise InputError(f"{path}, line {number}: an entry without a name; expected > and a name")
            name = words[0].decode(errors="replace")
            entry, kept = (number, name, []), wanted is None or name in wanted
        elif kept and entry:
            entry[2].append(line)
        elif not entry and line.strip():
            found = line[:20].decode(errors="replace")
            raise InputError(f"{path}, line {number}: {found!r} before any name; expected > and a name (FASTA)")
    if entry:
        yield entry


def _codes(path: Path, line: int, name: str, parts: Iterable[bytes]) -> NDArray[np.uint8]:
    stripped = [part.strip() for part in parts]
    codes = _CODE[np.frombuffer(b"".join(stripped), np.uint8)]
    if not len(codes):
        raise InputError(f"{path}, line {line}: entry {name!r} has no letters; expected its sequence below")
    if (codes == _BAD).any():
        at = int(np.argmax(codes == _BAD))
        ends = np.cumsum([len(part) for part in stripped])
        row = int(np.searchsorted(ends, at, side="right"))
        column = at - int(ends[row - 1] if row else 0)
        raise InputError(
            f"{path}, line {line + 1 + row}, column {column + 1}: {chr(stripped[row][column])!r} in entry {name!r}; "
            "expected letters of DNA (A C G T, N or another IUPAC code for an unknown one)"
        )
    return codes
