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

PLACE = 16
"""Bits that hold a position in an entry of the index, below its row."""

_UNIT = 1 << 20
"""One matched letter in the score of a gapped alignment; the letters themselves are counted below it."""
_1, _2, _4, _56, _63 = (np.uint64(number) for number in (1, 2, 4, 56, 63))
_PAIRS, _FOURS, _EIGHTS, _BYTES = (np.uint64(0x0101010101010101 * byte) for byte in (0x55, 0x33, 0x0F, 0x01))


@njit(cache=True, nogil=True)
def index(train, short):  # type: ignore[no-untyped-def]
    """Where each seed stands: `starts` int64 (4^(short + 1) + 1,) into `places` int64, row * 2^`PLACE` + position.

    In the order of long seeds, of one letter more, so that a short one's places stand together, too.
    """
    n, length = train.shape
    starts = np.zeros(4 ** (short + 1) + 1, np.int64)
    seeds = np.empty(length, np.int64)
    for row in range(n):
        _seeds(train[row], short, seeds)
        for code in seeds:
            if code >= 0:
                starts[code + 1] += 1
    starts = np.cumsum(starts)
    places, free = np.empty(starts[-1], np.int64), starts.copy()
    for row in range(n):
        _seeds(train[row], short, seeds)
        for i in range(length):
            if seeds[i] >= 0:
                places[free[seeds[i]]] = (row << PLACE) | i
                free[seeds[i]] += 1
    return starts, places


@njit(cache=True, nogil=True)
def _seeds(letters, short, seeds):  # type: ignore[no-untyped-def]
    """Fill `seeds` with the code of the long seed from each position on, -1 where one of its first `short` lacks."""
    code = known = 0
    for i in range(len(letters) - 1, -1, -1):
        letter = np.int64(letters[i])
        known = known + 1 if letter < 4 else 0
        code = (code >> 2) | ((letter if letter < 4 else 0) << 2 * short)
        seeds[i] = code if known >= short else -1


@njit(cache=True, nogil=True)
def planes(letters, out):  # type: ignore[no-untyped-def]
    """Fill `out` uint64 (n, words of 64, 3) from codes (n, length): their low bits, high bits and whether known."""
    out[:] = 0
    for row in range(len(letters)):
        for i in range(letters.shape[1]):
            code, bit = np.uint64(letters[row, i]), np.uint64(i & 63)
            if code < 4:
                out[row, i >> 6, 0] |= (code & _1) << bit
                out[row, i >> 6, 1] |= (code >> _1) << bit
                out[row, i >> 6, 2] |= _1 << bit


@njit(cache=True, nogil=True)
def matched(one, other, shift):  # type: ignore[no-untyped-def]
    """Letters of `one` at i that `other` has at i + `shift`; both as planes, `one` between two words of zeros."""
    first, right = -shift >> 6, np.uint64(-shift & 63)
    left, count = _63 - right, np.uint64(0)
    for word in range(max(0, -1 - first), min(len(other), len(one) - 2 - first)):
        at = word + first + 1
        low = (one[at, 0] >> right) | ((one[at + 1, 0] << _1) << left)
        high = (one[at, 1] >> right) | ((one[at + 1, 1] << _1) << left)
        known = (one[at, 2] >> right) | ((one[at + 1, 2] << _1) << left)
        count += _ones(~((low ^ other[word, 0]) | (high ^ other[word, 1])) & known & other[word, 2])
    return np.int64(count)


@njit(cache=True, nogil=True, inline="always")
def _ones(word):  # type: ignore[no-untyped-def]
    """Bits that are set; compilers know this form and make one instruction of it."""
    word = word - ((word >> _1) & _PAIRS)
    word = (word & _FOURS) + ((word >> _2) & _FOURS)
    return (((word + (word >> _4)) & _EIGHTS) * _BYTES) >> _56


