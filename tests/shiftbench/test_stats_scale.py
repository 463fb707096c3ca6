import numpy as np
import pytest

from shiftbench.errors import Undefined
from shiftbench.stats.bootstrap import Estimate
from shiftbench.stats.scale import scaled


def _estimate(value, error=0.01, seed=0):
    return Estimate(value, value + error * np.random.default_rng(seed).normal(size=400))


def test_scaled_is_zero_at_the_floor_and_one_at_the_ceiling():
    floor, ceiling = _estimate(2.0, seed=1), _estimate(0.5, seed=2)
    assert scaled(floor, floor, ceiling, higher=False, ceiling_name="oracle").value == 0
    assert scaled(ceiling, floor, ceiling, higher=False, ceiling_name="oracle").value == 1
    assert scaled(_estimate(2.75), floor, ceiling, higher=False, ceiling_name="oracle").value == pytest.approx(-0.5)
    assert scaled(_estimate(0.2), floor, ceiling, higher=False, ceiling_name="oracle").value == pytest.approx(1.2)


def test_scaled_correlation_is_a_share_of_the_ceiling():
    zero = Estimate(0.0, np.zeros(400))
    found = scaled(_estimate(0.6), zero, _estimate(0.8, seed=1), higher=True, ceiling_name="oracle")
    assert found.value == pytest.approx(0.75)


def test_all_three_are_resampled_together():
    floor, ceiling = _estimate(2.0, 0.1, seed=1), _estimate(0.5, 0.1, seed=2)
    np.testing.assert_array_equal(scaled(ceiling, floor, ceiling, higher=False, ceiling_name="oracle").replicates, 1)
    model = _estimate(1.0, 0.1, seed=3)
    other = scaled(model, floor, ceiling, higher=False, ceiling_name="oracle")
    triples = zip(model.replicates, floor.replicates, ceiling.replicates, strict=True)
    expected = [(f - m) / (f - c) for m, f, c in triples]
    np.testing.assert_allclose(other.replicates, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("floor", "ceiling", "error", "reason"),
    [
        (1.0, 1.1, 0.001, "oracle no better than the mean"),
        (1.0, 1.0, 0.001, "oracle no better than the mean"),
        (1.0, 0.951, 0.001, "oracle within 5 % of the mean"),
        (-1.0, -1.049, 0.001, "oracle within 5 % of the mean"),
        (1.0, 0.9, 0.03, "oracle within 3 standard errors of the mean"),
        (1.0, 0.5, np.nan, "no standard error of oracle minus mean"),
    ],
)
def test_a_scale_without_length_is_undefined(floor, ceiling, error, reason):
    pair = _estimate(floor, error, seed=1), _estimate(ceiling, error, seed=2)
    with pytest.raises(Undefined, match=reason):
        scaled(_estimate(0.7), *pair, higher=False, ceiling_name="oracle")


def test_scale_just_long_enough_is_defined():
    ceiling = _estimate(0.949, 0.001, seed=2)
    assert scaled(_estimate(0.9), _estimate(1.0, 0.001), ceiling, higher=False, ceiling_name="oracle").value > 1
    with pytest.raises(Undefined, match="no better"):
        scaled(_estimate(0.9), _estimate(0.0, 0), _estimate(-0.1), higher=True, ceiling_name="oracle")
