"""Sequences of a Genome: beta-distributed GC, single sites and modules sampled from motifs, adapters around.

Every random choice of a sequence has a fixed address (`simulators.random`), whether it is used or not. A site has its
own motif, strand, place and letters and is left out where it would overlap an earlier one; modules come first. So one
more site, another GC or decay changes nothing else.
"""

import math
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from simulators import motif, planting
from simulators.contract import LETTERS, Genome
from simulators.distributions import gamma_table
from simulators.random import ITEMS, Key, key
from simulators.threads import over_rows


@dataclass(frozen=True, slots=True)
class Draw:
    """Sequences and the sites planted in them: two of each module (first, second motif), then single ones, then -1.

    `sequence` uint8 (n, length with adapters), A0 C1 G2 T3; `site` int16 (n, slots), row in `Genome.motifs`, as many
    slots as the shortest motif fits in; `start` int16 (n, slots), first letter in the whole sequence; `reverse` bool
    (n, slots), on the minus strand; `modules` int16 (n,), modules planted. Decayed sites are listed like the others.
    """

    sequence: NDArray[np.uint8]
    site: NDArray[np.int16]
    start: NDArray[np.int16]
    reverse: NDArray[np.bool_]
    modules: NDArray[np.int16]


def draw(genome: Genome, release: str, key: Key, n: int, start: int = 0) -> Draw:
    """Sequences of items `start` .. `start` + `n` - 1; `ValueError` for an item beyond 2^32 or an impossible genome."""
    if n < 0 or start < 0 or start + n > ITEMS:
        raise ValueError(f"items {start} to {start + n}: outside 0 to {ITEMS}")
    if genome.gc_sd**2 >= genome.gc_mean * (1 - genome.gc_mean):
        raise ValueError(f"gc_sd {genome.gc_sd:g}: too large for a share with mean {genome.gc_mean:g}")
    frame = np.concatenate([encode(genome.left), np.zeros(genome.length, np.uint8), encode(genome.right)])
    if len(frame) > np.iinfo(np.int16).max:
        raise ValueError(f"genome: {len(frame)} letters with adapters; at most {np.iinfo(np.int16).max}")
    motifs, modules = planting.tables(genome, release)
    slots = genome.length // int(motifs.width.min()) if len(motifs.width) else 0
    result = Draw(
        np.empty((n, len(frame)), np.uint8),
        np.empty((n, slots), np.int16),
        np.empty((n, slots), np.int16),
        np.empty((n, slots), np.bool_),
        np.empty(n, np.int16),
    )
    law = (genome.gc_mean, genome.gc_sd, genome.plants, genome.module_plants, genome.module_reach, genome.arranged)
    place = (frame, len(genome.left), genome.length)
    sites = (result.site, result.start, result.reverse, result.modules)
    given = (key, start, gamma_table(), (*law, genome.decay), place, motifs, modules, result.sequence, sites)
    over_rows(planting.draw, n, *given)
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
    free = free_letters(genome, release) / genome.length
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


def free_letters(genome: Genome, release: str, n: int = 4096) -> int:
    """Letters of an insert that follow the law of the background, on average over `n` draws, rounded.

    These are the letters that no site covers and those that decay gave back.
    """
    site = draw(genome, release, key(0, "free letters"), n).site
    width = motif.load(genome.motifs, release).width
    covered = int(width[site[site >= 0]].sum()) / n
    return max(1, round(genome.length - covered * (1 - genome.decay)))
