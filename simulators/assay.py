"""Barcodes, counts and replicates of an Assay, and the exact mean and SD of what it observes.

The observed value is the mean over replicates of log2((RNA + 1) / (DNA + 1)), counts summed over the barcodes of an
insert. Draws of item i do not depend on f or on the assay, so two worlds that differ in one part share their noise.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from simulators.contract import Assay
from simulators.distributions import (
    LN2,
    exp2,
    gamma_cdf,
    gamma_quantile,
    log2,
    log_gamma,
    negative_binomial,
)
from simulators.random import Key, uniforms

LEAST_BARCODES = 2

# Addresses of the draws of one insert; outputs and replicates follow from there.
_BARCODES = 0
_SHARED = 1 << 8
_COUNTS = 1 << 16


@dataclass(frozen=True, slots=True)
class Measured:
    """Replicate values float32 (n, replicates, outputs), log2 units, and barcodes int32 (n,)."""

    replicates: NDArray[np.float32]
    barcodes: NDArray[np.int32]

    @property
    def observed(self) -> NDArray[np.float32]:
        """Mean over replicates, float32 (n, outputs)."""
        return np.asarray(self.replicates.mean(axis=1, dtype=np.float64), np.float32)

    @property
    def noise_sd(self) -> NDArray[np.float32]:
        """SD of `observed` as replicates tell it, float32 (n, outputs); what replicates share does not show in it."""
        count = self.replicates.shape[1]
        spread = self.replicates.std(axis=1, ddof=1, dtype=np.float64)
        return np.asarray(spread / math.sqrt(count), np.float32)


def measure(assay: Assay, f: NDArray[np.float32], key: Key, start: int = 0) -> Measured:
    """Measurements of items `start`, `start` + 1, ... with noise-free activity `f` (n, outputs), log2 units."""
    n, outputs = f.shape
    result = Measured(np.empty((n, assay.replicates, outputs), np.float32), np.empty(n, np.int32))
    _measure(key, start, f, _law(assay), result.replicates, result.barcodes)
    return result


def _law(assay: Assay) -> tuple[float, ...]:
    return (assay.barcode_mean, assay.barcode_size, assay.shared_size,
            assay.dna_depth, assay.dna_size, assay.rna_depth, assay.rna_size)  # fmt: skip


@njit(cache=True, parallel=True)
def _measure(key, first, f, law, replicates, barcodes):  # type: ignore[no-untyped-def]
    barcode_mean, barcode_size, shared_size, dna_depth, dna_size, rna_depth, rna_size = law
    for i in prange(f.shape[0]):
        item = first + i
        u, v = uniforms(key, item, _BARCODES)
        n = LEAST_BARCODES + negative_binomial(u, v, barcode_mean, barcode_size)
        barcodes[i] = n
        for c in range(f.shape[1]):
            factor = gamma_quantile(uniforms(key, item, _SHARED + c)[0], n * shared_size) / (n * shared_size)
            rate = n * rna_depth * exp2(f[i, c]) * factor
            for r in range(replicates.shape[1]):
                address = _COUNTS + ((c << 8) + r) * 2
                u, v = uniforms(key, item, address)
                dna = negative_binomial(u, v, n * dna_depth, n * dna_size)
                u, v = uniforms(key, item, address + 1)
                rna = negative_binomial(u, v, rate, n * rna_size)
                replicates[i, r, c] = log2((rna + 1) / (dna + 1))


# Moments ------------------------------------------------------------------------------------------------------------

_PER_UNIT = 8  # knots of f per log2 unit
_NODES = np.arange(-6, 7) * 1.0  # trapezoid rule in a normal deviate: exact to about 1e-8 for smooth integrands
_KNOTS = 16  # of the Poisson table per unit of log rate
_LOW, _HIGH = -14, 18  # log rate
_RARE = 1e-8  # barcode numbers are cut off at this tail


def moments(assay: Assay, f: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """E and SD of `observed` given `f` (any shape, log2 units), float32 of that shape.

    Integrates over barcodes, the factor shared by replicates and the counts; computed at fixed knots of f, an
    eighth apart, and interpolated by cubics, so a value does not depend on the other rows.
    """
    if not f.size:
        return f.astype(np.float32), f.astype(np.float32)
    if not np.isfinite(f).all():
        raise ValueError("f: holds NaN or infinity; expected finite log2 activities")
    low, high = math.floor(float(f.min())) - 1, math.ceil(float(f.max())) + 1
    knots = _knots(assay, low, high)
    expected, sd = np.empty(f.size, np.float32), np.empty(f.size, np.float32)
    _interpolate(f.ravel(), float(low), knots, expected, sd)
    return expected.reshape(f.shape), sd.reshape(f.shape)


@lru_cache(maxsize=64)
def _knots(assay: Assay, low: int, high: int) -> NDArray[np.float64]:
    """E and SD of `observed` at f = low, low + 1/8, ..., high, float64 (2, knots)."""
    out = np.empty((2, (high - low) * _PER_UNIT + 1))
    _integrate(_law(assay), assay.replicates, float(low), _poisson_table(), out)
    return out


@lru_cache(maxsize=1)
def _poisson_table() -> NDArray[np.float64]:
    """E and E of the square of log2(X + 1), X Poisson, at equally spaced log rates, float64 (2, knots)."""
    out = np.empty((2, (_HIGH - _LOW) * _KNOTS + 1))
    _fill_poisson(out)
    return out


@njit(cache=True)
def _fill_poisson(out):  # type: ignore[no-untyped-def]
    for j in range(out.shape[1]):
        rate = math.exp(_LOW + j / _KNOTS)
        if rate > 1e4:  # expansion in 1 / rate, error below 1e-8
            center = math.log(rate + 1)
            ratio = rate / ((rate + 1) * (rate + 1))
            mean = center - ratio / 2 + ratio / (3 * (rate + 1)) - 3 * ratio * ratio / 4
            out[0, j] = mean / LN2
            out[1, j] = (mean * mean + ratio + ratio * ratio / 2) / (LN2 * LN2)
            continue
        spread = 9 * math.sqrt(rate) + 12
        k = max(0, int(rate - spread))
        mass = math.exp(k * math.log(rate) - rate - log_gamma(k + 1.0))
        out[0, j] = out[1, j] = 0.0
        while k < rate + spread:
            value = log2(k + 1.0)
            out[0, j] += mass * value
            out[1, j] += mass * value * value
            k += 1
            mass *= rate / k


@njit(cache=True)
def _cubic(table, x):  # type: ignore[no-untyped-def]
    """Both rows of `table` at the fractional index `x`: Lagrange cubics through the four nearest knots."""
    last = table.shape[1] - 1
    x = min(max(x, 0.0), float(last))
    j = min(max(int(x), 1), last - 2)
    t = x - j
    a = -t * (t - 1) * (t - 2) / 6
    b = (t + 1) * (t - 1) * (t - 2) / 2
    c = -(t + 1) * t * (t - 2) / 2
    d = (t + 1) * t * (t - 1) / 6
    return (
        a * table[0, j - 1] + b * table[0, j] + c * table[0, j + 1] + d * table[0, j + 2],
        a * table[1, j - 1] + b * table[1, j] + c * table[1, j + 1] + d * table[1, j + 2],
    )


@njit(cache=True)
def _log_gamma_nodes(shape, out):  # type: ignore[no-untyped-def]
    """Fill `out` with logs of a gamma variate of mean 1 at the nodes of the quadrature."""
    for j in range(out.size):
        tail = 0.5 * gamma_cdf(0.5, 0.5 * _NODES[j] * _NODES[j])[1]  # of a normal deviate
        u = tail if _NODES[j] < 0 else 1 - tail
        out[j] = math.log(max(gamma_quantile(u, shape), 1e-300) / shape)


@njit(cache=True)
def _count_moments(table, log_rate, nodes, weights):  # type: ignore[no-untyped-def]
    """Mean and mean square of log2(X + 1), X Poisson of rate exp(`log_rate`) x gamma."""
    first, second = 0.0, 0.0
    for j in range(nodes.size):
        mean, square = _cubic(table, (log_rate + nodes[j] - _LOW) * _KNOTS)
        first += weights[j] * mean
        second += weights[j] * square
    return first, second


@njit(cache=True)
def _barcode_law(mean, size):  # type: ignore[no-untyped-def]
    """Probabilities of LEAST_BARCODES, LEAST_BARCODES + 1, ... barcodes, up to a tail of `_RARE`."""
    law = np.empty(100000)
    log_p = math.log(mean / (mean + size))
    start = size * math.log(size / (mean + size)) - log_gamma(size)
    total = 0.0
    for k in range(law.size):
        law[k] = math.exp(start + k * log_p + log_gamma(k + size) - log_gamma(k + 1.0))
        total += law[k]
        if k > mean and total > 1 - _RARE:
            return law[: k + 1] / total
    return law / total


@njit(cache=True)
def _normal_weights():  # type: ignore[no-untyped-def]
    """Weights of the nodes of the quadrature, summing to 1."""
    out = np.empty(_NODES.size)
    total = 0.0
    for j in range(out.size):
        out[j] = math.exp(-0.5 * _NODES[j] * _NODES[j])
        total += out[j]
    return out / total


@njit(cache=True, parallel=True)
def _integrate(law, replicates, low, table, out):  # type: ignore[no-untyped-def]
    barcode_mean, barcode_size, shared_size, dna_depth, dna_size, rna_depth, rna_size = law
    weights = _normal_weights()
    chance = _barcode_law(barcode_mean, barcode_size)
    shared = np.empty((chance.size, _NODES.size))
    rna = np.empty((chance.size, _NODES.size))
    dna = np.empty((chance.size, 2))
    nodes = np.empty(_NODES.size)
    for b in range(chance.size):
        n = LEAST_BARCODES + b
        _log_gamma_nodes(n * shared_size, shared[b])
        _log_gamma_nodes(n * rna_size, rna[b])
        _log_gamma_nodes(n * dna_size, nodes)
        dna[b] = _count_moments(table, math.log(n * dna_depth), nodes, weights)
    for j in prange(out.shape[1]):
        f = low + j / _PER_UNIT
        mean, square, within = 0.0, 0.0, 0.0
        for b in range(chance.size):
            log_rate = math.log((LEAST_BARCODES + b) * rna_depth) + f * LN2
            one, two, inner = 0.0, 0.0, 0.0
            for i in range(_NODES.size):
                first, second = _count_moments(table, log_rate + shared[b, i], rna[b], weights)
                one += weights[i] * first
                two += weights[i] * first * first
                inner += weights[i] * (second - first * first)
            value = one - dna[b, 0]
            mean += chance[b] * value
            square += chance[b] * value * value
            spread = inner + dna[b, 1] - dna[b, 0] * dna[b, 0]
            within += chance[b] * (two - one * one + spread / replicates)
        out[0, j] = mean
        out[1, j] = math.sqrt(within + square - mean * mean)


@njit(cache=True)
def _interpolate(f, low, knots, expected, sd):  # type: ignore[no-untyped-def]
    for i in range(f.size):
        expected[i], sd[i] = _cubic(knots, (f[i] - low) * _PER_UNIT)
