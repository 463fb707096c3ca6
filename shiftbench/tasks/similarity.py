"""The nearest training sequence of every test sequence on either strand, by seeds, all diagonals and banded gaps."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks import similarity_kernels as kernels
from simulators.threads import over_rows

Sequences = NDArray[np.uint8]

HITS = 100_000
"""Seed hits of one test sequence after which no further seed is looked up."""
COMMON = 0.95
"""Share of the training sequences that have one letter where an end counts as an adapter."""
SAMPLED = 10_000
"""Training sequences, about, at which ends are looked at."""

_PAD = np.uint8(5)
"""Code of what matches nothing in training sequences; N of a test sequence is 4, so that no two unknowns match."""


class Nearest(NamedTuple):
    """The nearest training sequence of each of n test sequences.

    `row` int32 (n,): its row, -1 where no seed is shared; `identity` float32 (n,), 0..1: matched letters of the best
    alignment found over the letters of the test sequence (N is none), adapters aside; `reverse` bool (n,): whether it
    is its reverse complement that matches; `sure` float32 (n,), 0..1: none of more than this identity, without gaps, is
    missed.
    """

    row: NDArray[np.int32]
    identity: NDArray[np.float32]
    reverse: NDArray[np.bool_]
    sure: NDArray[np.float32]

    def of(self, rows: NDArray[np.intp]) -> "Nearest":
        """Those of some of the test sequences."""
        return Nearest(self.row[rows], self.identity[rows], self.reverse[rows], self.sure[rows])


def nearest(test: Sequences, train: Sequences) -> Nearest:
    """For every sequence of `test` the one of `train` that matches most of its letters, on either strand.

    Both uint8 (n, length), A0 C1 G2 T3, other codes match nothing; shorter sequences are padded with them at the end.
    An alignment without gaps counts every letter on one diagonal, so unrelated sequences reach .3 to .4; one with
    gaps (up to `kernels.BAND` letters) must match `kernels.GAP` letters more for each. Of those that were met and match
    equally the lowest row is taken, forward first. The same for any number of threads. `ValueError` for sequences above
    65,535 letters.
    """
    test, train = without_adapters(test, train)
    n = len(test)
    found = Nearest(np.full(n, -1, np.int32), np.zeros(n, np.float32), np.zeros(n, bool), np.ones(n, np.float32))
    if not n or not len(train):
        return found
    known = _indexed(test, train)
    packed = np.empty((len(train), (train.shape[1] + 63) // 64, 3), np.uint64)
    kernels.planes(known.letters, packed)
    over_rows(kernels.search, n, test, known.letters, packed, *known[1:], HITS, *found)
    return found


def shares(test: Sequences, train: Sequences, stretch: int) -> NDArray[np.bool_]:
    """Whether a sequence of `test` has `stretch` letters in a row, on either strand, that one of `train` has; (n,).

    Both as for `nearest`; adapters count like all letters here. `ValueError` for a `stretch` below 10.
    """
    if stretch < 10:
        raise ValueError(f"stretch is {stretch}; expected 10 letters or more")
    found = np.zeros(len(test), bool)
    if len(test) and len(train):
        over_rows(kernels.share, len(test), test, *_indexed(test, train), stretch, found)
    return found


class _Index(NamedTuple):
    """Training letters with N as `_PAD`, where each of their seeds stands, and the letters of a short seed."""

    letters: Sequences
    starts: NDArray[np.int64]
    places: NDArray[np.int64]
    short: int


def _indexed(test: Sequences, train: Sequences) -> _Index:
    """Index of `train` for sequences as long as those of `test`; `ValueError` if they are too long for it."""
    if (longest := max(test.shape[1], train.shape[1])) >= 1 << kernels.PLACE:
        raise ValueError(f"sequences have {longest:,} letters; expected fewer than {1 << kernels.PLACE:,}")
    letters, short = np.where(train > 3, _PAD, train), _seed(int(np.median(lengths(test))))
    starts, places = kernels.index(letters, short)
    return _Index(letters, starts, places, short)


def _seed(length: int) -> int:
    """Letters of a short seed, 9 at most: so few that more seeds lie side by side in `length` than a tenth of it.

    So a tenth of the letters, changed, cannot reach all of them.
    """
    return min(9, max(1, length // (length // 10 + 1)))


def without_adapters(test: Sequences, train: Sequences) -> tuple[Sequences, Sequences]:
    """Both without the ends that nearly all training sequences share; as they are if that were most of them.

    Ends are counted from the first and from the last letter of each sequence; N stands where a right end was.
    """
    some = train[:: max(1, len(train) // SAMPLED)]
    left, right = _common(some), _common(_backwards(some))
    if 2 * (left + right) > train.shape[1]:
        return test, train
    return _cut(test, left, right), _cut(train, left, right)


def lengths(sequence: Sequences) -> NDArray[np.int64]:
    """Letters of every row up to its last known one, int64 (n,)."""
    known = sequence <= 3
    return np.where(known.any(1), sequence.shape[1] - known[:, ::-1].argmax(1), 0)


def reverse_complement(sequence: Sequences) -> Sequences:
    """The other strand of every row, padded at the end as the row is."""
    return _backwards(np.where(sequence <= 3, 3 - sequence, np.uint8(4)).astype(np.uint8))


def _backwards(sequence: Sequences) -> Sequences:
    """Rows read from their last letter to the first, padded at the end."""
    place = lengths(sequence)[:, None] - 1 - np.arange(sequence.shape[1])
    return np.where(place >= 0, np.take_along_axis(sequence, np.maximum(place, 0), 1), np.uint8(4))


def _common(sequence: Sequences) -> int:
    """Letters at the start that at least `COMMON` of the rows share."""
    if len(sequence) < 2:
        return 0
    for place, column in enumerate(sequence.T):
        if np.bincount(column, minlength=5)[:4].max() < COMMON * len(sequence):
            return place
    return int(sequence.shape[1])


def _cut(sequence: Sequences, left: int, right: int) -> Sequences:
    kept = np.arange(sequence.shape[1]) < lengths(sequence)[:, None] - right
    return np.ascontiguousarray(np.where(kept, sequence, np.uint8(4))[:, left:])
