"""Site weights of motifs at every position and strand: 2^((S - threshold) / temperature), S in bits.

A weight is a product over tables of four letters, so nothing is exponentiated inside the scan. Windows that
hold N contribute nothing.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from simulators import motif

TAIL = 3e-5
"""Probability, under uniform letters, that a score reaches the threshold."""
TEMPERATURE = 1.0
"""Bits of score that double a site weight."""
STEP = 1 / 64
"""Bits; scores are rounded to it in the law behind the threshold."""
BLOCK = 4
"""Letters a table."""


class Tables(NamedTuple):
    """Motifs ready to scan: `weight` float64 (k, 2 strands, blocks, 256), `width` int64 (k,)."""

    weight: NDArray[np.float64]
    width: NDArray[np.int64]


@lru_cache(maxsize=64)
def tables(ids: tuple[str, ...], release: str, tail: float = TAIL, temperature: float = TEMPERATURE) -> Tables:
    """Tables of the motifs `ids`; the threshold of each has tail probability `tail`."""
    motifs = motif.load(ids, release)
    bits = motif.log_odds(motifs)
    blocks = (int(motifs.width.max(initial=1)) + BLOCK - 1) // BLOCK
    weight = np.ones((len(motifs), 2, blocks, 4**BLOCK))
    for k, width in enumerate(motifs.width):
        _fill_tables(bits[k, :width], threshold(bits[k, :width], tail), temperature, weight[k])
    return Tables(weight, motifs.width)


def threshold(bits: NDArray[np.float64], tail: float) -> float:
    """Smallest score reached with probability at most `tail` by uniform letters, bits; the best score if none is.

    `bits` float64 (width, 4). Exact for scores rounded to `STEP` (dynamic programming over columns).
    """
    score = np.rint(bits / STEP).astype(np.int64)
    return float(_threshold(score, tail)) * STEP


@njit(cache=True)
def _threshold(score, tail):  # type: ignore[no-untyped-def]
    low, high = 0, 0
    for j in range(score.shape[0]):
        low += score[j].min()
        high += score[j].max()
    law = np.zeros(high - low + 1)
    law[0] = 1.0
    reach = 0  # law[0 .. reach] can be above 0; index 0 is the sum of the lowest scores so far
    for j in range(score.shape[0]):
        least = score[j].min()
        fresh = np.zeros(law.size)
        for letter in range(4):
            step = score[j, letter] - least
            for s in range(reach + 1):
                fresh[s + step] += 0.25 * law[s]
        reach += score[j].max() - least
        law = fresh
    total = 0.0
    for s in range(high - low, -1, -1):
        if total + law[s] > tail:
            return min(low + s + 1, high)
        total += law[s]
    return low


@njit(cache=True)
def _fill_tables(bits, cut, temperature, weight):  # type: ignore[no-untyped-def]
    width = bits.shape[0]
    scale = math.log(2.0) / temperature
    for strand in range(2):
        for block in range(weight.shape[1]):
            for code in range(256):
                score = -cut if block == 0 else 0.0
                for j in range(4):
                    column = 4 * block + j
                    letter = (code >> (2 * (3 - j))) & 3
                    if column < width:
                        score += bits[column, letter] if strand == 0 else bits[width - 1 - column, 3 - letter]
                weight[strand, block, code] = math.exp(score * scale)


@njit(cache=True)
def read(sequence, code, known):  # type: ignore[no-untyped-def]
    """Fill, for every position, the code of the four letters from there on and the number of letters before the next N.

    `code` and `known` int64, longer than `sequence` by at least the widest motif; letters beyond the end count as N.
    """
    following, run = 0, 0
    for p in range(code.size - 1, -1, -1):
        letter = sequence[p] if p < sequence.size else 4
        run = run + 1 if letter < 4 else 0
        following = (following >> 2) | ((letter & 3) << 6)
        code[p] = following
        known[p] = run


@njit(cache=True)
def site_weights(tables, k, strand, code, known, out):  # type: ignore[no-untyped-def]
    """Fill `out` (positions,) with the weights of motif `k` on one strand, 0 as given, 1 the other; their sum."""
    width = tables.width[k]
    blocks = (width + 3) // 4
    total = 0.0
    for p in range(out.size):
        weight = 0.0
        if known[p] >= width:
            weight = tables.weight[k, strand, 0, code[p]]
            for block in range(1, blocks):
                weight *= tables.weight[k, strand, block, code[p + 4 * block]]
        out[p] = weight
        total += weight
    return total


def features(
    sequence: NDArray[np.uint8],
    ids: tuple[str, ...],
    release: str,
    tail: float = TAIL,
    temperature: float = TEMPERATURE,
) -> NDArray[np.float32]:
    """Natural log of the sum (first k columns) and of the maximum (last k) of the site weights over both strands.

    `sequence` uint8 (n, length); float32 (n, 2k); -20 stands for no window at all, and is the least value.
    """
    out = np.empty((len(sequence), 2 * len(ids)), np.float32)
    _features(tables(tuple(ids), release, tail, temperature), np.ascontiguousarray(sequence), out)
    return out


@njit(cache=True, parallel=True)
def _features(tables, sequence, out):  # type: ignore[no-untyped-def]
    n, length = sequence.shape
    motifs = tables.width.size
    for i in prange(n):
        padded = length + 4 * tables.weight.shape[2]
        code = np.empty(padded, np.int64)
        known = np.empty(padded, np.int64)
        weight = np.empty(length)
        read(sequence[i], code, known)
        for k in range(motifs):
            total, best = 0.0, 0.0
            for strand in range(2):
                total += site_weights(tables, k, strand, code, known, weight)
                best = max(best, weight.max())
            out[i, k] = math.log(max(total, 2.1e-9))
            out[i, motifs + k] = math.log(max(best, 2.1e-9))