@njit(cache=True, nogil=True)
def search(low, high, test, train, packed, starts, places, short, hits, row, identity, reverse, sure):  # type: ignore[no-untyped-def]
    """Fill what `Nearest` holds for the test rows `low` .. `high` - 1; `packed` holds the planes of `train`."""
    length = test.shape[1]
    strands, seeds = np.empty((2, length), np.uint8), np.empty((2, length), np.int64)
    pair = np.zeros((2, (length + 63) // 64 + 2, 3), np.uint64)
    top = np.empty((TRIED, 4), np.int64)
    for r in range(low, high):
        letters, end = _turn(test[r], strands)
        if letters == 0:
            continue
        for strand in range(2):
            _seeds(strands[strand], short, seeds[strand])
        planes(strands, pair[:, 1:-1])
        top[:] = -1
        apart = _look_up(seeds[:, :end], pair, letters, packed, starts, places, short, hits, top)
        sure[r] = 1 - apart / letters
        _choose(strands[:, :end], letters, train, top, r, row, identity, reverse)


@njit(cache=True, nogil=True)
def share(low, high, test, train, starts, places, short, stretch, found):  # type: ignore[no-untyped-def]
    """Mark in `found` the test rows `low` .. `high` - 1 of which a training row has `stretch` letters in a row.

    Short seeds so far apart that each stretch holds one are looked up, and the letters around each of their hits read.
    """
    length = test.shape[1]
    strands, seeds = np.empty((2, length), np.uint8), np.empty((2, length), np.int64)
    for r in range(low, high):
        _, end = _turn(test[r], strands)
        for at in range(2 * end):
            strand, i = at // end, at % end
            if i == 0:
                _seeds(strands[strand], short, seeds[strand])
            if i % (stretch - short + 1) or seeds[strand, i] < 0:
                continue
            first, last = _stretch(seeds[strand, i], False, starts)
            for place in places[first:last]:
                other, shift = place >> PLACE, (place & ((1 << PLACE) - 1)) - i
                if _run(strands[strand], train[other], i, shift) >= stretch:
                    found[r] = True
                    break
            if found[r]:
                break


@njit(cache=True, nogil=True)
def _run(one, other, i, shift):  # type: ignore[no-untyped-def]
    """Letters in a row around `i` of `one` that `other` has `shift` further on."""
    start = i
    while start > 0 and start + shift > 0 and one[start - 1] == other[start - 1 + shift]:
        start -= 1
    stop = i
    while stop < len(one) and stop + shift < len(other) and one[stop] == other[stop + shift]:
        stop += 1
    return stop - start


@njit(cache=True, nogil=True)
def _turn(letters, strands):  # type: ignore[no-untyped-def]
    """Fill `strands` with a row and its reverse complement, padded at the end; known letters, and place of the last."""
    known = end = 0
    for i in range(len(letters)):
        if letters[i] < 4:
            known, end = known + 1, i + 1
    strands[:] = 4
    for i in range(end):
        strands[0, i] = letters[i]
        strands[1, end - 1 - i] = 3 - letters[i] if letters[i] < 4 else 4
    return known, end


@njit(cache=True, nogil=True)
def _look_up(seeds, pair, letters, packed, starts, places, short, hits, top):  # type: ignore[no-untyped-def]
    """Fill `top` with (matched, row, strand, shift), best first; short seeds looked up on each strand, the fewer.

    First come short seeds that do not overlap: when s of them have been looked up on both strands, every sequence with
    fewer than s unmatched letters has been seen, so that is enough once the best has fewer than s. Then come long seeds
    from anywhere else. The rarest of either kind go first.
    """
    end = seeds.shape[1]
    first, spent, done = _turn_of(seeds, starts, short), 0, np.zeros(2, np.int64)
    size, what = np.empty(2 * end, np.int64), np.empty(2 * end, np.int64)
    for width in (short, short + 1):
        count = 0
        for at in range(2 * end):
            turn = (at % end - first) % short
            wanted = turn == 0 if width == short else 0 < turn < short - 1  # other long seeds hold a short one
            if wanted and seeds[at // end, at % end] >= 0:
                low, high = _stretch(seeds[at // end, at % end], width > short, starts)
                size[count], what[count] = high - low, at
                count += 1
        for at in what[np.argsort(size[:count])]:
            if spent > hits or done.min() > letters - top[0, 0]:
                return done.min()
            low, high = _stretch(seeds[at // end, at % end], width > short, starts)
            _compare(places[low:high], at % end, at // end, pair, packed, top)
            spent += high - low
            done[at // end] += width == short
    return done.min()


@njit(cache=True, nogil=True)
def _turn_of(seeds, starts, short):  # type: ignore[no-untyped-def]
    """Place of the first short seed: of those with most seeds to follow, the one with fewest hits."""
    count, size = np.zeros((2, short), np.int64), np.zeros(short, np.int64)
    for strand in range(2):
        for i in range(seeds.shape[1]):
            if seeds[strand, i] >= 0:
                low, high = _stretch(seeds[strand, i], False, starts)
                count[strand, i % short] += 1
                size[i % short] += high - low
    best = 0
    for turn in range(1, short):
        more = count[:, turn].min() - count[:, best].min()
        if more > 0 or (more == 0 and size[turn] < size[best]):
            best = turn
    return best


@njit(cache=True, nogil=True)
def _stretch(seed, long, starts):  # type: ignore[no-untyped-def]
    """Ends of the entries of the index for a seed, or for all but its last letter."""
    return (starts[seed], starts[seed + 1]) if long else (starts[seed & ~3], starts[(seed | 3) + 1])


@njit(cache=True, nogil=True)
def _compare(places, i, strand, pair, packed, top):  # type: ignore[no-untyped-def]
    """Enter the diagonals on which the seed at `i` of a strand stands in training sequences."""
    for place in places:
        other, shift = place >> PLACE, (place & ((1 << PLACE) - 1)) - i
        same = matched(pair[strand], packed[other], shift)
        if same >= top[-1, 0]:
            _enter(top, same, other, strand, shift)


@njit(cache=True, nogil=True)
def _enter(top, same, other, strand, shift):  # type: ignore[no-untyped-def]
    """Put a diagonal at its place in `top`, the best alone of a row and strand."""
    at = len(top) - 1
    for i in range(len(top)):
        if top[i, 0] >= 0 and top[i, 1] == other and top[i, 2] == strand:
            at = i
            break
    if not _before(same, other, strand, shift, top[at]):
        return
    while at > 0 and _before(same, other, strand, shift, top[at - 1]):
        top[at] = top[at - 1]
        at -= 1
    top[at] = same, other, strand, shift


@njit(cache=True, nogil=True)
def _before(same, other, strand, shift, entry):  # type: ignore[no-untyped-def]
    """Whether a diagonal comes before an entry: more matched, then the lower row, forward, the lower shift."""
    return (-same, other, strand, shift) < (-entry[0], entry[1], entry[2], entry[3])


@njit(cache=True, nogil=True)
def _choose(strands, letters, train, top, r, row, identity, reverse):  # type: ignore[no-untyped-def]
    """The best of `top`, gaps allowed where they may help."""
    most, count = -1, 0
    for entry in top:
        score, same = entry[0], entry[0]
        if top[0, 0] < letters and same >= RELATED * letters:
            gapped = aligned(strands[entry[2]], train[entry[1]], entry[3])
            if gapped // _UNIT > score:
                score, same = gapped // _UNIT, gapped % _UNIT
        if score > most:
            most, count = score, same
            row[r], reverse[r] = entry[1], entry[2] == 1
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
