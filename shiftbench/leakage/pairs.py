"""What every test sequence shares with the training sequences: whole, on the other strand, in part, and its nearest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks.lentimpra_leak import STRETCHES
from shiftbench.tasks.similarity import Nearest, Sequences, nearest, reverse_complement, shares, without_adapters

SHUFFLED = 200
"""Sequences of a test set whose letters are shuffled to see what chance makes alike."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Of n test sequences, adapters aside.

    `nearest`: their nearest training sequences; `identical`, `turned` bool (n,): whether a training sequence is the
    same, or the same on the other strand; `shared`: by length, whether one shares so many bases in a row, on either
    strand; `chance`: identity that one of a hundred sequences of the same letters in random order reaches.
    """

    nearest: Nearest
    identical: Mask
    turned: Mask
    shared: dict[int, Mask]
    chance: float


def pairs(tests: Sequence[Sequences], train: Sequences) -> list[Pairs]:
    """What the sequences of each test set share with `train`; all uint8 (n, length), those of tests of any lengths.

    Sequences that several test sets hold are looked up once.
    """
    width = max([train.shape[1], *(test.shape[1] for test in tests)])
    drawn = [_shuffled(test) for test in tests]
    rows = np.concatenate([_padded(test, width) for test in (*tests, *drawn)])
    once, back = np.unique(rows, axis=0, return_inverse=True)
    found = _look_up(once, _padded(train, width))
    ends = np.cumsum([len(test) for test in (*tests, *drawn)])[:-1]
    places = np.split(back.reshape(-1), ends)
    return [_of(found, mine, chance) for mine, chance in zip(places[: len(tests)], places[len(tests) :], strict=True)]


def _of(found: Pairs, rows: NDArray[np.intp], chance: NDArray[np.intp]) -> Pairs:
    identity = found.nearest.identity
    return Pairs(
        nearest=found.nearest.of(rows),
        identical=found.identical[rows],
        turned=found.turned[rows],
        shared={length: mask[rows] for length, mask in found.shared.items()},
        chance=float(np.quantile(identity[chance], 0.99)) if len(chance) else np.nan,
    )


def _look_up(test: Sequences, train: Sequences) -> Pairs:
    test, train = without_adapters(test, train)
    known = {row.tobytes() for row in train}
    same, turned = (
        np.array([row.tobytes() in known for row in rows], bool) for rows in (test, reverse_complement(test))
    )
    shared = {length: shares(test, train, length) for length in STRETCHES}
    return Pairs(nearest(test, train), same, turned, shared, np.nan)


def _padded(sequence: Sequences, width: int) -> Sequences:
    """Rows of `width` letters, N after the last, every other code an N."""
    wide = np.full((len(sequence), width), 4, np.uint8)
    wide[:, : sequence.shape[1]] = np.minimum(sequence, 4)
    return wide


def _shuffled(test: Sequences) -> Sequences:
    """Some rows of `test` with their known letters in random order, the same at every call."""
    rng = np.random.default_rng(0)
    some = test[np.sort(rng.permutation(len(test))[:SHUFFLED])]
    order = np.argsort(np.where(some <= 3, rng.random(some.shape), 2.0), axis=1)
    return np.take_along_axis(some, order, axis=1)
