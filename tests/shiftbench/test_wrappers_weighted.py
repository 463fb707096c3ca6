"""Weighted conformal intervals against their definition, and the density ratio behind them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from shiftbench.models.features import kmers
from shiftbench.prediction import LEVELS, gaussian
from shiftbench.wrappers import WRAPPERS, density_ratio
from shiftbench.wrappers.conformal import radii
from shiftbench.wrappers.weighted import weighted_radii
from tests import naive
from tests.evidence import evidence


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 60), spread=st.floats(0, 5), rounded=st.booleans())
def test_weighted_radii_agree_with_their_definition(seed, m, spread, rounded):
    rng = np.random.default_rng(seed)
    scores = np.abs(rng.normal(size=m))
    scores = np.round(scores, 1) if rounded else scores
    logs, own = spread * rng.normal(size=m), spread * rng.normal(size=7)
    found, size = weighted_radii(scores, logs, own)
    weights = np.exp(logs)
    assert size == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    for row in range(7):
        for place, level in enumerate(LEVELS):
            expected = naive.weighted_radius(scores.tolist(), weights.tolist(), float(np.exp(own[row])), str(level))
            assert found[row, place] == expected


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(0, 120), log=st.floats(-600, 600))
def test_equal_weights_are_no_weights(seed, m, log):
    scores = np.round(np.abs(np.random.default_rng(seed).normal(size=(m, 1))), 1 + seed % 4)
    found, size = weighted_radii(scores[:, 0], np.full(m, log), np.full(3, log))
    np.testing.assert_array_equal(found, np.repeat(radii(scores), 3, axis=0))
    assert size == pytest.approx(m) if m else np.isnan(size)


def test_an_interval_is_infinite_where_the_own_weight_exceeds_what_is_left():
    scores, logs = np.arange(99.0), np.zeros(99)
    own = np.log([0.0001, 99 / 9 * 0.999, 99 / 9 * 1.001, 1e300])  # own share of 1 - .9 is 99 / 9 of them
    infinite = np.isinf(weighted_radii(scores, logs, own)[0])
    np.testing.assert_array_equal(infinite[:, LEVELS.index(0.9)], [False, False, True, True])
    np.testing.assert_array_equal(infinite[:, LEVELS.index(0.5)], [False, False, False, True])


def test_weights_of_any_size_are_safe():
    scores = np.arange(50.0)
    for logs in (np.linspace(-1e4, 1e4, 50), np.full(50, -1e5), np.full(50, 1e5)):
        for own in (-1e5, 0.0, 1e5):
            found, size = weighted_radii(scores, logs, np.full(2, own))
            assert not np.isnan(found).any()
            assert 1 <= size <= 50.001
    assert weighted_radii(scores, np.full(50, -1e5), np.array([1e5]))[0].min() == np.inf


# density ratio


def _letters(rng, n, gc, length=60):
    strong, second = rng.random((2, n, length))
    return np.where(strong < gc, 1 + (second < 0.5), 3 * (second < 0.5)).astype(np.uint8)


def test_kmer_shares_are_counts_of_both_strands():
    rng = np.random.default_rng(0)
    sequence = rng.integers(0, 5, (20, 40), dtype=np.uint8)
    reverse = np.array([3, 2, 1, 0, 4], np.uint8)[sequence[:, ::-1]]
    shares = density_ratio.kmer_shares(sequence)
    assert shares.shape == (20, 32)
    np.testing.assert_allclose(shares, density_ratio.kmer_shares(reverse))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    both = kmers(sequence, (3,)) + kmers(reverse, (3,))
    np.testing.assert_allclose(shares[:, 0], (both / both.sum(axis=1, keepdims=True))[:, [0, 63]].sum(axis=1))
    assert (density_ratio.kmer_shares(np.full((2, 40), 4, np.uint8)) == 0).all()


@pytest.mark.parametrize("features", [density_ratio.gc, density_ratio.kmer_shares])
def test_log_ratio_agrees_with_scikit_learn(features):
    rng = np.random.default_rng(1)
    source, target = features(_letters(rng, 300, 0.4)), features(_letters(rng, 200, 0.5))
    found = np.concatenate(density_ratio.log_ratio(source, target))
    rows = np.concatenate([source, target])
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(rows, np.arange(500) >= 300)
    np.testing.assert_allclose(found, rows @ peer.coef_[0], atol=2e-3)


def test_log_ratio_of_normal_laws_is_their_log_ratio():
    """Equal variances, means 0 and 1: log ratio x, and a standard error of its slope near .03."""
    rng = np.random.default_rng(2)
    source, target = rng.normal(size=(20_000, 1)), 1 + rng.normal(size=(20_000, 1))
    logs, _ = density_ratio.log_ratio(source, target)
    slope, *_ = np.polyfit(source[:, 0], logs, 1)
    assert abs(slope - 1) < 0.06


def test_one_and_the_same_letters_everywhere_weigh_the_same():
    letters = [np.tile(np.arange(60, dtype=np.uint8) % 4, (n, 1)) for n in (5, 39)]
    rng = np.random.default_rng(3)
    test, calibration = (gaussian(*rng.random((2, n, 2)).astype(np.float32)) for n in (5, 39))
    known = evidence(test, calibration, rng.normal(size=(39, 2)).astype(np.float32), *letters)
    plain = WRAPPERS["conformal_normalised"].apply(known).prediction.quantiles
    for name in ("conformal_weighted_gc", "conformal_weighted_kmer"):
        wrapped = WRAPPERS[name].apply(known)
        np.testing.assert_array_equal(wrapped.prediction.quantiles, plain)
        assert wrapped.told["effective_sample_size"] == pytest.approx([39, 39])


def test_effective_sample_size_falls_with_the_shift():
    rng = np.random.default_rng(4)
    shares = np.clip(0.4 + 0.09 * rng.normal(size=(400, 1)), 0, 1)
    law = gaussian(*np.ones((2, 400, 1), np.float32))
    told = []
    for offset in (0, 0.1, 0.3):
        letters = _letters(rng, 400, np.clip(shares + offset, 0, 1)), _letters(rng, 400, shares)
        known = evidence(law, law, rng.normal(size=(400, 1)).astype(np.float32), *letters)
        told.append(WRAPPERS["conformal_weighted_gc"].apply(known).told["effective_sample_size"][0])
    assert 390 < told[0] <= 400
    assert told[0] > 2 * told[1] > 4 * told[2]
