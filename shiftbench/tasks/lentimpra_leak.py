"""What training sequences give away of a test set: shared stretches, and the label of the neighbour that has them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks.lentimpra import CELLS, Library
from shiftbench.tasks.overlap import shared

STRETCHES = (50, 100)
"""Bases shared on either strand."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Test sequences that share a stretch with a training sequence, on either strand.

    `length` of the stretch in bases; `tested`, `touched`: sequences, and those that share one; `copied`: Pearson
    correlation of their label with that neighbour's by cell type, empty below three of them.
    """

    length: int
    tested: int
    touched: int
    copied: dict[str, float]

    def sentence(self, where: str) -> str:
        """The leak in words; `where` names the split."""
        share = f"{self.touched:,} of {self.tested:,} test sequences ({self.touched / max(self.tested, 1):.1%})"
        text = f"{where}, {share} share {self.length} bases or more with a training sequence"
        copied = ", ".join(f"{r:.2f} ({cell})" for cell, r in self.copied.items())
        return text + (f"; copying that neighbour's label correlates with theirs at {copied}." if copied else ".")


def leaks(library: Library, train: NDArray[np.bool_], test: NDArray[np.bool_]) -> list[Leak]:
    """One `Leak` for each of `STRETCHES`; `train` and `test` bool (n,) mark rows of the library."""
    insert = library.insert
    near, far = touching(insert[test], insert[train], STRETCHES[0])
    rows, others = np.flatnonzero(test)[near], np.flatnonzero(train)[far]
    found = []
    for length in STRETCHES:
        neighbour = _neighbours(insert[rows], insert[others], length)
        mine, theirs = rows[neighbour >= 0], others[neighbour[neighbour >= 0]]
        r = {}
        if len(mine) > 2:
            pairs = zip(library.observed[mine].T, library.observed[theirs].T, strict=True)
            r = {cell: float(np.corrcoef(*pair)[0, 1]) for cell, pair in zip(CELLS, pairs, strict=True)}
        found.append(Leak(length, int(test.sum()), len(mine), r))
    return found


def touching(few: NDArray[np.uint8], many: NDArray[np.uint8], k: int = STRETCHES[0]) -> tuple[NDArray[np.bool_], ...]:
    """Rows of `few` and rows of `many` that share `k` bases with the other, on either strand; bool of both lengths.

    The index is of `few` and of what touches it, so that memory does not grow with `many`.
    """
    others = shared(many, few, k)
    return shared(few, many[others], k), others


def _neighbours(test: NDArray[np.uint8], train: NDArray[np.uint8], length: int) -> NDArray[np.intp]:
    """Row of `train` that shares `length` bases with each row of `test` (the first found), or -1; intp (len(test),)."""
    places = range(test.shape[1] - length + 1)
    first: dict[bytes, int] = {}
    for row, codes in enumerate(train):
        text = codes.tobytes()
        for place in places:
            first.setdefault(text[place : place + length], row)
    found = np.full(len(test), -1, np.intp)
    for row, codes in enumerate(test):
        texts = codes.tobytes(), (3 - codes[::-1]).tobytes()
        words = (text[place : place + length] for text in texts for place in places)
        found[row] = next((first[word] for word in words if word in first), -1)
    return found
