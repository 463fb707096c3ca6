import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from shiftbench.errors import Undefined
from shiftbench.metrics.scoring import crps, nll
from tests import naive


def test_fixtures():
    assert crps([0], [1], [0]) == pytest.approx((math.sqrt(2) - 1) / math.sqrt(math.pi), rel=1e-14)
    assert crps([0], [1], [0]) == pytest.approx(0.23369498, abs=5e-9)
    assert crps([0], [2], [1e6]) == pytest.approx(1e6 - 2 / math.sqrt(math.pi), rel=1e-12)
    assert nll([1], [2], [1]) == pytest.approx(math.log(2) + math.log(2 * math.pi) / 2, rel=1e-14)


def test_crps_is_the_defining_integral():
    rng = np.random.default_rng(0)
    mean, sd, target = rng.normal(size=6), np.exp(rng.normal(size=6)), 2 * rng.normal(size=6)
    assert crps(mean, sd, target) == pytest.approx(naive.crps(mean, sd, target), rel=1e-6)


def test_agree_with_peers_and_loops_on_random_cases():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n, size = int(rng.integers(1, 30)), 10.0 ** rng.integers(-20, 20)
        mean, target = size * rng.normal(size=n), size * rng.normal(size=n)
        sd = size * np.exp(rng.normal(size=n))
        z = (target - mean) / sd
        closed = sd * (z * (2 * scipy_stats.norm.cdf(z) - 1) + 2 * scipy_stats.norm.pdf(z) - 1 / math.sqrt(math.pi))
        assert crps(mean, sd, target) == pytest.approx(closed.mean(), rel=1e-10)
        assert nll(mean, sd, target) == pytest.approx(-scipy_stats.norm.logpdf(target, mean, sd).mean(), rel=1e-10)
        if np.abs(z).max() < 30:
            assert nll(mean, sd, target) == pytest.approx(naive.nll(mean, sd, target), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("metric", [nll, crps])
def test_counts_are_copies(metric):
    rng = np.random.default_rng(1)
    law = rng.normal(size=20), np.exp(rng.normal(size=20)), rng.normal(size=20)
    weights = rng.integers(0, 4, (50, 20))
    expected = [metric(*(np.repeat(side, counts) for side in law)) for counts in weights]
    np.testing.assert_allclose(metric(*law, weights), expected, rtol=1e-12)


@pytest.mark.parametrize("metric", [nll, crps])
def test_no_positive_sd_is_undefined(metric):
    for sd, reason in ((0.0, "positive in 1 of 2 rows"), (-1.0, "positive"), (np.nan, "finite in 1 of 2 values")):
        with pytest.raises(Undefined, match=f"predicted SD is not {reason}"):
            metric([0, 0], [1, sd], [0, 0])


@pytest.mark.parametrize("metric", [nll, crps])
def test_is_proper_the_true_law_beats_others(metric):
    target = np.random.default_rng(2).normal(size=20_000)
    zero = np.zeros_like(target)
    true = metric(zero, zero + 1, target)
    for shift, sd in ((0.2, 1), (0, 0.8), (0, 1.25)):
        assert metric(zero + shift, zero + sd, target) > true
