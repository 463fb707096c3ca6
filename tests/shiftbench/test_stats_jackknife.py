import numpy as np
import pytest
from scipy import stats

from shiftbench.errors import Undefined
from shiftbench.stats.crossed import crossed
from shiftbench.stats.jackknife import jackknife, seeds_and_clusters, seeds_and_errors


def test_of_a_mean_it_is_the_plain_t():
    values = np.random.default_rng(0).normal(size=9)
    peer = stats.ttest_1samp(values, 0.2)
    found = jackknife(np.mean, values, null=0.2)
    assert (found.value, found.freedom, found.p) == pytest.approx((values.mean(), 8, peer.pvalue))
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval()))


def test_error_of_a_ratio_is_near_that_of_the_delta_method():
    x = np.random.default_rng(0).normal([2, 5], 0.1, size=(200, 2))
    ratio = x[:, 0].mean() / x[:, 1].mean()
    linear = (x[:, 0] - ratio * x[:, 1]) / x[:, 1].mean()
    found = jackknife(lambda rows: rows[:, 0].mean() / rows[:, 1].mean(), x)
    assert found.value == ratio
    assert found.error == pytest.approx(linear.std(ddof=1) / np.sqrt(200), rel=0.01)


def _bootstrap(table, resamples, seed=0):
    """Means of each seed over clusters drawn anew, the same for all seeds."""
    b = table.shape[1]
    return table @ np.random.default_rng(seed).multinomial(b, np.full(b, 1 / b), size=resamples).T / b


def test_of_means_seeds_and_clusters_are_the_crossed_t():
    rng = np.random.default_rng(0)
    table = 0.3 * rng.normal(size=(5, 1)) + rng.normal(size=60) + 0.7 * rng.normal(size=(5, 60))
    found = seeds_and_clusters(table.mean(axis=1), _bootstrap(table, 100_000), 60)
    assert found == pytest.approx(crossed(table), rel=0.03)


def test_errors_alone_give_the_wider_interval():
    rng = np.random.default_rng(0)
    table = 0.3 * rng.normal(size=(5, 1)) + rng.normal(size=60) + 0.7 * rng.normal(size=(5, 60))
    replicates = _bootstrap(table, 5000)
    both = seeds_and_clusters(table.mean(axis=1), replicates, 60)
    wider = seeds_and_errors(table.mean(axis=1), replicates.std(axis=1), 60)
    assert wider.error == pytest.approx(
        np.sqrt(table.mean(axis=1).var(ddof=1) / 5 + table.var(axis=1).mean() / 59), rel=0.02
    )
    assert both.error < wider.error


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (lambda: jackknife(np.mean, [1.0, 2.0]), "2 units, a jackknife needs 3"),
        (lambda: jackknife(lambda rows: rows[0] / rows.min(), [0.0, 1.0, 2.0, 3.0]), "not finite with a unit left out"),
        (lambda: jackknife(np.mean, [1.0, 1.0, 1.0]), "no variation"),
        (lambda: seeds_and_clusters([1.0], np.zeros((1, 9)), 5), "1 seeds, 5 clusters, 9 resamples"),
        (lambda: seeds_and_clusters([1.0, 2.0], np.full((2, 9), np.nan), 5), "not finite"),
        (lambda: seeds_and_errors([1.0, 2.0], [0.1, 0.1], 1), "2 seeds, 1 clusters"),
        (lambda: seeds_and_errors([1.0, 2.0], [0.1, np.nan], 9), "without a value or an error"),
    ],
)
def test_undefined_says_why(of, reason):
    with np.errstate(all="ignore"), pytest.raises(Undefined, match=reason):
        of()
