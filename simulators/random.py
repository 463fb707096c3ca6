"""Counter-based random numbers: keys from a seed and a purpose, Philox4x32-10 words and uniforms by (key, item, draw).

A key has 128 bits. Two of its words are the Philox key; the other two stand in the counter beside (item, draw).
A draw is a fixed address, never a position in a stream: item i of a purpose is the same alone, in a batch,
in any order and with any number of threads, and leaving a draw out shifts no other.
"""

from hashlib import blake2b

import numpy as np
from numba import njit
from numpy.typing import NDArray

Key = NDArray[np.uint32]

ITEMS = 2**32
"""Number of items that one key can address."""

_MASK = np.uint64(0xFFFFFFFF)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_32 = np.uint64(32)
_1, _2, _3 = np.uint64(1), np.uint64(2), np.uint64(3)


def key(seed: int | bytes, *purpose: str) -> Key:
    """Key of one purpose, uint32 (4,): 128 bits of BLAKE2b over the seed (or the secret of a round) and the purpose.

    One-way, so no published key reveals the seed or another key; every field carries its type and
    length, so no two different calls share an encoding.
    """
    fields = [(b"s", seed) if isinstance(seed, bytes) else (b"i", str(seed).encode())]
    fields += [(b"p", word.encode()) for word in purpose]
    text = b"".join(tag + len(value).to_bytes(8, "little") + value for tag, value in fields)
    return np.frombuffer(blake2b(text, digest_size=16).digest(), dtype="<u4").astype(np.uint32)


@njit(cache=True)
def philox(
    counter0: int, counter1: int, counter2: int, counter3: int, key0: int, key1: int
) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Four uint32 words of Philox4x32-10 at a 128-bit counter and a 64-bit key (Salmon et al. 2011, section 3.3)."""
    a, b, c, d = np.uint64(counter0), np.uint64(counter1), np.uint64(counter2), np.uint64(counter3)
    k, m = np.uint64(key0), np.uint64(key1)
    for _ in range(10):
        p = _MULTIPLIER_0 * a
        q = _MULTIPLIER_1 * c
        a, b, c, d = (q >> _32) ^ b ^ k, q & _MASK, (p >> _32) ^ d ^ m, p & _MASK
        k = (k + _WEYL_0) & _MASK
        m = (m + _WEYL_1) & _MASK
    return np.uint32(a), np.uint32(b), np.uint32(c), np.uint32(d)


@njit(cache=True)
def words(key: Key, item: int, draw: int) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Four uint32 words at the address (`item`, `draw`), each in 0..2^32-1."""
    return philox(draw, item, key[2], key[3], key[0], key[1])


@njit(cache=True)
def fill(key: Key, item: int, draws: NDArray[np.uint32], n: int, out: NDArray[np.uint32]) -> None:
    """Words of `words` at (`item`, `draws[i]`), i < `n`, into `out[4 i]` .. `out[4 i + 3]`, uint32 (at least 4 n,).

    The rounds of `philox` written out once more: as a call they are not vectorised.
    """
    k0, k1, c2, c3 = np.uint64(key[0]), np.uint64(key[1]), np.uint64(key[2]), np.uint64(key[3])
    whose = np.uint64(item)
    for j in range(np.uint64(n)):
        i = np.uint64(j)
        a, b, c, d = np.uint64(draws[i]), whose, c2, c3
        k, m = k0, k1
        for _ in range(10):
            p = _MULTIPLIER_0 * a
            q = _MULTIPLIER_1 * c
            a, b, c, d = (q >> _32) ^ b ^ k, q & _MASK, (p >> _32) ^ d ^ m, p & _MASK
            k = (k + _WEYL_0) & _MASK
            m = (m + _WEYL_1) & _MASK
        at = i << _2
        out[at], out[at + _1] = np.uint32(a), np.uint32(b)
        out[at + _2], out[at + _3] = np.uint32(c), np.uint32(d)


@njit(cache=True)
def uniforms(key: Key, item: int, draw: int) -> tuple[float, float]:
    """Two independent uniforms at the address (`item`, `draw`), 52 bits each, strictly between 0 and 1."""
    a, b, c, d = words(key, item, draw)
    return unit(a, b), unit(c, d)


@njit(cache=True)
def uniform(key: Key, item: int, draw: int) -> float:
    """First of the two `uniforms` of an address."""
    return uniforms(key, item, draw)[0]


@njit(cache=True)
def unit(high: np.uint32, low: np.uint32) -> float:
    """Uniform of 52 bits from two words, strictly between 0 and 1."""
    # 52 bits and not 53: the largest value, 1 - 2^-53, still fits a float64 below 1.
    return float((np.uint64(high) << np.uint64(20)) | (np.uint64(low) >> np.uint64(12))) * 2.0**-52 + 2.0**-53
