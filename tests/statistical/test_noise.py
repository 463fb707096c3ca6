"""Noise correlations: none in an honest model, and what measured targets make of an independent error."""

import math

import numpy as np
import pytest
from scipy import stats

from shiftbench.metrics.noise import expected_noise_correlation, noise_correlation, residual_noise_correlation

pytestmark = pytest.mark.statistical

SETS, ROWS = 1000, 200
BIG = 400_000


def _world(rng, rows=ROWS):
    """f, GC that f depends on, barcodes, and noise that depends on barcodes and by itself."""
    gc = rng.uniform(0.3, 0.7, rows)
    f = 4 * (gc - 0.5) + rng.normal(size=rows)
    barcodes = 1 + rng.poisson(20, rows)
    return f, gc, barcodes, np.exp(0.5 * rng.normal(size=rows)) / np.sqrt(barcodes)


def _alarms(error):
    """Share of sets in which the t test of the partial correlation says 5 %."""
    rng, alarms = np.random.default_rng(0), 0
    for _ in range(SETS):
        f, gc, barcodes, noise = _world(rng)
        r = noise_correlation(0.8 * f + error(rng, noise), f, gc, barcodes, noise)
        freedom = ROWS - 2 - 3
        alarms += 2 * stats.t.sf(abs(r) * math.sqrt(freedom / (1 - r * r)), freedom) < 0.05
    return alarms / SETS


def test_an_honest_model_raises_the_alarm_5_percent_of_the_time():
    """3 to 7 % of 1,000 sets: outside at most .5 % of the time; an error that follows the noise is found."""
    assert 0.03 <= _alarms(lambda rng, noise: 0.3 * rng.normal(size=ROWS)) <= 0.07
    assert _alarms(lambda rng, noise: 2 * noise * rng.normal(size=ROWS)) > 0.9  # positive control


def test_noise_that_rises_with_f_needs_the_partial_correlation():
    """20,000 rows: standard error .007. Both the error of .8 f and the noise rise with f > 0."""
    rng = np.random.default_rng(1)
    f = np.abs(rng.normal(size=20_000))
    noise, mean = np.exp(0.5 * f + 0.5 * rng.normal(size=f.size)), 0.8 * f + 0.15 * rng.normal(size=f.size)
    plain = stats.spearmanr(np.abs(mean - f), noise).statistic
    assert plain > 0.1
    assert abs(noise_correlation(mean, f, rng.random(f.size), rng.integers(5, 50, f.size), noise)) < 0.4 * plain


def _measured(rng, replicates, share):
    """An accurate model's error against the mean of replicates, and their SD; noise of log-SD .5.

    `share`: variance of the model's error over the square of the mean noise SD.
    """
    sd = np.exp(0.5 * rng.normal(size=BIG))
    values = sd[:, None] * rng.normal(size=(BIG, replicates))
    error = math.sqrt(share / replicates) * sd.mean() * rng.normal(size=BIG)
    return error, values.mean(axis=1), values.std(axis=1, ddof=1) / math.sqrt(replicates)


@pytest.mark.parametrize(
    ("replicates", "share", "figure"),
    [(2, 0, 0.279), (3, 0, 0.353), (5, 0, 0.419), (3, 0.5, 0.272), (3, 2, 0.165)],
)
def test_expected_correlation_is_what_independent_error_gives(replicates, share, figure):
    """400,000 rows: standard errors near .002; figures known to .002."""
    sides = _measured(np.random.default_rng(2), replicates, share)
    expected = expected_noise_correlation(*sides, replicates)
    assert expected == pytest.approx(figure, abs=0.006)
    assert residual_noise_correlation(*sides) == pytest.approx(expected, abs=0.008)


def test_controls_of_the_expected_correlation():
    """The formula for a known SD, and an error that follows the noise, are far from what replicates give."""
    c = math.expm1(0.25)
    known = math.sqrt(2 / math.pi) * math.sqrt(c) / math.sqrt(1 + c - 2 / math.pi)
    rng = np.random.default_rng(3)
    error, target, sd = _measured(rng, 3, 0)
    assert known - residual_noise_correlation(error, target, sd) > 0.15
    true_sd = np.exp(0.5 * rng.normal(size=BIG))
    values = true_sd[:, None] * rng.normal(size=(BIG, 3))
    following = true_sd * rng.normal(size=BIG), values.mean(axis=1), values.std(axis=1, ddof=1) / math.sqrt(3)
    assert residual_noise_correlation(*following) - expected_noise_correlation(*following, 3) > 0.05
