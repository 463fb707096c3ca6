"""Compiled search for the nearest sequence: an index of seeds, letters matched on a diagonal, banded alignment."""

import numpy as np
from numba import njit

BAND = 8
"""Letters by which gaps may move an alignment off its diagonal, to either side."""
GAP = 4
"""Matched letters that a gap costs, however long: fewer would be gained by chance."""
TRIED = 8
"""Training sequences, those with most letters matched on a diagonal, that are aligned with gaps."""
RELATED = 0.40
"""Share of letters matched on a diagonal below which gaps are not tried."""

_UNIT = 1 << 20
"""One matched letter in the score of a gapped alignment; the letters themselves are counted below it."""


@njit(cache=True, nogil=True)
def index(train, k):  # type: ignore[no-untyped-def]
    """Where each seed stands: `starts` int64 (4^k + 1,) into `places` int64, row * length + position."""
    n, length = train.shape
    starts = np.zeros(4**k + 1, np.int64)
    seeds = np.empty(max(length, 1), np.int64)
    for row in range(n):
        _seeds(train[row], k, seeds)
        for code in seeds[:length]:
            if code >= 0:
                starts[code + 1] += 1
    starts = np.cumsum(starts)
    places, free = np.empty(starts[-1], np.int64), starts.copy()
    for row in range(n):
        _seeds(train[row], k, seeds)
        for i in range(length):
            if seeds[i] >= 0:
                places[free[seeds[i]]] = row * length + i
                free[seeds[i]] += 1
    return starts, places


@njit(cache=True, nogil=True)
def _seeds(letters, k, seeds):  # type: ignore[no-untyped-def]
    """Fill `seeds` with the code of the k letters from each position on, -1 where one is unknown or lacks."""
    mask, code, run = 4**k - 1, 0, 0
    seeds[:] = -1
    for i in range(len(letters)):
        code = ((code << 2) | (letters[i] & 3)) & mask
        run = run + 1 if letters[i] < 4 else 0
        if run >= k:
            seeds[i - k + 1] = code


@njit(cache=True, nogil=True)
def matched(one, other, shift):  # type: ignore[no-untyped-def]
    """Letters of `one` at i that `other` has at i + `shift`."""
    low, high = max(0, -shift), min(len(one), len(other) - shift)
    count = 0
    for start in range(low, high, 128):
        part = np.uint8(0)
        for i in range(start, min(start + 128, high)):
            part = np.uint8(part + np.uint8(one[i] == other[i + shift]))
        count += part
    return count


@njit(cache=True, nogil=True)
def search(low, high, test, train, starts, places, k, hits, row, identity, reverse, sure):  # type: ignore[no-untyped-def]
    """Fill what `Nearest` holds for the test rows `low` .. `high` - 1.

    Seeds are looked up in turns of places k apart, which do not overlap: when s of a turn have been looked up on both
    strands, a sequence with fewer than s unmatched letters must have been seen. So a row is done as soon as the best one
    has s unmatched letters or fewer. The rarest come first.
    """
    length = test.shape[1]
    strands, seeds = np.empty((2, length), np.uint8), np.empty((2, length), np.int64)
    top = np.empty((TRIED, 4), np.int64)
    for r in range(low, high):
        letters = 0
        end = 0
        for i in range(length):
            if test[r, i] < 4:
                letters, end = letters + 1, i + 1
        if letters == 0:
            continue
        strands[:] = 4
        for i in range(end):
            strands[0, i] = test[r, i]
            strands[1, end - 1 - i] = 3 - test[r, i] if test[r, i] < 4 else 4
        for strand in range(2):
            _seeds(strands[strand], k, seeds[strand])
        top[:] = -1
        apart = _look_up(strands[:, :end], seeds[:, :end], letters, train, starts, places, k, hits, top)
        sure[r] = 1 - max(apart - 1, -1) / letters
        _choose(strands[:, :end], letters, train, top, r, row, identity, reverse)


