"""Coverage of split conformal over draws of the calibration set is k/(m + 1), k = ceil((m + 1) level)."""

import math

import numpy as np
import pytest

from shiftbench.prediction import LEVELS, gaussian
from shiftbench.wrappers import conformal
from shiftbench.wrappers.evidence import Evidence

pytestmark = pytest.mark.statistical

DRAWS, ROWS = 1000, 100


def _deviation(m, level):
    """Mean coverage less k/(m + 1) in standard errors. Each output of one array is a draw of its own.

    The stated law is wrong (half the SD, skewed noise), which conformal must not mind.
    """
    rng = np.random.default_rng(m)
    sds = [np.exp(0.3 * rng.normal(size=(n, DRAWS))).astype(np.float32) for n in (m, ROWS)]
    calibration, test = (sd * (rng.gumbel(size=sd.shape)).astype(np.float32) for sd in sds)
    laws = [gaussian(np.zeros_like(sd), sd / 2) for sd in sds]
    wrapped = conformal.conformal(Evidence((laws[1],), (laws[0],), calibration))
    low, high = wrapped.interval(level)
    found = ((low <= test) & (test <= high)).mean()
    k = math.ceil(round((m + 1) * level, 9))
    expected = k / (m + 1)
    over_draws = k * (m + 1 - k) / ((m + 1) ** 2 * (m + 2) * DRAWS)
    return (found - expected) / math.sqrt(over_draws + expected * (1 - expected) / (DRAWS * ROWS))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("m", [39, 100])
def test_mean_coverage_is_exact(m, level):
    """4 standard errors: false alarm 6e-5 a case."""
    assert abs(_deviation(m, level)) < 4


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("m", [39, 100])
def test_one_rank_too_low_is_noticed(m, level, monkeypatch):
    """Positive control: the k - 1-th smallest score."""
    monkeypatch.setattr(conformal, "radius", lambda scores, a: np.sort(scores)[math.ceil(round((m + 1) * a, 9)) - 2])
    assert _deviation(m, level) < -4
