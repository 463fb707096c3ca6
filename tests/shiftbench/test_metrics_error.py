import numpy as np
import pytest

from shiftbench.errors import Undefined
from shiftbench.metrics.error import average, bias, mae, r2, relative_rmse, rmse, root_mean_square

ALL = [rmse, mae, bias, r2, relative_rmse]


@pytest.mark.parametrize("metric", ALL)
def test_nothing_and_what_is_not_finite_is_undefined(metric):
    with pytest.raises(Undefined, match="no rows"):
        metric([], [])
    for wrong in (np.nan, np.inf):
        with pytest.raises(Undefined, match="prediction is not finite in 1 of 3 values"):
            metric([0, wrong, 1], [0, 1, 3])
        with pytest.raises(Undefined, match="target is not finite in 1 of 3 values"):
            metric([0, 1, 1], [0, wrong, 3])


@pytest.mark.parametrize("metric", ALL)
def test_a_replicate_without_rows_is_no_number(metric):
    assert np.isnan(metric([0, 1, 2], [0, 1, 3], np.zeros((1, 3), np.uint16))).all()


def test_an_endless_loss_is_refused_also_by_replicates_that_leave_it_out():
    with pytest.raises(Undefined, match="loss is not finite in 1 of 2 values"):
        average(np.array([1.0, np.inf]), np.array([[2, 0]]))


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_no_square_overflows_or_vanishes(size):
    assert rmse([0, size], [0, 3 * size]) == pytest.approx(np.sqrt(2) * size)
    assert root_mean_square(np.array([3 * size, 4 * size]), np.array([[1, 0]])) == pytest.approx([3 * size])
    assert r2([size, 2 * size, 2 * size], [size, 2 * size, 3 * size]) == pytest.approx(0.5)


@pytest.mark.parametrize("metric", [r2, relative_rmse])
def test_a_constant_target_has_no_variance_to_explain(metric):
    with pytest.raises(Undefined, match="targets are constant"):
        metric([1, 2, 3], [0.1, 0.1, 0.1])
    with pytest.raises(Undefined, match="loss is not finite"):
        metric([1e200, 2, 3], [0, 0, 1e-200])
    found = metric([1, 2, 3, 4], [0.1, 0.1, 0.1, 7], np.array([[1, 1, 2, 0], [0, 0, 0, 4], [1, 1, 1, 1]]))
    np.testing.assert_array_equal(np.isnan(found), [True, True, False])


def test_replicates_that_leave_an_outlier_out_keep_their_digits():
    rng = np.random.default_rng(0)
    target = np.append(rng.normal(size=50), 1e9)
    mean = target + rng.normal(size=51)
    weights = rng.multinomial(51, np.full(51, 1 / 51), size=40)
    copies = [[np.repeat(side, counts) for side in (mean, target)] for counts in weights]
    assert 5 < (weights[:, -1] == 0).sum() < 35
    np.testing.assert_allclose(r2(mean, target, weights), [r2(*sides) for sides in copies], rtol=1e-10)


def test_weights_of_any_type_give_the_same():
    rng = np.random.default_rng(1)
    loss, counts = rng.normal(size=300) ** 2, rng.poisson(1, (20, 300))
    expected = [np.repeat(loss, row).mean() for row in counts]
    for kind in (np.uint8, np.uint16, np.int64, np.float32, np.float64):
        np.testing.assert_allclose(average(loss, counts.astype(kind)), expected, rtol=1e-13)
