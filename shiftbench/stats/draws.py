"""Compiled draws with replacement, each replicate a stream of its own."""

import numpy as np
from numba import njit

_WEYL = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LOW = np.uint64(0xFFFFFFFF)
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)

BLOCK = 256
"""Draws made at once, so that their arithmetic is vectorised."""


@njit(cache=True, nogil=True)
def draw(key, cluster, clusters, counts):  # type: ignore[no-untyped-def]
    """Fill `counts` uint16 (B, n): how often replicate b draws the cluster of each row, `clusters` draws in all.

    `cluster` int64 (n,), 0..clusters-1. Draw i of replicate b is word i of a SplitMix64 stream that starts at a hash of
    `key` and b, times `clusters` over 2^64; so chances differ by a share of `clusters` / 2^64 at most.
    Source: Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators, figure 16.
    """
    whole, at, other = np.uint64(clusters), np.empty(BLOCK, np.uint32), np.empty(clusters, np.uint16)
    alone = clusters == len(cluster) and (cluster == np.arange(clusters)).all()
    for b in range(len(counts)):
        state = _mix(np.uint64(key) + _mix(np.uint64(b + 1) * _WEYL))
        row = counts[b]
        drawn = row if alone else other
        drawn[:] = 0
        for start in range(0, clusters, BLOCK):
            first = state + np.uint64(start) * _WEYL
            for i in range(BLOCK):
                word = _mix(first + np.uint64(i + 1) * _WEYL)
                at[i] = ((word >> _32) * whole + (((word & _LOW) * whole) >> _32)) >> _32
            for i in range(min(BLOCK, clusters - start)):
                drawn[at[i]] += 1
        if not alone:
            for i in range(len(row)):
                row[i] = drawn[cluster[i]]


@njit(cache=True, nogil=True, inline="always")
def _mix(word):  # type: ignore[no-untyped-def]
    word = (word ^ (word >> _30)) * _FIRST
    word = (word ^ (word >> _27)) * _SECOND
    return word ^ (word >> _31)
