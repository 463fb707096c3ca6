from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from shiftbench.stats.bootstrap import cluster_counts, interval
from tests import naive

GROUP = np.array([3, 3, 7, 9, 9, 9, 1])


def test_clusters_come_whole_and_as_many_as_there_are():
    counts = cluster_counts(GROUP, 500, "test")
    assert counts.shape == (500, 7)
    for name in np.unique(GROUP):
        assert (np.ptp(counts[:, name == GROUP].astype(int), axis=1) == 0).all()
    _, first = np.unique(GROUP, return_index=True)
    assert (counts[:, first].sum(axis=1) == 4).all()


def test_counts_follow_the_multinomial_law():
    clusters, resamples = 20, 20_000
    counts = cluster_counts(np.arange(clusters), resamples, "law").astype(float)
    share = 1 / clusters
    variance, covariance = clusters * share * (1 - share), -clusters * share**2
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=4.5 * np.sqrt(variance / resamples))
    found = np.cov(counts.T)
    np.testing.assert_allclose(np.diag(found), variance, rtol=0.08)
    np.testing.assert_allclose(found[~np.eye(clusters, dtype=bool)], covariance, atol=4.5 / np.sqrt(resamples))


def test_draws_depend_on_the_text_alone():
    counts = cluster_counts(GROUP, 50, "a")
    np.testing.assert_array_equal(counts, cluster_counts(GROUP + 100, 50, "a"))
    np.testing.assert_array_equal(counts[:20], cluster_counts(GROUP, 20, "a"))
    assert (counts != cluster_counts(GROUP, 50, "b")).any()


def test_draws_are_those_of_the_plain_generator():
    counts = cluster_counts(GROUP, 3, "plain")
    cluster = np.unique(GROUP, return_inverse=True)[1]
    assert counts.tolist() == [[row[c] for c in cluster] for row in naive.multinomial("plain", 4, 3)]
    many = cluster_counts(np.arange(1000), 2, "plain")
    assert many.tolist() == naive.multinomial("plain", 1000, 2)


def test_draws_are_the_same_in_every_thread():
    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(lambda _: cluster_counts(GROUP, 200, "a"), range(6)))
    for each in counts:
        np.testing.assert_array_equal(each, cluster_counts(GROUP, 200, "a"))


def test_no_rows_give_no_columns():
    assert cluster_counts(np.zeros(0, int), 5, "a").shape == (5, 0)


def test_interval_is_the_central_share():
    replicates = np.random.default_rng(0).permutation(1001)
    assert interval(replicates) == pytest.approx((25, 975))
    assert interval(replicates, 0.5) == pytest.approx((250, 750))


@pytest.mark.parametrize("replicates", [[], [1.0, np.nan], [1.0, np.inf]])
def test_interval_of_what_is_not_finite_is_nan(replicates):
    assert np.isnan(interval(replicates)).all()
