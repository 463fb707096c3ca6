"""Variance scaling and isotonic recalibration reach the nominal coverage of laws with a wrong SD."""

import math

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import t

from shiftbench.prediction import LEVELS, gaussian
from shiftbench.wrappers import WRAPPERS
from tests.evidence import evidence

pytestmark = pytest.mark.statistical

DRAWS, ROWS = 500, 100
NOISES = {"normal": np.random.Generator.normal, "skewed": np.random.Generator.gumbel}


def _coverage(name, m, factor, noise):
    """Coverage of each draw at each of `LEVELS`, (levels, draws), by laws that state `factor` times the SD."""
    rng = np.random.default_rng(m)
    sds = [np.exp(0.5 * rng.normal(size=(n, DRAWS))).astype(np.float32) for n in (m, ROWS)]
    calibration, test = (sd * NOISES[noise](rng, size=sd.shape).astype(np.float32) for sd in sds)
    laws = [gaussian(np.zeros_like(sd), np.float32(factor) * sd) for sd in sds]
    law = WRAPPERS[name].apply(evidence(laws[1], laws[0], calibration)).prediction
    ends = (law.interval(level) for level in LEVELS)
    return np.stack([((low <= test) & (test <= high)).mean(axis=0) for low, high in ends])


def _deviations(coverage, expected):
    """Mean coverage less what is expected, in standard errors over draws; one a level."""
    return (coverage.mean(axis=1) - expected) / (coverage.std(axis=1, ddof=1) / math.sqrt(DRAWS))


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("m", [32, 256])
def test_variance_scaling_covers_as_t_with_m_degrees_of_freedom(m, factor):
    """4 standard errors at four levels: false alarm 3e-4 a case. At 256 rows that is within .002 of nominal."""
    expected = 1 - 2 * t.sf(ndtri((1 + np.array(LEVELS)) / 2), m)
    assert np.abs(_deviations(_coverage("variance_scaling", m, factor, "normal"), expected)).max() < 4
    assert np.abs(expected - LEVELS).max() < 0.5 / m


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("m", [39, 399])
def test_isotonic_covers_at_its_level(m, noise, factor):
    """4 standard errors at four levels: false alarm 3e-4 a case. Skewed noise has a mean and a shape not stated."""
    assert np.abs(_deviations(_coverage("isotonic", m, factor, noise), LEVELS)).max() < 4


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_a_law_that_is_not_recalibrated_is_noticed(factor):
    """Positive control: the law as it is stated."""
    assert np.abs(_deviations(_coverage("none", 39, factor, "normal"), LEVELS)).min() > 10


def test_one_factor_cannot_mend_a_shape():
    """Positive control: skewed noise off its mean, where isotonic recalibration holds its level."""
    assert np.abs(_deviations(_coverage("variance_scaling", 399, 1.0, "skewed"), LEVELS)).max() > 10