@njit(cache=True, nogil=True)
def _look_up(strands, seeds, letters, train, starts, places, k, hits, top):  # type: ignore[no-untyped-def]
    """Fill `top` (matched, row, strand, shift); seeds of one turn that were looked up on both strands, the fewer."""
    length, end = train.shape[1], strands.shape[1]
    total = np.zeros(k, np.int64)
    for strand in range(2):
        for i in range(end):
            if seeds[strand, i] >= 0:
                total[i % k] += starts[seeds[strand, i] + 1] - starts[seeds[strand, i]]
    order = np.argsort(total)
    size, what = np.empty(2 * (end // k + 1), np.int64), np.empty(2 * (end // k + 1), np.int64)
    apart, spent, best = 0, 0, 0
    for turn in range(k):
        count = 0
        for strand in range(2):
            for i in range(order[turn], end, k):
                if seeds[strand, i] >= 0:
                    size[count] = starts[seeds[strand, i] + 1] - starts[seeds[strand, i]]
                    what[count] = strand * end + i
                    count += 1
        done = np.zeros(2, np.int64)
        for chosen in np.argsort(size[:count]):
            if spent > hits or apart >= letters - best:
                return apart
            strand, i = what[chosen] // end, what[chosen] % end
            code = seeds[strand, i]
            for place in places[starts[code] : starts[code + 1]]:
                other, shift = place // length, place % length - i
                same = matched(strands[strand], train[other], shift)
                if same > top[-1, 0] or (same == top[-1, 0] and other < top[-1, 1]):
                    _enter(top, same, other, strand, shift)
            best = max(best, top[0, 0])
            spent += size[chosen]
            done[strand] += 1
            apart = max(apart, min(done[0], done[1]))
    return apart


@njit(cache=True, nogil=True)
def _before(one, other):  # type: ignore[no-untyped-def]
    """Whether an entry of `top` comes before another: more matched, then the lower row, then forward."""
    if one[0] != other[0]:
        return one[0] > other[0]
    if one[1] != other[1]:
        return one[1] < other[1]
    if one[2] != other[2]:
        return one[2] < other[2]
    return one[3] < other[3]


@njit(cache=True, nogil=True)
def _enter(top, same, other, strand, shift):  # type: ignore[no-untyped-def]
    """Put a diagonal at its place in `top`, once for a row and strand."""
    entry = np.array([same, other, strand, shift])
    at = len(top) - 1
    for i in range(len(top)):
        if top[i, 0] >= 0 and top[i, 1] == other and top[i, 2] == strand:
            at = i
            if not _before(entry, top[i]):
                return
            break
    while at > 0 and (top[at - 1, 0] < 0 or _before(entry, top[at - 1])):
        top[at] = top[at - 1]
        at -= 1
    top[at] = entry


@njit(cache=True, nogil=True)
def _choose(strands, letters, train, top, r, row, identity, reverse):  # type: ignore[no-untyped-def]
    """The best of `top`, gaps allowed where that may help."""
    most, count = -1, 0
    for i in range(len(top)):
        if top[i, 0] < 0:
            break
        score, same = top[i, 0], top[i, 0]
        if top[0, 0] < letters and same >= RELATED * letters:
            gapped = aligned(strands[top[i, 2]], train[top[i, 1]], top[i, 3])
            if gapped // _UNIT > score:
                score, same = gapped // _UNIT, gapped % _UNIT
        if score > most:
            most, count = score, same
            row[r], reverse[r] = top[i, 1], top[i, 2] == 1
    identity[r] = max(count, 0) / letters


@njit(cache=True, nogil=True)
def aligned(one, other, shift):  # type: ignore[no-untyped-def]
    """Best alignment of `one` within `BAND` of a diagonal: (matched - `GAP` x gaps) * 2^20 + matched.

    A matched letter counts 1, an unmatched one and an overhanging end 0, a gap of any length -`GAP`.
    """
    width = 2 * BAND + 1
    now, before, fall = np.zeros(width, np.int64), np.zeros(width, np.int64), np.full(width, -GAP * _UNIT)
    for i in range(len(one)):
        rise = before[0] - GAP * _UNIT
        for b in range(width):
            best = max(before[b], rise, fall[b])
            rise = max(rise, before[b] - GAP * _UNIT)
            place = i + shift + b - BAND
            now[b] = best + (_UNIT + 1) * (0 <= place < len(other) and one[i] == other[place])
        for b in range(width - 1):
            fall[b] = max(before[b + 1] - GAP * _UNIT, fall[b + 1])
        before, now = now, before
    return before.max()
