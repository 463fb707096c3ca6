"""Calibration, coverage and scores of laws of which all is known, against closed form, and laws that must be rejected.

All with fixed seeds. Coverages hold to 3.5 standard errors (false alarm 5e-4 each), scores to 3 (3e-3 each). Positive
controls state the true SD times 0.8 or 1.2, and are rejected at p < 1e-6 or by as many standard errors.
"""

import math

import numpy as np
import pytest
from scipy.special import kolmogorov
from scipy.stats import binom, chi2, nbinom, norm

from shiftbench.metrics.calibration import (
    PERCENTILES,
    calibration_error,
    calibration_error_squared,
    ence,
    mean_z2,
    pit_ks,
    quantile_reliability_curve,
    sharpness,
    variance_ratio,
)
from shiftbench.metrics.coverage import coverage, truth_coverage, width, width_at_coverage, worst_coverage_gc
from shiftbench.metrics.scoring import crps, interval_score, nll, quantile_score
from shiftbench.prediction import LEVELS, QUANTILES, gaussian

pytestmark = pytest.mark.statistical

N = 4000
WRONG = (0.8, 1.2)
REJECTED = 4.9
"""Standard errors of a two-sided p of 1e-6."""
Z = norm.ppf(QUANTILES)


def _laws(factor, n=N, seed=0):
    """Mean, stated SD and measurement of `n` rows of unequal SD, float64; `factor` times the true SD is stated."""
    rng = np.random.default_rng(seed)
    mean, sd = rng.normal(size=n), np.exp(0.5 * rng.normal(size=n))
    return mean, factor * sd, mean + sd * rng.normal(size=n)


def _counts(factor, seed=0):
    """Quantiles and values of `N` negative-binomial counts of unequal mean and size, large beside a step of 1.

    Stated quantiles lie `factor` times as far from the median as they should.
    """
    rng = np.random.default_rng(seed)
    mean, size = np.exp(rng.uniform(12, 14, N)), rng.uniform(5, 50, N)
    share = size / (size + mean)
    quantiles = nbinom.ppf(np.asarray(QUANTILES), size[:, None], share[:, None])
    median = quantiles[:, [4]]
    return median + factor * (quantiles - median), nbinom.ppf(rng.random(N), size, share)


def _p_value(hits, level):
    """Exact two-sided binomial p of `hits` of N rows."""
    return 2 * min(binom.cdf(hits, N, level), binom.sf(hits - 1, N, level))


def _gaussian_held(level, factor):
    mean, sd, target = _laws(factor)
    law = gaussian(mean.astype(np.float32)[:, None], sd.astype(np.float32)[:, None])
    return coverage(*(end[:, 0] for end in law.interval(level)), target)


def _negative_binomial_held(level, factor):
    quantiles, target = _counts(factor)
    low = QUANTILES.index(round((1 - level) / 2, 6))
    return coverage(quantiles[:, low], quantiles[:, -1 - low], target)


def _epistemic_held(level, factor):
    """The interval of the epistemic SD alone, for f, whatever the noise."""
    mean, sd, f = _laws(factor, seed=5)
    reach = norm.ppf((1 + level) / 2) * sd
    return truth_coverage(mean - reach, mean + reach, f)


HELD = [_gaussian_held, _negative_binomial_held, _epistemic_held]


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("level", LEVELS)
def test_true_law_covers_at_its_level(held, level):
    assert abs(held(level, 1.0) - level) < 3.5 * math.sqrt(level * (1 - level) / N)


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("factor", WRONG)
def test_a_wrong_sd_is_rejected(held, level, factor):
    assert _p_value(round(held(level, factor) * N), level) < 1e-6


@pytest.mark.parametrize("factor", [1.0, *WRONG])
@pytest.mark.parametrize("level", LEVELS)
def test_coverage_and_width_of_a_wrong_sd_have_their_closed_form(level, factor):
    """Width is no random quantity, but for float32."""
    quantile = norm.ppf((1 + level) / 2)
    expected = 2 * norm.cdf(factor * quantile) - 1
    assert abs(_gaussian_held(level, factor) - expected) < 3.5 * math.sqrt(expected * (1 - expected) / N)
    mean, sd, _ = _laws(factor)
    low, high = gaussian(mean.astype(np.float32)[:, None], sd.astype(np.float32)[:, None]).interval(level)
    assert width(low[:, 0], high[:, 0]) == pytest.approx(2 * quantile * sd.mean(), rel=1e-5)


