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


def _deviations(name, m):
    """Deviation at each of `LEVELS`. Each output of one array is a draw of its own.

    The stated law is wrong (half the SD, skewed noise), which conformal must not mind.
    """
    rng = np.random.default_rng(m)
    sds = [np.exp(0.3 * rng.normal(size=(n, DRAWS))).astype(np.float32) for n in (m, ROWS)]
    calibration, test = (sd * (rng.gumbel(size=sd.shape)).astype(np.float32) for sd in sds)
    laws = [gaussian(np.zeros_like(sd), sd / 2) for sd in sds]
    law = WRAPPERS[name].apply(evidence(laws[1], laws[0], calibration)).prediction
    ends = {level: law.interval(level) for level in LEVELS}
    return [_deviation((low <= test) & (test <= high), m, level) for level, (low, high) in ends.items()]


@pytest.mark.parametrize("m", [39, 100])
@pytest.mark.parametrize("name", EXACT)
def test_mean_coverage_is_exact(name, m):
    """4 standard errors at four levels: false alarm 3e-4 a case."""
    assert np.abs(_deviations(name, m)).max() < 4


@pytest.mark.parametrize("name", EXACT)
def test_one_rank_too_low_is_noticed(name, monkeypatch):
    """Positive control: the k - 1-th smallest score."""
    monkeypatch.setattr(conformal, "radius", lambda scores, level: np.sort(scores)[_rank(39, level) - 2])
    assert max(_deviations(name, 39)) < -4


def _by_group(name, m=299, draws=300):
    """Deviations (levels, groups) in the fifths of the GC, where each has noise of its own that no law states."""
    rng = np.random.default_rng(7)
    letters = [rng.integers(0, 4, (n, 200), dtype=np.uint8) for n in (m, ROWS)]
    edges = np.quantile(gc(letters[0])[:, 0], [0.2, 0.4, 0.6, 0.8])
    own, other = (np.digitize(gc(rows)[:, 0], edges) for rows in letters)
    calibration, test = ((2.0**group)[:, None] * rng.gumbel(size=(len(group), draws)) for group in (own, other))
    laws = [gaussian(*np.ones((2, n, draws), np.float32)) for n in (m, ROWS)]
    known = evidence(laws[1], laws[0], calibration.astype(np.float32), letters[1], letters[0])
    law = WRAPPERS[name].apply(known).prediction
    sizes = np.bincount(own).tolist()
    found = []
    for level in LEVELS:
        low, high = law.interval(level)
        inside = (low <= test) & (test <= high)
        found.append([_deviation(inside[other == group], sizes[group], level) for group in range(5)])
    return np.array(found)


def test_mean_coverage_is_exact_in_each_group():
    """4 standard errors at four levels in each of five groups: false alarm 1.3e-3."""
    assert np.abs(_by_group("conformal_mondrian")).max() < 4


def test_one_radius_for_all_groups_is_noticed():
    """Positive control: too wide where noise is small, too narrow where it is large."""
    found = _by_group("conformal_normalised")
    assert (found[:, 0] > 10).all()
    assert (found[:, -1] < -10).all()
