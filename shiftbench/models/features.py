"""Features of sequences for the linear controls: k-mer counts and GC."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import genome

Codes = NDArray[np.uint8]
Features = NDArray[np.float32]


def gc(sequence: Codes) -> Features:
    """GC fraction of the known letters (0 if there is none) and its square, float32 (n, 2)."""
    share = np.nan_to_num(genome.gc(sequence))
    return np.stack([share, share**2], axis=1)


def kmers(sequence: Codes, sizes: tuple[int, ...]) -> Features:
    """Counts of every k-mer of the given sizes on the forward strand, float32 (n, sum of 4^k); N breaks a k-mer."""
    parts = []
    for k in sizes:
        counts = np.zeros((len(sequence), 4**k), np.float32)
        _count(np.ascontiguousarray(sequence), k, counts)
        parts.append(counts)
    return np.concatenate(parts, axis=1)


@njit(cache=True)
def _count(sequence, k, counts):  # type: ignore[no-untyped-def]
    mask = 4**k - 1
    for i in range(sequence.shape[0]):
        code, known = 0, 0
        for letter in sequence[i]:
            known = known + 1 if letter < 4 else 0
            code = ((code << 2) | (letter & 3)) & mask
            if known >= k:
                counts[i, code] += 1
