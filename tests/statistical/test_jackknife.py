"""Intervals of non-linear numbers over few seeds or worlds, and of seeds and clusters together, against the truth.

Coverage within 93-97 % of 4,000 draws: an interval whose coverage is 94.2-95.8 % leaves the band by chance in under 1
of 100 tries.
"""

import math

import numpy as np
import pytest

from shiftbench.metrics.correlation import pearson
from shiftbench.metrics.error import rmse
from shiftbench.stats.bootstrap import cluster_counts
from shiftbench.stats.jackknife import jackknife, seeds_and_clusters, seeds_and_errors

pytestmark = pytest.mark.statistical

DRAWS = 4000


def _ratio(rows):
    return rows[:, 0].mean() / rows[:, 1].mean()


def _share_covered(intervals, truth):
    return np.mean([each.low <= truth <= each.high for each in intervals])


@pytest.mark.parametrize("units", [5, 20])
def test_ratio_of_means_over_seeds_or_worlds(units):
    rng = np.random.default_rng(0)
    drawn = rng.normal([1.0, 2.0], [0.2, 0.15], size=(DRAWS, units, 2))
    assert 0.93 <= _share_covered([jackknife(_ratio, each) for each in drawn], 0.5) <= 0.97


def test_normal_limits_over_five_units_do_not_cover():
    """Positive control: the same error with 1.96 in place of t."""
    rng = np.random.default_rng(0)
    found = [jackknife(_ratio, each) for each in rng.normal([1.0, 2.0], [0.2, 0.15], size=(DRAWS, 5, 2))]
    assert np.mean([abs(each.value - 0.5) < 1.96 * each.error for each in found]) < 0.91


SEEDS, CLUSTERS, SIZE, RESAMPLES = 5, 80, 3, 100
GROUP = np.repeat(np.arange(CLUSTERS), SIZE)


def _runs(rng, moved):
    """Targets, and predictions by seed: each off by an SD of its own, by an error that all share, by one of its own."""
    y, shared = rng.normal(size=CLUSTERS)[GROUP], rng.normal(size=CLUSTERS)[GROUP]
    sd = 0.5 * np.exp(moved * rng.normal(size=SEEDS))
    own = rng.normal(size=(SEEDS, GROUP.size))
    return y, y + sd[:, None] * (0.9 * shared + math.sqrt(0.19) * own)


def _intervals(metric, moved, draws=600):
    rng = np.random.default_rng(0)
    for number in range(draws):
        y, predictions = _runs(rng, moved)
        counts = cluster_counts(GROUP, RESAMPLES, f"draw {number}")
        values = np.array([metric(each, y) for each in predictions])
        yield values, np.array([metric(each, y, counts) for each in predictions])


def _truth(metric, moved):
    """The number of a seed on endless rows, averaged over seeds, by 64-point Gauss-Hermite quadrature."""
    node, weight = np.polynomial.hermite_e.hermegauss(64)
    sd = 0.5 * np.exp(moved * node)
    return np.average(sd if metric is rmse else 1 / np.sqrt(1 + sd**2), weights=weight)


@pytest.mark.parametrize("metric", [rmse, pearson])
@pytest.mark.parametrize("moved", [0.05, 0.3])
def test_mean_over_seeds_on_one_test_set(metric, moved):
    """Rows rule or seeds rule. Of 600 draws 92-98 %: 95 % leaves that in 1 of 1,000 tries."""
    drawn, truth = list(_intervals(metric, moved)), _truth(metric, moved)
    both = [seeds_and_clusters(values, replicates, CLUSTERS) for values, replicates in drawn]
    assert 0.92 <= _share_covered(both, truth) <= 0.98
    wider = [seeds_and_errors(values, replicates.std(axis=1), CLUSTERS) for values, replicates in drawn]
    assert 0.92 <= _share_covered(wider, truth) <= 0.99


def test_either_source_alone_does_not_cover():
    """Positive controls: t over seeds where rows rule, clusters of the mean where seeds rule."""
    rows = [jackknife(np.mean, values) for values, _ in _intervals(rmse, 0.05, 300)]
    assert _share_covered(rows, _truth(rmse, 0.05)) < 0.85
    seeds = [np.quantile(replicates.mean(axis=0), [0.025, 0.975]) for _, replicates in _intervals(rmse, 0.3, 300)]
    truth = _truth(rmse, 0.3)
    assert np.mean([low <= truth <= high for low, high in seeds]) < 0.85
