"""Intervals and scores of a true Gaussian law against closed form."""

import math

import numpy as np
import pytest
from scipy.stats import binom, norm

from shiftbench.metrics.coverage import coverage, width
from shiftbench.metrics.scoring import crps, nll
from shiftbench.prediction import LEVELS, gaussian

pytestmark = pytest.mark.statistical

N = 4000


def _case(factor, seed=0):
    """Measurements of 4,000 rows of unequal SD, and a law that states `factor` times their SD."""
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=(N, 1)).astype(np.float32)
    sd = np.exp(0.5 * rng.normal(size=(N, 1))).astype(np.float32)
    return gaussian(mean, factor * sd), (mean + sd * rng.normal(size=(N, 1)))[:, 0], sd[:, 0]


def _covered(law, target, level):
    low, high = law.interval(level)
    return coverage(low[:, 0], high[:, 0], target)


@pytest.mark.parametrize("level", LEVELS)
def test_true_law_covers_at_its_level(level):
    """4 standard errors: false alarm 6e-5 a level."""
    law, target, _ = _case(1.0)
    assert abs(_covered(law, target, level) - level) < 4 * math.sqrt(level * (1 - level) / N)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_a_wrong_sd_is_rejected(level, factor):
    """Positive control: the exact two-sided binomial p-value is below 1e-6."""
    law, target, _ = _case(factor)
    hits = round(_covered(law, target, level) * N)
    assert 2 * min(binom.cdf(hits, N, level), binom.sf(hits - 1, N, level)) < 1e-6


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("level", LEVELS)
def test_coverage_and_width_of_a_wrong_sd_have_their_closed_form(level, factor):
    """4 standard errors: false alarm 6e-5 a case; width is no random quantity."""
    law, target, sd = _case(factor, seed=1)
    quantile = norm.ppf((1 + level) / 2)
    expected = 2 * norm.cdf(factor * quantile) - 1
    assert abs(_covered(law, target, level) - expected) < 4 * math.sqrt(expected * (1 - expected) / N)
    low, high = law.interval(level)
    assert width(low[:, 0], high[:, 0]) == pytest.approx(2 * quantile * factor * sd.astype(float).mean(), rel=1e-5)


def test_proper_scores_of_the_true_law_reach_their_expectation():
    """E CRPS = 1/sqrt(pi) and E NLL = log(2 pi e)/2 at SD 1; 4 standard errors, false alarm 6e-5 each."""
    n, rows = 400_000, np.eye(2000, dtype=int)
    zero, one, target = np.zeros(n), np.ones(n), np.random.default_rng(2).normal(size=n)
    expectations = {crps: 1 / math.sqrt(math.pi), nll: math.log(2 * math.pi * math.e) / 2}
    for metric, expectation in expectations.items():
        each = metric(zero[:2000], one[:2000], target[:2000], rows)
        error = np.std(each) / math.sqrt(n)
        assert abs(metric(zero, one, target) - expectation) < 4 * error
        for sd in (0.8, 1.2):  # positive control
            assert metric(zero, sd * one, target) > expectation + 4 * error
