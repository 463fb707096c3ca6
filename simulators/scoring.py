"""Motifs ready to scan: thresholds, and tables of the weights of two and of four letters.

The weight of a window is 2^((S - threshold) / temperature), S its score in bits: a product over the tables.
"""

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import motif
from simulators.random import key, uniform

TAIL = 3e-5
"""Probability, under uniform letters, that a score reaches the threshold."""
TEMPERATURE = 1.0
"""Bits of score that double a site weight."""
STEP = 1 / 64
"""Bits; scores are rounded to it in the law behind the threshold."""
LEAST = -120.0
"""Lowest log2 of a site weight, and its highest is 120: every product then is a normal float32."""
DEEPEST = -4.0
"""Bits; no letter's score is raised to more than this to keep to `LEAST`."""


class Tables(NamedTuple):
    """Motifs ready to scan: `width` int64 (k,), letters.

    `pair` float32 (k, 2 strands, 2 blocks, 16) weights of two letters, the first times 4 plus the second; `four`
    float32 (k, blocks, 256, 2 strands) their products. Strand 0 as given, 1 the reverse complement.
    """

    width: NDArray[np.int64]
    pair: NDArray[np.float32]
    four: NDArray[np.float32]


@lru_cache(maxsize=64)
def tables(
    ids: tuple[str, ...], release: str, tail: float = TAIL, temperature: float = TEMPERATURE,
    turned: int = 0, blend: float = 0.0, seed: str = "",
) -> Tables:  # fmt: skip
    """Tables of the motifs `ids`; the threshold of each has tail probability `tail`.

    The first `turned` motifs have the matrix (1 - blend) p + blend q, q being p with its columns permuted by `seed`.
    Scores of a motif are raised to a common floor if its weights could fall below 2^`LEAST` (none of the vertebrate
    motifs at a temperature of 1 or more). `ValueError` if that takes a floor above `DEEPEST`, or a weight is too large.
    """
    motifs = motif.load(ids, release)
    return pack(_turn(motifs, turned, blend, seed) if blend else motifs, tail, temperature)


def pack(motifs: motif.Motifs, tail: float, temperature: float) -> Tables:
    """Tables of motifs of any matrix; otherwise as `tables`."""
    bits = motif.log_odds(motifs)
    blocks = (int(motifs.width.max(initial=1)) + 3) // 4
    pair = np.ones((len(motifs), 2, 2 * blocks, 16), np.float32)
    for k, width in enumerate(motifs.width):
        used = bits[k, :width]
        cut = threshold(used, tail)
        _fill_pairs(np.maximum(used, _floor(motifs.ids[k], used, cut, temperature)), cut, temperature, pair[k])
    four = (pair[:, :, ::2, :, None] * pair[:, :, 1::2, None, :]).reshape(len(motifs), 2, blocks, 256)
    return Tables(motifs.width, pair, np.ascontiguousarray(np.moveaxis(four, 1, 3)))


def _turn(motifs: motif.Motifs, turned: int, blend: float, seed: str) -> motif.Motifs:
    """Motifs of which the first `turned` are blended with themselves under a permutation of columns.

    The permutation is one cycle through all columns (Sattolo 1986), so every column moves; motif k draws at item k.
    """
    stream = key(0, seed, "turnover")
    probability = motifs.probability.copy()
    for k, width in enumerate(motifs.width[:turned]):
        order = np.arange(width)
        for i in range(int(width) - 1, 0, -1):
            j = int(uniform(stream, k, i) * i)
            order[i], order[j] = order[j], order[i]
        probability[k, :width] = (1 - blend) * probability[k, :width] + blend * probability[k, order]
    return replace(motifs, probability=probability)


def _floor(name: str, bits: NDArray[np.float64], cut: float, temperature: float) -> float:
    """Largest score of a letter below which none may lie, so that no weight leaves 2^-120 .. 2^120; bits."""
    lowest = np.sort(bits.min(axis=1))
    room = LEAST * temperature + cut
    floor = -math.inf
    if math.fsum(lowest) < room:
        floor = min((room - math.fsum(lowest[raised:])) / raised for raised in range(1, len(lowest) + 1))
    if floor > DEEPEST or math.fsum(bits.max(axis=1)) - cut > -LEAST * temperature:
        raise ValueError(f"temperature {temperature:g}: weights of {name} leave float32's range; expected a higher one")
    return floor


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
def _fill_pairs(bits, cut, temperature, pair):  # type: ignore[no-untyped-def]
    width = bits.shape[0]
    scale = math.log(2.0) / temperature
    for strand in range(2):
        for block in range(pair.shape[1]):
            for code in range(16):
                score = -cut if block == 0 else 0.0
                for j in range(2):
                    column = 2 * block + j
                    letter = (code >> (2 * (1 - j))) & 3
                    if column < width:
                        score += bits[column, letter] if strand == 0 else bits[width - 1 - column, 3 - letter]
                pair[strand, block, code] = np.float32(math.exp(score * scale))
