"""Site weights of motifs at every position and strand: 2^((S - threshold) / temperature), S in bits.

A weight is a product of float32 over tables of letters, so nothing is exponentiated inside the scan, and its order is
fixed: blocks of four letters from the left, each the product of two tables of two letters. Windows that hold N or run
over the end contribute nothing. Two kernels give the same bits: `_weigh` anywhere, `simulators.wide` on AVX-512.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.scoring import TAIL, TEMPERATURE, tables
from simulators.threads import over_rows
from simulators.wide import LANES, WIDEST, weigh_wide, wide

ROWS = 32
"""Sequences a task of `features`."""


class Sites(NamedTuple):
    """Sites ordered by sequence, motif, strand and start, one an entry.

    `motif`, `strand`, `start` int32, `start` of the leftmost letter; `weight` float32.
    """

    motif: NDArray[np.int32]
    strand: NDArray[np.int32]
    start: NDArray[np.int32]
    weight: NDArray[np.float32]


@njit(cache=True)
def scan_block(tables, wide, rows, cut):  # type: ignore[no-untyped-def]
    """Sums of site weights and the sites above a cut, of sequences `rows` uint8 (b, length).

    Gives `total` float32 (b, k, 2 strands), `Sites` and `first` int64 (b + 1,): the sites of sequence i are
    `first[i]` up to `first[i + 1]`. `cut` is at least 0; no site is listed for one of infinity. `wide` as
    `simulators.wide.wide` says.
    """
    total = np.zeros((rows.shape[0], tables.width.size, 2), np.float32)
    sites, first = _scan(tables, wide, rows, np.float32(cut), total, np.zeros_like(total))
    return total, sites, first


@njit(cache=True)
def _scan(tables, wide, rows, cut, total, best):  # type: ignore[no-untyped-def]
    """Fill `total` and `best` (b, k, 2); sites above the cut and where those of each sequence begin."""
    b = rows.shape[0]
    runs = (rows.shape[1] + LANES - 1) // LANES
    pair, four, known = _read(rows, runs, 4 * tables.four.shape[1])
    place, held = np.empty(b * runs, np.int32), np.empty((b * runs, 2, LANES), np.float32)
    found, weight, count = np.empty((64, 4), np.int32), np.empty(64, np.float32), 0
    for k in range(tables.width.size):
        if wide and tables.width[k] <= WIDEST:
            hits = weigh_wide(pair, known, runs, tables.pair, tables.width[k], k, cut, total, best, place, held)
        else:
            hits = _weigh(four, known, runs, tables.four, tables.width[k], k, cut, total, best, place, held)
        most = count + 2 * LANES * hits
        if most > weight.size:
            found, weight = _longer(found, weight, 2 * most)
        count = _list(k, cut, place, held, hits, runs, found, weight, count)
    return _by_row(found, weight, count, b)


@njit(cache=True)
def _longer(found, weight, size):  # type: ignore[no-untyped-def]
    more, heavier = np.empty((size, 4), np.int32), np.empty(size, np.float32)
    for i in range(weight.size):
        more[i, 0], more[i, 1], more[i, 2], more[i, 3] = found[i, 0], found[i, 1], found[i, 2], found[i, 3]
        heavier[i] = weight[i]
    return more, heavier


@njit(cache=True)
def _list(k, cut, place, held, hits, runs, found, weight, count):  # type: ignore[no-untyped-def]
    """Add the sites of motif k to `found` (row, motif, strand, start) and `weight`; how many there are then."""
    for strand in range(2):
        for hit in range(hits):
            row = place[hit] // runs
            for lane in range(LANES):
                if held[hit, strand, lane] > cut:
                    found[count, 0], found[count, 1], found[count, 2] = row, k, strand
                    found[count, 3] = (place[hit] - row * runs) * LANES + lane
                    weight[count] = held[hit, strand, lane]
                    count += 1
    return count


@njit(cache=True)
def _by_row(found, weight, count, b):  # type: ignore[no-untyped-def]
    """Sites in order of their sequences, otherwise as found; where the sites of each sequence begin."""
    first = np.zeros(b + 2, np.int64)  # while counting and filling one place late
    for i in range(count):
        first[found[i, 0] + 2] += 1
    for i in range(b):
        first[i + 2] += first[i + 1]
    motif, strand, start = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    heavy = np.empty(count, np.float32)
    for i in range(count):
        at = first[found[i, 0] + 1]
        first[found[i, 0] + 1] += 1
        motif[at], strand[at], start[at], heavy[at] = found[i, 1], found[i, 2], found[i, 3], weight[i]
    return Sites(motif, strand, start, heavy), first[:-1]


@njit(cache=True)
def _read(rows, runs, beyond):  # type: ignore[no-untyped-def]
    """Codes of the two letters (int32) and of the four (uint8) from every position on, and letters before the next N.

    Each row takes `runs` x 16 places; what lies beyond its end counts as N. The codes go on `beyond` it all.
    """
    b, length = rows.shape
    size = b * runs * LANES
    known, letter = np.zeros(size, np.int32), np.zeros(size + beyond + 3, np.uint8)
    pair, four = np.empty(size + beyond, np.int32), np.empty(size + beyond, np.uint8)
    for i in range(b):
        row, to, run = rows[i], i * runs * LANES, np.int32(0)
        letters, left = letter[to : to + length], known[to : to + length]
        for p in range(length):
            letters[p] = row[p] & np.uint8(3)
        for p in range(length - 1, -1, -1):
            run = (run + np.int32(1)) * np.int32(row[p] < 4)
            left[p] = run
    for p in range(size + beyond):
        pair[p] = 4 * letter[p] + letter[p + 1]
        four[p] = 64 * letter[p] + 16 * letter[p + 1] + 4 * letter[p + 2] + letter[p + 3]
    return pair, four, known


@njit(cache=True)
def _weigh(code, known, runs, table, width, motif, cut, total, best, place, held):  # type: ignore[no-untyped-def]
    """Fill sum and maximum of the weights of one motif, `total` and `best` (rows, motifs, 2); the number of hits.

    A hit is a run of 16 windows of which one is above the cut on either strand: `place` holds its row x runs + run,
    `held` the weights (2 strands, 16). Lane l of a sum adds the windows l modulo 16 in order, then halves are added.
    """
    blocks, motif = np.uint64((width + 3) // 4), np.uint64(motif)  # unsigned: indices are not wrapped around
    forward, reverse = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    hits = 0
    for row in range(total.shape[0]):
        high = low = np.float32(0)
        for lane in range(LANES):
            plus = minus = np.float32(0)
            for run in range(row * runs, (row + 1) * runs):
                start = np.uint64(run * LANES + lane)
                if known[start] >= width:
                    one, two = _product(code, table, motif, blocks, start)
                    plus += one
                    minus += two
                    high, low = one if one > high else high, two if two > low else low
            forward[lane], reverse[lane] = plus, minus
        if max(high, low) > cut:
            hits = _hold(code, known, table, width, motif, cut, row * runs, (row + 1) * runs, place, held, hits)
        best[row, motif, 0], best[row, motif, 1] = high, low
        total[row, motif, 0], total[row, motif, 1] = _tree(forward), _tree(reverse)
    return hits


@njit(cache=True, inline="always")
def _product(code, table, motif, blocks, start):  # type: ignore[no-untyped-def]
    """Weights of one window on both strands."""
    letters = code[start]
    one, two = table[motif, 0, letters, 0], table[motif, 0, letters, 1]
    for block in range(np.uint64(1), blocks):
        letters = code[start + block * np.uint64(4)]
        one *= table[motif, block, letters, 0]
        two *= table[motif, block, letters, 1]
    return one, two


@njit(cache=True)
def _hold(code, known, table, width, motif, cut, low, high, place, held, hits):  # type: ignore[no-untyped-def]
    """Hits among the runs `low` .. `high` - 1 of a row that has some; how many there are in all."""
    for run in range(low, high):
        above = False
        for lane in range(LANES):
            start = np.uint64(run * LANES + lane)
            one = two = np.float32(0)
            if known[start] >= width:
                one, two = _product(code, table, motif, np.uint64((width + 3) // 4), start)
            held[hits, 0, lane], held[hits, 1, lane] = one, two
            above |= max(one, two) > cut
        if above:
            place[hits] = run
            hits += 1
    return hits


@njit(cache=True)
def _tree(sums):  # type: ignore[no-untyped-def]
    half = LANES // 2
    while half:
        for lane in range(half):
            sums[lane] += sums[lane + half]
        half //= 2
    return sums[0]


def features(
    sequence: NDArray[np.uint8], ids: tuple[str, ...], release: str,
    tail: float = TAIL, temperature: float = TEMPERATURE,
) -> NDArray[np.float32]:  # fmt: skip
    """Natural log of the sum (first k columns) and of the maximum (last k) of the site weights over both strands.

    `sequence` uint8 (n, length); float32 (n, 2k); ln 2.1e-9 (-19.98) is the least value, and stands for no window.
    """
    out = np.empty((len(sequence), 2 * len(ids)), np.float32)
    motifs = tables(tuple(ids), release, tail, temperature)
    over_rows(_features, len(sequence), motifs, wide(), np.ascontiguousarray(sequence), out)
    return out


@njit(cache=True, nogil=True)
def _features(first, last, tables, wide, sequence, out):  # type: ignore[no-untyped-def]
    motifs = tables.width.size
    for low in range(first, last, ROWS):
        high = min(last, low + ROWS)
        total = np.zeros((high - low, motifs, 2), np.float32)
        best = np.zeros_like(total)
        _scan(tables, wide, sequence[low:high], np.float32(np.inf), total, best)
        for i in range(low, high):
            for k in range(motifs):
                both = np.float64(total[i - low, k, 0]) + np.float64(total[i - low, k, 1])
                out[i, k] = math.log(max(both, 2.1e-9))
                out[i, motifs + k] = math.log(max(best[i - low, k, 0], best[i - low, k, 1], 2.1e-9))
