"""The controls against slow truths and known answers."""

import numpy as np
import pytest

from shiftbench.models import controls, features, ridge
from tests import naive


def test_kmer_counts_against_the_slow_truth():
    rng = np.random.default_rng(0)
    sequence = rng.integers(0, 5, (20, 30), dtype=np.uint8)
    counts = features.kmers(sequence, (1, 3))
    assert np.array_equal(counts, naive.kmer_counts(sequence, (1, 3)))
    assert counts[:, :4].sum() == (sequence < 4).sum()


def test_gc():
    sequence = np.array([[0, 1, 2, 3, 4], [4, 4, 4, 4, 4]], np.uint8)
    assert np.allclose(features.gc(sequence), [[0.5, 0.25], [0, 0]])


def test_ridge_recovers_a_line_and_says_how_far_off_it_is():
    rng = np.random.default_rng(1)
    x = rng.normal(5, 3, (2000, 4)).astype(np.float32)
    y = (x @ np.array([[1, 0], [2, -1], [0, 0], [-1, 3]]) + rng.normal(0, [0.5, 2.0], (2000, 2))).astype(np.float32)
    state = ridge.fit(x[:1000], y[:1000], x[1000:], y[1000:])
    assert np.allclose(state["sd"], [0.5, 2.0], rtol=0.1)
    error = ridge.predict(state, x) - y
    assert np.allclose(error.std(0), [0.5, 2.0], rtol=0.1)


def test_ridge_equals_the_normal_equations():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(50, 6)).astype(np.float32), rng.normal(size=(50, 1)).astype(np.float32)
    state = ridge.fit(x[:30], y[:30], x[30:], y[30:])
    z = (x[:30] - x[:30].mean(0)) / x[:30].std(0)
    weights = np.linalg.solve(z.T @ z / 30 + state["penalty"] * np.eye(6), z.T @ (y[:30] - y[:30].mean(0)) / 30)
    assert np.allclose(state["weights"], weights, atol=1e-4)


def test_a_constant_feature_is_harmless():
    x = np.ones((20, 2), np.float32)
    x[:, 1] = np.arange(20)
    state = ridge.fit(x, 2 * x[:, 1:], x, 2 * x[:, 1:])
    assert np.allclose(ridge.predict(state, x), 2 * x[:, 1:], atol=1e-3)


def test_training_mean_holds_its_nominal_share(toy):
    train = toy(5000)
    floor = controls.TrainingMean()
    prediction = floor.predict(floor.fit(train, train, {}), train.sequence, {})
    low, high = prediction.interval(0.9)
    held = ((low <= train.observed) & (train.observed <= high)).mean(0)
    assert np.allclose(held, 0.9, atol=0.002)
    assert np.ptp(prediction.mean, axis=0) == pytest.approx([0, 0])


@pytest.mark.parametrize("control", [controls.GcRidge, controls.KmerRidge])
def test_ridges_learn_gc(toy, control):
    made = control()
    state = made.fit(toy(1500), toy(300, 1), {})
    test = toy(300, 2)
    error = made.predict(state, test.sequence, {}).mean - test.observed
    assert np.all(error.std(0) < 0.5 * test.observed.std(0))
