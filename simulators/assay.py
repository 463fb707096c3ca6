"""Barcodes, counts and replicates of an Assay; `moments` are the exact mean and SD of what it observes.

The observed value is the mean over replicates of log2((RNA + 1) / (DNA + 1)), counts summed over the barcodes of an
insert. Draws of item i do not depend on f or on the assay, so two worlds that differ in one part share their noise.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import readout
from simulators.contract import Assay
from simulators.distributions import (
    exp2,
    gamma_quantile,
    gamma_ratio,
    gamma_table,
    log2,
    negative_binomial,
    normal_quantile,
)
from simulators.moments import moments
from simulators.random import ITEMS, Key, uniforms, words
from simulators.threads import over_rows

__all__ = ["Measured", "barcode_table", "measure", "moments"]

OUTPUTS = 256
"""Number of outputs that the addresses of one insert have room for."""

# Addresses of the draws of one insert; outputs and replicates follow from there.
_BARCODES = 0
_BATCH = 1
_SHARED = 1 << 8
_JACKPOT = 2 << 8
_COUNTS = 1 << 16
_SPLIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Measured:
    """Replicate values float32 (n, replicates, outputs), log2 units, NaN for an insert of too few barcodes.

    `barcodes` int32 (n,); `batch` int32 (n,), row in `Assay.batches`.
    """

    replicates: NDArray[np.float32]
    barcodes: NDArray[np.int32]
    batch: NDArray[np.int32]

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


def measure(assay: Assay, f: NDArray[np.float32], gc: NDArray[np.float64], key: Key, start: int = 0) -> Measured:
    """Measurements of items `start`, `start` + 1, ... with noise-free activity `f` (n, outputs), log2 units.

    `gc` (n,) is the share of G and C of the whole sequence. `ValueError` beyond item 2^32 or 256 outputs, where draws
    would share addresses.
    """
    n, outputs = f.shape
    if start < 0 or start + n > ITEMS or outputs > OUTPUTS:
        raise ValueError(f"items {start} to {start + n} of {outputs} outputs: at most {ITEMS} items, {OUTPUTS} outputs")
    result = Measured(
        np.empty((n, assay.replicates, outputs), np.float32), np.empty(n, np.int32), np.empty(n, np.int32)
    )
    law, batches, gc = readout.law(assay), readout.batches(assay), np.asarray(gc, np.float64)
    given = (key, start, f, gc, law, batches, gamma_table(), result.replicates, result.barcodes, result.batch)
    over_rows(_measure, n, *given)
    return result


@njit(cache=True, nogil=True)
def _measure(low, high, key, first, f, gc, law, batches, table, replicates, barcodes, batch):  # type: ignore[no-untyped-def]
    for i in range(low, high):
        item = first + i
        n = _barcodes(key, item, law, gc[i], table)
        barcodes[i] = n
        batch[i] = _batch(key, item, len(batches))
        if n < law.least_barcodes:
            replicates[i] = np.nan
            continue
        for c in range(f.shape[1]):
            rate = _rate(key, item, c, law, batches[batch[i]], n, f[i, c], gc[i], table)
            for r in range(replicates.shape[1]):
                dna, rna = _counts(key, item, c, r, law, batches[batch[i], 4], n, rate, gc[i], table)
                replicates[i, r, c] = log2((rna + 1) / (dna + 1))


@njit(cache=True)
def _barcodes(key, item, law, gc, table):  # type: ignore[no-untyped-def]
    """Barcodes of an insert; barcodes lost at random leave a negative binomial number of the same size."""
    u, v = uniforms(key, item, _BARCODES)
    return negative_binomial(table, u, v, readout.barcode_mean(law, gc), law.barcode_size)


@njit(cache=True)
def _batch(key, item, batches):  # type: ignore[no-untyped-def]
    return int(uniforms(key, item, _BATCH)[0] * batches)


@njit(cache=True)
def _rate(key, item, c, law, batch, n, f, gc, table):  # type: ignore[no-untyped-def]
    """Mean RNA count of an insert, with the factor and the jackpot that its replicates share."""
    shape = n * law.shared_size / readout.dispersion(law, gc)
    factor = gamma_ratio(table, normal_quantile(uniforms(key, item, _SHARED + c)[0]), shape)
    chance, level = uniforms(key, item, _JACKPOT + c)
    if chance < law.jackpot_rate:
        factor *= readout.jackpot(law, n, level)
    a = readout.in_batch(batch, readout.read_out(law, f, gc), gc)
    return n * law.rna_depth * batch[4] * exp2(a) * factor


@njit(cache=True)
def _counts(key, item, c, r, law, depth, n, rate, gc, table):  # type: ignore[no-untyped-def]
    """DNA and RNA counts of an insert in one replicate."""
    spread = n / readout.dispersion(law, gc)
    address = _COUNTS + ((c << 8) + r) * 2
    u, v = uniforms(key, item, address)
    dna = negative_binomial(table, u, v, n * law.dna_depth * depth, spread * law.dna_size)
    u, v = uniforms(key, item, address + 1)
    return dna, negative_binomial(table, u, v, rate, spread * law.rna_size)


def barcode_table(
    assay: Assay, f: NDArray[np.float32], gc: float, key: Key, item: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """DNA and RNA counts of every barcode of one item, int64 (replicates, outputs, barcodes); `f` (outputs,).

    They split the very counts that `measure` sums. DNA: a Dirichlet-multinomial split, exact. RNA: multinomial by
    the gamma factor of each barcode, shared by replicates and its own, a jackpot on one barcode.
    """
    law, batches, table = readout.law(assay), readout.batches(assay), gamma_table()
    n = _barcodes(key, item, law, float(gc), table)
    counts = np.zeros((2, assay.replicates, len(f), n), np.int64)
    if n:
        _split(key, item, np.asarray(f, np.float32), float(gc), law, batches, table, counts)
    return counts[0], counts[1]


@njit(cache=True)
def _split(key, item, f, gc, law, batches, table, counts):  # type: ignore[no-untyped-def]
    n = counts.shape[3]
    batch = batches[_batch(key, item, len(batches))]
    spread = readout.dispersion(law, gc)
    for c in range(f.size):
        rate = _rate(key, item, c, law, batch, n, f[c], gc, table)
        chance, level = uniforms(key, item, _JACKPOT + c)
        stream = _stream(key, item, c, 0, 0)
        shared = _gammas(stream, n, law.shared_size / spread)
        if chance < law.jackpot_rate:
            shared[int(uniforms(stream, 0, 1)[0] * n)] *= 1 + n * (readout.jackpot(law, n, level) - 1)
        for r in range(counts.shape[1]):
            dna, rna = _counts(key, item, c, r, law, batch[4], n, rate, gc, table)
            stream = _stream(key, item, c, r, 1)
            _deal(stream, dna, _gammas(stream, n, law.dna_size / spread), counts[0, r, c])
            stream = _stream(key, item, c, r, 2)
            _deal(stream, rna, shared * _gammas(stream, n, law.rna_size / spread), counts[1, r, c])


@njit(cache=True)
def _stream(key, item, c, r, kind):  # type: ignore[no-untyped-def]
    """Key of the draws of one split."""
    word = words(key, item, _SPLIT + 4 * ((c << 8) + r) + kind)
    return np.array([word[0], word[1], word[2], word[3]], np.uint32)


@njit(cache=True)
def _gammas(stream, n, shape):  # type: ignore[no-untyped-def]
    """Gamma variates of `n` barcodes, at the items 0, 1, ... of the stream."""
    out = np.empty(n)
    for b in range(n):
        out[b] = gamma_quantile(uniforms(stream, b, 0)[0], shape)
    return out


@njit(cache=True)
def _deal(stream, reads, weight, counts):  # type: ignore[no-untyped-def]
    """Deal reads to barcodes in proportion to their weight."""
    cumulative = np.cumsum(weight)
    for read in range(reads):
        u = uniforms(stream, read, 1)[0]
        counts[min(np.searchsorted(cumulative, u * cumulative[-1]), counts.size - 1)] += 1
