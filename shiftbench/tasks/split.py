"""Numbers in [0, 1) from the text of keys, so that a row's part and place depend on nothing but its own key."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


def uniform(keys: Iterable[str], salt: str) -> NDArray[np.float64]:
    """A number in [0, 1) for every key, float64 (n,): the first 53 bits of BLAKE2b(salt, key)."""
    texts = (f"{salt}/{key}".encode() for key in keys)
    words = [int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 11 for text in texts]
    return np.array(words, dtype=np.float64) * 2.0**-53
