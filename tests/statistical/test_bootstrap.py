"""The cluster bootstrap covers where rows of a cluster are alike; the bootstrap over rows does not."""

import math

import numpy as np
import pytest

from shiftbench.metrics.correlation import pearson
from shiftbench.metrics.error import rmse
from shiftbench.stats.bootstrap import Estimate, cluster_counts, interval
from shiftbench.stats.scale import scaled

pytestmark = pytest.mark.statistical

DATASETS, CLUSTERS, SIZE, RESAMPLES = 400, 150, 8, 200
GROUP = np.repeat(np.arange(CLUSTERS), SIZE)
BETWEEN, WITHIN = 1.0, 0.5


def _pair(rng):
    """Prediction and target that share a part; both parts are nearly constant within a cluster."""

    def side():
        return (BETWEEN * rng.normal(size=CLUSTERS))[GROUP] + WITHIN * rng.normal(size=GROUP.size)

    predicted = side()
    return predicted, predicted + side()


VARIANCE = BETWEEN**2 + WITHIN**2
TRUTH = {rmse: math.sqrt(VARIANCE), pearson: math.sqrt(0.5)}


def _share_covered(metric, group):
    rng = np.random.default_rng(0)
    inside = 0
    for number in range(DATASETS):
        predicted, target = _pair(rng)
        low, high = interval(metric(predicted, target, cluster_counts(group, RESAMPLES, f"dataset {number}")))
        inside += low <= TRUTH[metric] <= high
    return inside / DATASETS


@pytest.mark.parametrize("metric", [rmse, pearson])
def test_cluster_bootstrap_covers(metric):
    """Near 93 % (percentile interval, 150 clusters): below 90 % of 400 data sets at most 1 % of the time."""
    assert 0.90 <= _share_covered(metric, GROUP) <= 0.99


@pytest.mark.parametrize("metric", [rmse, pearson])
def test_row_bootstrap_does_not(metric):
    """Positive control: rows taken as independent give intervals far too narrow."""
    assert _share_covered(metric, np.arange(GROUP.size)) < 0.8


def test_scaled_score_interval_covers_the_ratio_of_expectations():
    """s = (floor - m) / (floor - ceiling) with all three resampled together; limits as above."""
    rng = np.random.default_rng(1)
    noise, error = 0.5, 0.6
    truth = (math.sqrt(1 + noise**2) - math.hypot(noise, error)) / (math.sqrt(1 + noise**2) - noise)
    inside = 0
    for number in range(DATASETS):
        f = rng.normal(size=240)
        y, model = f + noise * rng.normal(size=240), f + error * rng.normal(size=240)
        counts = cluster_counts(np.arange(240), RESAMPLES, f"ratio {number}")
        known = [Estimate(rmse(p, y), rmse(p, y, counts)) for p in (model, np.zeros(240), f)]
        low, high = interval(scaled(*known, higher=False, ceiling_name="oracle").replicates)
        inside += low <= truth <= high
    assert 0.90 <= inside / DATASETS <= 0.99
