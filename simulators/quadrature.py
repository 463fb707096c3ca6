"""Integrals over barcodes, jackpots, shared factor and counts: mean and SD of what is observed at given read-outs.

Gamma laws are integrated by the trapezoid rule in a normal deviate, counts by a table of Poisson moments, numbers of
barcodes at a few nodes. All is conditional on an insert being measured.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import readout
from simulators.distributions import LN2, cubic_weights, gamma_ratio, gamma_table, log2, log_gamma

Floats = NDArray[np.float64]

_REACH = 6  # of the trapezoid rule in a normal deviate; at steps of 1 exact to about 1e-8 for smooth integrands
_KNOTS = 16  # of the Poisson table per unit of log rate
_LOW, _HIGH = -14, 22  # log rate
_RARE = 1e-8  # barcode numbers are cut off at this tail
_LEVELS = np.array([0.04691007703066802, 0.23076534494715845, 0.5, 0.7692346550528415, 0.953089922969332])
_LEVEL_WEIGHTS = np.array([0.11846344252809454, 0.23931433524968324, 0.28444444444444444, 0.23931433524968324,
                           0.11846344252809454])  # fmt: skip


# One number of barcodes ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _poisson_table() -> Floats:
    """Mean and variance of log2(X + 1), X Poisson, at equally spaced log rates, float64 (2, knots)."""
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
            out[0, j] = (center - ratio / 2 + ratio / (3 * (rate + 1)) - 3 * ratio * ratio / 4) / LN2
            out[1, j] = (ratio + ratio * ratio / 2) / (LN2 * LN2)
            continue
        spread = 9 * math.sqrt(rate) + 12
        k = max(0, int(rate - spread))
        mass = math.exp(k * math.log(rate) - rate - log_gamma(k + 1.0))
        mean, square, center = 0.0, 0.0, log2(rate + 1)
        while k < rate + spread:
            value = log2(k + 1.0) - center
            mean += mass * value
            square += mass * value * value
            k += 1
            mass *= rate / k
        out[0, j] = mean + center
        out[1, j] = square - mean * mean


@njit(cache=True)
def _at(row, x):  # type: ignore[no-untyped-def]
    """A row at the fractional index `x`: Lagrange cubics through the four nearest knots, constant beyond the ends."""
    x = min(max(x, 0.0), row.size - 1.0)
    j = min(max(int(x), 1), row.size - 3)
    a, b, c, d = cubic_weights(x - j)
    return a * row[j - 1] + b * row[j] + c * row[j + 1] + d * row[j + 2]


@njit(cache=True)
def _log_gamma_law(gammas, shape):  # type: ignore[no-untyped-def]
    """Logs of a gamma variate of mean 1 at the nodes of the quadrature and their weights, finer for small shapes."""
    steps = 1 if shape > 4 else 2 if shape > 1 else 4 if shape > 0.4 else 8
    value = np.empty(2 * _REACH * steps + 1)
    weight = np.empty(value.size)
    total = 0.0
    for j in range(value.size):
        z = j / steps - _REACH
        value[j] = math.log(max(gamma_ratio(gammas, z, shape), 1e-300))
        weight[j] = math.exp(-0.5 * z * z)
        total += weight[j]
    return value, weight / total


@njit(cache=True)
def _mixed(mean, variance, scale, log_rate, value, weight):  # type: ignore[no-untyped-def]
    """Mean over a gamma law of tables of mean and variance against log rate; variance of the mean, mean variance."""
    one, two, within = 0.0, 0.0, 0.0
    center = _at(mean, (log_rate - _LOW) * scale)
    for j in range(value.size):
        x = (log_rate + value[j] - _LOW) * scale
        first = _at(mean, x) - center
        one += weight[j] * first
        two += weight[j] * first * first
        within += weight[j] * _at(variance, x)
    return center + one, two - one * one, within


class Given(NamedTuple):
    """What an assay shows given the number of barcodes: one row a number.

    `rna` float64 (b, 3, knots of the log rate): mean of log2(RNA + 1), its variance that replicates share, that within
    them; `dna` float64 (b, depths, 2): mean and variance of log2(DNA + 1).
    """

    numbers: Floats
    depths: Floats
    per_rate: int
    rna: Floats
    dna: Floats


def given_number(law: readout.Law, gc: float, numbers: Floats, depths: Floats, per_rate: int) -> Given:
    """Integrals over counts and the shared factor at a GC, with `per_rate` knots per unit of log rate."""
    rna = np.empty((numbers.size, 3, (_HIGH - _LOW) * per_rate + 1))
    given = Given(numbers, depths, per_rate, rna, np.empty((numbers.size, depths.size, 2)))
    _fill_given(law, readout.dispersion(law, gc), given, _poisson_table(), gamma_table())
    return given


@njit(cache=True)
def _fill_given(law, spread, given, poisson, gammas):  # type: ignore[no-untyped-def]
    numbers, depths, per_rate, rna, dna = given
    for b in range(numbers.size):
        n = numbers[b] / spread
        value, weight = _log_gamma_law(gammas, n * law.dna_size)
        for j in range(depths.size):
            log_rate = math.log(numbers[b] * law.dna_depth * depths[j])
            mean, between, within = _mixed(poisson[0], poisson[1], _KNOTS, log_rate, value, weight)
            dna[b, j, 0] = mean
            dna[b, j, 1] = between + within
        count = np.empty((2, rna.shape[2]))
        value, weight = _log_gamma_law(gammas, n * law.rna_size)
        for k in range(rna.shape[2]):
            mean, between, within = _mixed(poisson[0], poisson[1], _KNOTS, _LOW + k / per_rate, value, weight)
            count[0, k] = mean
            count[1, k] = between + within
        value, weight = _log_gamma_law(gammas, n * law.shared_size)
        for k in range(rna.shape[2]):
            rna[b, :, k] = _mixed(count[0], count[1], per_rate, _LOW + k / per_rate, value, weight)


# Over the numbers of barcodes ---------------------------------------------------------------------------------------


@njit(cache=True)
def _log_chance(k, mean, size):  # type: ignore[no-untyped-def]
    """Log probability of `k` barcodes, up to a constant."""
    return k * math.log(mean / (mean + size)) + log_gamma(k + size) - log_gamma(k + 1.0)


@njit(cache=True)
def _barcode_law(mean, size, least):  # type: ignore[no-untyped-def]
    """Probabilities of `least`, `least` + 1, ... barcodes given at least so many, up to a tail of `_RARE`."""
    peak = _log_chance(max(least, math.floor(mean)), mean, size)
    out = np.empty(1 << 20)
    total = 0.0
    for i in range(out.size):
        k = least + i
        out[i] = math.exp(_log_chance(k, mean, size) - peak)
        total += out[i]
        ratio = (k + size) / (k + 1) * mean / (mean + size)
        if k > mean and out[i] * ratio < _RARE * total * (1 - ratio):
            return out[: i + 1] / total
    return out / total


@njit(cache=True)
def numbers(law, growth):  # type: ignore[no-untyped-def]
    """Numbers of barcodes at which integrals are taken: all small ones, then a geometric series beyond the last."""
    mean, least = readout.barcode_mean(law, 0.0), int(law.least_barcodes)
    out = np.empty(1000)
    if mean <= 0:
        return out[:0]
    last = least + _barcode_law(mean, law.barcode_size, least).size - 1
    n, count = least, 0
    while count < 4 or out[count - 1] < last:
        out[count] = n
        n = max(n + 1, int(n * growth))
        count += 1
    return out[:count]


@njit(cache=True)
def _weights(law, mean, numbers):  # type: ignore[no-untyped-def]
    """Weight of every one of `numbers`: probabilities of the numbers between go to the cubic in log n around them."""
    least = int(law.least_barcodes)
    chance = _barcode_law(mean, law.barcode_size, least)
    out = np.zeros(numbers.size)
    j = 1
    for i in range(chance.size):
        n = least + i
        while j < numbers.size - 3 and numbers[j + 1] <= n:
            j += 1
        for p in range(j - 1, j + 3):
            weight = chance[i]
            for q in range(j - 1, j + 3):
                if q != p:
                    weight *= math.log(n / numbers[q]) / math.log(numbers[p] / numbers[q])
            out[p] += weight
    return out


@njit(cache=True)
def _excess(law, numbers):  # type: ignore[no-untyped-def]
    """Log factor of the jackpots at the nodes of J, for every number of barcodes."""
    out = np.empty((numbers.size, _LEVELS.size))
    for b in range(numbers.size):
        for i in range(_LEVELS.size):
            out[b, i] = math.log(readout.jackpot(law, numbers[b], _LEVELS[i]))
    return out


@njit(cache=True)
def combine(law, replicates, gc, given, low, per_unit, out):  # type: ignore[no-untyped-def]
    """Fill `out` (depths, knots, 2): E and SD of `observed` at the read-outs `low`, `low` + 1 / `per_unit`, ..."""
    numbers, depths, per_rate, rna, dna = given
    weights = _weights(law, readout.barcode_mean(law, gc), numbers)
    excess = _excess(law, numbers)
    for k in range(out.shape[1]):
        a = low + k / per_unit
        for j in range(depths.size):
            mean, square, within = 0.0, 0.0, 0.0
            for b in range(numbers.size):
                log_rate = math.log(numbers[b] * law.rna_depth * depths[j]) + a * LN2
                one, two, inner = _jackpots(law.jackpot_rate, excess[b], rna[b], (log_rate - _LOW) * per_rate, per_rate)
                value = one - dna[b, j, 0] - a
                mean += weights[b] * value
                square += weights[b] * value * value
                within += weights[b] * (two + (inner + dna[b, j, 1]) / replicates)
            out[j, k, 0] = mean + a
            out[j, k, 1] = math.sqrt(within + square - mean * mean)


@njit(cache=True)
def _jackpots(rate, excess, rna, x, per_rate):  # type: ignore[no-untyped-def]
    """Mean, variance shared by replicates and variance within them, mixed over whether there is a jackpot and J."""
    one, two, inner = _at(rna[0], x), _at(rna[1], x), _at(rna[2], x)
    if rate == 0:
        return one, two, inner
    mean, square, between, within = 0.0, 0.0, 0.0, 0.0
    for i in range(_LEVELS.size):
        y = x + excess[i] * per_rate
        gain = _at(rna[0], y) - one
        mean += _LEVEL_WEIGHTS[i] * gain
        square += _LEVEL_WEIGHTS[i] * gain * gain
        between += _LEVEL_WEIGHTS[i] * _at(rna[1], y)
        within += _LEVEL_WEIGHTS[i] * _at(rna[2], y)
    two = (1 - rate) * two + rate * (between + square) - (rate * mean) ** 2
    return one + rate * mean, two, (1 - rate) * inner + rate * within
