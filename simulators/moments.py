"""Exact mean and SD of what an Assay observes, in a batch or over all of them.

The integrals of `quadrature` are taken at fixed knots of the read-out and of the distance of GC from the middle and
interpolated by cubics, so a value does not depend on the other rows.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import quadrature, readout
from simulators.contract import MIDDLE_GC, Assay
from simulators.distributions import cubic_weights
from simulators.threads import over_rows

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
    over_rows(_interpolate, len(f), f, gc, chosen, law, batches, depth, scale, table, expected, sd)
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
    numbers = quadrature.numbers(law, grid.barcodes)
    out = np.full((2, knots, len(depths), (high - low) * grid.activity + 1, 2), np.nan)
    if not numbers.size:
        return out
    for j in range(knots):
        distance = j * step if j else 0.0
        if j == 0 or law.dispersion_gc > 0:
            given = quadrature.given_number(law, MIDDLE_GC + distance, numbers, scale, grid.rate)
        else:
            out[1, j] = out[1, 0]
        for side, gc in enumerate((MIDDLE_GC + distance, MIDDLE_GC - distance)):
            if side == 0 or j == 0 or law.dispersion_gc > 0:
                quadrature.combine(law, assay.replicates, gc, given, low, grid.activity, out[side, j])
    return out


@njit(cache=True, nogil=True)
def _interpolate(low, high, f, gc, chosen, law, batches, depth, scale, table, expected, sd):  # type: ignore[no-untyped-def]
    for i in range(low, high):
        side = 0 if gc[i] >= MIDDLE_GC else 1
        h = abs(gc[i] - MIDDLE_GC) / scale[2]
        first, last = _batches(chosen[i], len(batches))
        for c in range(f.shape[1]):
            mean, square, within = 0.0, 0.0, 0.0
            outside = readout.read_out(law, f[i, c], gc[i])
            for b in range(first, last):
                a = readout.in_batch(batches[b], outside, gc[i])
                x = a * scale[1]
                k = math.floor(x)  # the share of a knot is taken before the origin, which depends on the other rows
                one, spread = _surface(table[side, :, depth[b]], h, int(k - scale[0] * scale[1]), x - k)
                mean += one
                square += one * one
                within += spread * spread
            count = last - first
            mean /= count
            expected[i, c] = mean
            sd[i, c] = math.sqrt(within / count + max(0.0, square / count - mean * mean))


@njit(cache=True)
def _surface(table, h, k, share):  # type: ignore[no-untyped-def]
    """Mean and SD at a fractional index of GC and a `share` of the way from knot `k` of the read-out to the next."""
    a, b, c, d = cubic_weights(share)
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
