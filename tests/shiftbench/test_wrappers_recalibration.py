"""Variance scaling and isotonic recalibration against optimisers, slow twins and peers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression, minimize_scalar
from scipy.special import ndtr, ndtri
from scipy.stats import norm

from shiftbench.errors import InputError, ModelError
from shiftbench.prediction import QUANTILES, Prediction, gaussian
from shiftbench.wrappers.recalibration import held, isotonic, normal_scores, variance_scaling
from tests import naive
from tests.evidence import evidence


def _case(seed=0, m=200, n=30, spread=1.0, bias=0.0):
    rng = np.random.default_rng(seed)

    def law(rows):
        mean, first, second = rng.normal(size=(3, rows, 2)).astype(np.float32)
        return gaussian(mean, np.exp(0.5 * first), np.exp(0.5 * second))

    calibration = law(m)
    noise = spread * rng.normal(size=(m, 2)) + bias
    return law(n), calibration, (calibration.mean + calibration.sd * noise).astype(np.float32)


@pytest.mark.parametrize("spread", [0.3, 1.0, 4.0])
def test_the_factor_has_the_least_negative_log_likelihood(spread):
    test, calibration, observed = _case(spread=spread)
    observed[:50, 0] = np.nan
    wrapped = variance_scaling(evidence(test, calibration, observed)).prediction
    for output in range(2):
        known = ~np.isnan(observed[:, output])
        y, mean, sd = (side[known, output].astype(float) for side in (observed, calibration.mean, calibration.sd))
        loss = lambda factor: -norm.logpdf(y, mean, factor * sd).sum()  # noqa: B023, E731
        best = minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-9}).x
        np.testing.assert_allclose(wrapped.sd[:, output], best * test.sd[:, output], rtol=1e-5)
        np.testing.assert_allclose(wrapped.aleatoric[:, output], best * test.aleatoric[:, output], rtol=1e-5)
        np.testing.assert_allclose(wrapped.epistemic[:, output], best * test.epistemic[:, output], rtol=1e-5)
    np.testing.assert_allclose(wrapped.quantiles, gaussian(wrapped.mean, wrapped.sd).quantiles, rtol=1e-4, atol=1e-5)


def test_an_epistemic_sd_alone_stays_alone():
    test, calibration, observed = _case()
    alone = [Prediction(law.mean, law.quantiles, None, law.sd) for law in (test, calibration)]
    wrapped = variance_scaling(evidence(*alone, observed)).prediction
    assert wrapped.aleatoric is None
    np.testing.assert_allclose(wrapped.sd, variance_scaling(evidence(test, calibration, observed)).prediction.sd, 1e-5)


def test_what_cannot_be_recalibrated_is_refused():
    test, calibration, observed = _case()
    with pytest.raises(ModelError, match="all calibration errors of an output are 0"):
        variance_scaling(evidence(test, calibration, calibration.mean))
    observed[:, 1] = np.nan
    for wrapper in (variance_scaling, isotonic):
        with pytest.raises(InputError, match="output 2 has no calibration row with a target"):
            wrapper(evidence(test, calibration, observed))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.2, 5))
def test_levels_held_are_those_of_the_isotonic_fit(seed, scale):
    """At 39 rows every level wanted is a multiple of 1/40, at which the map is a step of the fit."""
    levels = ndtr(scale * np.random.default_rng(seed).normal(size=39) + 0.3)
    rates = np.array([np.sum(levels <= level) for level in np.sort(levels)]) / 40
    fit = isotonic_regression(rates).x
    np.testing.assert_allclose(fit, naive.isotonic_fit(rates.tolist()))
    expected = [np.sort(levels)[np.argmax(fit >= rate - 1e-9)] for rate in QUANTILES]
    np.testing.assert_allclose(ndtr(held(ndtri(levels))), expected, rtol=1e-9)


@pytest.mark.parametrize("m", [1, 5, 32])
def test_levels_beyond_the_rows_go_to_their_ends_in_proportion(m):
    scores = np.random.default_rng(m).normal(size=m)
    levels = ndtr(held(scores))
    for rate, level in zip(QUANTILES, levels, strict=True):
        if rate * (m + 1) < 1:
            assert level == pytest.approx(rate * (m + 1) * ndtr(scores.min()))
        if (1 - rate) * (m + 1) < 1:
            assert 1 - level == pytest.approx((1 - rate) * (m + 1) * ndtr(-scores.max()))
    assert (np.diff(levels) >= 0).all()
    assert np.isfinite(held(1000 * scores)).all()


@pytest.mark.parametrize(("spread", "bias"), [(1.0, 0.0), (0.5, 0.0), (2.0, 1.0)])
def test_isotonic_of_a_normal_law_is_exact(spread, bias):
    """The quantile at rate r is mu + SD z, z the interpolated calibration score; 1e-4 is the float32 of the law."""
    test, calibration, observed = _case(m=399, spread=spread, bias=bias)
    wrapped = isotonic(evidence(test, calibration, observed)).prediction
    z = np.sort((observed.astype(float) - calibration.mean) / calibration.sd, axis=0)
    for place, rate in enumerate(QUANTILES):
        expected = test.mean + test.sd * z[round(400 * rate) - 1]
        np.testing.assert_allclose(wrapped.quantiles[..., place], expected, rtol=1e-3, atol=1e-4)


def test_isotonic_leaves_a_law_by_quantiles_that_holds():
    """Skewed law; its own quantiles at 1/400 ... 399/400 as calibration rows return it."""
    law = np.exp(ndtri(np.asarray(QUANTILES))).astype(np.float32)
    test, calibration = (Prediction(np.ones((n, 1), np.float32), np.tile(law, (n, 1, 1))) for n in (3, 399))
    scores = ndtri(np.arange(1, 400) / 400)
    z = ndtri(np.asarray(QUANTILES))
    rows = np.interp(scores, z, law)
    rows[scores < z[0]] = law[0] + (scores[scores < z[0]] - z[0]) * (law[1] - law[0]) / (z[1] - z[0])
    rows[scores > z[-1]] = law[-1] + (scores[scores > z[-1]] - z[-1]) * (law[-1] - law[-2]) / (z[-1] - z[-2])
    np.testing.assert_allclose(normal_scores(calibration.quantiles.astype(float), rows[:, None])[:, 0], scores)
    wrapped = isotonic(evidence(test, calibration, rows[:, None].astype(np.float32))).prediction
    np.testing.assert_allclose(wrapped.quantiles, test.quantiles, rtol=1e-5)
