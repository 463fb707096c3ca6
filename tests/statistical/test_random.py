"""Quality of the streams: keys that never collide; words uniform and without memory along items, draws and keys."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from simulators.random import fill, key

pytestmark = pytest.mark.statistical
N = 1 << 18
_ADDRESSES = 64


@njit(cache=True)
def _along(kind, keys, broken, out):  # type: ignore[no-untyped-def]
    """Words of successive addresses along items (0), draws (1) or keys (2); `broken` counts every address twice."""
    draws, made = np.empty(_ADDRESSES, np.uint32), np.empty(4 * _ADDRESSES, np.uint32)
    for first in range(0, out.shape[0], _ADDRESSES):
        for i in range(_ADDRESSES):
            draws[i] = (first + i) >> broken
        if kind == 1:
            fill(keys[0], 3, draws, _ADDRESSES, made)
            out[first : first + _ADDRESSES] = made.reshape(_ADDRESSES, 4)
            continue
        for i in range(_ADDRESSES):
            at = draws[i]
            draws[0] = 5
            fill(keys[at if kind == 2 else 0], at if kind == 0 else 3, draws[:1], 1, made)
            out[first + i] = made[:4]
            draws[0] = first >> broken
    return out


@pytest.fixture(scope="module")
def keys():
    return np.stack([key(seed, "quality") for seed in range(N)])


def p_values(words):
    """Of successive words: uniform bytes, independent top nibbles, number of bits that change."""
    found = []
    for column in words.T:
        for shift in (0, 8, 16, 24):
            found.append(stats.chisquare(np.bincount(column >> shift & 255, minlength=256)).pvalue)
        top = column >> 28
        found.append(stats.chisquare(np.bincount(16 * top[:-1:2] + top[1::2], minlength=256)).pvalue)
        flips = np.bitwise_count(column[1:] ^ column[:-1]).astype(float)
        z = (flips.mean() - 16) / (8 / len(flips)) ** 0.5  # 32 fair bits each; neighbours do not correlate
        found.append(2 * stats.norm.sf(abs(z)))
    return found


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_words_are_uniform_and_independent_along_items_draws_and_keys(kind, keys):
    """24 tests, Bonferroni at 1e-3; the control counts every address twice."""
    words = _along(kind, keys, 0, np.empty((N, 4), np.uint32))
    assert min(p_values(words)) > 1e-3 / 24
    assert len(np.unique(words, axis=0)) == N
    assert min(p_values(_along(kind, keys, 1, words))) < 1e-3 / 24


def test_words_of_one_address_and_of_two_purposes_do_not_correlate(keys):
    """Ten correlations of 2^18 at 4.5 SD: 7e-5 false alarms; the control shares one word in 50."""
    one = _along(0, keys[:1], 0, np.empty((N, 4), np.uint32)).astype(float)
    other = _along(0, keys[1:2], 0, np.empty((N, 4), np.uint32)).astype(float)
    between = [np.corrcoef(one[:, i], one[:, j])[0, 1] for i in range(4) for j in range(i)]
    between += [np.corrcoef(one[:, i], other[:, i])[0, 1] for i in range(4)]
    assert max(np.abs(between)) < 4.5 / N**0.5
    other[::50, 0] = one[::50, 0]
    assert abs(np.corrcoef(one[:, 0], other[:, 0])[0, 1]) > 4.5 / N**0.5


def test_a_million_keys_are_different():
    """Of 128 bits two of a million coincide once in 7e26; the control keeps 32 bits, where about 116 pairs do."""
    keys = [key(seed, purpose).tobytes() for seed in range(500_000) for purpose in ("genome", "assay")]
    assert len(set(keys)) == 1_000_000
    assert len({k[:4] for k in keys}) < 1_000_000
