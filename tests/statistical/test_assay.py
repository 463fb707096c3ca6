"""What is observed against the mean, the SD and the count law that the truth states."""

import math

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from simulators import assay, mpra, shift
from simulators.distributions import negative_binomial
from simulators.random import key, uniforms

pytestmark = pytest.mark.statistical
N = 40_000


def observe(law, f, outputs=1):
    return assay.measure(law, np.full((N, outputs), f, np.float32), key(2, "statistical assay", str(f)))


def misses(observed, expected, sd):
    """Distances of mean and SD of `observed` from what is stated, in standard errors."""
    spread = observed.std()
    kurtosis = stats.kurtosis(observed, fisher=False)
    mean_error, sd_error = spread / N**0.5, spread * ((kurtosis - 1) / 4 / N) ** 0.5
    return abs(observed.mean() - expected) / mean_error, abs(spread - sd) / sd_error


@pytest.mark.parametrize("depth", [1.0, 0.02])
@pytest.mark.parametrize("f", [-1.5, 0.0, 0.77, 2.5])
def test_observations_have_the_stated_mean_and_sd(f, depth):
    """Two z-tests at 4.5 standard errors a case: 1e-4 false alarms over the eight; controls: sd x 0.8, mean + 0.05."""
    law = replace(mpra.ASSAY, dna_depth=depth * mpra.ASSAY.dna_depth, rna_depth=depth * mpra.ASSAY.rna_depth)
    expected, sd = (float(x[0]) for x in assay.moments(law, np.float32([f])))
    observed = observe(law, f).observed[:, 0].astype(float)
    assert max(misses(observed, expected, sd)) < 4.5
    assert misses(observed, expected, 0.8 * sd)[1] > 4.5
    assert misses(observed, expected + 0.05, sd)[0] > 4.5


@pytest.mark.parametrize(("n", "mean", "size"), [(1, 10.0, 2.0), (27, 10.0, 1.6), (4, 0.2, 1.6)])
def test_counts_of_an_insert_are_sums_over_its_barcodes(n, mean, size):
    """NB(n m, n k) is a sum of n NB(m, k): z-tests of both moments at 4.5 standard errors; control: size not summed."""
    k = key(3, "count moments")
    count = np.array([negative_binomial(*uniforms(k, i, n), n * mean, n * size) for i in range(N)], dtype=float)
    variance = n * (mean + mean**2 / size)
    assert max(misses(count, n * mean, variance**0.5)) < 4.5
    alone = n * mean + (n * mean) ** 2 / size
    if n > 1:
        assert misses(count, n * mean, alone**0.5)[1] > 4.5


def test_the_number_of_barcodes_has_its_law():
    """Chi-square at 1e-3; the control is a mean 5 % higher."""
    barcodes = observe(mpra.ASSAY, 0.0).barcodes - assay.LEAST_BARCODES
    count = np.bincount(np.minimum(barcodes, 90), minlength=91)

    def p(mean):
        law = stats.nbinom(mpra.ASSAY.barcode_size, mpra.ASSAY.barcode_size / (mpra.ASSAY.barcode_size + mean))
        mass = law.pmf(np.arange(91))
        mass[-1] = law.sf(89)
        return stats.chisquare(count, mass * N).pvalue

    assert p(mpra.ASSAY.barcode_mean) > 1e-3
    assert p(1.05 * mpra.ASSAY.barcode_mean) < 1e-3


def understated(law):
    """Mean square of `noise_sd` over the true variance; 1 if replicates share nothing."""
    noise = observe(law, 0.5).noise_sd.astype(float)
    return float((noise**2).mean() / assay.moments(law, np.float32([0.5]))[1][0] ** 2)


def test_replicates_understate_the_noise():
    """What replicates share, they do not show. The ratio has an SE near .01; the control shares next to nothing."""
    assert understated(mpra.ASSAY) < 0.85
    assert understated(replace(mpra.ASSAY, shared_size=1e6)) == pytest.approx(1, abs=0.05)


def test_noise_stays_the_same_at_a_vanishing_dose_and_not_at_a_large_one():
    world = mpra.world(0)
    drawn = [mpra.draw(w, 2000, seed=0) for w in (world, *(shift.apply(world, "depth", s).world for s in (1e-6, 0.3)))]
    residual = [((s.observed - s.truth.expected) / s.truth.sd).ravel() for s in drawn]
    assert np.corrcoef(residual[0], residual[1])[0, 1] > 0.99
    assert np.corrcoef(residual[0], residual[2])[0, 1] < 0.99


def test_standardised_residuals_of_a_sample_have_mean_0_and_sd_1():
    """z-tests at 4.5 standard errors over three outputs; the control takes f for the mean at low depth."""
    world = shift.apply(mpra.world(0), "depth", 0.3).world
    sample = mpra.draw(world, 6000, seed=1)
    z = ((sample.observed - sample.truth.expected) / sample.truth.sd).ravel()
    assert abs(z.mean()) < 4.5 / math.sqrt(z.size)
    assert abs(z.std() - 1) < 4.5 * ((stats.kurtosis(z, fisher=False) - 1) / 4 / z.size) ** 0.5
    wrong = ((sample.observed - sample.truth.mean) / sample.truth.sd).ravel()
    assert abs(wrong.mean()) > 4.5 / math.sqrt(z.size)
