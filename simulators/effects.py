"""The law of a world's effects: sizes, signs, how much of them cell types share, rules of arrangement.

Everything is keyed by the identity of a program and a purpose. Rows beyond the cell types of a world are further cell
types, which share with them what these share with each other.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.contract import Rule
from simulators.distributions import gamma_quantile, normal_quantile
from simulators.prior import mechanism
from simulators.random import key, uniforms

BOOST = 1.6
"""Factor of a cell type's own effects where they are not 0."""
NEAREST, FARTHEST = 18.0, 42.0
"""Letters; best distances of centers are uniform between them."""
EXACT = 1 / 3
"""Share of pairs whose spacing must be met to a letter or two."""
SPREADS = (1.5, 9.0)
"""Letters; SD around the best distance, exact pairs and others."""
STRAND = 0.8
"""Largest preference for one strand or for opposite strands."""

Floats = NDArray[np.float64]


def effects(identity: str, purpose: str, cells: int, n: int) -> Floats:
    """Effects of `n` motifs or pairs in every cell type, float64 (cells, n); effect i does not depend on `n`.

    Sign x (shared size + own size of the cell type); parameters from the mechanism of the world.
    """
    law = mechanism(identity)
    out = np.empty((cells, n))
    _effects(key(0, identity, "effects", purpose), law.shape, law.repressors, law.own, law.active, out)
    return out


def shared(identity: str, purpose: str, n: int) -> Floats:
    """What all cell types have in common in the effects of `n` motifs or pairs, float64 (n,); the rest is their own."""
    law = mechanism(identity)
    out = np.empty((1, n))
    _effects(key(0, identity, "effects", purpose), law.shape, law.repressors, law.own, 0.0, out)
    return np.asarray(out[0])


def rule(identity: str, purpose: str, pairs: int) -> Rule:
    """Rule of arrangement of `pairs` pairs, one draw of its law."""
    values = _rule(key(0, identity, "rule", purpose), pairs)
    spacing, spread, strand = (tuple(float(x) for x in row) for row in values)
    return Rule(spacing=spacing, spread=spread, strand=strand)


def table(values: Floats) -> tuple[tuple[float, ...], ...]:
    """Rows of a two-dimensional array as the tuples that a record holds."""
    return tuple(tuple(float(x) for x in row) for row in values)


@njit(cache=True)
def _effects(key, shape, repressors, share, active, out):  # type: ignore[no-untyped-def]
    for i in range(out.shape[1]):
        u, v = uniforms(key, i, 0)
        sign = -1.0 if v < repressors else 1.0
        shared = gamma_quantile(u, shape)
        for cell in range(out.shape[0]):
            u, v = uniforms(key, i, 1 + cell)
            own = BOOST * gamma_quantile(u, shape) if v < active else 0.0
            out[cell, i] = sign * ((1 - share) * shared + share * own)


@njit(cache=True)
def _rule(key, pairs):  # type: ignore[no-untyped-def]
    """Best distance, spread and strand preference of every pair, float64 (3, pairs)."""
    out = np.empty((3, pairs))
    for i in range(pairs):
        u, v = uniforms(key, i, 0)
        out[0, i] = NEAREST + (FARTHEST - NEAREST) * u
        out[1, i] = SPREADS[0] if v < EXACT else SPREADS[1]
        out[2, i] = STRAND * (2 * uniforms(key, i, 1)[0] - 1)
    return out


@njit(cache=True)
def normals(key, n, first, count):  # type: ignore[no-untyped-def]
    """Standard normals of items 0 .. n - 1 at addresses first .. first + count - 1, float64 (count, n)."""
    out = np.empty((count, n))
    for i in range(n):
        for j in range(count):
            out[j, i] = normal_quantile(uniforms(key, i, first + j)[0])
    return out
