"""Counts and their moments: addresses, batches and threads, and slow sums in place of the quadrature."""

import numba
import numpy as np
import pytest
from msgspec.structs import replace

from simulators import assay, moments, threads
from simulators.contract import Batch
from simulators.random import key, uniforms
from tests import naive
from tests.assays import ALL, BATCHES, PLAIN

KEY = key(0, "assay test")
SMALL = replace(PLAIN, barcode_mean=3.0, dna_depth=2.0, rna_depth=3.0)
RARE = replace(
    SMALL, barcode_mean=0.6, jackpot_rate=0.2, jackpot_most=12.0, barcode_gc=2.0, dispersion=1.4, dispersion_gc=1.0
)
BENT = replace(SMALL, dropout=0.2, least_barcodes=2, gain=1.2, leak=0.1, gc_linear=0.7, gc_square=-1.0, batches=BATCHES)


def activity(n=60, outputs=3):
    return np.random.default_rng(0).normal(0, 0.8, (n, outputs)).astype(np.float32)


def share(n=60):
    return np.random.default_rng(1).uniform(0.3, 0.8, n)


def items(measured, *chosen):
    return [(measured.replicates[i].tobytes(), measured.barcodes[i], measured.batch[i]) for i in chosen]


def test_an_item_is_measured_the_same_alone_in_a_batch_and_in_a_slice():
    f, gc = activity(), share()
    whole = assay.measure(ALL, f, gc, KEY)
    assert 0 < np.isnan(whole.observed).all(axis=1).mean() < 1
    for item in (59, 17, 0):
        alone = assay.measure(ALL, f[item : item + 1], gc[item : item + 1], KEY, item)
        assert items(alone, 0) == items(whole, item)
    assert items(assay.measure(ALL, f[:9], gc[:9], KEY), *range(9)) == items(whole, *range(9))
    assert items(assay.measure(ALL, f[20:], gc[20:], KEY, 20), *range(40)) == items(whole, *range(20, 60))


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="numba has one thread only")
def test_one_thread_and_two_give_the_same_bytes(monkeypatch):
    monkeypatch.setattr(threads, "STRETCH", 7)
    most = numba.get_num_threads()
    drawn, found = [], []
    for count in (1, 2):
        numba.set_num_threads(count)
        drawn.append(items(assay.measure(ALL, activity(400), share(400), KEY), *range(400)))
        moments._table.cache_clear()
        found.append(assay.moments(ALL, activity(), share()))
    numba.set_num_threads(most)
    assert drawn[0] == drawn[1]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(*found, strict=True))


def addresses(item):
    """Uniforms of an insert by purpose, at the addresses that are promised."""
    fixed = {"barcodes": 0, "batch": 1, "shared": 256, "jackpot": 512}

    def draw(purpose, c=0, r=0):
        address = 65536 + (c * 256 + r) * 2 + (purpose == "rna") if purpose in ("dna", "rna") else fixed[purpose] + c
        return uniforms(KEY, item, address)

    return draw


@pytest.mark.parametrize("law", [PLAIN, replace(ALL, least_barcodes=2), replace(SMALL, jackpot_rate=1.0)])
def test_counts_of_an_insert_from_their_uniforms(law):
    f, gc = activity(4), share(4)
    found = assay.measure(law, f, gc, KEY)
    for item in range(4):
        n, batch, counts = naive.insert(law, f[item], gc[item], addresses(item))
        assert (found.barcodes[item], found.batch[item]) == (n, batch)
        expected = np.log2((counts[..., 1] + 1) / (counts[..., 0] + 1)) if n >= law.least_barcodes else np.nan
        np.testing.assert_allclose(found.replicates[item], np.broadcast_to(expected, (3, 3)), rtol=1e-6, atol=1e-7)


