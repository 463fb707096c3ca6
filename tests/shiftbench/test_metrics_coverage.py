import numpy as np
import pytest

from shiftbench.errors import Undefined
from shiftbench.metrics.coverage import coverage, width
from tests import naive


def test_agree_with_loops_alone_and_in_every_replicate():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 20))
        low = np.round(rng.normal(size=n), 1) * 10.0 ** rng.integers(-30, 30)
        high = low + np.abs(np.round(rng.normal(size=n), 1))
        target = np.where(rng.random(n) < 0.3, low, np.where(rng.random(n) < 0.3, high, rng.normal(size=n)))
        weights = rng.multinomial(n, np.full(n, 1 / n), size=3)
        assert coverage(low, high, target) == pytest.approx(naive.coverage(low, high, target), rel=1e-12)
        assert width(low, high) == pytest.approx(naive.width(low, high), rel=1e-12)
        for replicate, counts in enumerate(weights):
            ends = naive.repeat(low, counts), naive.repeat(high, counts)
            expected = naive.coverage(*ends, naive.repeat(target, counts))
            assert coverage(low, high, target, weights)[replicate] == pytest.approx(expected, rel=1e-12)
            assert width(low, high, weights)[replicate] == pytest.approx(naive.width(*ends), rel=1e-12)


def test_both_ends_belong_to_the_interval():
    assert coverage([0, 0], [1, 1], [0, 1]) == 1
    assert coverage([0, 0], [1, 1], [np.nextafter(0, -1), np.nextafter(1, 2)]) == 0


def test_an_infinite_interval_covers_and_has_no_width():
    assert coverage([-np.inf, 0], [np.inf, 1], [1e30, 2]) == 0.5
    for low, high in ((-np.inf, np.inf), (-np.inf, 1), (0, np.inf)):
        with pytest.raises(Undefined, match="infinite in 1 of 2 rows"):
            width([low, 0], [high, 1])


def test_no_interval_is_undefined():
    for metric in (lambda low, high: coverage(low, high, [0]), width):
        with pytest.raises(Undefined, match="no interval is stated in 1 of 1 rows"):
            metric([np.nan], [1])
