"""Elements that hold variants, whole or as stretches of a chromosome, and the test sets that they make."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftbench.own.variants_place import Placed

CHROMOSOME = 10_000
"""Letters above which an entry is taken for a chromosome: no reporter holds such an element."""
LEAST = 20
"""Variants that make a test set of their own: a rank correlation of fewer says little."""
REST = "other elements"
"""Test set of the variants of all elements that have fewer."""

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Element:
    """An element: `letters` uint8 that windows may show, the first of them letter `first` (from 0) of its entry.

    `rows` (k,) of its variants; `begin` and `end`: the stretch, in letters of the entry, over which they may lie.
    """

    name: str
    letters: NDArray[np.uint8]
    first: int
    begin: int
    end: int
    rows: Rows


def elements(placed: Placed, window: int) -> list[Element]:
    """Entries of the FASTA as elements, but of a chromosome each run of variants that are less than a window apart.

    A run is called by its chromosome, first and last position, and shows the letters of the chromosome around it.
    """
    found = []
    for name, letters in placed.letters.items():
        rows = np.flatnonzero(placed.element == name)
        if len(letters) <= CHROMOSOME:
            found.append(Element(name, letters, 0, 0, len(letters), rows))
        else:
            found += [_stretch(placed, name, run, window) for run in _runs(placed.place, rows, window)]
    return found


def _runs(place: NDArray[np.int64], rows: Rows, window: int) -> list[Rows]:
    ordered = rows[np.argsort(place[rows], kind="stable")]
    return np.split(ordered, np.flatnonzero(np.diff(place[ordered]) >= window) + 1)


def _stretch(placed: Placed, name: str, rows: Rows, window: int) -> Element:
    """A run with as many letters on either side as any window of its variants can reach."""
    letters, place = placed.letters[name], placed.place[rows]
    begin, end = int(place.min()), int((place + np.maximum(placed.removed[rows], 1)).max())
    first, last = max(begin - window, 0), min(end + 2 * window + int(placed.removed[rows].max()), len(letters))
    return Element(f"{name}:{begin + 1}-{end}", letters[first:last].copy(), first, begin, end, np.sort(rows))


def sets(found: list[Element], chosen: NDArray[np.bool_]) -> dict[str, list[tuple[Element, Rows]]]:
    """Test sets by name, each a list of elements with those of their variants that are `chosen` (n,)."""
    kept = [(element, element.rows[chosen[element.rows]]) for element in found]
    large = {element.name: [(element, rows)] for element, rows in kept if len(rows) >= LEAST}
    rest = [(element, rows) for element, rows in kept if 0 < len(rows) < LEAST]
    return large | ({REST: rest} if rest else {})


def from_centre(element: Element, place: NDArray[np.int64]) -> NDArray[np.float64]:
    """Distance of places (n,) from the middle of an element, less half of its length: 0 at its ends, lowest between."""
    half = (element.end - element.begin) / 2
    return np.asarray(np.abs(place + 0.5 - element.begin - half) - half)


def blocks(parts: list[tuple[Element, Rows]], place: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int32]]:
    """Numbers of blocks of `size` adjacent letters, numbered through the elements, those of each in turn."""
    before = 0
    for element, rows in parts:
        block = (place[rows] - element.begin) // size
        yield (before + block).astype(np.int32)
        before += int(block.max(initial=-1)) + 1