def _crps(factor):
    return math.sqrt(2 * (1 + factor**2) / math.pi) - factor / math.sqrt(math.pi)


def _nll(factor):
    return math.log(factor) + math.log(2 * math.pi) / 2 + 1 / (2 * factor**2)


def _above(end):
    """E max(Y - end, 0) of a standard normal Y."""
    return norm.pdf(end) - end * norm.sf(end)


def _interval_score(factor, level=0.9):
    end = factor * norm.ppf((1 + level) / 2)
    return 2 * end + 2 / (1 - level) * 2 * _above(end)


def _quantile_score(factor):
    ends, levels = factor * Z, np.asarray(QUANTILES)
    return float(2 * np.mean(levels * _above(ends) + (1 - levels) * _above(-ends)))


def _scores(factor, target):
    """Each score of N(0, factor^2), with its expectation under N(0, 1), as functions of weights."""
    zero, sd, end = np.zeros_like(target), np.full_like(target, factor), factor * norm.ppf(0.95)
    return {
        "crps": (_crps(factor), lambda weights: crps(zero, sd, target, weights)),
        "nll": (_nll(factor), lambda weights: nll(zero, sd, target, weights)),
        "interval": (
            _interval_score(factor),
            lambda weights: interval_score(zero - end, zero + end, target, 0.9, weights),
        ),
        "quantile": (
            _quantile_score(factor),
            lambda weights: quantile_score(zero[:, None] + factor * Z, target, weights),
        ),
    }


@pytest.mark.parametrize("score", ["crps", "nll", "interval", "quantile"])
def test_proper_scores_reach_their_expectation(score):
    """The standard error is that of 200 parts of 1,000 rows; a wrong SD is also told from the true one."""
    parts, rows = 200, 1000
    target = np.random.default_rng(2).normal(size=parts * rows)
    apart = np.repeat(np.eye(parts, dtype=np.uint8), rows, axis=1)
    best = _scores(1.0, target)[score][0]
    for factor in (1.0, *WRONG):
        expected, found = _scores(factor, target)[score]
        error = np.std(found(apart)) / math.sqrt(parts)
        assert abs(found(None) - expected) < 3 * error
        if factor != 1:
            assert found(None) > best + REJECTED * error


def test_squared_errors_over_variances_follow_chi_squared():
    mean, sd, target = _laws(1.0)
    assert 1e-3 < chi2.cdf(N * mean_z2(mean, sd, target), N) < 1 - 1e-3
    error = math.sqrt(2 * np.sum(sd**4)) / np.sum(sd**2)
    assert abs(variance_ratio(mean, sd, target) - 1) < 3 * error
    assert sharpness(sd) == pytest.approx(math.sqrt(np.mean(sd**2)))
    for factor in WRONG:
        stated = N * mean_z2(mean, factor * sd, target)
        assert 2 * min(chi2.cdf(stated, N), chi2.sf(stated, N)) < 1e-6
        assert abs(variance_ratio(mean, factor * sd, target) - 1) > REJECTED * error / factor**2


def test_calibration_error_of_the_true_law_is_that_of_binomial_shares():
    """Mean over 500 parts of 80 rows: E |share - p| from the exact binomial, E (share - p)^2 = p (1 - p) / 80."""
    parts, rows = 500, 80
    mean, sd, target = _laws(1.0, parts * rows, seed=3)
    apart = np.repeat(np.eye(parts, dtype=np.uint8), rows, axis=1)
    hits = np.arange(rows + 1)[:, None]
    absolute = np.sum(binom.pmf(hits, rows, PERCENTILES) * np.abs(hits / rows - PERCENTILES), axis=0).mean()
    squared = np.mean(PERCENTILES * (1 - PERCENTILES)) / rows
    for metric, expected in ((calibration_error, absolute), (calibration_error_squared, squared)):
        each = metric(mean, sd, target, apart)
        assert abs(each.mean() - expected) < 3 * each.std() / math.sqrt(parts)
        for factor in WRONG:
            wrong = metric(mean, factor * sd, target, apart)
            assert wrong.mean() - expected > REJECTED * wrong.std() / math.sqrt(parts)


