"""Exact mean and SD of what an Assay observes: quadrature over barcodes, shared factor, jackpots, counts, batches.

The integrals are taken at fixed knots of the read-out and of the distance of GC from the middle and interpolated by
cubics, so a value does not depend on the other rows. All is conditional on an insert being measured.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from simulators import readout
from simulators.contract import MIDDLE_GC, Assay
from simulators.distributions import LN2, cubic_weights, gamma_ratio, gamma_table, log2, log_gamma

Floats = NDArray[np.float64]


class Grid(NamedTuple):
    """How fine the knots are: `activity` per log2 unit of the read-out, `rate` per unit of log rate.

    `barcodes` is the ratio of neighbouring numbers of barcodes, `gc` the step of the exponent that moves with GC.
    """

    activity: int
    rate: int
    barcodes: float
    gc: float


FINE = Grid(activity=8, rate=8, barcodes=1.2, gc=0.2)
COARSE = Grid(activity=3, rate=4, barcodes=1.5, gc=0.4)
"""For solvers: within 1e-3 of `FINE`, in a few milliseconds an assay."""

_REACH = 6  # of the trapezoid rule in a normal deviate; at steps of 1 exact to about 1e-8 for smooth integrands
_KNOTS = 16  # of the Poisson table per unit of log rate
_LOW, _HIGH = -14, 22  # log rate
_RARE = 1e-8  # barcode numbers are cut off at this tail
_LEVELS = np.array([0.04691007703066802, 0.23076534494715845, 0.5, 0.7692346550528415, 0.953089922969332])
_LEVEL_WEIGHTS = np.array([0.11846344252809454, 0.23931433524968324, 0.28444444444444444, 0.23931433524968324,
                           0.11846344252809454])  # fmt: skip


def moments(
    assay: Assay,
    f: NDArray[np.float32],
    gc: Floats,
    batch: NDArray[np.int32] | None = None,
    grid: Grid = FINE,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """E and SD of `observed`, given that it is measured, for `f` (n, outputs), log2 units; float32 (n, outputs).

    `gc` (n,) is the share of G and C of the whole sequence, `batch` int32 (n,) the batch, None for the mixture of
    all. NaN if no insert would be measured. `ValueError` for values that are not finite or do not fit.
    """
    gc = np.asarray(gc, np.float64)
    _check(f, gc, batch, len(assay.batches))
    law, batches = readout.law(assay), readout.batches(assay)
    expected, sd = np.empty(f.shape, np.float32), np.empty(f.shape, np.float32)
    if not f.size:
        return expected, sd
    chosen = np.full(len(f), -1, np.int32) if batch is None else np.asarray(batch, np.int32)
    low, high, distance = _reach(f, gc, chosen, law, batches)
    depths = tuple(sorted({b.depth for b in assay.batches}))
    step = _gc_step(law, grid)
    knots = math.ceil(distance / step) + 3 if math.isfinite(step) else 1
    origin, end = 4 * math.floor((low - 1) / 4), 4 * math.ceil((high + 1) / 4)
    plain = msgspec.structs.replace(assay, gain=1.0, leak=0.0, gc_linear=0.0, gc_square=0.0, batches=())
    table = _table(plain, depths, origin, end, knots, grid)
    depth = np.array([depths.index(b.depth) for b in assay.batches])
    scale = np.array([origin, grid.activity, step])
    _interpolate(f, gc, chosen, law, batches, depth, scale, table, expected, sd)
    return expected, sd


def _check(f: NDArray[np.float32], gc: Floats, batch: NDArray[np.int32] | None, batches: int) -> None:
    if not np.isfinite(f).all():
        raise ValueError("f: holds NaN or infinity; expected finite log2 activities")
    if f.ndim != 2 or gc.shape != f.shape[:1]:
        raise ValueError(f"gc: shape {gc.shape} beside f {f.shape}; expected one share for each row of f (n, outputs)")
    if not ((gc >= 0) & (gc <= 1)).all():
        raise ValueError("gc: holds NaN or a number outside 0..1; expected the share of G and C of each sequence")
    if batch is None:
        return
    if batch.shape != gc.shape or (batch.size and not 0 <= batch.min() <= batch.max() < batches):
        raise ValueError(f"batch: expected a number in 0..{batches - 1} for each row of f")


@njit(cache=True)
def _reach(f, gc, chosen, law, batches):  # type: ignore[no-untyped-def]
    """Smallest and largest read-out, largest distance of GC from the middle."""
    low, high, distance = math.inf, -math.inf, 0.0
    for i in range(f.shape[0]):
        distance = max(distance, abs(gc[i] - MIDDLE_GC))
        first, last = _batches(chosen[i], len(batches))
        for c in range(f.shape[1]):
            outside = readout.read_out(law, f[i, c], gc[i])
            for b in range(first, last):
                a = readout.in_batch(batches[b], outside, gc[i])
                low, high = min(low, a), max(high, a)
    return low, high, distance


@njit(cache=True)
def _batches(chosen, batches):  # type: ignore[no-untyped-def]
    """First and behind the last batch that a row is in."""
    return (0, batches) if chosen < 0 else (chosen, chosen + 1)


def _gc_step(law: readout.Law, grid: Grid) -> float:
    """Distance of knots of GC: a fixed step of the exponent, a whole share of 1/8 at most; infinite without GC."""
    rate = law.barcode_gc + law.dispersion_gc
    return min(grid.gc / rate, 0.125) if rate > 0 else math.inf


@lru_cache(maxsize=32)
def _table(assay: Assay, depths: tuple[float, ...], low: int, high: int, knots: int, grid: Grid) -> Floats:
    """E and SD at every (side of the middle GC, distance from it, depth, read-out), float64 (2, h, d, a, 2).

    Side 0 is GC above the middle. Without a GC axis both sides are the same and h is 1.
    """
    law = readout.law(assay)
    step = _gc_step(law, grid)
    scale = np.array(depths)
    poisson, gammas = _poisson_table(), gamma_table()
    numbers = _numbers(law, grid.barcodes)
    out = np.full((2, knots, len(depths), (high - low) * grid.activity + 1, 2), np.nan)
    if not numbers.size:
        return out
    rna = np.empty((numbers.size, 3, (_HIGH - _LOW) * grid.rate + 1))
    dna = np.empty((numbers.size, len(depths), 2))
    excess = _excess(law, numbers)
    for j in range(knots):
        distance = j * step if j else 0.0
        if j == 0 or law.dispersion_gc > 0:
            spread = readout.dispersion(law, MIDDLE_GC + distance)
            _given_number(law, spread, numbers, scale, grid.rate, poisson, gammas, rna, dna)
        else:
            out[1, j] = out[1, 0]
        for side, gc in enumerate((MIDDLE_GC + distance, MIDDLE_GC - distance)):
            if side == 0 or j == 0 or law.dispersion_gc > 0:
                weights = _weights(law, readout.barcode_mean(law, gc), numbers)
                _combine(law, assay.replicates, numbers, weights, scale, low, grid, rna, dna, excess, out[side, j])
    return out


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


@njit(cache=True)
def _given_number(law, spread, numbers, depths, per_rate, poisson, gammas, rna, dna):  # type: ignore[no-untyped-def]
    """Fill `rna` and `dna` for every number of barcodes.

    `rna`: mean of log2(RNA + 1), its variance that replicates share, that within them, at knots of the log rate;
    `dna`: mean and variance of log2(DNA + 1) at every depth.
    """
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
def _numbers(law, growth):  # type: ignore[no-untyped-def]
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
def _combine(law, replicates, numbers, weights, depths, low, grid, rna, dna, excess, out):  # type: ignore[no-untyped-def]
    """E and SD at every depth and knot of the read-out, from those given the number of barcodes."""
    for k in range(out.shape[1]):
        a = low + k / grid.activity
        for j in range(depths.size):
            mean, square, within = 0.0, 0.0, 0.0
            for b in range(numbers.size):
                log_rate = math.log(numbers[b] * law.rna_depth * depths[j]) + a * LN2
                one, two, inner = _jackpots(law.jackpot_rate, excess[b], rna[b], log_rate, grid.rate)
                value = one - dna[b, j, 0] - a
                mean += weights[b] * value
                square += weights[b] * value * value
                within += weights[b] * (two + (inner + dna[b, j, 1]) / replicates)
            out[j, k, 0] = mean + a
            out[j, k, 1] = math.sqrt(within + square - mean * mean)


@njit(cache=True)
def _jackpots(rate, excess, rna, log_rate, per_rate):  # type: ignore[no-untyped-def]
    """Mean, variance shared by replicates and variance within them, mixed over whether there is a jackpot and J."""
    x = (log_rate - _LOW) * per_rate
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


# Rows ---------------------------------------------------------------------------------------------------------------


@njit(cache=True, parallel=True)
def _interpolate(f, gc, chosen, law, batches, depth, scale, table, expected, sd):  # type: ignore[no-untyped-def]
    for i in prange(f.shape[0]):
        side = 0 if gc[i] >= MIDDLE_GC else 1
        h = abs(gc[i] - MIDDLE_GC) / scale[2]
        first, last = _batches(chosen[i], len(batches))
        for c in range(f.shape[1]):
            mean, square, within = 0.0, 0.0, 0.0
            outside = readout.read_out(law, f[i, c], gc[i])
            for b in range(first, last):
                a = readout.in_batch(batches[b], outside, gc[i])
                one, spread = _surface(table[side, :, depth[b]], h, (a - scale[0]) * scale[1])
                mean += one
                square += one * one
                within += spread * spread
            count = last - first
            mean /= count
            expected[i, c] = mean
            sd[i, c] = math.sqrt(within / count + max(0.0, square / count - mean * mean))


@njit(cache=True)
def _surface(table, h, x):  # type: ignore[no-untyped-def]
    """Mean and SD at fractional indices of GC and read-out."""
    k = int(x)
    a, b, c, d = cubic_weights(x - k)
    if table.shape[0] == 1:
        row = table[0]
        return (a * row[k - 1, 0] + b * row[k, 0] + c * row[k + 1, 0] + d * row[k + 2, 0],
                a * row[k - 1, 1] + b * row[k, 1] + c * row[k + 1, 1] + d * row[k + 2, 1])  # fmt: skip
    j = max(int(h), 1)
    mean, sd = 0.0, 0.0
    for i, weight in enumerate(cubic_weights(h - j)):
        row = table[j - 1 + i]
        mean += weight * (a * row[k - 1, 0] + b * row[k, 0] + c * row[k + 1, 0] + d * row[k + 2, 0])
        sd += weight * (a * row[k - 1, 1] + b * row[k, 1] + c * row[k + 1, 1] + d * row[k + 2, 1])
    return mean, sd
