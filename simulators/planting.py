"""Kernel of a genome: letters of the background, sites that never overlap, instances of motifs."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import motif
from simulators.contract import Genome
from simulators.distributions import gamma_row, log_ratio_at, normal_quantile, poisson_quantile
from simulators.random import fill, unit, words

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
_FIXED = 3 + _AHEAD
_LANES = 32
"""Columns of a motif sampled in one go, beyond its width or not."""
_MOTIF, _BEGIN, _STOP, _TURNED, _NUMBER = range(5)  # rows of what a scratch holds of the sites of one sequence


class Planted(NamedTuple):
    """The k motifs of a genome.

    `bounds` uint32 (k,), of cumulative abundance in 2^-32, the last is the largest word; `hint` int64 (256,), the
    first motif that words with these high bits can mean; `width` int64 (k,); `below` uint16 (strand, k, 3,
    widest padded), of cumulative letter probabilities in 2^-16, from left to right on each strand.
    """

    bounds: NDArray[np.uint32]
    hint: NDArray[np.int64]
    width: NDArray[np.int64]
    below: NDArray[np.uint16]


class Pairs(NamedTuple):
    """The m modules of a genome: `motif` int64 (m, 2); `spacing` float64 (m,), letters; `together` bool (m,)."""

    motif: NDArray[np.int64]
    spacing: NDArray[np.float64]
    together: NDArray[np.bool_]


@lru_cache(maxsize=16)
def tables(genome: Genome, release: str) -> tuple[Planted, Pairs]:
    """What `draw` needs of motifs and modules; `ValueError` where they do not fit together."""
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
    bounds = np.minimum(np.rint(share / share[-1:] * 2.0**32), 2.0**32 - 1).astype(np.uint32)
    hint = np.searchsorted(bounds[:-1], np.arange(256, dtype=np.uint32) << 24, side="right")
    letters = np.zeros((2, k, 3, -(-motifs.probability.shape[1] // _LANES) * _LANES), np.uint16)
    for row, (width, probability) in enumerate(zip(motifs.width, motifs.probability, strict=True)):
        for strand, columns in enumerate((probability[:width], probability[:width][::-1, ::-1])):
            below = np.rint(np.cumsum(columns, axis=1)[:, :3].T * 2.0**16)
            letters[strand, row, :, :width] = np.minimum(below, 2.0**16 - 1)
    rows = np.array([(m.first, m.second) for m in planted], dtype=np.int64).reshape(-1, 2)
    spacing = np.array([m.spacing for m in planted], dtype=np.float64)
    together = np.array([m.same_strand for m in planted], dtype=np.bool_)
    return Planted(bounds, hint, motifs.width, letters), Pairs(rows, spacing, together)


@njit(cache=True, nogil=True)
def draw(low, high, key, first, table, law, place, motifs, modules, sequence, sites):  # type: ignore[no-untyped-def]
    """Rows `low` .. `high` - 1 with one scratch: addresses, their words, what is known of the sites, a padded row."""
    frame, left, length = place
    width, below = motifs.width, motifs.below
    slots = sites[0].shape[1]
    plan = _plan((length + 7) // 8)
    most = max(plan.size, slots * (below.shape[3] // 8) + 8)
    found, draws = np.empty((5, slots), np.int32), np.empty(most, np.uint32)
    made, gone = np.empty(4 * (most + _LANES // 8), np.uint32), np.zeros(8 * most + _LANES, np.uint8)
    halves, row = made.view(np.uint16), np.zeros(frame.size + _LANES, np.uint8)
    row[: frame.size] = frame
    total = law[0] * (1 - law[0]) / (law[1] * law[1]) - 1
    strong, weak = gamma_row(table, law[0] * total), gamma_row(table, (1 - law[0]) * total)
    for i in range(low, high):
        item = first + i
        fill(key, item, plan, plan.size, made)
        wanted, pairs = _background(strong, weak, law, made, halves, plan.size - _FIXED, row, left, length)
        used = 0
        if pairs:
            used = _modules(key, item, law[4], law[5], pairs, width, modules, length, found)
        sites[3][i] = used // 2
        if wanted and slots:
            used = _singles(key, item, wanted, used, motifs, made, plan.size - _AHEAD, length, found)
        if used:
            fill(key, item, draws, _addresses(found, used, width, below.shape[3] // 8, draws), made)
            if law[6] > 0:
                _decay(key, item, law[6], found, used, width, gone)
            _instances(found, used, width, below, halves, gone, row, left)
        for j in range(frame.size):
            sequence[i, j] = row[j]
        _list(found, used, left, i, sites[0], sites[1], sites[2])


@njit(cache=True)
def _plan(letters):  # type: ignore[no-untyped-def]
    """Addresses that every row needs: its letters, GC, numbers of sites, rounding and the first single sites."""
    plan = np.empty(letters + _FIXED, np.uint32)
    plan[:letters] = _LETTERS + np.arange(letters)
    plan[letters : letters + 3] = _GC + np.arange(3)
    plan[letters + 3 :] = _SITE + np.arange(_AHEAD)
    return plan


@njit(cache=True)
def _background(strong, weak, law, made, halves, letters, row, left, length):  # type: ignore[no-untyped-def]
    """Letters that are C or G with one beta-distributed chance, A = T and C = G; numbers of single sites and modules.

    A letter has 16 bits: 15 against the chance in 2^-15, rounded up or down at random so that its mean is exact, and
    one for which of the two.
    """
    u, v = _two(made, letters)
    # A beta variate is a share of two gammas: x / (x + y).
    apart = log_ratio_at(weak, normal_quantile(v)) - log_ratio_at(strong, normal_quantile(u))
    chance = law[0] / (law[0] + (1 - law[0]) * math.exp(apart))
    cut = np.uint16(chance * 2.0**15 + _two(made, letters + 2)[0])
    to = np.uint64(left)
    for j in range(np.uint64(length)):
        x = halves[j]
        bit = np.uint8(x & np.uint16(1))
        is_strong = (x >> np.uint16(1)) < cut
        row[to + j] = np.uint8(1) + bit if is_strong else np.uint8(3) * bit
    u, v = _two(made, letters + 1)
    return poisson_quantile(u, law[2]), poisson_quantile(v, law[3])


@njit(cache=True)
def _two(made, address):  # type: ignore[no-untyped-def]
    """Two uniforms from the four words of an address."""
    at = 4 * address
    return unit(made[at], made[at + 1]), unit(made[at + 2], made[at + 3])


@njit(cache=True)
def _below(word, n):  # type: ignore[no-untyped-def]
    """Integer in 0 .. n - 1 from a word."""
    return np.int64((np.uint64(word) * np.uint64(n)) >> np.uint64(32))


@njit(cache=True)
def _accept(found, slot, k, begin, stop, turned, number):  # type: ignore[no-untyped-def]
    found[_MOTIF, slot], found[_BEGIN, slot], found[_STOP, slot] = k, begin, stop
    found[_TURNED, slot], found[_NUMBER, slot] = turned, number


@njit(cache=True)
def _is_free(found, used, begin, stop):  # type: ignore[no-untyped-def]
    free = True
    for slot in range(used):
        free &= (stop <= found[_BEGIN, slot]) | (begin >= found[_STOP, slot])
    return free


@njit(cache=True)
def _singles(key, item, wanted, used, motifs, made, first, length, found):  # type: ignore[no-untyped-def]
    """Single sites after the modules: motif, strand and place of each from its own words. Number of sites."""
    last = motifs.width.size - 1
    for j in range(wanted):
        if j < _AHEAD:
            at = 4 * (first + j)
            a, b, c = made[at], made[at + 1], made[at + 2]
        else:
            a, b, c, _ = words(key, item, _SITE + j)
        k = motifs.hint[a >> np.uint32(24)]
        while a >= motifs.bounds[k] and k < last:
            k += 1
        begin = _below(c, max(1, length - motifs.width[k] + 1))
        stop = begin + motifs.width[k]
        if stop <= length and _is_free(found, used, begin, stop):
            _accept(found, used, k, begin, stop, b & np.uint32(1), j)
            used += 1
    return used


@njit(cache=True)
def _modules(key, item, reach, arranged, wanted, width, modules, length, found):  # type: ignore[no-untyped-def]
    """Modules: which, arranged or not, place, order and strands of each from its own words. Number of sites.

    Centers of an arranged pair are as far apart as its spacing, rounded to whole letters between starts and at least
    so far that the two do not overlap; those of another pair at any such distance within reach.
    """
    used = 0
    for j in range(wanted):
        a, b, c, d = words(key, item, _MODULE + 2 * j)
        coins = words(key, item, _MODULE + 2 * j + 1)[0]
        m = _below(a, len(modules.motif))
        order, turned, other = coins & np.uint32(1), coins & np.uint32(2) > 0, coins & np.uint32(4) > 0
        one, two = width[modules.motif[m, order]], width[modules.motif[m, 1 - order]]  # from left to right
        shift = (one - two) / 2
        if b < arranged * 2.0**32:
            apart = max(one, math.floor(modules.spacing[m] + shift + 0.5))
            other = turned == modules.together[m]
        else:
            apart = one + _below(c, max(1, min(math.floor(reach + shift), length - two) - one + 1))
        room = length - apart - two + 1
        begin = _below(d, max(1, room))
        if (
            room > 0
            and _is_free(found, used, begin, begin + one)
            and _is_free(found, used, begin + apart, begin + apart + two)
        ):
            number = _PAIRED + 2 * j
            _accept(
                found, used + order, modules.motif[m, order], begin, begin + one, (turned, other)[order], number + order
            )
            begin, order = begin + apart, 1 - order
            _accept(
                found, used + order, modules.motif[m, order], begin, begin + two, (turned, other)[order], number + order
            )
            used += 2
    return used


@njit(cache=True)
def _list(found, used, left, i, site, start, reverse):  # type: ignore[no-untyped-def]
    for slot in range(np.uint64(site.shape[1])):  # one array a loop: each is one vector store
        site[i, slot] = -1
    for slot in range(np.uint64(site.shape[1])):
        start[i, slot] = -1
    for slot in range(np.uint64(site.shape[1])):
        reverse[i, slot] = False
    for slot in range(used):
        site[i, slot], start[i, slot] = found[_MOTIF, slot], left + found[_BEGIN, slot]
        reverse[i, slot] = found[_TURNED, slot] == 1


@njit(cache=True)
def _addresses(found, used, width, most, draws):  # type: ignore[no-untyped-def]
    """Addresses of the letters of every site into `draws`, 8 letters each; how many there are, rounded up to eights."""
    n = 0
    for slot in range(used):
        for block in range(most):  # those beyond the motif are overwritten by the next site: no branch
            draws[n + block] = _INSTANCE + 8 * found[_NUMBER, slot] + block
        n += (width[found[_MOTIF, slot]] + 7) // 8
    while n % 8:
        draws[n] = _INSTANCE
        n += 1
    return n


@njit(cache=True)
def _decay(key, item, decay, found, used, width, gone):  # type: ignore[no-untyped-def]
    """Which letters of every site are left to the background, laid out as their draws."""
    at = 0
    for slot in range(used):
        wide = width[found[_MOTIF, slot]]
        for block in range((wide + 3) // 4):
            four = words(key, item, _DECAY + 16 * found[_NUMBER, slot] + block)
            for j in range(4):
                gone[at + 4 * block + j] = four[j] < decay * 2.0**32
        at += (wide + 7) // 8 * 8


@njit(cache=True)
def _instances(found, used, width, below, halves, gone, row, left):  # type: ignore[no-untyped-def]
    """Overwrite the letters of every site, from left to right, by an instance sampled from its motif."""
    at = np.uint64(0)
    for slot in range(used):
        k, strand = np.uint64(found[_MOTIF, slot]), np.uint64(found[_TURNED, slot])
        to, wide = np.uint64(left + found[_BEGIN, slot]), np.uint64(width[k])
        for part in range(np.uint64(0), wide, np.uint64(_LANES)):
            for lane in range(np.uint64(_LANES)):
                j = part + lane
                x = halves[at + j]
                letter = np.uint8(x >= below[strand, k, 0, j])
                letter += np.uint8(x >= below[strand, k, 1, j]) + np.uint8(x >= below[strand, k, 2, j])
                row[to + j] = letter if (j < wide) & (gone[at + j] == 0) else row[to + j]
        at += (wide + np.uint64(7)) // np.uint64(8) * np.uint64(8)
