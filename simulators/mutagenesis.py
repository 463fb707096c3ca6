"""Error-prone PCR: molecules of one insert, each letter substituted by chance, and which substitutions they carry."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.distributions import exp2, normal_quantile
from simulators.random import Key, uniform, words
from simulators.regression import Carried
from simulators.threads import over_rows

RATE = 0.01
"""Substitutions a letter and molecule, mean over the insert."""
BIAS = (
    (0.0, -1.75, 1.7, 0.5),
    (-0.65, 0.0, -1.65, 1.1),
    (1.1, -1.65, 0.0, -0.65),
    (0.5, 1.7, -1.75, 0.0),
)
"""log2 rate of a substitution by letter (row, ACGT) and new letter: medians over 29 experiments of Kircher 2019."""
SPREAD = 0.9
"""SD of log2 rates about `BIAS`; of the same experiments, .7 to 1.3 by class."""

Letters = NDArray[np.uint8]


def mutate(reference: Letters, n: int, rates: Key, molecules: Key) -> Letters:
    """Molecules 0 .. n - 1 of an insert, uint8 (n, length): rates drawn at `rates`, letters at `molecules`."""
    out = np.repeat(reference[None], n, axis=0)
    over_rows(
        _mutate, len(out), molecules, _thresholds(rates, reference, np.array(BIAS), SPREAD, RATE * len(reference)), out
    )
    return out


def substituted(reference: Letters) -> Letters:
    """Every insert with one substitution, by position and then letter, uint8 (3 x length, length)."""
    place = np.repeat(np.arange(len(reference)), 3)
    nth = np.tile(np.arange(3, dtype=np.uint8), len(reference))
    out = np.repeat(reference[None], len(place), axis=0)
    out[np.arange(len(place)), place] = nth + (nth >= reference[place])
    return out


def carried(molecules: Letters, reference: Letters) -> Carried:
    """Columns of the substitutions of every molecule: 1 + row of `substituted`."""
    first = np.zeros(len(molecules) + 1, np.int64)
    np.cumsum(np.count_nonzero(molecules != reference, axis=1), out=first[1:])
    column = np.empty(first[-1], np.int64)
    _list(molecules, reference, first, column)
    return Carried(first, column, 1 + 3 * len(reference))


@njit(cache=True)
def _thresholds(key, reference, bias, spread, total):  # type: ignore[no-untyped-def]
    """Chances of the three substitutions of every position, cumulative, in units of 2^-32; their sum is `total`."""
    rate = np.empty((reference.size, 3))
    whole = 0.0
    for i in range(reference.size):
        for k in range(3):
            letter = k + (k >= reference[i])
            rate[i, k] = exp2(bias[reference[i], letter] + spread * normal_quantile(uniform(key, i, letter)))
            whole += rate[i, k]
    out = np.empty((reference.size, 3), np.uint64)
    for i in range(reference.size):
        below = 0.0
        for k in range(3):
            below += rate[i, k] * total / whole
            out[i, k] = np.uint64(min(below, 1.0) * 2.0**32)
    return out


@njit(cache=True, nogil=True)
def _mutate(low, high, key, threshold, molecules):  # type: ignore[no-untyped-def]
    """Replace letters by chance, one word a letter."""
    length = molecules.shape[1]
    for i in range(low, high):
        for block in range((length + 3) // 4):
            four = words(key, i, block)
            for j in range(4 * block, min(4 * block + 4, length)):
                word = np.uint64(four[j - 4 * block])
                if word < threshold[j, 2]:
                    k = int(word >= threshold[j, 0]) + int(word >= threshold[j, 1])
                    molecules[i, j] = k + int(k >= molecules[i, j])


@njit(cache=True)
def _list(molecules, reference, first, column):  # type: ignore[no-untyped-def]
    for i in range(molecules.shape[0]):
        place = first[i]
        for j in range(reference.size):
            if molecules[i, j] != reference[j]:
                column[place] = 1 + 3 * j + molecules[i, j] - int(molecules[i, j] > reference[j])
                place += 1
