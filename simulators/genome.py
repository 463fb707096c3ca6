"""Sequences of a Genome: beta-distributed GC, sites sampled from motifs and planted at random, adapters around.

Every random choice of a sequence has a fixed address (`simulators.random`), whether it is used or not, so that
another GC content changes only letters of the background. Sites share what length is left: one more moves the others.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from simulators import motif
from simulators.contract import LETTERS, Genome
from simulators.distributions import beta_variate, poisson_quantile
from simulators.random import ITEMS, Key, key, uniforms, words

SITES = 24
"""Most sites planted in one insert; a site that no longer fits is left out."""

# Addresses of the draws of one sequence.
_LETTERS = 0
_GC = 1 << 20
_COUNT = 2 << 20
_SITE = 3 << 20
_INSTANCE = 4 << 20
_BLOCKS = 16  # of four letters for the instance of one site


@dataclass(frozen=True, slots=True)
class Draw:
    """Sequences and the sites planted in them (slots in order along the insert, unused ones -1).

    `sequence` uint8 (n, length with adapters), A0 C1 G2 T3; `site` int16 (n, SITES), row in `Genome.motifs`;
    `start` int16 (n, SITES), first letter in the whole sequence; `reverse` bool (n, SITES), on the minus strand.
    """

    sequence: NDArray[np.uint8]
    site: NDArray[np.int16]
    start: NDArray[np.int16]
    reverse: NDArray[np.bool_]


def draw(genome: Genome, release: str, key: Key, n: int, start: int = 0) -> Draw:
    """Sequences of items `start` .. `start` + `n` - 1; `ValueError` for an item beyond 2^32 or an impossible GC law."""
    if n < 0 or start < 0 or start + n > ITEMS:
        raise ValueError(f"items {start} to {start + n}: outside 0 to {ITEMS}")
    if genome.gc_sd**2 >= genome.gc_mean * (1 - genome.gc_mean):
        raise ValueError(f"gc_sd {genome.gc_sd:g}: too large for a share with mean {genome.gc_mean:g}")
    left, right = encode(genome.left), encode(genome.right)
    whole = len(left) + genome.length + len(right)
    result = Draw(
        np.empty((n, whole), np.uint8),
        np.full((n, SITES), -1, np.int16),
        np.full((n, SITES), -1, np.int16),
        np.zeros((n, SITES), np.bool_),
    )
    result.sequence[:, : len(left)] = left
    result.sequence[:, whole - len(right) :] = right
    insert = result.sequence[:, len(left) : whole - len(right)]
    cumulative, width, abundance = _planting(genome, release)
    law = np.array([genome.gc_mean, genome.gc_sd, genome.plants])
    _fill(key, start, law, abundance, width, cumulative, insert, result.site, result.start, result.reverse)
    result.start[result.site >= 0] += len(left)
    return result


def encode(letters: str) -> NDArray[np.uint8]:
    """Codes A0 C1 G2 T3 N4 of `letters` (either case), uint8; `ValueError` names a letter that is none of them."""
    wrong = set(letters.upper()) - set(LETTERS)
    if wrong:
        raise ValueError(f"letter {sorted(wrong)[0]!r}: expected one of {LETTERS}")
    return np.array([LETTERS.index(x) for x in letters.upper()], dtype=np.uint8)


def gc(sequence: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of G and C among the letters that are not N, float32 (n,); NaN where there is none."""
    strong = np.count_nonzero((sequence == 1) | (sequence == 2), axis=1)
    known = np.count_nonzero(sequence < 4, axis=1)
    share = np.divide(strong, known, out=np.full(len(sequence), np.nan), where=known > 0)
    return np.asarray(share, np.float32)


def match_gc(genome: Genome, release: str, seed: str, mean: float, sd: float, n: int = 4096) -> Genome:
    """Genome whose background law gives inserts a GC of `mean` and `sd`, sites included.

    Sites dilute the background; its mean and variance are corrected in turn on the same `n` draws of purpose `seed`.
    """
    stream = key(0, seed, "gc law")
    width = motif.load(genome.motifs, release).width
    free = free_letters(genome, release) / genome.length if len(width) else 1.0
    left = len(genome.left)
    for _ in range(6):
        insert = draw(genome, release, stream, n).sequence[:, left : left + genome.length]
        strong = ((insert == 1) | (insert == 2)).sum(axis=1).tolist()
        reached = sum(strong) / n / genome.length
        variance = sum(x * x for x in strong) / n / genome.length**2 - reached**2
        wanted = genome.gc_sd**2 + (sd**2 - variance) / free**2
        genome = msgspec.structs.replace(
            genome, gc_mean=genome.gc_mean + (mean - reached) / free, gc_sd=math.sqrt(max(wanted, 1e-6))
        )
    return genome


