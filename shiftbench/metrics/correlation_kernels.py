"""Compiled loops over bootstrap replicates behind the correlations; imported when first needed.

All sums run in a fixed order, without reassociation, so that a number depends on neither threads nor vector width.
"""

import math

import numpy as np
from numba import njit

LANES = 128
"""Partial sums of a replicate side by side: a single chain of additions would wait for each of them."""


@njit(cache=True, nogil=True)
def pearson(x, y, counts):  # type: ignore[no-untyped-def]
    """Correlation of each replicate, float64 (B,), NaN below 3 rows drawn or if a side is constant; counts (B, n).

    `x`, `y` float64 (n,), about 0 and at most 1. A replicate whose spread is a small difference of large sums is
    added up again about its own means.
    """
    found, partial, drawn = np.empty(len(counts)), np.empty((5, LANES)), np.empty(LANES)
    n, used = len(x), min(len(x), LANES)
    for b in range(len(counts)):
        row, total = counts[b], counts[b].sum()
        partial[:] = 0
        for start in range(0, n, LANES):
            stop = min(start + LANES, n)
            _copy(row[start:stop], drawn)
            _add(drawn, x[start:stop], y[start:stop], partial[0], partial[1], partial[2], partial[3], partial[4])
        sx, sy, sxx, sxy, syy = 0.0, 0.0, 0.0, 0.0, 0.0
        for lane in range(used):
            sx += partial[0, lane]
            sy += partial[1, lane]
            sxx += partial[2, lane]
            sxy += partial[3, lane]
            syy += partial[4, lane]
        whole = max(total, 1)
        xx, xy, yy = sxx - sx * sx / whole, sxy - sx * sy / whole, syy - sy * sy / whole
        if xx < 0.1 * sxx or yy < 0.1 * syy:
            xx, xy, yy = _careful(x, y, row, sx / whole, sy / whole)
        found[b] = _ratio(xx, xy, yy) if total >= 3 else np.nan
    return found


@njit(cache=True, nogil=True)
def spearman(order_x, start_x, order_y, start_y, counts):  # type: ignore[no-untyped-def]
    """Correlation of midranks, float64 (B,), NaN below 3 rows drawn or if a side is constant; counts (B, n).

    `order` int64 (n,): rows in rising order; `start` int64 (groups + 1,): where each run of ties begins. Ranks are
    counted as twice their distance from the mean rank, whole numbers.
    """
    found, rank = np.empty(len(counts)), np.empty(counts.shape[1], np.int32)
    for b in range(len(counts)):
        row, total = counts[b], np.int64(counts[b].sum())
        xx, xy, yy = 0.0, 0.0, 0.0
        before = 0
        for g in range(len(start_x) - 1):
            drawn = 0
            for i in range(start_x[g], start_x[g + 1]):
                drawn += row[order_x[i]]
            twice = 2 * before + drawn - total
            for i in range(start_x[g], start_x[g + 1]):
                rank[order_x[i]] = twice
            xx += float(drawn) * twice * twice
            before += drawn
        before = 0
        for g in range(len(start_y) - 1):
            drawn, weighted = 0, 0
            for i in range(start_y[g], start_y[g + 1]):
                at = order_y[i]
                drawn += row[at]
                weighted += np.int64(row[at]) * rank[at]
            twice = 2 * before + drawn - total
            xy += float(weighted) * twice
            yy += float(drawn) * twice * twice
            before += drawn
        found[b] = _ratio(xx, xy, yy) if total >= 3 else np.nan
    return found


@njit(cache=True, nogil=True, inline="always")
def _copy(counts, drawn):  # type: ignore[no-untyped-def]
    for j in range(len(counts)):
        drawn[j] = counts[j]


@njit(cache=True, nogil=True, inline="always")
def _add(drawn, x, y, sx, sy, sxx, sxy, syy):  # type: ignore[no-untyped-def]
    for j in range(len(x)):
        u, v = drawn[j] * x[j], drawn[j] * y[j]
        sx[j] += u
        sy[j] += v
        sxx[j] += u * x[j]
        sxy[j] += u * y[j]
        syy[j] += v * y[j]


@njit(cache=True, nogil=True)
def _careful(x, y, counts, mean_x, mean_y):  # type: ignore[no-untyped-def]
    """Sums of squares and of products about means known but for rounding; zeros where a side is constant."""
    xx, xy, yy, sx, sy, total = 0.0, 0.0, 0.0, 0.0, 0.0, 0
    low_x, high_x, low_y, high_y = np.inf, -np.inf, np.inf, -np.inf
    for i in range(len(x)):
        count = counts[i]
        if count == 0:
            continue
        u, v = x[i] - mean_x, y[i] - mean_y
        xx += count * u * u
        xy += count * u * v
        yy += count * v * v
        sx += count * u
        sy += count * v
        total += count
        low_x, high_x = min(low_x, x[i]), max(high_x, x[i])
        low_y, high_y = min(low_y, y[i]), max(high_y, y[i])
    if low_x >= high_x or low_y >= high_y:
        return 0.0, 0.0, 0.0
    return xx - sx * sx / total, xy - sx * sy / total, yy - sy * sy / total


@njit(cache=True, nogil=True)
def _ratio(xx, xy, yy):  # type: ignore[no-untyped-def]
    """Correlation from sums about the means, held to -1..1; NaN where a side has no spread."""
    if not (xx > 0 and yy > 0):
        return np.nan
    return min(max(xy / (math.sqrt(xx) * math.sqrt(yy)), -1.0), 1.0)
