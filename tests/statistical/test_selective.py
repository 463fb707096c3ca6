"""Selective gain: 1 for the oracle's risk, 0 for chance, undefined where no order can gain; the E-AURC is not so."""

import math

import numpy as np
import pytest

from shiftbench.errors import Undefined
from shiftbench.metrics.ranking import ranking
from shiftbench.metrics.selective import _area, _standard_error, normalised_e_aurc, selective_gain

pytestmark = pytest.mark.statistical

SETS, ROWS = 400, 1000


def _law(rng, spread, rows=ROWS):
    """Error of an accurate mean, its true SD and the conditional risk; log-normal SDs of that log-SD."""
    sd = np.exp(spread * rng.normal(size=rows))
    bias = 0.3 * rng.normal(size=rows)
    return bias + sd * rng.normal(size=rows), sd, bias**2 + sd**2


def _gains(stated, spread=0.5):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(SETS):
        error, sd, risk = _law(rng, spread)
        found.append(selective_gain(error, stated(rng, sd, risk), np.zeros(ROWS), risk))
    return np.array(found)


def test_the_oracles_risk_gains_all_and_random_order_nothing():
    """Mean of 400 sets within 4 standard errors of 0: false alarm 6e-5; a sharper SD must gain more."""
    assert np.all(_gains(lambda rng, sd, risk: np.sqrt(risk)) == 1)
    chance = _gains(lambda rng, sd, risk: rng.random(ROWS))
    error = chance.std() / math.sqrt(SETS)
    assert abs(chance.mean()) < 4 * error
    blurred, inverted = _gains(lambda rng, sd, risk: sd * np.exp(rng.normal(size=ROWS))), _gains(lambda *law: -law[1])
    assert 0.2 < blurred.mean() < 0.8
    assert chance.mean() > 4 * error + inverted.mean()  # positive control


@pytest.mark.parametrize(("spread", "expected"), [(0.1, 0.78), (0.25, 0.52), (0.5, 0.25), (1.0, 0.05)])
def test_even_the_true_sd_is_far_from_a_normalised_e_aurc_of_0(spread, expected):
    """200,000 rows: standard error under .004."""
    rng = np.random.default_rng(1)
    sd = np.exp(spread * rng.normal(size=200_000))
    assert normalised_e_aurc(sd * rng.normal(size=sd.size), sd, 0 * sd) == pytest.approx(expected, abs=0.02)


def test_jackknife_error_is_the_spread_over_data_sets():
    """400 sets tell a SD to 3.5 %; limits of 4 of these and the bias of the jackknife."""
    rng, spans, errors = np.random.default_rng(2), [], []
    for _ in range(SETS):
        error, _, risk = _law(rng, 0.5)
        loss, ideal = error**2, ranking(risk)
        spans.append(loss.mean() - _area(ideal, loss, None))
        errors.append(_standard_error(ideal, loss))
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(spans), rel=0.18)
    assert np.mean(errors) / math.sqrt(2) < 0.8 * np.std(spans)  # positive control: an error that is too small


def test_risk_that_means_nothing_is_undefined():
    """Noise passes 3 standard errors in .13 % of sets in theory: more than 8 of 1,500 at most 1e-3 of the time."""
    rng, defined = np.random.default_rng(3), {0.0: 0, 0.5: 0}
    for spread in defined:
        for _ in range(1500 if spread == 0 else 100):
            sd = np.exp(spread * rng.normal(size=ROWS))
            risk = sd**2 if spread else rng.random(ROWS)
            try:
                selective_gain(sd * rng.normal(size=ROWS), sd, np.zeros(ROWS), risk)
                defined[spread] += 1
            except Undefined:
                pass
    assert defined[0.0] <= 8
    assert defined[0.5] > 95  # positive control
