"""The law of a world's effects: sizes, signs and how much of them cell types share."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.distributions import gamma_quantile, normal_quantile
from simulators.random import Key, uniforms

SHAPE = 0.7
"""Gamma shape of the sizes: few effects are strong."""
REPRESSORS = 0.3
"""Share of effects that are negative, in all cell types alike."""
OWN = 0.5
"""Weight of a cell type's own sizes beside the shared ones."""
ACTIVE = 0.6
"""Share of a cell type's own effects that are not 0; these are multiplied by `BOOST`."""
BOOST = 1.6

Floats = NDArray[np.float64]


def effects(key: Key, cells: int, n: int) -> Floats:
    """Effects of `n` motifs or pairs in every cell type, float64 (cells, n); effect i does not depend on `n`."""
    out = np.empty((cells, n))
    _effects(key, out)
    return out


def table(values: Floats) -> tuple[tuple[float, ...], ...]:
    """Rows of a two-dimensional array as the tuples that a record holds."""
    return tuple(tuple(float(x) for x in row) for row in values)


@njit(cache=True)
def _effects(key, out):  # type: ignore[no-untyped-def]
    for i in range(out.shape[1]):
        u, v = uniforms(key, i, 0)
        sign = -1.0 if v < REPRESSORS else 1.0
        shared = gamma_quantile(u, SHAPE)
        for cell in range(out.shape[0]):
            u, v = uniforms(key, i, 1 + cell)
            own = BOOST * gamma_quantile(u, SHAPE) if v < ACTIVE else 0.0
            out[cell, i] = sign * ((1 - OWN) * shared + OWN * own)


@njit(cache=True)
def normals(key, n, first, count):  # type: ignore[no-untyped-def]
    """Standard normals of items 0 .. n - 1 at addresses first .. first + count - 1, float64 (count, n)."""
    out = np.empty((count, n))
    for i in range(n):
        for j in range(count):
            out[j, i] = normal_quantile(uniforms(key, i, first + j)[0])
    return out
