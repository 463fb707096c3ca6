import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats as scipy_stats

from shiftbench.errors import Undefined
from shiftbench.metrics.correlation import pearson, spearman
from shiftbench.stats.bootstrap import cluster_counts
from tests import naive

METRICS = [pearson, spearman]


def _draw(rng, n):
    """One side of a case: smooth, tied, constant, far from zero, huge, tiny, or with one outlier."""
    kind = rng.integers(8)
    values = rng.normal(size=n)
    return [
        values,
        rng.integers(0, 3, n).astype(float),
        np.full(n, 0.1),
        1e8 + values,
        1e100 * values,
        1e-100 * values,
        np.where(np.arange(n) == 0, 1e6, values),
        np.round(values, 1),
    ][kind]


@pytest.mark.parametrize("metric", METRICS)
def test_agrees_with_exact_loops_alone_and_in_every_replicate(metric):
    seen = {"defined": 0, "undefined": 0, "replicate undefined": 0}
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n = int(rng.choice([1, 2, 3, 4, 7, 25]))
        x, y = _draw(rng, n), _draw(rng, n)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=4)
        slow = getattr(naive, metric.__name__)
        expected = slow(x, y)
        if n < 3 or expected is None:
            with pytest.raises(Undefined):
                metric(x, y)
            with pytest.raises(Undefined):
                metric(x, y, weights)
            seen["undefined"] += 1
            continue
        assert metric(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-10)
        for replicate, counts in zip(metric(x, y, weights), weights, strict=True):
            expected = slow(naive.repeat(x, counts), naive.repeat(y, counts))
            if expected is None:
                assert np.isnan(replicate)
                seen["replicate undefined"] += 1
            else:
                assert replicate == pytest.approx(expected, rel=1e-9, abs=1e-9)
        seen["defined"] += 1
    assert seen["defined"] > 100
    assert min(seen.values()) > 10


@pytest.mark.parametrize(("metric", "peer"), [(pearson, scipy_stats.pearsonr), (spearman, scipy_stats.spearmanr)])
def test_agrees_with_scipy(metric, peer):
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(3, 200))
        x, y = rng.normal(size=n), rng.normal(size=n)
        if seed % 2:
            x, y = np.round(x), np.round(y + x)
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = peer(x, y).statistic
        assert metric(x, y) == pytest.approx(expected, rel=1e-10, abs=1e-12)


def _written_out(peer, x, y, counts):
    """SciPy on the rows of each replicate written out."""
    rows = [np.repeat(np.arange(len(x)), row) for row in counts]
    return [peer(x[drawn], y[drawn]).statistic for drawn in rows]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize(("metric", "peer"), [(pearson, scipy_stats.pearsonr), (spearman, scipy_stats.spearmanr)])
def test_replicates_are_scipys_on_the_rows_drawn(metric, peer, size, ties):
    rng = np.random.default_rng(size)
    x = rng.normal(size=3001)
    y = 1e6 + x + rng.standard_t(2, size=3001)
    if ties:
        x, y = np.round(x, 1), np.round(y)
    counts = cluster_counts(np.arange(3001) // size, 20, "draws")
    np.testing.assert_allclose(metric(x, y, counts), _written_out(peer, x, y, counts), rtol=0, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_an_outlier_that_is_not_drawn_costs_no_digits(metric):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 500))
    x[3], y[7] = 1e9, -1e12
    peer = {pearson: scipy_stats.pearsonr, spearman: scipy_stats.spearmanr}[metric]
    counts = cluster_counts(np.arange(500), 60, "outliers")
    assert len(np.unique(counts[:, [3, 7]] > 0, axis=0)) == 4
    np.testing.assert_allclose(metric(x, y, counts), _written_out(peer, x, y, counts), rtol=0, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_type_and_layout_of_counts_change_nothing(metric):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 700))
    counts = cluster_counts(np.arange(700), 30, "layout")
    found = metric(x, y, counts)
    for same in (counts.astype(np.int64), counts.astype(float), np.asfortranarray(counts)):
        np.testing.assert_array_equal(metric(x, y, same), found)
    np.testing.assert_array_equal(metric(x, y, counts[:11]), found[:11])
    assert metric(x, y) == metric(x, y, np.ones((1, 700)))[0]


