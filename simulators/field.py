"""A smooth random value of every 6-mer in every cell type: the half of the dark part that is no motif."""

from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.effects import normals
from simulators.random import key


@lru_cache(maxsize=16)
def field(seed: str, cells: int) -> NDArray[np.float64]:
    """Smooth random value of every 6-mer in every cell type, float64 (4096, cells); never handed to a model.

    Alike on both strands, smoothed over neighbours one letter away, mean 0 among the 6-mers of equal GC count;
    three tenths of its variance are shared by the cell types.
    """
    draws = normals(key(0, seed, "field"), 4096, 0, 1 + cells)
    out = np.empty((4096, cells))
    _smooth(draws, out)
    return out


@njit(cache=True)
def field_sum(sequence, field, out):  # type: ignore[no-untyped-def]
    """Sum of the field over the 6-mers of a sequence."""
    out[:] = 0.0
    six, known = 0, 0
    for letter in sequence:
        known = known + 1 if letter < 4 else 0
        six = ((six << 2) | (letter & 3)) & 4095
        if known >= 6:
            for cell in range(out.size):
                out[cell] += field[six, cell]


@njit(cache=True)
def _smooth(draws, out):  # type: ignore[no-untyped-def]
    """Field from standard normals (1 + cells, 4096): shared + own, both strands, neighbours, GC classes."""
    size, cells = out.shape
    for c in range(cells):
        value = np.empty(size)
        for k in range(size):
            r = _reverse_complement(k)
            value[k] = draws[0, k] + draws[0, r] + 1.5 * (draws[1 + c, k] + draws[1 + c, r])
        total, members = np.zeros(7), np.zeros(7)
        for k in range(size):
            near = 0.0
            for place in range(6):
                for change in range(1, 4):
                    near += value[k ^ (change << (2 * place))]
            out[k, c] = value[k] + 0.3 * near
            total[_strong(k)] += out[k, c]
            members[_strong(k)] += 1
        for k in range(size):
            out[k, c] -= total[_strong(k)] / members[_strong(k)]


@njit(cache=True)
def _reverse_complement(code):  # type: ignore[no-untyped-def]
    out = 0
    for place in range(6):
        out = (out << 2) | (3 - ((code >> (2 * place)) & 3))
    return out


@njit(cache=True)
def _strong(code):  # type: ignore[no-untyped-def]
    """Number of G and C in a 6-mer (codes 1 and 2)."""
    count = 0
    for place in range(6):
        letter = (code >> (2 * place)) & 3
        count += 1 <= letter <= 2
    return count
