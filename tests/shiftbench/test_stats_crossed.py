import math

import numpy as np
import pytest
from scipy import stats

from shiftbench.errors import Undefined
from shiftbench.stats.crossed import components, crossed, folds, nested
from tests import naive


def _table(a, b, row=1.0, column=1.0, residual=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return row * rng.normal(size=(a, 1)) + column * rng.normal(size=b) + residual * rng.normal(size=(a, b))


@pytest.mark.parametrize("shape", [(2, 2), (5, 40), (7, 3)])
@pytest.mark.parametrize("shares", [(1, 1, 1), (0, 0, 1), (3, 0, 1), (0, 0.1, 1)])
def test_error_and_freedom_are_those_of_plain_sums(shape, shares):
    for seed in range(5):
        table = _table(*shape, *shares, seed=seed)
        found = crossed(table)
        error, freedom = naive.crossed(table.tolist())
        assert (found.value, found.error) == pytest.approx((table.mean(), error))
        assert found.freedom == pytest.approx(freedom)
        half = stats.t.ppf(0.975, freedom) * error
        assert (found.low, found.high) == pytest.approx((table.mean() - half, table.mean() + half))
        assert found.p == pytest.approx(2 * stats.t.sf(abs(table.mean()) / error, freedom))


def test_rows_and_columns_change_places():
    table = _table(5, 30)
    assert crossed(table) == pytest.approx(crossed(table.T))


@pytest.mark.parametrize("turned", [False, True])
def test_one_level_of_a_factor_leaves_the_plain_t_over_the_other(turned):
    values = np.random.default_rng(0).normal(0.3, 1, 12)
    found = crossed(values[:, None] if turned else values[None], level=0.9, null=0.1)
    peer = stats.ttest_1samp(values, 0.1)
    assert (found.p, found.freedom) == pytest.approx((peer.pvalue, peer.df))
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval(0.9)))


def test_without_columns_and_residual_rows_alone_tell():
    found = crossed(np.repeat(np.array([1.0, 2.0, 4.0])[:, None], 6, axis=1))
    peer = stats.ttest_1samp([1.0, 2.0, 4.0], 0)
    assert (found.error, found.freedom, found.p) == pytest.approx((peer._standard_error, 2, peer.pvalue))


@pytest.mark.parametrize("shape", [(60, 300)])
def test_components_are_found(shape):
    rows, columns, residual = components(_table(*shape, 0.5, 2.0, 1.0))
    # relative standard errors sqrt(2 / 59), sqrt(2 / 299), sqrt(2 / 17641): within four of them
    assert rows == pytest.approx(0.25, rel=0.74)
    assert columns == pytest.approx(4, rel=0.33)
    assert residual == pytest.approx(1, rel=0.043)


def test_a_component_is_never_negative():
    for seed in range(20):
        assert min(components(_table(4, 5, 0, 0, 1, seed=seed))) >= 0


def test_worlds_count_alike_whatever_is_in_them():
    worlds = [[1.0, 3.0], [5.0], np.full((2, 3), 4.0)]
    peer = stats.ttest_1samp([2.0, 5.0, 4.0], 0)
    found = nested(worlds)
    assert (found.value, found.freedom, found.p) == pytest.approx((11 / 3, 2, peer.pvalue))
    table = np.random.default_rng(0).normal(size=(5, 4, 3))
    assert nested(table) == pytest.approx(crossed(table.mean(axis=(1, 2))[None]))


def test_folds_that_share_training_rows_have_a_wider_interval():
    values = np.array([0.8, 0.82, 0.79, 0.85, 0.81])
    plain, found = stats.ttest_1samp(values, 0.8), folds(values, 1 / 4, null=0.8)
    statistic = plain.statistic / math.sqrt((1 / 5 + 1 / 4) / (1 / 5))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(statistic), 4))
    assert folds(values, 0.0, null=0.8).p == pytest.approx(plain.pvalue)


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (lambda: crossed(np.zeros((0, 3))), "no cells"),
        (lambda: crossed([[1.0, np.nan], [2.0, 3.0]]), "1 of 4 cells have no value"),
        (lambda: crossed(np.full((3, 4), 0.1)), "all values are alike"),
        (lambda: crossed([[0.5]]), "no degree of freedom"),
        (lambda: nested([[1.0, 2.0]]), "no degree of freedom"),
        (lambda: nested([[1.0, 2.0], []]), "1 of 2 cells have no value"),
        (lambda: folds([0.1], 0.1), "no degree of freedom"),
        (lambda: components([[1.0, 2.0]]), "one row or one column"),
    ],
)
def test_undefined_says_why(of, reason):
    with pytest.raises(Undefined, match=reason):
        of()


def test_a_table_has_two_dimensions():
    with pytest.raises(ValueError, match="table has 1 dimensions; expected 2"):
        crossed([1.0, 2.0])