@pytest.mark.parametrize("factor", WRONG)
def test_calibration_error_of_a_wrong_sd_has_its_closed_form(factor):
    """Mean |Phi(factor z_p) - p|: at this size the sign of each difference is known, save at the median."""
    n = 40_000
    mean, sd, target = _laws(factor, n, seed=4)
    signs = np.sign(norm.cdf(factor * norm.ppf(PERCENTILES)) - PERCENTILES)
    reached = (target - mean)[:, None] <= norm.ppf(PERCENTILES) * sd[:, None]
    error = np.std(reached @ signs / PERCENTILES.size) / math.sqrt(n)
    expected = np.mean(np.abs(norm.cdf(factor * norm.ppf(PERCENTILES)) - PERCENTILES))
    assert abs(calibration_error(mean, sd, target) - expected) < 3 * error


def test_pit_of_the_true_law_is_uniform():
    """Kolmogorov's limit law: false alarm 1e-3."""
    assert kolmogorov(math.sqrt(N) * pit_ks(*_laws(1.0))) > 1e-3
    for factor in WRONG:
        assert kolmogorov(math.sqrt(N) * pit_ks(*_laws(factor))) < 1e-6


def test_counts_are_at_or_below_their_quantiles_as_often_as_stated():
    levels, observed = quantile_reliability_curve(*_counts(1.0))
    error = np.sqrt(levels * (1 - levels) / N)
    assert np.all(np.abs(observed - levels) < 3.5 * error)
    for factor in WRONG:
        off = np.abs(quantile_reliability_curve(*_counts(factor))[1] - levels) / error
        assert np.all(off[[0, 1, 2, 6, 7, 8]] > REJECTED)


def test_ence_of_the_true_law_is_that_of_its_bins():
    """Of bins of m rows sqrt(chi2_m / m) - 1 is normal with variance 1 / (2 m): mean |.| over ten bins."""
    n, m = 40_000, 4000
    mean, sd, target = _laws(1.0, n, seed=6)
    spread = 1 / math.sqrt(2 * m)
    error = spread * math.sqrt((1 - 2 / math.pi) / 10)
    assert abs(ence(mean, sd, target) - spread * math.sqrt(2 / math.pi)) < 3 * error
    for factor in WRONG:
        stated = ence(mean, factor * sd, target)
        assert abs(stated - abs(1 - 1 / factor)) < 3 * spread / factor / math.sqrt(10)
        assert stated > spread * math.sqrt(2 / math.pi) + REJECTED * error


@pytest.mark.parametrize("factor", [1.0, *WRONG])
def test_width_at_coverage_is_that_of_the_true_law_whatever_sd_is_stated(factor):
    """The factor is a sample quantile of |z| at 0.9: standard error sqrt(.9 .1 / N) over its density."""
    mean, sd, target = _laws(factor)
    z = norm.ppf(0.95)
    expected = 2 * z * sd.mean() / factor
    error = expected / z * math.sqrt(0.9 * 0.1 / N) / (2 * norm.pdf(z))
    assert abs(width_at_coverage(mean - sd, mean + sd, target, 0.9) - expected) < 3 * error
    shorter = width_at_coverage(mean - sd, mean + sd, target, 0.8)
    assert expected - shorter > REJECTED * error


def test_the_worst_fifth_covers_as_its_own_noise_lets_it():
    """One SD is stated; it is true but where GC is highest, with half as much noise again."""
    rng = np.random.default_rng(7)
    gc = rng.random(5 * N)
    target = np.where(gc > 0.8, 1.5, 1.0) * rng.normal(size=gc.size)
    reach = np.full(gc.size, norm.ppf(0.95))
    expected = 2 * norm.cdf(norm.ppf(0.95) / 1.5) - 1
    found = worst_coverage_gc(-reach, reach, target, gc)
    assert abs(found - expected) < 3.5 * math.sqrt(expected * (1 - expected) / N) + 0.002  # the border row is random
    assert coverage(-reach, reach, target) - found > REJECTED * math.sqrt(0.9 * 0.1 / N)
