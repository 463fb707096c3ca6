"""Compiled counts over bootstrap replicates behind calibration and coverage; imported when first needed.

`counts` (B, n), of any numeric dtype, is how often a replicate draws a row; `order` int64 (n,) are the rows in rising
order of a value, `start` int64 (runs + 1,) where each run of tied rows begins in it. All sums run in a fixed order.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def grouped(group, counts, groups):  # type: ignore[no-untyped-def]
    """How many of the rows drawn are in each of `groups` groups, float64 (B, groups); `group` int64 (n,)."""
    found = np.zeros((counts.shape[0], groups))
    for b in range(counts.shape[0]):
        for i in range(counts.shape[1]):
            found[b, group[i]] += counts[b, i]
    return found


@njit(cache=True, nogil=True)
def binned(order, start, values, counts, bins):  # type: ignore[no-untyped-def]
    """Rows drawn, then sums of `values` (k, n), in equal-count bins of the ordering value, float64 (B, bins, 1 + k).

    Tied rows go by the middle of their ranks, so that they share a bin and a row drawn twice counts as two.
    """
    found = np.zeros((counts.shape[0], bins, 1 + values.shape[0]))
    for b in range(counts.shape[0]):
        total, below = 0.0, 0.0
        for i in range(counts.shape[1]):
            total += counts[b, i]
        for run in range(len(start) - 1):
            drawn = 0.0
            for i in range(start[run], start[run + 1]):
                drawn += counts[b, order[i]]
            if drawn == 0:
                continue
            place = int((below + drawn / 2) * bins / total)
            found[b, place, 0] += drawn
            for i in range(start[run], start[run + 1]):
                for k in range(values.shape[0]):
                    found[b, place, 1 + k] += counts[b, order[i]] * values[k, order[i]]
            below += drawn
    return found


@njit(cache=True, nogil=True)
def distances(order, share, counts):  # type: ignore[no-untyped-def]
    """Largest distance between the distribution of `share` (n,) in [0, 1] and the uniform one, float64 (B,)."""
    found = np.full(counts.shape[0], np.nan)
    for b in range(counts.shape[0]):
        total, below, most = 0.0, 0.0, 0.0
        for i in range(counts.shape[1]):
            total += counts[b, i]
        if total == 0:
            continue
        for i in order:
            most = max(most, share[i] - below / total)
            below += counts[b, i]
            most = max(most, below / total - share[i])
        found[b] = most
    return found


@njit(cache=True, nogil=True)
def quantiles(order, values, counts, level):  # type: ignore[no-untyped-def]
    """Least of `values` (n,) that `level` of the rows drawn do not exceed, float64 (B,)."""
    found = np.full(counts.shape[0], np.nan)
    for b in range(counts.shape[0]):
        total, up_to = 0.0, 0.0
        for i in range(counts.shape[1]):
            total += counts[b, i]
        for i in order:
            up_to += counts[b, i]
            if counts[b, i] > 0 and up_to >= level * total:  # at LEVELS a whole number of rows comes out whole
                found[b] = values[i]
                break
    return found
