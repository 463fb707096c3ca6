"""What is observed against the mean, the SD and the count law that the truth states."""

import math

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from simulators import assay, mpra
from simulators.contract import Batch
from simulators.distributions import gamma_table, negative_binomial
from simulators.random import key, uniforms
from tests.assays import ALL, BATCHES, MECHANISMS, PLAIN, without

pytestmark = pytest.mark.statistical
N = 60_000
POINTS = ((-1.2, 0.33), (0.4, 0.52), (2.2, 0.71))
"""Activity and GC."""


def observe(law, f, gc=0.5, outputs=1):
    f = np.full((N, outputs), f, np.float32)
    return assay.measure(law, f, np.full(N, gc), key(2, "statistical assay", f"{f[0, 0]:g}"))


def moments(law, f, gc=0.5, batch=None):
    batch = None if batch is None else np.array([batch], np.int32)
    return tuple(float(x[0, 0]) for x in assay.moments(law, np.float32([[f]]), np.array([gc]), batch))


def misses(observed, expected, sd):
    """Distances of mean and SD of `observed` from what is stated, in standard errors."""
    spread, n = observed.std(), observed.size
    kurtosis = stats.kurtosis(observed, fisher=False)
    mean_error, sd_error = spread / n**0.5, spread * ((kurtosis - 1) / 4 / n) ** 0.5
    return abs(observed.mean() - expected) / mean_error, abs(spread - sd) / sd_error


def worst(law, stated):
    """Largest miss of the moments of `stated` on what `law` observes: over all points, whole and batch by batch."""
    found = 0.0
    for f, gc in POINTS:
        measured = observe(law, f, gc)
        observed = measured.observed[:, 0].astype(float)
        kept = np.isfinite(observed)
        found = max(found, *misses(observed[kept], *moments(stated, f, gc)))
        for b in range(len(law.batches)) if len(law.batches) == len(stated.batches) > 1 else ():
            found = max(found, *misses(observed[kept & (measured.batch == b)], *moments(stated, f, gc, b)))
    return found


CASES = {name: replace(PLAIN, **fields) for name, fields in MECHANISMS.items()} | {
    "plain": PLAIN,
    "shallow": replace(PLAIN, dna_depth=0.2, rna_depth=0.2),
    "all": ALL,
}


@pytest.mark.parametrize("name", CASES)
def test_observations_have_the_stated_mean_and_sd(name):
    """z-tests at 4.5 standard errors, 114 over all cases: 8e-4 false alarms; controls below and in the next test."""
    assert worst(CASES[name], CASES[name]) < 4.5


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_moments_without_a_mechanism_are_rejected(mechanism):
    """Alone and beside all others, each mechanism moves the moments by more than the tests above allow."""
    for law in (CASES[mechanism], ALL):
        assert worst(law, without(law, mechanism)) > 4.5


def test_moments_of_another_batch_or_depth_are_rejected():
    turned = replace(ALL, batches=BATCHES[1:] + BATCHES[:1])
    assert worst(ALL, turned) > 4.5
    assert worst(CASES["batches"], replace(PLAIN, batches=tuple(replace(b, depth=1.0) for b in BATCHES))) > 4.5


@pytest.mark.parametrize(("n", "mean", "size"), [(1, 10.0, 2.0), (27, 10.0, 1.6), (4, 0.2, 1.6), (1, 300.0, 0.1)])
def test_counts_of_an_insert_are_sums_over_its_barcodes(n, mean, size):
    """NB(n m, n k) is a sum of n NB(m, k): z-tests of both moments at 4.5 standard errors; control: size not summed."""
    k, table = key(3, "count moments"), gamma_table()
    count = np.array([negative_binomial(table, *uniforms(k, i, n), n * mean, n * size) for i in range(N)], dtype=float)
    variance = n * (mean + mean**2 / size)
    assert max(misses(count, n * mean, variance**0.5)) < 4.5
    alone = n * mean + (n * mean) ** 2 / size
    if n > 1:
        assert misses(count, n * mean, alone**0.5)[1] > 4.5


@pytest.mark.parametrize("gc", [0.4, 0.65])
def test_the_number_of_barcodes_has_its_law(gc):
    """Negative binomial thinned by losses: chi-square at 1e-3, twice; the control is a mean 5 % higher."""
    law = replace(PLAIN, dropout=0.3, barcode_gc=4.0)
    count = np.bincount(np.minimum(observe(law, 0.0, gc).barcodes, 60), minlength=61)

    def p(factor):
        mean = factor * law.barcode_mean * 0.7 * math.exp(-4 * max(0, gc - 0.52))
        expected = stats.nbinom(law.barcode_size, law.barcode_size / (law.barcode_size + mean))
        mass = expected.pmf(np.arange(61))
        mass[-1] = expected.sf(59)
        return stats.chisquare(count, mass * N).pvalue

    assert p(1.0) > 1e-3
    assert p(1.05) < 1e-3


def test_batches_are_equally_likely():
    """Chi-square at 1e-3; the control counts one batch twice."""
    count = np.bincount(observe(replace(PLAIN, batches=BATCHES), 0.0).batch, minlength=3)
    assert stats.chisquare(count).pvalue > 1e-3
    assert stats.chisquare(count, np.array([2, 1, 1]) * N / 4).pvalue < 1e-3


def understated(law):
    """Mean square of `noise_sd` over the true variance; 1 if replicates share nothing."""
    noise = observe(law, 0.5).noise_sd.astype(float)
    return float(np.nanmean(noise**2) / moments(law, 0.5)[1] ** 2)