def free_letters(genome: Genome, release: str) -> int:
    """Letters of an insert that no site covers, on average, rounded."""
    width = motif.load(genome.motifs, release).width.tolist()
    total = sum(genome.abundance)
    mean_width = sum(w * a for w, a in zip(width, genome.abundance, strict=True)) / total if total else 0.0
    return max(1, round(genome.length - genome.plants * mean_width))


@lru_cache(maxsize=16)
def _planting(genome: Genome, release: str) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Cumulative letter probabilities (k, widest, 4), widths (k,) and cumulative relative abundance (k,)."""
    if len(genome.motifs) != len(genome.abundance):
        raise ValueError(f"genome: {len(genome.motifs)} motifs but {len(genome.abundance)} abundances")
    motifs = motif.load(genome.motifs, release)
    abundance = np.cumsum(np.array(genome.abundance, dtype=np.float64))
    return np.cumsum(motifs.probability, axis=2), motifs.width, abundance / abundance[-1:]


@njit(cache=True, parallel=True)
def _fill(key, first, law, abundance, width, cumulative, insert, site, start, reverse):  # type: ignore[no-untyped-def]
    for i in prange(insert.shape[0]):
        item = first + i
        _background(key, item, law[0], law[1], insert[i])
        used = _choose(key, item, law[2], abundance, width, insert.shape[1], site[i], start[i], reverse[i])
        for slot in range(used):
            _plant(key, item, slot, cumulative, width, insert[i], site[i], start[i], reverse[i])


@njit(cache=True)
def _background(key, item, mean, sd, insert):  # type: ignore[no-untyped-def]
    """Letters that are C or G with one beta-distributed probability, A = T and C = G."""
    u, v = uniforms(key, item, _GC)
    cut = np.uint64(beta_variate(u, v, mean, sd) * 2.0**31)
    length = insert.size
    for block in range((length + 3) // 4):
        four = words(key, item, _LETTERS + block)
        for j in range(min(4, length - 4 * block)):
            bit = np.uint8(four[j] & np.uint32(1))
            strong = (np.uint64(four[j]) >> np.uint64(1)) < cut
            insert[4 * block + j] = np.uint8(1) + bit if strong else np.uint8(3) * bit


@njit(cache=True)
def _choose(key, item, plants, abundance, width, length, site, start, reverse):  # type: ignore[no-untyped-def]
    """Motif, strand and place of every site; places are sorted gaps, so that sites never overlap. Number of sites."""
    if abundance.size == 0:
        return 0
    wanted = min(SITES, poisson_quantile(uniforms(key, item, _COUNT)[0], plants))
    used, covered = 0, 0
    gap = np.empty(SITES)
    for slot in range(wanted):
        u, v = uniforms(key, item, _SITE + 2 * slot)
        k = min(np.searchsorted(abundance, u), abundance.size - 1)
        if covered + width[k] > length:
            continue
        site[used] = k
        reverse[used] = v < 0.5
        covered += width[k]
        place = uniforms(key, item, _SITE + 2 * slot + 1)[0]
        j = used
        while j > 0 and gap[j - 1] > place:
            gap[j] = gap[j - 1]
            j -= 1
        gap[j] = place
        used += 1
    before = 0
    for slot in range(used):
        start[slot] = before + int(gap[slot] * (length - covered + 1))
        before += width[site[slot]]
    return used


@njit(cache=True)
def _plant(key, item, slot, cumulative, width, insert, site, start, reverse):  # type: ignore[no-untyped-def]
    """Overwrite the letters of one site by an instance sampled from its motif."""
    k = site[slot]
    for block in range((width[k] + 3) // 4):
        four = words(key, item, _INSTANCE + _BLOCKS * slot + block)
        for j in range(4 * block, min(4 * block + 4, width[k])):
            u = (float(four[j - 4 * block]) + 0.5) * 2.0**-32
            letter = 0
            while letter < 3 and u > cumulative[k, j, letter]:
                letter += 1
            if reverse[slot]:
                insert[start[slot] + width[k] - 1 - j] = 3 - letter
            else:
                insert[start[slot] + j] = letter
