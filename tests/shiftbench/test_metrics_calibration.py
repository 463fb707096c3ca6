import numpy as np
import pytest

from shiftbench.errors import Undefined
from shiftbench.metrics.calibration import (
    calibration_error,
    ence,
    mean_z2,
    pit,
    pit_histogram,
    pit_ks,
    quantile_calibration_error,
    quantile_reliability_curve,
    reliability_curve,
    sharpness,
    variance_ratio,
)
from shiftbench.prediction import QUANTILES
from tests.cases import case

LAWS = [variance_ratio, mean_z2, ence, calibration_error, pit_ks, pit, pit_histogram, reliability_curve]


@pytest.mark.parametrize("metric", LAWS)
def test_no_density_is_undefined(metric):
    for sd, reason in ((0.0, "not positive in 1 of 20 rows"), (np.nan, "not finite in 1 of 20 values")):
        with pytest.raises(Undefined, match=f"predicted SD is {reason}"):
            metric(np.zeros(20), [sd] + [1] * 19, np.zeros(20))
    with pytest.raises(Undefined, match="no rows"):
        metric([], [], [])


def test_the_two_variance_ratios_differ_where_sds_are_noisy():
    """0.5 of log-SD error in sigma: the one reads 0.6, the other 1.65."""
    rng = np.random.default_rng(0)
    error = np.exp(0.5 * rng.normal(size=200_000))
    law = np.zeros(error.size), error, rng.normal(size=error.size)
    assert variance_ratio(*law) == pytest.approx(np.exp(-0.5), rel=0.02)
    assert mean_z2(*law) == pytest.approx(np.exp(0.5), rel=0.02)


@pytest.mark.parametrize("metric", [variance_ratio, ence])
def test_sds_too_far_apart_to_square_are_refused(metric):
    with pytest.raises(Undefined, match="span more than 150 orders of magnitude"):
        metric(np.zeros(20), [1e-200] + [1] * 19, np.zeros(20))


def test_ence_needs_a_row_a_bin():
    with pytest.raises(Undefined, match="9 rows, 10 bins need 10"):
        ence(np.zeros(9), np.ones(9), np.ones(9))
    law = np.zeros(10), np.ones(10), np.ones(10)
    assert np.isnan(ence(*law, np.array([[9] + [0] * 9]))).all()
    assert ence(*law) == 0  # one bin: all rows have the same SD


def test_reliability_curve_counts_targets_up_to_each_quantile():
    law = case(1).arguments
    mean, sd, target = law["mean"], law["sd"], law["target"]
    levels, observed = reliability_curve(mean, sd, target)
    share = pit(mean, sd, target)
    np.testing.assert_allclose(levels, np.linspace(0.01, 0.99, 99))
    np.testing.assert_allclose(observed, [(share <= level).mean() for level in levels])
    counts = np.random.default_rng(0).integers(0, 3, (4, target.size))
    several = reliability_curve(mean, sd, target, counts)[1]
    for row, times in zip(several, counts, strict=True):
        np.testing.assert_allclose(row, reliability_curve(*(np.repeat(x, times) for x in (mean, sd, target)))[1])


def test_pit_histogram_has_every_row_once():
    law = case(2).arguments
    counts = pit_histogram(law["mean"], law["sd"], law["target"], 5)
    assert counts.sum() == law["mean"].size
    assert counts.tolist() == [
        int(((share := pit(law["mean"], law["sd"], law["target"])) >= k / 5).sum() - (share >= (k + 1) / 5).sum())
        for k in range(5)
    ]
    assert pit_histogram([0, 0], [1, 1], [-50, 50], 4).tolist() == [1, 0, 0, 1]


def test_an_infinite_quantile_is_passed_or_never_reached():
    levels, observed = quantile_reliability_curve([[-np.inf] * 2 + [0] * 5 + [np.inf] * 2], [1])
    assert levels.tolist() == list(QUANTILES)
    assert observed.tolist() == [0] * 7 + [1] * 2


def test_quantiles_that_are_missing_or_cross_are_refused():
    for wrong, reason in ((np.nan, "no quantiles are stated in 1 of 1 rows"), (9.0, "quantiles cross in 1 of 1 rows")):
        with pytest.raises(Undefined, match=reason):
            quantile_calibration_error([[0, 1, 2, wrong, 4, 5, 6, 7, 8]], [0])


def test_sharpness_of_an_unknown_sd_is_undefined():
    with pytest.raises(Undefined, match="predicted SD is not finite in 1 of 2 values"):
        sharpness([1, np.inf])
    assert sharpness([0, 0]) == 0
