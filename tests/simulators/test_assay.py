"""Counts and their moments: addresses, batches and threads, and slow sums in place of the quadrature."""

import numba
import numpy as np
import pytest
from msgspec.structs import replace

from simulators import assay, mpra
from simulators.random import key, uniforms
from tests import naive

KEY = key(0, "assay test")
SMALL = replace(mpra.ASSAY, barcode_mean=3.0, dna_depth=2.0, rna_depth=3.0)


def activity(n=60, outputs=3):
    return np.random.default_rng(0).normal(0, 0.8, (n, outputs)).astype(np.float32)


def same(a, b):
    return a.replicates.tobytes() == b.replicates.tobytes() and a.barcodes.tobytes() == b.barcodes.tobytes()


def test_an_item_is_measured_the_same_alone_in_a_batch_and_in_a_slice():
    f = activity()
    whole = assay.measure(mpra.ASSAY, f, KEY)
    for item in (59, 17, 0):
        alone = assay.measure(mpra.ASSAY, f[item : item + 1], KEY, item)
        assert alone.replicates[0].tobytes() == whole.replicates[item].tobytes()
    assert same(assay.measure(mpra.ASSAY, f[:9], KEY), assay.Measured(whole.replicates[:9], whole.barcodes[:9]))
    part = assay.measure(mpra.ASSAY, f[20:], KEY, 20)
    assert part.replicates.tobytes() == whole.replicates[20:].tobytes()


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="numba has one thread only")
def test_one_thread_and_two_give_the_same_bytes():
    most = numba.get_num_threads()
    drawn, found = [], []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        drawn.append(assay.measure(mpra.ASSAY, activity(400), KEY))
        assay._knots.cache_clear()
        found.append(assay.moments(SMALL, activity()))
    numba.set_num_threads(most)
    assert same(*drawn)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(*found, strict=True))


def test_counts_of_one_insert_from_their_uniforms():
    """Barcodes, factor and counts of one item by the quantiles of SciPy at the addresses of its draws."""
    from scipy import stats

    def negative_binomial(address, mean, size):
        u, v = uniforms(KEY, 5, address)
        return stats.poisson.ppf(v, stats.gamma.ppf(u, size) * mean / size)

    law, f = mpra.ASSAY, activity(1)
    found = assay.measure(law, f, KEY, 5)
    n = 2 + negative_binomial(0, law.barcode_mean, law.barcode_size)
    assert found.barcodes[0] == n
    for c in range(3):
        factor = stats.gamma.ppf(uniforms(KEY, 5, 256 + c)[0], n * law.shared_size) / (n * law.shared_size)
        for r in range(law.replicates):
            address = 65536 + (c * 256 + r) * 2
            dna = negative_binomial(address, n * law.dna_depth, n * law.dna_size)
            rna = negative_binomial(address + 1, n * law.rna_depth * 2.0 ** f[0, c] * factor, n * law.rna_size)
            assert found.replicates[0, r, c] == pytest.approx(np.log2((rna + 1) / (dna + 1)), rel=1e-6)


def test_observed_and_noise_sd_come_from_the_replicates():
    found = assay.measure(mpra.ASSAY, activity(), KEY)
    assert found.replicates.dtype == found.observed.dtype == found.noise_sd.dtype == np.float32
    np.testing.assert_allclose(found.observed, found.replicates.mean(axis=1), rtol=1e-5, atol=1e-6)
    r = found.replicates.astype(float)
    squares = ((r - r.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    np.testing.assert_allclose(found.noise_sd, np.sqrt(squares / 2 / 3), rtol=1e-5)


def test_barcodes_do_not_depend_on_activity_and_counts_rise_with_it():
    low, high = (assay.measure(mpra.ASSAY, activity() + shift, KEY) for shift in (0, np.float32(0.5)))
    assert low.barcodes.tobytes() == high.barcodes.tobytes()
    assert low.barcodes.min() >= assay.LEAST_BARCODES
    assert (high.replicates >= low.replicates).all()
    assert high.replicates.mean() - low.replicates.mean() == pytest.approx(0.5, abs=0.03)


def test_outputs_have_noise_of_their_own_and_share_their_barcodes():
    equal = np.zeros((2000, 2), np.float32)
    found = assay.measure(mpra.ASSAY, equal, KEY).observed
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.1


@pytest.mark.parametrize(
    ("law", "f"), [(SMALL, -1.3), (SMALL, 0.52), (SMALL, 2.2), (replace(SMALL, rna_depth=0.2), 0.0)]
)
def test_moments_against_sums_over_barcodes_factor_and_counts(law, f):
    expected, sd = assay.moments(law, np.array([[f]], np.float32))
    mean, spread = naive.count_moments(law, np.float32(f), assay.LEAST_BARCODES, barcodes=50, grid=60, most=1500)
    assert expected[0, 0] == pytest.approx(mean, abs=2e-5)
    assert sd[0, 0] == pytest.approx(spread, rel=2e-5)


def test_moments_of_a_row_do_not_depend_on_other_rows():
    f = activity()
    whole = assay.moments(mpra.ASSAY, f)
    far = assay.moments(mpra.ASSAY, np.vstack([f, [[-6.0, 0, 7.0]]]).astype(np.float32))
    one = assay.moments(mpra.ASSAY, f[3, 1])
    for a, b, c in zip(whole, far, one, strict=True):
        assert a.tobytes() == b[:-1].tobytes()
        assert c == a[3, 1]
    assert assay.moments(mpra.ASSAY, np.empty((0, 3), np.float32))[0].shape == (0, 3)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_activity_that_is_no_number_is_refused(wrong):
    with pytest.raises(ValueError, match="f: holds NaN or infinity; expected finite log2 activities"):
        assay.moments(mpra.ASSAY, np.array([0, wrong], np.float32))
