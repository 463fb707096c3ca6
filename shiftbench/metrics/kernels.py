"""Compiled loops over bootstrap replicates behind the metrics of confidence and noise; imported when first needed.

All sums run in a fixed order, so that a number does not depend on threads. `order` int64 (n,) are rows in order,
`start` int64 (groups + 1,) where each run of tied rows begins, `counts` uint16 or int32 (B, n) how often a replicate
draws a row.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def areas(order, start, loss, counts, generalised):  # type: ignore[no-untyped-def]
    """Mean over k of the mean loss of the first k rows, or if `generalised` of their summed loss over n; float64 (B,).

    Tied rows come in every order equally often: of m rows of mean loss l behind k rows of summed loss s, the first j
    have j l on average, and the sum over j of (s + j l) / (k + j) is m l + (s - k l) (H(k + m) - H(k)).
    """
    found = np.empty(counts.shape[0])
    harmonic = _harmonic(counts)
    for b in range(counts.shape[0]):
        area, total, before = 0.0, 0.0, 0
        for g in range(len(start) - 1):
            drawn, added = _run(order, start, loss, counts, b, g)
            each = added / drawn if start[g + 1] - start[g] > 1 and drawn else loss[order[start[g]]]
            if generalised:
                area += drawn * (total + (drawn + 1) * each / 2)
            else:
                area += added + (total - before * each) * (harmonic[before + drawn] - harmonic[before])
            total += added
            before += drawn
        if before == 0:
            found[b] = np.nan
        else:
            found[b] = area / before / before if generalised else area / before
    return found


@njit(cache=True, nogil=True, inline="always")
def _run(order, start, loss, counts, b, g):  # type: ignore[no-untyped-def]
    """Rows drawn of a run of ties, and their summed loss."""
    drawn, added = 0, 0.0
    for i in range(start[g], start[g + 1]):
        drawn += counts[b, order[i]]
        added += counts[b, order[i]] * loss[order[i]]
    return drawn, added


@njit(cache=True, nogil=True)
def _harmonic(counts):  # type: ignore[no-untyped-def]
    """Harmonic numbers 0, 1, 1 + 1/2, ... up to the most rows of any replicate."""
    most = 0
    for b in range(counts.shape[0]):
        drawn = 0
        for i in range(counts.shape[1]):
            drawn += counts[b, i]
        most = max(most, drawn)
    found = np.zeros(most + 1)
    for k in range(1, most + 1):
        found[k] = found[k - 1] + 1 / k
    return found


@njit(cache=True, nogil=True)
def heads(order, start, loss, counts, percent):  # type: ignore[no-untyped-def]
    """Mean loss of the first `percent` of the rows drawn, rounded up to whole rows, ties averaged; float64 (B,)."""
    found = np.empty(counts.shape[0])
    for b in range(counts.shape[0]):
        rows = 0
        for i in range(counts.shape[1]):
            rows += counts[b, i]
        wanted = (rows * percent + 99) // 100
        total, left = 0.0, wanted
        for g in range(len(start) - 1):
            if left == 0:
                break
            drawn, added = _run(order, start, loss, counts, b, g)
            if drawn > left:
                total += added / drawn * left
                left = 0
            else:
                total += added
                left -= drawn
        found[b] = total / wanted if wanted else np.nan
    return found


@njit(cache=True, nogil=True)
def areas_without_one(order, start, loss):  # type: ignore[no-untyped-def]
    """What `areas` gives without each row in turn, float64 (n,), n of 2 or more; exact, in O(n).

    Taking away a row of loss l changes nothing before its run of ties, its own run loses it, and of every row behind
    the place moves up by one and the sum of losses before falls by l.
    """
    n, groups = len(loss), len(start) - 1
    harmonic = _harmonic(np.ones((1, n), np.int32))
    summed, total = np.empty(groups), np.empty(groups + 1)
    total[0] = 0.0
    for g in range(groups):
        summed[g] = 0.0
        for i in range(start[g], start[g + 1]):
            summed[g] += loss[order[i]]
        total[g + 1] = total[g] + summed[g]
    # Behind group g, all moved up by one: sum of mean losses with nothing taken away, and what each unit takes away.
    behind, unit = np.zeros(groups + 1), np.zeros(groups + 1)
    for g in range(groups - 1, 0, -1):
        each = summed[g] / (start[g + 1] - start[g])
        steps = harmonic[start[g + 1] - 1] - harmonic[start[g] - 1]
        behind[g] = behind[g + 1] + summed[g] + (total[g] - (start[g] - 1) * each) * steps
        unit[g] = unit[g + 1] + steps
    found, ahead = np.empty(n), 0.0
    for g in range(groups):
        first, size = start[g], start[g + 1] - start[g]
        for i in range(first, first + size):
            one, own = loss[order[i]], 0.0
            if size > 1:
                each = (summed[g] - one) / (size - 1)
                own = summed[g] - one + (total[g] - first * each) * (harmonic[first + size - 1] - harmonic[first])
            found[order[i]] = (ahead + own + behind[g + 1] - one * unit[g + 1]) / (n - 1)
        each = summed[g] / size
        ahead += summed[g] + (total[g] - first * each) * (harmonic[first + size] - harmonic[first])
    return found


@njit(cache=True, nogil=True)
def fifths(order, start, counts):  # type: ignore[no-untyped-def]
    """How often each row is drawn in the lowest fifth (2, B, n; first half) and in the highest fifth, int32.

    A row is in the lowest if the share of rows drawn before its run of ties plus half of its run is at most 1/5.
    """
    found = np.zeros((2, *counts.shape), np.int32)
    for b in range(counts.shape[0]):
        rows, before = np.int64(counts[b].sum()), 0  # a sum of unsigned counts would end in floats
        for g in range(len(start) - 1):
            drawn = 0
            for i in range(start[g], start[g + 1]):
                drawn += counts[b, order[i]]
            place = 5 * (2 * before + drawn)
            side = 0 if place <= 2 * rows else 1
            if side == 0 or place >= 8 * rows:
                for i in range(start[g], start[g + 1]):
                    found[side, b, order[i]] = counts[b, order[i]]
            before += drawn
    return found


@njit(cache=True, nogil=True)
def rank_products(order, tied, counts):  # type: ignore[no-untyped-def]
    """Sums of products of the centred ranks of every two of V variables, float64 (B, V, V).

    `order` int64 (V, n), `tied` bool (V, n): whether the row in that place equals the one before. The ranks are twice
    the midranks of the rows drawn less twice their mean: whole numbers, so that constant variables give exact zeros.
    """
    variables, n = order.shape
    found = np.zeros((counts.shape[0], variables, variables))
    rank = np.empty((n, variables))
    for b in range(counts.shape[0]):
        rows = 0
        for i in range(n):
            rows += counts[b, i]
        for v in range(variables):
            before, i = 0, 0
            while i < n:
                end, drawn = i, 0
                while end == i or (end < n and tied[v, end]):
                    drawn += counts[b, order[v, end]]
                    end += 1
                for j in range(i, end):
                    rank[order[v, j], v] = 2 * before + drawn - rows
                before += drawn
                i = end
        for i in range(n):
            if counts[b, i]:
                for v in range(variables):
                    weighted = counts[b, i] * rank[i, v]
                    for w in range(v + 1):
                        found[b, v, w] += weighted * rank[i, w]
        for v in range(variables):
            for w in range(v):
                found[b, w, v] = found[b, v, w]
    return found