def test_observed_and_noise_sd_come_from_the_replicates():
    found = assay.measure(PLAIN, activity(), share(), KEY)
    assert found.replicates.dtype == found.observed.dtype == found.noise_sd.dtype == np.float32
    assert found.barcodes.dtype == found.batch.dtype == np.int32
    np.testing.assert_allclose(found.observed, found.replicates.mean(axis=1), rtol=1e-5, atol=1e-6)
    r = found.replicates.astype(float)
    squares = ((r - r.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    np.testing.assert_allclose(found.noise_sd, np.sqrt(squares / 2 / 3), rtol=1e-5)


def test_an_insert_of_too_few_barcodes_is_not_measured_and_no_other_changes():
    every = assay.measure(PLAIN, activity(), share(), KEY)
    strict = assay.measure(replace(PLAIN, least_barcodes=12), activity(), share(), KEY)
    few = every.barcodes < 12
    assert 0 < few.mean() < 1
    assert np.isnan(strict.replicates[few]).all()
    assert np.isnan(strict.noise_sd[few]).all()
    assert strict.replicates[~few].tobytes() == every.replicates[~few].tobytes()
    assert strict.barcodes.tobytes() == every.barcodes.tobytes()


def test_barcodes_do_not_depend_on_activity_and_counts_rise_with_it():
    low, high = (assay.measure(PLAIN, activity() + shift, share(), KEY) for shift in (0, np.float32(0.5)))
    assert low.barcodes.tobytes() == high.barcodes.tobytes()
    measured = low.barcodes > 0
    assert (high.replicates >= low.replicates)[measured].all()
    assert (high.replicates - low.replicates)[measured].mean() == pytest.approx(0.5, abs=0.03)


def test_outputs_have_noise_of_their_own_and_share_their_barcodes():
    found = assay.measure(PLAIN, np.zeros((2000, 2), np.float32), np.full(2000, 0.5), KEY).observed
    assert abs(np.corrcoef(found[np.isfinite(found[:, 0])].T)[0, 1]) < 0.1


@pytest.mark.parametrize(
    ("law", "batch", "f", "gc", "barcodes"),
    [
        (SMALL, 0, -1.3, 0.52, 50),
        (SMALL, 0, 2.2, 0.52, 50),
        (replace(SMALL, rna_depth=0.2), 0, 0.0, 0.52, 50),
        (RARE, 0, 0.4, 0.67, 12),
        (RARE, 0, 0.4, 0.33, 12),
        (BENT, 1, 0.8, 0.61, 50),
        (BENT, 0, -0.9, 0.4, 50),
    ],
)
def test_moments_against_sums_over_barcodes_factor_jackpots_and_counts(law, batch, f, gc, barcodes):
    expected, sd = assay.moments(law, np.float32([[f]]), np.array([gc]), np.array([batch], np.int32))
    grid, most = (100, 2000) if law.jackpot_rate else (60, 1500)
    mean, spread = naive.count_moments(law, law.batches[batch], np.float32(f), gc, barcodes, grid, most)
    assert expected[0, 0] == pytest.approx(mean, abs=4e-5)
    assert sd[0, 0] == pytest.approx(spread, rel=4e-5)


def test_moments_without_a_batch_are_those_of_the_mixture():
    f, gc = activity(), share()
    each = [assay.moments(ALL, f, gc, np.full(60, b, np.int32)) for b in range(3)]
    mean, sd = (np.array(x, float) for x in zip(*each, strict=True))
    expected, spread = assay.moments(ALL, f, gc)
    np.testing.assert_allclose(expected, mean.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(spread, np.sqrt((sd**2).mean(axis=0) + mean.var(axis=0)), rtol=1e-5)


def test_moments_of_a_row_do_not_depend_on_other_rows():
    f, gc = activity(), share()
    for law in (PLAIN, ALL):
        whole = assay.moments(law, f, gc)
        far = assay.moments(law, np.vstack([f, [[-9.0, 0, 9.0]]]).astype(np.float32), np.append(gc, 1.0))
        one = assay.moments(law, f[3:4], gc[3:4])
        for a, b, c in zip(whole, far, one, strict=True):
            assert a.tobytes() == b[:-1].tobytes()
            assert c.tobytes() == a[3:4].tobytes()
    assert assay.moments(PLAIN, np.empty((0, 3), np.float32), np.empty(0))[0].shape == (0, 3)


@pytest.mark.parametrize("near", ["-0x1.83c9080000000p-6", "0x1.bd5eec0000000p-8", "-0x1.ef5a4a0000000p-6"])
def test_rounding_of_moments_does_not_depend_on_other_rows(near):
    """Rows on the edge between two float32 numbers, beside one that asks for knots far away."""
    law, f, gc = replace(PLAIN, gc_linear=0.37), np.float32([[float.fromhex(near)], [-60]]), np.full(2, 0.61)
    alone, beside = assay.moments(law, f[:1], gc[:1])[0], assay.moments(law, f, gc)[0][:1]
    assert alone.tobytes() == beside.tobytes()


@pytest.mark.parametrize(
    "law",
    [
        PLAIN,
        ALL,
        replace(PLAIN, dispersion=30.0),
        replace(PLAIN, barcode_gc=12.0, dispersion_gc=8.0),
        replace(PLAIN, dropout=0.95, least_barcodes=10),
        replace(PLAIN, dna_depth=0.1, rna_depth=0.1, gain=3.0),
        replace(PLAIN, barcode_mean=100.0, barcode_size=20.0, jackpot_rate=0.1),
    ],
)
def test_knots_are_dense_enough(law):
    """The usual knots against twice as many, and the coarse ones of solvers."""
    f, gc = activity(), share()
    mean, sd = assay.moments(law, f, gc, grid=moments.Grid(activity=16, rate=16, barcodes=1.08, gc=0.08))
    for grid, error in ((moments.FINE, 2e-5), (moments.COARSE, 6e-4)):
        found = assay.moments(law, f, gc, grid=grid)
        np.testing.assert_allclose(found[0], mean, atol=error)
        np.testing.assert_allclose(found[1], sd, rtol=error)


def test_moments_of_what_is_never_measured_are_undefined():
    expected, sd = assay.moments(replace(PLAIN, dropout=1.0), activity(), share())
    assert np.isnan(expected).all()
    assert np.isnan(sd).all()
    assert np.isnan(assay.measure(replace(PLAIN, dropout=1.0), activity(), share(), KEY).observed).all()


def test_without_leak_and_gain_the_expected_value_follows_batch_and_gc_alone():
    """At great depth `expected` is the read-out; written out for one row."""
    deep = replace(PLAIN, dna_depth=1e5, rna_depth=1e5, barcode_mean=1e3, barcode_size=1e3, gc_linear=0.5)
    deep = replace(deep, batches=(Batch(offset=0.1, slope=2.0, gc_linear=1.0, gc_square=3.0),))
    expected, _ = assay.moments(deep, np.float32([[0.7]]), np.array([0.6]))
    assert expected[0, 0] == pytest.approx(0.1 + 2 * (0.7 + 0.5 * 0.1) + 0.1 + 3 * 0.01, abs=2e-3)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_activity_that_is_no_number_is_refused(wrong):
    with pytest.raises(ValueError, match="f: holds NaN or infinity; expected finite log2 activities"):
        assay.moments(PLAIN, np.array([[0, wrong]], np.float32), np.array([0.5]))


def test_gc_and_batches_that_do_not_fit_are_refused():
    f = activity(2)
    with pytest.raises(ValueError, match=r"gc: holds NaN or a number outside 0\.\.1"):
        assay.moments(PLAIN, f, np.array([0.5, np.nan]))
    with pytest.raises(ValueError, match=r"gc: shape \(3,\) beside f \(2, 3\)"):
        assay.moments(PLAIN, f, share(3))
    with pytest.raises(ValueError, match=r"batch: expected a number in 0\.\.2 for each row"):
        assay.moments(ALL, f, share(2), np.array([0, 3], np.int32))


def test_draws_that_would_share_an_address_are_refused():
    most = assay.measure(PLAIN, np.zeros((2, 256), np.float32), np.full(2, 0.5), KEY, 2**32 - 2)
    assert most.replicates.shape == (2, 3, 256)
    for outputs, start in ((257, 0), (256, 2**32 - 1), (1, -1)):
        with pytest.raises(ValueError, match=rf"items {start} to .* of {outputs} outputs: at most 4294967296 items"):
            assay.measure(PLAIN, np.zeros((2, outputs), np.float32), np.full(2, 0.5), KEY, start)


@pytest.mark.parametrize("law", [PLAIN, replace(ALL, least_barcodes=1), replace(SMALL, jackpot_rate=1.0)])
def test_a_table_of_barcodes_splits_the_counts_of_its_insert(law):
    f, gc = activity(), share()
    found = assay.measure(law, f, gc, KEY)
    for item in range(12):
        dna, rna = assay.barcode_table(law, f[item], gc[item], KEY, item)
        assert dna.shape == rna.shape == (3, 3, found.barcodes[item])
        if found.barcodes[item]:
            value = np.log2((rna.sum(axis=2) + 1) / (dna.sum(axis=2) + 1)).astype(np.float32)
            assert value.tobytes() == found.replicates[item].tobytes()
            counts = naive.insert(law, f[item], gc[item], addresses(item))[2]
            assert (counts[..., 0] == dna.sum(axis=2)).all()
            assert (counts[..., 1] == rna.sum(axis=2)).all()
