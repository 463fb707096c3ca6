"""Philox against the vectors of Random123, keys by seed and purpose, uniforms by address."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from simulators.random import fill, key, philox, uniform, uniforms, unit, words
from tests import naive

# Random123, tests/kat_vectors, "philox4x32 10": counter, key, result.
VECTORS = [
    ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "of", "expected"), VECTORS)
def test_philox_gives_the_published_words(counter, of, expected):
    assert tuple(int(x) for x in philox(*counter, *of)) == expected
    assert naive.philox(counter, of) == expected


def test_words_stand_at_their_address():
    k = key(7, "a purpose")
    for item, draw in ((0, 0), (3, 1 << 20), (2**32 - 1, 2**32 - 1)):
        expected = naive.philox((draw, item, int(k[2]), int(k[3])), (int(k[0]), int(k[1])))
        assert tuple(int(x) for x in words(k, item, draw)) == expected


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 31, 64])
def test_words_filled_in_bulk_are_the_words_of_their_addresses(n):
    k = key(7, "bulk")
    draws = np.array([0, 1, 2**32 - 1, 1 << 20, 5, 2**31, 77] * 10, np.uint32)[:n]
    out = np.full(4 * n + 1, 9, np.uint32)
    fill(k, 2**32 - 1, draws, n, out)
    assert out[:-1].reshape(n, 4).tolist() == [[int(x) for x in words(k, 2**32 - 1, d)] for d in draws.tolist()]
    assert out[-1] == 9


def test_all_128_bits_of_a_key_count():
    k = key(0, "a")
    for bit in range(128):
        other = k.copy()
        other[bit // 32] ^= np.uint32(1 << (bit % 32))
        assert words(other, 5, 6) != words(k, 5, 6)


def test_a_key_is_the_digest_of_typed_fields():
    text = b"i" + (2).to_bytes(8, "little") + b"12" + b"p" + (1).to_bytes(8, "little") + b"x"
    assert key(12, "x").tobytes() == hashlib.blake2b(text, digest_size=16).digest()
    assert key(12, "x").dtype == np.uint32


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "a"), (2, "a")),
        ((1, "a"), (1, "b")),
        ((1, "a"), (b"1", "a")),
        ((1, "a", "bc"), (1, "ab", "c")),
        ((1, "a"), (1, "a", "")),
        ((1,), (1, "")),
        ((-1, "a"), (1, "a")),
    ],
)
def test_other_seeds_and_purposes_have_other_keys(one, other):
    assert key(*one).tobytes() != key(*other).tobytes()
    assert key(*one).tobytes() == key(*one).tobytes()


def test_uniforms_are_never_0_or_1():
    most = np.uint32(0xFFFFFFFF)
    assert 0 < unit(np.uint32(0), np.uint32(0)) < 1e-15
    assert 1 - 1e-15 < unit(most, most) < 1


@pytest.mark.statistical
def test_uniforms_are_uniform_and_independent():
    """Four tests at p > 1e-3 on one fixed seed: 0.4 % false alarms."""
    k = key(0, "uniform test")
    drawn = np.array([uniforms(k, item, draw) for item in range(1000) for draw in range(20)])
    assert uniform(k, 3, 4) == drawn[64, 0]
    assert stats.kstest(drawn[:, 0], "uniform").pvalue > 1e-3
    assert stats.kstest(drawn[:, 1], "uniform").pvalue > 1e-3
    cells = np.histogram2d(*drawn.T, bins=10, range=[[0, 1]] * 2)[0]
    assert stats.chisquare(cells.ravel()).pvalue > 1e-3
    following = np.histogram2d(drawn[:-1:2, 0], drawn[1::2, 0], bins=10, range=[[0, 1]] * 2)[0]
    assert stats.chisquare(following.ravel()).pvalue > 1e-3
    assert stats.kstest(drawn[:, 0] ** 1.1, "uniform").pvalue < 1e-3  # the control: slightly bent
