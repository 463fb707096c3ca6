"""Numbers in [0, 1) and parts from the text of keys: a row's part and place depend on nothing but its own key."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


def uniform(keys: Iterable[str], salt: str) -> NDArray[np.float64]:
    """A number in [0, 1) for every key, float64 (n,): the first 53 bits of BLAKE2b(salt, key)."""
    texts = (f"{salt}/{key}".encode() for key in keys)
    words = [int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 11 for text in texts]
    return np.array(words, dtype=np.float64) * 2.0**-53


def parts(keys: Iterable[str], shares: Mapping[str, float], salt: str) -> NDArray[np.str_]:
    """Part of every key, str (n,): the parts of `shares` have these shares of all keys, and sum to 1."""
    bounds = np.cumsum([*shares.values()])[:-1]
    return np.array([*shares])[np.searchsorted(bounds, uniform(keys, salt), side="right")]
