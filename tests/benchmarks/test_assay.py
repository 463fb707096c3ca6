"""Counts of the assay against the samplers of NumPy and the quantiles of SciPy, all on one thread: ratios of rates.

Rates are per second of CPU time.
"""

import time

import numba
import numpy as np
import pytest
from scipy import stats

from simulators import assay
from simulators.random import key
from tests.assays import ALL, PLAIN

ROWS, OUTPUTS = 20_000, 3
COUNTS = 2 * PLAIN.replicates * OUTPUTS


@pytest.fixture
def one_thread():
    most = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(most)


def rows():
    rng = np.random.default_rng(0)
    return rng.normal(0, 0.8, (ROWS, OUTPUTS)).astype(np.float32), rng.uniform(0.35, 0.7, ROWS)


def report(benchmark, rows):
    if benchmark.stats:
        benchmark.extra_info["counts_per_second"] = rows * COUNTS / benchmark.stats.stats.min


@pytest.mark.benchmark(group="counts", timer=time.process_time)
@pytest.mark.parametrize("law", [PLAIN, ALL], ids=["plain", "all mechanisms"])
def test_assay(benchmark, one_thread, law):
    """Barcodes, factors and counts of three replicates."""
    f, gc = rows()
    measured = benchmark.pedantic(assay.measure, (law, f, gc, key(0, "speed")), rounds=5, warmup_rounds=1)
    known = np.isfinite(measured.observed[:, 0]).sum()
    assert known > 0
    report(benchmark, known)


def laws(n):
    """Mean and size of `COUNTS` counts of `n` inserts."""
    f, _ = rows()
    barcodes = 1 + np.random.default_rng(1).negative_binomial(2, 2 / 27, n)[:, None]
    rna = barcodes * PLAIN.rna_depth * 2.0 ** f[:n]
    mean = np.hstack([np.repeat(barcodes * PLAIN.dna_depth, 9, axis=1), np.repeat(rna, 3, axis=1)])
    size = np.hstack([np.repeat(barcodes * PLAIN.dna_size, 9, axis=1), np.repeat(barcodes * PLAIN.rna_size, 9, axis=1)])
    return mean, size


@pytest.mark.benchmark(group="counts", timer=time.process_time)
def test_numpy_generator(benchmark):
    """Poisson of gamma by NumPy's rejection samplers, vectorised: neither addressed nor smooth in the parameters."""
    mean, size = laws(ROWS)
    rng = np.random.default_rng(2)

    def draw():
        return rng.poisson(rng.standard_gamma(size) * mean / size)

    assert benchmark.pedantic(draw, rounds=5, warmup_rounds=1).shape == (ROWS, COUNTS)
    report(benchmark, ROWS)


@pytest.mark.benchmark(group="counts", timer=time.process_time)
def test_scipy_quantile(benchmark):
    """Negative binomial quantiles of SciPy: addressed and smooth, like ours."""
    few = ROWS // 100
    mean, size = laws(few)
    u = np.random.default_rng(2).random(mean.shape)
    found = benchmark.pedantic(stats.nbinom.ppf, (u, size, size / (size + mean)), rounds=3)
    assert found.shape == (few, COUNTS)
    report(benchmark, few)
