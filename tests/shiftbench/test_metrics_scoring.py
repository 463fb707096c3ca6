import math

import numpy as np
import pytest
from scipy.special import ndtri

from shiftbench.errors import Undefined
from shiftbench.metrics.scoring import crps, interval_score, nll, quantile_score
from shiftbench.prediction import QUANTILES
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


@pytest.mark.parametrize("metric", [nll, crps])
def test_no_positive_sd_is_undefined(metric):
    for sd, reason in (
        (0.0, "positive in 1 of 2 rows"),
        (-1.0, "positive in 1 of 2 rows"),
        (np.nan, "finite in 1 of 2 values"),
        (np.inf, "finite in 1 of 2 values"),
    ):
        with pytest.raises(Undefined, match=f"predicted SD is not {reason}"):
            metric([0, 0], [1, sd], [0, 0])
    with pytest.raises(Undefined, match="z is not finite"):
        metric([0, 1e200], [1, 1e-200], [0, 0])


@pytest.mark.parametrize("metric", [nll, crps])
def test_is_proper_the_true_law_beats_others(metric):
    target = np.random.default_rng(2).normal(size=20_000)
    zero = np.zeros_like(target)
    true = metric(zero, zero + 1, target)
    for shift, sd in ((0.2, 1), (0, 0.8), (0, 1.25)):
        assert metric(zero + shift, zero + sd, target) > true


def test_interval_and_quantile_scores_are_proper_too():
    target = np.random.default_rng(3).normal(size=20_000)
    true, z = ndtri(np.asarray(QUANTILES)) + np.zeros((target.size, 1)), ndtri(0.9)
    bounds = np.full(target.size, -z), np.full(target.size, z)
    for shift, factor in ((0.2, 1), (0, 0.8), (0, 1.25)):
        assert quantile_score(shift + factor * true, target) > quantile_score(true, target)
        moved = [shift + factor * end for end in bounds]
        assert interval_score(*moved, target, 0.8) > interval_score(*bounds, target, 0.8)


def test_an_infinite_end_has_no_score():
    with pytest.raises(Undefined, match="the interval is infinite in 1 of 2 rows"):
        interval_score([0, -np.inf], [1, 1], [0, 0], 0.9)
    with pytest.raises(Undefined, match="quantile is not finite in 1 of 18 values"):
        quantile_score([np.arange(9.0), [-np.inf, *range(8)]], [0, 0])


def test_quantile_score_tends_to_the_crps_where_levels_do(monkeypatch):
    levels = (np.arange(2000) + 0.5) / 2000
    monkeypatch.setattr("shiftbench.metrics.scoring.QUANTILES", tuple(levels))
    law = np.array([0.3, -1.0]), np.array([1.0, 2.0]), np.array([1.0, 0.5])
    dense = law[0][:, None] + law[1][:, None] * ndtri(levels)
    assert quantile_score(dense, law[2]) == pytest.approx(crps(*law), rel=1e-5)
