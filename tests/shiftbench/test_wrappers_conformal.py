"""Conformal wrappers against slow twins and MAPIE, and what must hold of any of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.conformity_scores import ResidualNormalisedScore
from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor
from scipy.special import ndtri
from sklearn.base import BaseEstimator, RegressorMixin

from shiftbench.models.features import gc
from shiftbench.prediction import LEVELS, QUANTILES, Prediction, gaussian
from shiftbench.wrappers import WRAPPERS
from shiftbench.wrappers.conformal import (
    conformal_cqr,
    conformal_mondrian,
    conformal_normalised,
    conformal_split,
    radius,
)
from tests import naive
from tests.evidence import evidence

INTERVALS = [name for name in WRAPPERS if name.startswith("conformal_")]


def _law(rng, n, outputs=2):
    mean, log_sd = rng.normal(size=(2, n, outputs)).astype(np.float32)
    return gaussian(mean, np.exp(0.5 * log_sd))


def _case(seed=0, m=200, n=30, outputs=2, spread=1.0, missing=()):
    """A law that is right up to the factor `spread`, and rows with noise of its SD."""
    rng = np.random.default_rng(seed)
    calibration, test = _law(rng, m, outputs), _law(rng, n, outputs)
    observed = calibration.mean + spread * calibration.sd * rng.normal(size=(m, outputs)).astype(np.float32)
    observed[list(missing), 0] = np.nan
    return test, calibration, observed


def _scores(calibration, observed, unit=1.0):
    return np.abs(observed - calibration.mean.astype(float)) / unit


def test_radius_agrees_with_the_counting_loop():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        scores = np.abs(rng.normal(size=int(rng.integers(0, 120))))
        scores = np.round(scores, 1) if seed % 2 else scores
        for level in LEVELS:
            assert radius(scores, level) == naive.conformal_radius(scores.tolist(), str(level))


@pytest.mark.parametrize(("level", "m"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19)])
def test_radius_is_infinite_just_below_the_smallest_possible_set(level, m):
    assert radius(np.arange(1.0, m + 1), level) == m
    assert radius(np.arange(1.0, m), level) == np.inf


@pytest.mark.parametrize("wrapper", [conformal_split, conformal_normalised])
def test_half_width_is_radius_times_unit_per_output(wrapper):
    test, calibration, observed = _case()
    normalised = wrapper is conformal_normalised
    units = (calibration.sd, test.sd) if normalised else (np.ones_like(calibration.sd), np.ones_like(test.sd))
    scores = _scores(calibration, observed, units[0].astype(float))
    wrapped = wrapper(evidence(test, calibration, observed)).prediction
    np.testing.assert_array_equal(wrapped.quantiles[..., 4], test.mean)
    for level in LEVELS:
        low, high = wrapped.interval(level)
        for output in range(2):
            half = naive.conformal_radius(scores[:, output].tolist(), str(level)) * units[1][:, output]
            np.testing.assert_allclose(high[:, output] - low[:, output], 2 * half, rtol=1e-4)


def test_without_an_sd_the_unit_is_one():
    points = [replace(law, aleatoric=None) for law in _case()[:2]]
    observed = _case()[2]
    split, normalised = (f(evidence(*points, observed)).prediction for f in (conformal_split, conformal_normalised))
    np.testing.assert_array_equal(split.quantiles, normalised.quantiles)


@pytest.mark.parametrize("wrapper", [conformal_split, conformal_normalised, conformal_cqr])
def test_its_own_calibration_rows_are_covered_k_times(wrapper):
    _, calibration, observed = _case()
    wrapped = wrapper(evidence(calibration, calibration, observed)).prediction
    for level in LEVELS:
        low, high = wrapped.interval(level)
        inside = ((low - 1e-5 <= observed) & (observed <= high + 1e-5)).sum(axis=0)
        assert (inside == np.ceil(round(201 * level, 9))).all()


@pytest.mark.parametrize("name", INTERVALS)
def test_missing_targets_are_left_out(name):
    letters = [np.tile(np.arange(60, dtype=np.uint8) % 4, (n, 1)) for n in (30, 200)]  # one group, equal weights
    test, calibration, observed = _case()
    missing = _case(missing=range(190))[2]
    part, whole, nothing = (
        WRAPPERS[name].apply(evidence(test, calibration, known, *letters)).prediction
        for known in (missing, observed, np.full_like(observed, np.nan))
    )
    low, high = part.interval(0.95)
    assert np.isinf(high[:, 0]).all()
    assert np.isinf(low[:, 0]).all()
    np.testing.assert_array_equal(part.quantiles[:, 1], whole.quantiles[:, 1])
    assert np.isinf(nothing.interval(0.5)[0]).all()


# conformalised quantile regression


def _moved(law, row, output, moves):
    """Ends at each level by plain steps: moved, met in the middle if they cross, then wide enough for those inside."""
    low, high, ends = np.inf, -np.inf, []
    for level, move in zip(LEVELS, moves, strict=True):
        a, b = (float(end[row, output]) for end in law.interval(level))
        a, b = (a - move, b + move) if a - move <= b + move else ((a + b) / 2, (a + b) / 2)
        low, high = min(low, a), max(high, b)
        ends.append((low, high))
    return ends


@pytest.mark.parametrize("spread", [0.6, 1.7])
def test_cqr_moves_both_ends_by_one_distance(spread):
    test, calibration, observed = _case(spread=spread)
    test = gaussian(test.mean, test.sd * np.where(np.arange(30) % 2, 1, 0.1).astype(np.float32)[:, None])
    wrapped = conformal_cqr(evidence(test, calibration, observed)).prediction
    for output in range(2):
        y, moves = observed[:, output].astype(float), []
        for level in LEVELS:
            low, high = (end[:, output].astype(float) for end in calibration.interval(level))
            moves.append(naive.conformal_radius(np.maximum(low - y, y - high).tolist(), str(level)))
        assert (np.array(moves) < 0).all() == (spread < 1)
        for row in range(30):
            found = [tuple(end[row, output] for end in wrapped.interval(level)) for level in LEVELS]
            np.testing.assert_allclose(found, _moved(test, row, output, moves), rtol=1e-5, atol=1e-5)
    low, high = wrapped.interval(0.5)
    assert (low == high).any() == (spread < 1)


def test_cqr_keeps_a_skewed_law_skewed():
    rng = np.random.default_rng(3)
    z = ndtri(np.asarray(QUANTILES))
    ends = np.where(z > 0, 3 * z, z).astype(np.float32)
    mean = np.zeros((100, 1), np.float32)
    law = Prediction(mean, np.broadcast_to(ends, (100, 1, 9)).copy())
    observed = np.exp(rng.normal(size=(100, 1))).astype(np.float32)
    wrapped = conformal_cqr(evidence(law, law, observed)).prediction
    low, high = wrapped.interval(0.9)
    before = law.interval(0.9)
    np.testing.assert_allclose(low - before[0], before[1] - high, atol=1e-5)
    assert (np.abs(high) > np.abs(low)).all()


# groups


def test_mondrian_is_normalised_conformal_of_each_group():
    rng = np.random.default_rng(0)
    test, calibration, observed = _case(m=400, n=60)
    letters = [(rng.random((n, 80)) < rng.random((n, 1))).astype(np.uint8) for n in (60, 400)]  # A and C
    observed *= np.where(gc(letters[1])[:, :1] > 0.5, 4, 1).astype(np.float32)
    wrapped = conformal_mondrian(evidence(test, calibration, observed, *letters))
    assert wrapped.told == {"pooled_share": [0.0, 0.0]}
    edges = np.quantile(gc(letters[1])[:, 0], [0.2, 0.4, 0.6, 0.8])
    own, other = (np.array([sum(share >= edges) for share in gc(rows)[:, 0]]) for rows in letters)
    for group in range(5):
        rows, mine = own == group, other == group
        part = evidence(test.rows(np.flatnonzero(rows)), calibration.rows(np.flatnonzero(mine)), observed[mine])
        expected = conformal_normalised(part).prediction.quantiles
        np.testing.assert_array_equal(wrapped.prediction.quantiles[rows], expected)


def test_mondrian_takes_the_radius_of_all_rows_in_a_group_too_small():
    test, calibration, observed = _case(m=60)
    known = evidence(test, calibration, observed)
    wrapped = conformal_mondrian(known)
    low, high = wrapped.prediction.interval(0.95)
    pooled = conformal_normalised(known).prediction.interval(0.95)
    assert (low <= pooled[0] + 1e-6).all()
    assert (high >= pooled[1] - 1e-6).all()
    assert np.isfinite(low).all()
    own, other = (gc(letters)[:, 0] for letters in (known.calibration_sequence, known.sequence))
    edges = np.quantile(own, [0.2, 0.4, 0.6, 0.8])
    sizes = np.array([sum(sum(share >= edges) == group for share in own) for group in range(5)])
    share = np.mean([[sizes[sum(x >= edges)] < least for least in (1, 4, 9, 19)] for x in other])
    assert wrapped.told["pooled_share"] == pytest.approx([share, share])
    assert 0.2 < share < 0.5


# Hypothesis


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 80), name=st.sampled_from([*INTERVALS, "isotonic"]))
def test_the_order_of_calibration_rows_does_not_matter(seed, m, name):
    test, calibration, observed = _case(seed, m=m)
    known = evidence(test, calibration, observed)
    order = np.random.default_rng(seed).permutation(m)
    other = evidence(test, calibration.rows(order), observed[order], known.sequence, known.calibration_sequence[order])
    first, second = (WRAPPERS[name].apply(each).prediction.quantiles for each in (known, other))
    np.testing.assert_allclose(first, second, rtol=1e-6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1), m=st.integers(1, 80), factor=st.sampled_from([0.25, 2.0, 8.0]),
    offset=st.integers(-4, 4), name=st.sampled_from([*INTERVALS, "isotonic", "variance_scaling"]),
)  # fmt: skip
def test_another_unit_or_origin_of_y_carries_over(seed, m, factor, offset, name):
    test, calibration, observed = _case(seed, m=m)

    def moved(law):
        return gaussian(np.float32(factor) * law.mean + np.float32(offset), np.float32(factor) * law.sd)

    wrapped = WRAPPERS[name].apply(evidence(test, calibration, observed)).prediction.quantiles
    other = evidence(moved(test), moved(calibration), np.float32(factor) * observed + np.float32(offset))
    expected = factor * wrapped + offset
    np.testing.assert_allclose(WRAPPERS[name].apply(other).prediction.quantiles, expected, rtol=2e-3, atol=2e-3)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 80), name=st.sampled_from([*INTERVALS, "isotonic"]))
def test_levels_nest_around_the_median(seed, m, name):
    wrapped = WRAPPERS[name].apply(evidence(*_case(seed, m=m, spread=np.exp(np.sin(seed))))).prediction
    with np.errstate(invalid="ignore"):
        assert not (np.diff(wrapped.quantiles, axis=-1) < 0).any()
    assert not np.isnan(wrapped.quantiles).any()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1), m=st.integers(60, 80), factor=st.floats(1.05, 3),
    name=st.sampled_from([*INTERVALS, "isotonic", "variance_scaling"]),
)  # fmt: skip
def test_more_noise_in_the_calibration_rows_widens(seed, m, factor, name):
    test, calibration, observed = _case(seed, m=m)
    noisier = (calibration.mean + np.float32(factor) * (observed - calibration.mean)).astype(np.float32)
    for level in (0.5, 0.8, 0.9):
        low, high = WRAPPERS[name].apply(evidence(test, calibration, observed)).prediction.interval(level)
        lower, higher = WRAPPERS[name].apply(evidence(test, calibration, noisier)).prediction.interval(level)
        assert (higher - lower >= high - low - 1e-5).all()


# MAPIE


class _Column(RegressorMixin, BaseEstimator):
    """A fitted regressor whose prediction is one column of its features."""

    def __init__(self, column=0):
        self.column = column
        self.fitted_ = True

    def fit(self, x, y=None):
        return self

    def predict(self, x):
        return np.asarray(x)[:, self.column]


@pytest.mark.parametrize("m", [57, 100, 399])
def test_split_and_normalised_agree_with_mapie(m):
    """Same rank ceil((m + 1) level); MAPIE refuses where the rank exceeds m, where ours is infinite."""
    test, calibration, observed = _case(m=m, outputs=1)
    features = [np.column_stack([law.mean, law.sd]).astype(float) for law in (calibration, test)]
    normalised = ResidualNormalisedScore(residual_estimator=_Column(1), prefit=True)
    for wrapper, score in ((conformal_split, "absolute"), (conformal_normalised, normalised)):
        peer = SplitConformalRegressor(_Column(0), confidence_level=list(LEVELS), conformity_score=score, prefit=True)
        _, expected = peer.conformalize(features[0], observed[:, 0].astype(float)).predict_interval(features[1])
        wrapped = wrapper(evidence(test, calibration, observed)).prediction
        for place, level in enumerate(LEVELS):
            ends = np.stack(wrapped.interval(level), axis=1)[..., 0]
            np.testing.assert_allclose(ends, expected[:, :, place], rtol=1e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("m", [57, 100, 399])
def test_cqr_agrees_with_mapie(m):
    """Its symmetric correction; its default corrects each end by itself, at (1 - level) / 2 twice, and is wider."""
    test, calibration, observed = _case(m=m, outputs=1, spread=1.3)
    for level in LEVELS:
        features = [
            np.column_stack([*law.interval(level), law.quantiles[..., 4]]).astype(float) for law in (calibration, test)
        ]
        peer = ConformalizedQuantileRegressor([_Column(0), _Column(1), _Column(2)], confidence_level=level, prefit=True)
        peer.conformalize(features[0], observed[:, 0].astype(float))
        _, expected = peer.predict_interval(features[1], symmetric_correction=True)
        ends = conformal_cqr(evidence(test, calibration, observed)).prediction.interval(level)
        np.testing.assert_allclose(np.stack(ends, axis=1)[..., 0], expected[:, :, 0], rtol=1e-5, atol=1e-5)