def test_replicates_understate_the_noise():
    """What replicates share, they do not show. The ratio has an SE near .01; the control shares next to nothing."""
    law = replace(PLAIN, least_barcodes=3)
    assert understated(law) < 0.85
    single = replace(law, shared_size=1e6, barcode_mean=100.0, barcode_size=1e3)
    assert understated(single) == pytest.approx(1, abs=0.05)


def residual(law):
    f = np.random.default_rng(1).normal(0, 0.8, (4000, 2)).astype(np.float32)
    gc = np.random.default_rng(2).uniform(0.3, 0.75, 4000)
    measured = assay.measure(law, f, gc, key(4, "smooth"))
    expected, sd = assay.moments(law, f, gc, measured.batch)
    return (measured.observed - expected) / sd


MOVED = (
    "barcode_mean", "barcode_size", "barcode_gc", "dropout", "gain", "leak", "gc_linear", "gc_square", "dispersion",
    "dispersion_gc", "jackpot_rate", "jackpot_most", "shared_size", "dna_depth", "rna_depth", "dna_size", "rna_size",
)  # fmt: skip


def together(law, other):
    """Correlation of the residuals of two assays on the inserts that both measure, and the share that only one does."""
    a, b = residual(law), residual(other)
    both = np.isfinite(a) & np.isfinite(b)
    return np.corrcoef(a[both], b[both])[0, 1], (np.isfinite(a) != np.isfinite(b)).mean()


@pytest.mark.parametrize("name", MOVED)
def test_noise_stays_the_same_at_a_vanishing_dose(name):
    correlation, changed = together(ALL, replace(ALL, **{name: getattr(ALL, name) * (1 + 1e-6)}))
    assert correlation > 0.99
    assert changed < 1e-3


def test_noise_stays_the_same_at_a_vanishing_dose_of_a_batch_and_not_at_a_large_one():
    for field in Batch.__struct_fields__:
        moved = tuple(replace(b, **{field: getattr(b, field) + 1e-6}) for b in BATCHES)
        assert together(ALL, replace(ALL, batches=moved))[0] > 0.99
    assert together(ALL, replace(ALL, dna_depth=0.1, rna_depth=0.1))[0] < 0.99


def test_standardised_residuals_of_a_sample_have_mean_0_and_sd_1():
    """z-tests at 4.5 standard errors over three outputs; controls: a mean .05 larger, an SD a tenth larger."""
    world = mpra.world(0)
    shallow = replace(world.assay, dna_depth=0.2, rna_depth=0.2)
    sample = mpra.draw(replace(world, assay=shallow), 6000, seed=1)
    truth = sample.truth

    def miss(mean, sd):
        z = ((sample.observed - mean) / sd).ravel()
        return max(misses(z[np.isfinite(z)].astype(float), 0.0, 1.0))

    assert miss(truth.expected, truth.sd) < 4.5
    assert miss(truth.expected + 0.05, truth.sd) > 4.5
    assert miss(truth.expected, 1.1 * truth.sd) > 4.5


def split(law, inserts=300):
    """DNA and RNA counts of the barcodes of inserts of f = 1, one array (3, barcodes) an insert."""
    tables = [assay.barcode_table(law, np.float32([1.0]), 0.5, key(5, "split"), i) for i in range(inserts)]
    return ([table[kind][:, 0] for table in tables] for kind in (0, 1))


def test_every_barcode_has_the_count_law():
    """DNA of one barcode: chi-square at 1e-3; the control is a size a fifth larger. RNA: mean m 2^a."""
    dna, rna = split(PLAIN)
    count = np.bincount(np.minimum(np.concatenate(dna, axis=1).ravel(), 40), minlength=41)

    def p(size):
        law = stats.nbinom(size, size / (size + PLAIN.dna_depth))
        mass = law.pmf(np.arange(41))
        mass[-1] = law.sf(39)
        return stats.chisquare(count, mass * count.sum()).pvalue

    assert p(PLAIN.dna_size) > 1e-3
    assert p(1.2 * PLAIN.dna_size) < 1e-3
    count = np.concatenate(rna, axis=1).astype(float).mean(axis=0)
    assert abs(count.mean() - 20) < 4.5 * count.std() / count.size**0.5


def shared(law):
    """Covariance of the RNA of a barcode between replicates over the square of its mean."""
    a, b, c = np.concatenate(list(split(law))[1], axis=1).astype(float)
    return (np.cov(a, b)[0, 1] + np.cov(a, c)[0, 1] + np.cov(b, c)[0, 1]) / 3 / 20**2


def test_replicates_share_the_factor_of_a_barcode():
    """1 / shared_size but for terms of 1 / n; the control shares next to nothing."""
    assert shared(PLAIN) == pytest.approx(1 / PLAIN.shared_size, rel=0.15)
    assert abs(shared(replace(PLAIN, shared_size=1e6))) < 0.02


def test_a_jackpot_is_one_barcode():
    """Its share of the RNA is J / (n - 1 + J); the control has none."""

    def top(law):
        return np.mean([x.sum(axis=0).max() / x.sum() for x in list(split(law, 100))[1] if x.shape[1] >= 10])

    assert top(replace(PLAIN, jackpot_rate=1.0, jackpot_least=50.0, jackpot_most=50.0)) > 0.5
    assert top(PLAIN) < 0.25
