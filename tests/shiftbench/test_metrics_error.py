import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from shiftbench.errors import Undefined
from shiftbench.metrics.error import average, rmse
from tests import naive


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


def test_agrees_with_exact_loops_alone_and_in_every_replicate():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n = int(rng.choice([1, 2, 3, 4, 7, 25]))
        x, y = _draw(rng, n), _draw(rng, n)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=4)
        assert rmse(x, y) == pytest.approx(naive.rmse(x, y), rel=1e-9)
        for replicate, counts in zip(rmse(x, y, weights), weights, strict=True):
            assert replicate == pytest.approx(naive.rmse(naive.repeat(x, counts), naive.repeat(y, counts)), rel=1e-9)


def test_nothing_to_average_is_undefined():
    with pytest.raises(Undefined, match="no rows"):
        rmse([], [])
    assert np.isnan(average(np.ones(3), np.zeros((1, 3)))).all()


vectors = st.integers(3, 30).flatmap(
    lambda n: st.tuples(*[arrays.arrays(np.float64, n, elements=st.integers(-50, 50).map(float))] * 2)
)


@settings(max_examples=100, deadline=None)
@given(vectors, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter_and_counts_are_copies(pair, random):
    x, y = pair
    order = random.sample(range(len(x)), len(x))
    assert rmse(x[order], y[order]) == pytest.approx(rmse(x, y), abs=1e-9)
    counts = np.array([random.randint(0, 3) for _ in x])
    if counts.any():
        assert rmse(x, y, counts[None])[0] == pytest.approx(rmse(np.repeat(x, counts), np.repeat(y, counts)), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(vectors)
def test_a_perfect_prediction_is_best_and_error_follows_the_unit(pair):
    x, y = pair
    assert rmse(y, y) == 0
    assert rmse(10 * x, 10 * y) == pytest.approx(10 * rmse(x, y))
