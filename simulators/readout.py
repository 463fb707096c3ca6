"""The law of one insert in an Assay, compiled for draws and for moments: read-out, batch, barcodes, dispersion."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.contract import MIDDLE_GC, Assay
from simulators.distributions import exp2, log2


class Law(NamedTuple):
    """The numbers of an Assay, by its names, as kernels take them."""

    barcode_mean: float
    barcode_size: float
    barcode_gc: float
    dropout: float
    least_barcodes: float
    gain: float
    leak: float
    gc_linear: float
    gc_square: float
    dispersion: float
    dispersion_gc: float
    jackpot_rate: float
    jackpot_least: float
    jackpot_most: float
    shared_size: float
    dna_depth: float
    rna_depth: float
    dna_size: float
    rna_size: float


def law(assay: Assay) -> Law:
    """The law of an assay but for its batches and its number of replicates."""
    return Law(*(float(getattr(assay, name)) for name in Law._fields))


def batches(assay: Assay) -> NDArray[np.float64]:
    """Offset, slope, gc_linear, gc_square and depth of every batch, float64 (batches, 5)."""
    return np.array([(b.offset, b.slope, b.gc_linear, b.gc_square, b.depth) for b in assay.batches], np.float64)


@njit(cache=True)
def read_out(law, f, gc):  # type: ignore[no-untyped-def]
    """Noise-free log2 RNA / DNA of activity `f` outside any batch: gain and leak, then GC."""
    g = gc - 0.5
    a = law.gain * f
    if law.leak > 0:
        a = log2((exp2(a) + law.leak) / (1 + law.leak))
    return a + law.gc_linear * g + law.gc_square * g * g


@njit(cache=True)
def in_batch(batch, a, gc):  # type: ignore[no-untyped-def]
    """Read-out `a` as one row of `batches` gives it."""
    g = gc - 0.5
    return batch[0] + batch[1] * a + batch[2] * g + batch[3] * g * g


@njit(cache=True)
def barcode_mean(law, gc):  # type: ignore[no-untyped-def]
    """Mean number of barcodes of an insert: each is lost by chance, more of them where GC is high."""
    return law.barcode_mean * (1 - law.dropout) * math.exp(-law.barcode_gc * max(0.0, gc - MIDDLE_GC))


@njit(cache=True)
def dispersion(law, gc):  # type: ignore[no-untyped-def]
    """What divides every gamma shape."""
    return law.dispersion * math.exp(law.dispersion_gc * abs(gc - MIDDLE_GC))


@njit(cache=True)
def jackpot(law, n, level):  # type: ignore[no-untyped-def]
    """Factor of the RNA of an insert one of whose `n` barcodes is read J times too often, J at `level` in 0..1."""
    log_least = math.log(law.jackpot_least)
    j = math.exp(log_least + level * (math.log(law.jackpot_most) - log_least))
    return 1 + (j - 1) / n
