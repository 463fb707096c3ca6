"""Coverage of conformal intervals over draws of exchangeable calibration rows is k/(m + 1), k = ceil((m + 1) level)."""

import math

import numpy as np
import pytest

from shiftbench.models.features import gc
from shiftbench.prediction import LEVELS, gaussian
from shiftbench.wrappers import WRAPPERS, conformal
from tests.evidence import evidence

pytestmark = pytest.mark.statistical

DRAWS, ROWS = 1000, 100
EXACT = ["conformal_split", "conformal_normalised", "conformal_cqr"]


def _rank(m, level):
    return math.ceil(round((m + 1) * level, 9))


def _deviation(inside, m, level):
    """Mean of `inside` (rows, draws) less k/(m + 1), in standard errors over draws and rows."""
    rows, draws = inside.shape
    k = _rank(m, level)
    expected = k / (m + 1)
    over_draws = k * (m + 1 - k) / ((m + 1) ** 2 * (m + 2) * draws)
    return (inside.mean() - expected) / math.sqrt(over_draws + expected * (1 - expected) / (draws * rows))


def _covered(name, m, level):
    """Whether each test row is covered, (ROWS, DRAWS). Each output of one array is a draw of its own.

    The stated law is wrong (half the SD, skewed noise), which conformal must not mind.
    """
    rng = np.random.default_rng(m)
    sds = [np.exp(0.3 * rng.normal(size=(n, DRAWS))).astype(np.float32) for n in (m, ROWS)]
    calibration, test = (sd * (rng.gumbel(size=sd.shape)).astype(np.float32) for sd in sds)
    laws = [gaussian(np.zeros_like(sd), sd / 2) for sd in sds]
    low, high = WRAPPERS[name].apply(evidence(laws[1], laws[0], calibration)).prediction.interval(level)
    return (low <= test) & (test <= high)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("m", [39, 100])
@pytest.mark.parametrize("name", EXACT)
def test_mean_coverage_is_exact(name, m, level):
    """4 standard errors: false alarm 6e-5 a case."""
    assert abs(_deviation(_covered(name, m, level), m, level)) < 4


@pytest.mark.parametrize("name", EXACT)
def test_one_rank_too_low_is_noticed(name, monkeypatch):
    """Positive control: the k - 1-th smallest score."""
    m = 39
    monkeypatch.setattr(conformal, "radius", lambda scores, level: np.sort(scores)[_rank(m, level) - 2])
    for level in LEVELS:
        assert _deviation(_covered(name, m, level), m, level) < -4


def _by_group(name, level, m=299, draws=300):
    """Deviation of the coverage in each fifth of the GC, where each has noise of its own that no law states."""
    rng = np.random.default_rng(7)
    letters = [rng.integers(0, 4, (n, 200), dtype=np.uint8) for n in (m, ROWS)]
    edges = np.quantile(gc(letters[0])[:, 0], [0.2, 0.4, 0.6, 0.8])
    own, other = (np.digitize(gc(rows)[:, 0], edges) for rows in letters)
    calibration, test = ((2.0**group)[:, None] * rng.gumbel(size=(len(group), draws)) for group in (own, other))
    laws = [gaussian(*np.ones((2, n, draws), np.float32)) for n in (m, ROWS)]
    known = evidence(laws[1], laws[0], calibration.astype(np.float32), letters[1], letters[0])
    low, high = WRAPPERS[name].apply(known).prediction.interval(level)
    inside = (low <= test) & (test <= high)
    return [_deviation(inside[other == group], int((own == group).sum()), level) for group in range(5)]


@pytest.mark.parametrize("level", LEVELS)
def test_mean_coverage_is_exact_in_each_group(level):
    """4 standard errors in each of five groups: false alarm 3e-4 a case."""
    assert np.abs(_by_group("conformal_mondrian", level)).max() < 4


@pytest.mark.parametrize("level", LEVELS)
def test_one_radius_for_all_groups_is_noticed(level):
    """Positive control: too wide where noise is small, too narrow where it is large."""
    first, *_, last = _by_group("conformal_normalised", level)
    assert first > 10
    assert last < -10
