import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shiftbench.errors import Undefined
from shiftbench.metrics.consistency import (
    abstained,
    conditional_accuracy,
    inconsistency,
    inconsistency_floor,
    relative_inconsistency,
)
from tests import naive


def test_agrees_with_loops_and_counts_are_copies():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        replicates, n = int(rng.integers(2, 7)), int(rng.integers(1, 20))
        effects = rng.normal(size=(replicates, n)) * 10.0 ** rng.integers(-150, 150) + 0.0
        effects += np.abs(effects).max() * rng.normal(size=n)
        assert inconsistency(effects) == pytest.approx(naive.inconsistency(effects), rel=1e-12)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=3)
        copied = [inconsistency(np.repeat(effects, counts, axis=1)) for counts in weights]
        np.testing.assert_allclose(inconsistency(effects, weights), copied, rtol=1e-12)
        target = rng.normal(size=n)
        agreed = [j for j in range(n) if len({v > 0 for v in effects[:, j]}) == 1]
        if agreed:
            right = sum((effects[0, j] > 0) == (target[j] > 0) for j in agreed) / len(agreed)
            assert conditional_accuracy(effects, target) == pytest.approx(right, rel=1e-12)
        else:
            with pytest.raises(Undefined, match="agree on no sign"):
                conditional_accuracy(effects, target)


def test_floor_and_ratio():
    assert [inconsistency_floor(m) for m in (2, 3, 5)] == [0.5, 0.75, 0.9375]
    assert relative_inconsistency([[1, 1], [1, -1]]) == 1
    assert relative_inconsistency([[1, 1], [1, -1]], [[2, 0], [1, 1]]).tolist() == [0, 1]
    with pytest.raises(Undefined, match="1 replicates"):
        inconsistency([[1, 2, 3]])


def test_no_effect_is_no_vote_and_no_negative():
    effects = [[1, 1, 0, 1e-9], [2, -1, -1, 1]]
    assert abstained(effects) == 2
    assert inconsistency(effects) == 0.5
    assert conditional_accuracy(effects, [1, 1, 1, -1]) == 1
    with pytest.raises(Undefined, match="no row of 2 has a sign from all replicates"):
        inconsistency([[0, 0], [1, 1]])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_replicates_and_units_are_interchangeable(seed, replicates):
    rng = np.random.default_rng(seed)
    effects, target = rng.normal(size=(replicates, 30)) + 2 * rng.normal(size=30), rng.normal(size=30)
    value = inconsistency(effects)
    assert 0 <= value <= 1
    assert inconsistency(rng.permutation(effects)) == value
    assert inconsistency(-effects * np.exp(rng.normal(size=(replicates, 1)))) == value
    assert inconsistency(np.repeat(effects, 2, axis=0)) == value
    assert inconsistency(np.vstack([effects, rng.normal(size=30)])) >= value
    if value < 1:
        right = conditional_accuracy(effects, target)
        assert conditional_accuracy(-effects, target) == pytest.approx(1 - right)
        assert conditional_accuracy(effects, effects[0]) == 1
