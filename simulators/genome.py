"""Sequences of a Genome: beta-distributed GC, single sites and modules sampled from motifs, adapters around.

Every random choice of a sequence has a fixed address (`simulators.random`), whether it is used or not. A site has its
own motif, strand, place and letters and is left out where it would overlap an earlier one; modules come first. So one
more site, another GC or decay changes nothing else.
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
from simulators.distributions import gamma_ratio, gamma_table, normal_quantile, poisson_quantile
from simulators.random import ITEMS, Key, fill, key, unit, words

WIDEST = 64
"""Columns of the widest motif that can be planted."""

# Addresses of the draws of one sequence.
_LETTERS = 0
_GC = 1 << 20
_COUNT = _GC + 1
_ROUND = _GC + 2
_SITE = 2 << 20
_MODULE = 3 << 20  # two a module
_INSTANCE = 4 << 20  # 8 a site, 8 letters each
_DECAY = 6 << 20  # 16 a site, 4 letters each
_PAIRED = 1 << 16  # number of the first site of a module; single sites count from 0

_AHEAD = 8
"""Single sites whose words are made with those of the letters."""
_ROWS = 128
"""Sequences that one thread draws with one scratch."""

Planting = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint16]]
Pairs = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]


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
    left, right = encode(genome.left), encode(genome.right)
    planting, pairs = _planting(genome, release)
    slots = genome.length // int(planting[1].min()) if len(planting[1]) else 0
    result = Draw(
        np.empty((n, len(left) + genome.length + len(right)), np.uint8),
        np.empty((n, slots), np.int16),
        np.empty((n, slots), np.int16),
        np.empty((n, slots), np.bool_),
        np.empty(n, np.int16),
    )
    law = (genome.gc_mean, genome.gc_sd, genome.plants, genome.module_plants, genome.module_reach, genome.arranged)
    out = (result.sequence, result.site, result.start, result.reverse, result.modules)
    _draw(key, start, gamma_table(), (*law, genome.decay), (left, right), planting, pairs, out)
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


@lru_cache(maxsize=16)
def _planting(genome: Genome, release: str) -> tuple[Planting, Pairs]:
    """What the kernel needs of motifs and modules; `ValueError` where they do not fit together.

    Of motifs: bounds of cumulative abundance, uint32 (k - 1,); widths (k,); bounds of cumulative letter probabilities,
    uint16 (k, widest, 3). Of modules: motifs (m, 2), spacings (m,), whether on one strand (m,).
    """
    k, planted = len(genome.motifs), genome.modules
    if k != len(genome.abundance):
        raise ValueError(f"genome: {k} motifs but {len(genome.abundance)} abundances")
    for row, module in enumerate(planted):
        if max(module.first, module.second) >= k:
            raise ValueError(f"module {row}: motif {max(module.first, module.second)}; expected a row below {k}")
    if genome.module_plants > 0 and not planted:
        raise ValueError(f"module_plants {genome.module_plants:g}: the genome has no modules; expected 0")
    motifs = motif.load(genome.motifs, release)
    if motifs.width.max(initial=0) > WIDEST:
        raise ValueError(f"motif {motifs.ids[motifs.width.argmax()]}: {motifs.width.max()} columns, at most {WIDEST}")
    share = np.cumsum(np.array(genome.abundance, dtype=np.float64))
    bounds = np.minimum(np.rint(share[:-1] / share[-1:] * 2.0**32), 2.0**32 - 1).astype(np.uint32)
    letters = np.minimum(np.rint(np.cumsum(motifs.probability, axis=2)[:, :, :3] * 2.0**16), 2.0**16 - 1)
    rows = np.array([(m.first, m.second) for m in planted], dtype=np.int64).reshape(-1, 2)
    spacing = np.array([m.spacing for m in planted], dtype=np.float64)
    together = np.array([m.same_strand for m in planted], dtype=np.bool_)
    return (bounds, motifs.width, letters.astype(np.uint16)), (rows, spacing, together)


@njit(cache=True, parallel=True)
def _draw(key, first, table, law, adapters, planting, pairs, out):  # type: ignore[no-untyped-def]
    """Rows in blocks; a block has one scratch: addresses and words, stops and numbers of the sites of a row."""
    sequence, site = out[0], out[1]
    n, slots = site.shape
    left, right = adapters[0].size, adapters[1].size
    length = sequence.shape[1] - left - right
    letters = (length + 7) // 8
    most = max(letters + 3 + _AHEAD, slots * ((planting[2].shape[1] + 7) // 8))
    for block in prange((n + _ROWS - 1) // _ROWS):
        plan, made = _plan(letters), np.empty(4 * most, np.uint32)
        scratch = (np.empty(most, np.uint32), made, made.view(np.uint16), np.empty((slots, 2), np.int64))
        for i in range(block * _ROWS, min(n, block * _ROWS + _ROWS)):
            for j in range(left):
                sequence[i, j] = adapters[0][j]
            for j in range(right):
                sequence[i, left + length + j] = adapters[1][j]
            fill(key, first + i, plan, plan.size, made)
            wanted = _background(table, law, made, scratch[2], letters, sequence, i, left, length)
            used = 0
            if slots:
                used = _modules(key, first + i, law, wanted[1], planting[1], pairs, out, i, left, length, scratch[3])
                args = (planting[0], planting[1], made, letters + 3, plan.size)
                used = _singles(key, first + i, wanted[0], used, args, out, i, left, length, scratch[3])
                _instances(key, first + i, law[6], used, planting, scratch, out, i)
            out[4][i] = 0
            for slot in range(used):
                out[4][i] += scratch[3][slot, 1] >= _PAIRED
            out[4][i] //= 2
            for slot in range(used, slots):
                site[i, slot], out[2][i, slot], out[3][i, slot] = -1, -1, False


@njit(cache=True)
def _plan(letters):  # type: ignore[no-untyped-def]
    """Addresses that every row needs: its letters, GC, numbers of sites, rounding and the first single sites."""
    plan = np.empty(letters + 3 + _AHEAD, np.uint32)
    plan[:letters] = _LETTERS + np.arange(letters)
    plan[letters : letters + 3] = _GC + np.arange(3)
    plan[letters + 3 :] = _SITE + np.arange(_AHEAD)
    return plan


@njit(cache=True)
def _background(table, law, made, halves, letters, sequence, i, left, length):  # type: ignore[no-untyped-def]
    """Letters that are C or G with one beta-distributed chance, A = T and C = G; numbers of single sites and modules.

    A letter has 16 bits: 15 against the chance in 2^-15, rounded up or down at random so that its mean is exact, and
    one for which of the two.
    """
    size = letters + 3 + _AHEAD
    u, v = _two(made, letters, size)
    chance = _share(table, normal_quantile(u), normal_quantile(v), law[0], law[1])
    cut = np.uint16(chance * 2.0**15 + _two(made, letters + 2, size)[0])
    for plane in range(4):
        base, to = np.uint64(2 * plane * size), np.uint64(left + 2 * plane * letters)
        for j in range(min(2 * letters, length - 2 * plane * letters)):
            x = halves[base + np.uint64(j)]
            bit = np.uint8(x & np.uint16(1))
            strong = (x >> np.uint16(1)) < cut
            sequence[i, to + np.uint64(j)] = np.uint8(1) + bit if strong else np.uint8(3) * bit
    u, v = _two(made, letters + 1, size)
    return poisson_quantile(u, law[2]), poisson_quantile(v, law[3])


@njit(cache=True)
def _two(made, address, size):  # type: ignore[no-untyped-def]
    """Two uniforms from words laid out by `fill`."""
    first = unit(made[address], made[size + address])
    return first, unit(made[2 * size + address], made[3 * size + address])


@njit(cache=True)
def _share(table, z, other, mean, sd):  # type: ignore[no-untyped-def]
    """Beta variate of `mean` and `sd` from two normal deviates, as gamma / (gamma + gamma)."""
    total = mean * (1 - mean) / (sd * sd) - 1
    x = mean * gamma_ratio(table, z, mean * total)
    y = (1 - mean) * gamma_ratio(table, other, (1 - mean) * total)
    return x / (x + y) if x + y > 0 else mean  # both are below the smallest float64


@njit(cache=True)
def _below(word, n):  # type: ignore[no-untyped-def]
    """Integer in 0 .. n - 1 from a word."""
    return np.int64((np.uint64(word) * np.uint64(n)) >> np.uint64(32))


@njit(cache=True)
def _accept(slot, number, k, begin, width, turned, left, out, i, taken):  # type: ignore[no-untyped-def]
    out[1][i, slot], out[2][i, slot], out[3][i, slot] = k, left + begin, turned
    taken[slot, 0], taken[slot, 1] = left + begin + width[k], number


@njit(cache=True)
def _is_free(begin, stop, used, out, i, taken):  # type: ignore[no-untyped-def]
    free = True
    for slot in range(used):
        free &= (stop <= out[2][i, slot]) | (begin >= taken[slot, 0])
    return free


@njit(cache=True)
def _singles(key, item, wanted, used, args, out, i, left, length, taken):  # type: ignore[no-untyped-def]
    """Single sites after the modules: motif, strand and place of each from its own words. Number of sites."""
    bounds, width, made, first, size = args
    for j in range(wanted):
        if j < _AHEAD:
            a, b, c = made[first + j], made[size + first + j], made[2 * size + first + j]
        else:
            a, b, c, _ = words(key, item, _SITE + j)
        k = 0
        for bound in bounds:
            k += a >= bound
        if width[k] > length:
            continue
        begin = _below(c, length - width[k] + 1)
        if _is_free(left + begin, left + begin + width[k], used, out, i, taken):
            _accept(used, j, k, begin, width, b & np.uint32(1) == 1, left, out, i, taken)
            used += 1
    return used


@njit(cache=True)
def _modules(key, item, law, wanted, width, pairs, out, i, left, length, taken):  # type: ignore[no-untyped-def]
    """Modules: which, arranged or not, place, order and strands of each from its own words. Number of sites.

    Centers of an arranged pair are as far apart as its spacing, rounded to whole letters between starts and at least
    so far that the two do not overlap; those of another pair at any such distance within reach.
    """
    used = 0
    for j in range(wanted):
        a, b, c, d = words(key, item, _MODULE + 2 * j)
        coins = words(key, item, _MODULE + 2 * j + 1)[0]
        m = _below(a, pairs[0].shape[0])
        arranged = b < law[5] * 2.0**32
        order = coins & np.uint32(1)
        turned = (coins >> np.uint32(1)) & np.uint32(1) == 1
        other = (coins >> np.uint32(2)) & np.uint32(1) == 1
        one, two = pairs[0][m, order], pairs[0][m, 1 - order]  # from left to right
        shift = (width[one] - width[two]) / 2
        if arranged:
            apart = max(width[one], math.floor(pairs[1][m] + shift + 0.5))
            other = turned == pairs[2][m]
        else:
            apart = max(width[one], min(math.floor(law[4] + shift), length - width[two]))
            apart = width[one] + _below(c, apart - width[one] + 1)
        room = length - apart - width[two] + 1
        if room < 1:
            continue
        begin = _below(d, room)
        low, high = left + begin, left + begin + apart
        if not _is_free(low, low + width[one], used, out, i, taken):
            continue
        if not _is_free(high, high + width[two], used, out, i, taken):
            continue
        places = (begin, begin + apart)
        _accept(used, _PAIRED + 2 * j, pairs[0][m, 0], places[order], width, turned, left, out, i, taken)
        _accept(used + 1, _PAIRED + 2 * j + 1, pairs[0][m, 1], places[1 - order], width, other, left, out, i, taken)
        used += 2
    return used


@njit(cache=True)
def _instances(key, item, decay, used, planting, scratch, out, i):  # type: ignore[no-untyped-def]
    """Overwrite the letters of every site by an instance sampled from its motif; decay leaves some as they are."""
    width, letters = planting[1], planting[2]
    plan, made, halves, taken = scratch
    n = 0
    for slot in range(used):
        for block in range((width[out[1][i, slot]] + 7) // 8):
            plan[n] = _INSTANCE + 8 * taken[slot, 1] + block
            n += 1
    fill(key, item, plan, n, made)
    at = 0
    for slot in range(used):
        k, begin, turned = out[1][i, slot], out[2][i, slot], out[3][i, slot]
        for j in range(width[k]):
            x = halves[2 * (n * (j % 8 // 2) + at + j // 8) + j % 2]
            letter = np.uint8(x >= letters[k, j, 0]) + np.uint8(x >= letters[k, j, 1]) + np.uint8(x >= letters[k, j, 2])
            if decay > 0 and words(key, item, _DECAY + 16 * taken[slot, 1] + j // 4)[j % 4] < decay * 2.0**32:
                continue
            if turned:
                out[0][i, begin + width[k] - 1 - j] = np.uint8(3) - letter
            else:
                out[0][i, begin + j] = letter
        at += (width[k] + 7) // 8
