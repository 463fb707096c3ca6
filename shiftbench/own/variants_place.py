"""Variants laid on their reference letters: whether the alleles agree with them, and what would make them agree."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shiftbench.own.fasta import Fasta
from shiftbench.own.variants_rows import Rows

LIKELY = 0.8
"""Share of rows that must agree under another reading before it is suggested; letters at random agree in a quarter."""
_CODES = bytes.maketrans(b"ACGT", bytes(range(4)))
_COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")

Reading = Callable[[int, int, bytes], tuple[int, bytes]]
"""Place and letters at which to look instead, from length of the entry, place and letters."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Variants that agree with their references, n of them, in the order of the file.

    `element` str (n,), name in the FASTA; `place` int64 (n,) from 0, where the first changed letter is, or before which
    letters are inserted; `removed` int64 (n,) letters; `inserted` str (n,): what the alleles share at either end is
    taken off. `letters` of the entries by name; `notes` are sentences on what was taken for what.
    """

    rows: Rows
    element: NDArray[np.str_]
    place: NDArray[np.int64]
    removed: NDArray[np.int64]
    inserted: NDArray[np.str_]
    letters: dict[str, NDArray[np.uint8]]
    notes: tuple[str, ...]

    @property
    def single(self) -> NDArray[np.bool_]:
        """Which of them put one letter for another; the others are deletions, insertions or longer changes."""
        return np.asarray((self.removed == 1) & (np.strings.str_len(self.inserted) == 1))


def wanted(rows: Rows) -> set[str]:
    """Names of the entries that may be needed: those of the elements, with and without `chr`."""
    names = set(rows.element.tolist())
    return names | {f"chr{name}" for name in names} | {name.removeprefix("chr") for name in names}


def place(rows: Rows, fasta: Fasta, path: Path) -> Placed:
    """Variants on the entries of `fasta`, which was read from `path`.

    `InputError` names the line and column of an unknown element, of a position outside its element, of a reference
    allele that is not what stands there (with the reading under which most rows would agree, if there is one), and of
    a variant that stands there twice.
    """
    names, notes = _names(rows, fasta, path)
    element = np.array([names[name] for name in rows.element.tolist()])
    _check_range(rows, element, fasta)
    _check_letters(rows, element, fasta, path)
    trimmed = [_trimmed(*alleles) for alleles in zip(rows.place.tolist(), rows.ref, rows.alt, strict=True)]
    begin, removed, inserted = (list(column) for column in zip(*trimmed, strict=True))
    _check_once(rows, zip(element.tolist(), begin, removed, inserted, strict=True))
    unused = len(fasta.names) - len({*element.tolist()})
    return Placed(
        rows=rows,
        element=element,
        place=np.array(begin, np.int64),
        removed=np.array(removed, np.int64),
        inserted=np.array(inserted),
        letters={name: fasta.letters[name] for name in dict.fromkeys(element.tolist())},
        notes=(
            *notes,
            *([f"{unused} of {len(fasta.names)} entries of {path.name} have no variant."] if unused else []),
        ),
    )


def _names(rows: Rows, fasta: Fasta, path: Path) -> tuple[dict[str, str], list[str]]:
    """Name in the FASTA of each element, and a sentence if the names differ by `chr`."""
    known, found, notes = {*fasta.names}, {}, []
    for name in dict.fromkeys(rows.element.tolist()):
        other = name.removeprefix("chr") if name.startswith("chr") else f"chr{name}"
        match = next((each for each in (name, other) if each in known), "")
        if not match:
            row = rows.element.tolist().index(name)
            near = difflib.get_close_matches(name, fasta.names, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            some = ", ".join(fasta.names[:8]) + (", ..." if len(fasta.names) > 8 else "")
            raise rows.error(
                row, "element", f"{name!r} is no entry of {path}{hint} It has {some}; expected the name of one of these"
            )
        found[name] = match
    if renamed := [f"{name} for {match}" for name, match in found.items() if name != match]:
        notes.append(f"Names that differ by chr alone are taken for the same: {', '.join(renamed[:3])}.")
    return found, notes


def _check_range(rows: Rows, element: NDArray[np.str_], fasta: Fasta) -> None:
    for row, (name, at, ref) in enumerate(zip(element.tolist(), rows.place.tolist(), rows.ref.tolist(), strict=True)):
        last = len(fasta.letters[name]) - len(ref)
        if not 0 <= at <= last:
            first = rows.first
            hint = "; if the first letter of an element is 0, give --zero-based" if (at, first) == (-1, 1) else ""
            raise rows.error(
                row,
                "position",
                f"{at + first}; expected {first} to {last + first} for {ref!r}, since {name} has "
                f"{len(fasta.letters[name]):,} letters{hint}",
            )


def _check_letters(rows: Rows, element: NDArray[np.str_], fasta: Fasta, path: Path) -> None:
    text = {name: letters.tobytes() for name, letters in fasta.letters.items()}
    stated = [
        (text[name], at, ref.encode())
        for name, at, ref in zip(element.tolist(), rows.place.tolist(), rows.ref.tolist(), strict=True)
    ]
    agrees = [_agrees(*one) for one in stated]
    if all(agrees):
        return
    row = agrees.index(False)
    whole, at, ref = stated[row]
    there = "".join("ACGTN"[code] for code in whole[at : at + len(ref)])
    wrong = len(agrees) - sum(agrees)
    raise rows.error(
        row,
        "ref",
        f"{ref.decode()!r}, but {path} has {there!r} there ({element[row]}, letter {at + 1}); expected the same; "
        f"{wrong:,} of {len(agrees):,} variants disagree{_hint(stated)}",
    )


def _agrees(whole: bytes, at: int, ref: bytes) -> bool:
    return at >= 0 and whole[at : at + len(ref)] == ref.translate(_CODES)


_READINGS: dict[str, Reading] = {
    "one letter later: positions look to count from 0, so give --zero-based": lambda n, at, ref: (at + 1, ref),
    "one letter earlier: positions look to count from 1, so leave --zero-based away": lambda n, at, ref: (at - 1, ref),
    "with complementary letters: alleles look to be of the other strand, so give them on that of the FASTA": (
        lambda n, at, ref: (at, _turned(ref))
    ),
    "counted from the other end with complementary letters: the FASTA looks to be the reverse complement of what the "
    "positions count in, so turn it": lambda n, at, ref: (n - at - len(ref), _turned(ref)),
}


def _turned(letters: bytes) -> bytes:
    return letters.translate(_COMPLEMENT)[::-1]


def _hint(stated: list[tuple[bytes, int, bytes]]) -> str:
    """The reading under which most variants agree, if they are enough of them."""
    told = [one for one in stated if one[2]]
    shares = {
        says: np.mean([_agrees(whole, *reading(len(whole), at, ref)) for whole, at, ref in told])
        for says, reading in _READINGS.items()
    }
    best = max(shares, key=lambda says: shares[says])
    if shares[best] < LIKELY or shares[best] <= np.mean([_agrees(*one) for one in told]):
        return ". No shift by one letter and no other strand explains it: is it the same release of the genome?"
    return f". {shares[best]:.0%} would agree {best}"


def _trimmed(at: int, ref: str, alt: str) -> tuple[int, int, str]:
    """Place, letters removed and letters inserted, without what the alleles share: at their beginning first."""
    shared = 0
    while shared < min(len(ref), len(alt)) and ref[shared] == alt[shared]:
        shared += 1
    ref, alt = ref[shared:], alt[shared:]
    tail = 0
    while tail < min(len(ref), len(alt)) and ref[-1 - tail] == alt[-1 - tail]:
        tail += 1
    return at + shared, len(ref) - tail, alt[: len(alt) - tail]


def _check_once(rows: Rows, keys: Iterable[tuple[str, int, int, str]]) -> None:
    first: dict[tuple[str, int, int, str], int] = {}
    twice = []
    for row, key in enumerate(keys):
        if first.setdefault(key, row) != row:
            twice.append((row, first[key]))
    if twice:
        row, before = twice[0]
        raise rows.error(
            row,
            "alt",
            f"the variant of {rows.where(before)} again; expected each once ({len(twice)} are not), so "
            "remove one or give their mean",
        )