@pytest.mark.parametrize("metric", METRICS)
def test_more_rows_than_a_count_can_hold(metric):
    x = np.arange(70_000.0)
    assert metric(x, -x, np.full((1, 70_000), 3, np.uint16))[0] == pytest.approx(-1, abs=1e-12)


def test_undefined_says_why():
    with pytest.raises(Undefined, match="2 rows, a correlation needs 3"):
        pearson([1, 2], [1, 2])
    with pytest.raises(Undefined, match="predictions are constant"):
        spearman([1, 1, 1], [1, 2, 3])
    with pytest.raises(Undefined, match="targets are constant"):
        pearson([1, 2, 3], [0.1, 0.1, 0.1])


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.7])
def test_a_replicate_that_is_constant_up_to_rounding_is_undefined(value):
    x, y = [0, *[value] * 7, 1], np.arange(9.0) ** 2
    weights = np.array([[0, *[1] * drawn, *[0] * (8 - drawn)] for drawn in (3, 5, 6, 7)])
    for metric in METRICS:
        assert np.isnan(metric(x, y, weights)).all()
        assert np.isnan(metric(y, x, weights)).all()
        assert np.isfinite(metric(x, y, np.array([[1, 0, 0, 0, 0, 0, 0, 1, 1]]))).all()


def test_a_replicate_without_rows_is_undefined():
    assert np.isnan(pearson([1, 2, 4], [1, 2, 3], np.zeros((1, 3), int))).all()
    assert np.isnan(spearman([1, 2, 4], [1, 2, 3], np.zeros((1, 3), int))).all()


vectors = st.integers(3, 30).flatmap(
    lambda n: st.tuples(*[arrays.arrays(np.float64, n, elements=st.integers(-50, 50).map(float))] * 2)
)


def _value(metric, x, y):
    try:
        return metric(x, y)
    except Undefined:
        return None


@settings(max_examples=200, deadline=None)
@given(vectors, st.floats(0.1, 100), st.floats(-1000, 1000))
def test_pearson_ignores_an_increasing_affine_map_and_follows_the_sign(pair, slope, offset):
    x, y = pair
    before = _value(pearson, x, y)
    if before is None:
        return
    assert pearson(slope * x + offset, y) == pytest.approx(before, abs=1e-9)
    assert pearson(-slope * x + offset, y) == pytest.approx(-before, abs=1e-9)
    assert -1 <= before <= 1


@settings(max_examples=200, deadline=None)
@given(vectors)
def test_spearman_ignores_every_increasing_map(pair):
    x, y = pair
    before = _value(spearman, x, y)
    if before is not None:
        assert spearman(np.exp(x / 10), y**3) == before
        assert spearman(-x, y) == pytest.approx(-before, abs=1e-15)


@settings(max_examples=100, deadline=None)
@given(vectors, st.randoms(use_true_random=False), st.sampled_from(METRICS))
def test_order_of_rows_does_not_matter_and_counts_are_copies(pair, random, metric):
    x, y = pair
    before = _value(metric, x, y)
    if before is None:
        return
    order = random.sample(range(len(x)), len(x))
    assert metric(x[order], y[order]) == pytest.approx(before, abs=1e-9)
    counts = np.array([random.randint(0, 3) for _ in x])
    copied = _value(metric, np.repeat(x, counts), np.repeat(y, counts)) if counts.sum() >= 3 else None
    if copied is not None:
        assert metric(x, y, counts[None])[0] == pytest.approx(copied, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(vectors)
def test_a_perfect_prediction_is_best(pair):
    _, y = pair
    if np.ptp(y) > 0:
        assert pearson(y, y) == pytest.approx(1)
        assert spearman(y, y) == pytest.approx(1, abs=1e-15)
