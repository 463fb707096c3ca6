import numpy as np
import pytest

from shiftbench.errors import Undefined
from shiftbench.metrics.coverage import (
    coverage,
    coverage_gap,
    infinite_share,
    truth_coverage,
    width,
    width_at_coverage,
    worst_coverage_f,
    worst_coverage_gc,
    worst_coverage_noise,
)

WORST = {worst_coverage_gc: "GC content", worst_coverage_noise: "noise", worst_coverage_f: "f"}


def test_both_ends_belong_to_the_interval():
    assert coverage([0, 0], [1, 1], [0, 1]) == 1
    assert coverage([0, 0], [1, 1], [np.nextafter(0, -1), np.nextafter(1, 2)]) == 0


def test_an_infinite_interval_covers_and_has_no_width():
    assert coverage([-np.inf, 0], [np.inf, 1], [1e30, 2]) == 0.5
    for low, high in ((-np.inf, np.inf), (-np.inf, 1), (0, np.inf)):
        assert infinite_share([low, 0], [high, 1]) == 0.5
        for metric in (width, lambda *ends: width_at_coverage(*ends, [0, 0], 0.9)):
            with pytest.raises(Undefined, match="infinite in 1 of 2 rows"):
                metric([low, 0], [high, 1])


@pytest.mark.parametrize(
    "metric",
    [
        width,
        infinite_share,
        lambda low, high: coverage(low, high, low),
        lambda low, high: truth_coverage(low, high, low),
        lambda low, high: coverage_gap(low, high, low, 0.9),
        lambda low, high: worst_coverage_gc(low, high, low, low),
        lambda low, high: width_at_coverage(low, high, low, 0.9),
    ],
)
def test_no_interval_is_undefined(metric):
    with pytest.raises(Undefined, match="no interval is stated in 1 of 1 rows"):
        metric([np.nan], [1])
    with pytest.raises(Undefined, match="the ends of the interval cross in 1 of 1 rows"):
        metric([2], [1])
    with pytest.raises(Undefined, match="no rows"):
        metric([], [])


def test_a_target_that_is_no_number_is_not_a_miss():
    with pytest.raises(Undefined, match="target is not finite in 1 of 2 values"):
        coverage([0, 0], [1, 1], [0, np.nan])


@pytest.mark.parametrize("metric", WORST)
def test_the_worst_fifth_is_found_wherever_it_is(metric):
    rng = np.random.default_rng(0)
    by, order = np.arange(100.0), rng.permutation(100)
    for fifth in range(5):
        target = np.where(by // 20 == fifth, np.where(by % 4 == 0, 2, 0), np.where(by % 10 == 0, 2, 0))
        ends = np.zeros(100), np.ones(100)
        assert metric(*ends, target[order], by[order]) == 0.75
        assert coverage(*ends, target) == pytest.approx(0.87)


@pytest.mark.parametrize(("metric", "name"), WORST.items())
def test_without_fifths_there_is_no_worst(metric, name):
    with pytest.raises(Undefined, match=f"{name} is constant"):
        metric([0, 0], [1, 1], [0, 0], [0.4, 0.4])
    with pytest.raises(Undefined, match=f"{name} is not finite in 1 of 2 values"):
        metric([0, 0], [1, 1], [0, 0], [0.4, np.nan])
    assert np.isnan(metric([0, 0], [1, 1], [0, 0], [0.4, 0.5], np.array([[0, 2], [0, 0]]))).all()


def test_rows_of_one_value_stay_in_one_fifth():
    """Half of the rows share the least value: their fifth is that of their middle rank, whole."""
    by, missed = np.array([0.0] * 10 + list(range(1, 11))), np.array([2.0] + [0.0] * 19)
    assert worst_coverage_gc(np.zeros(20), np.ones(20), missed, by) == 0.9


def test_width_at_coverage_needs_a_width():
    with pytest.raises(Undefined, match="no factor widens them"):
        width_at_coverage([0, 0], [0, 1], [1, 0.5], 0.9)
    assert width_at_coverage([0, 0], [0, 1], [0, 1.5], 0.9) == 1.0
    found = width_at_coverage([0, 0], [0, 1], [1, 0.5], 0.5, np.array([[2, 0], [0, 2], [1, 1]]))
    np.testing.assert_array_equal(found, [np.nan, 0, 0])


@pytest.mark.parametrize("rows", [10, 30, 70, 1000])
def test_nine_of_ten_rows_are_nine_of_ten_whatever_the_rounding(rows):
    target = np.arange(1.0, rows + 1)
    ends = np.full(rows, -1.0), np.full(rows, 1.0)
    assert width_at_coverage(*ends, target, 0.9) == 2 * rows * 9 // 10
