import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import r2_score

from shiftbench.errors import Undefined
from shiftbench.metrics.perturbation import (
    deg_scores,
    deg_weights,
    diversity,
    dynamic_range_fraction,
    nir,
    pearson_delta,
    weighted_mse,
    weighted_r2,
)

KINDS = 5


def _profiles(rng, kind):
    """Predicted and true profiles, a reference and weights: tame, tied, huge, tiny, or with genes of weight 0."""
    shape = int(rng.integers(2, 8)), int(rng.integers(3, 20))
    guess, truth, weights = rng.normal(size=shape), rng.normal(size=shape), rng.random(size=shape) ** 2
    reference = truth.mean(axis=0) + 0.1
    if kind == 1:
        guess, truth, reference = np.round(guess), np.round(truth), np.round(reference)
    if kind == 4:
        weights[:, 1:-1] *= rng.random(shape[1] - 2) < 0.5
    unit = {2: 1e100, 3: 1e-100}.get(kind, 1.0)
    return guess * unit, truth * unit, reference * unit, weights


def test_agree_with_libraries_row_by_row():
    for seed in range(500):
        rng = np.random.default_rng(seed)
        guess, truth, reference, weights = _profiles(rng, seed % KINDS)
        change, error = truth - reference, (guess - truth) ** 2
        for p in range(len(truth)):
            found = pearson_delta(guess, truth, reference)[p]
            sides = guess[p] - reference, change[p]
            if min(np.ptp(side) for side in sides) > 0:
                assert found == pytest.approx(stats.pearsonr(*(s / np.ptp(s) for s in sides)).statistic, abs=1e-10)
            assert weighted_mse(guess, truth, weights)[p] == pytest.approx(
                np.average(error[p], weights=weights[p]), rel=1e-10
            )
            scale = np.abs(truth).max()
            expected = r2_score(change[p] / scale, (guess[p] - reference) / scale, sample_weight=weights[p])
            found = weighted_r2(guess, truth, reference, weights)[p]
            if np.isnan(found):  # what scikit-learn calls 0
                assert np.ptp(change[p][weights[p] > 0]) <= 1e-15 * scale
            else:
                assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
            distance = [np.linalg.norm((guess[p] - row) / scale) for row in truth]
            others = [d for q, d in enumerate(distance) if q != p]
            farther = [1 if d > distance[p] * (1 + 1e-12) else 0.5 * (d >= distance[p] * (1 - 1e-12)) for d in others]
            assert nir(guess, truth)[p] == pytest.approx(np.mean(farther))


def test_scores_agree_with_welch_on_cells():
    rng = np.random.default_rng(0)
    for level in (0.0, 1e6):  # a common level costs no digits
        groups = [level + rng.normal(size=(int(n), 6)) * rng.exponential(size=6) for n in (5, 9, 30)]
        found = deg_scores([g.mean(0) for g in groups], [g.var(0, ddof=1) for g in groups], [len(g) for g in groups])
        for p, own in enumerate(groups):
            rest = np.concatenate([g for q, g in enumerate(groups) if q != p])
            expected = stats.ttest_ind_from_stats(
                own.mean(0), own.std(0, ddof=1), len(own), rest.mean(0), rest.std(0, ddof=1), len(own), equal_var=False
            ).statistic
            np.testing.assert_allclose(found[p], expected, rtol=1e-9 if level == 0 else 1e-4)
    assert np.isnan(deg_scores([[1.0], [1.0]], [[0.0], [0.0]], [3, 3])).all()
    with pytest.raises(Undefined, match="2 perturbations and 2 cells"):
        deg_scores([[1.0]], [[1.0]], [5])


def test_weights_by_hand():
    scores = [[-3, 1, 2, np.nan], [2, -2, 2, 2], [0, 0, 0, 0], [np.nan] * 4]
    assert deg_weights(scores).tolist() == [[1, 0, 0.25, 0], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_what_does_not_exist_is_nan_or_has_a_reason():
    truth, flat = np.array([[1.0, 2.0, 4.0], [2.0, 1.0, 0.0]]), np.ones((2, 3))
    mean = truth.mean(axis=0)
    assert np.isnan(pearson_delta(np.tile(mean, (2, 1)), truth, mean)).all()
    assert np.isnan(weighted_mse(truth, truth, 0 * flat)).all()
    assert np.isnan(weighted_r2(truth, flat + mean, mean, flat)).all()
    with pytest.raises(Undefined, match="1 perturbations, a rank needs 2"):
        nir(truth[:1], truth[:1])
    with pytest.raises(Undefined, match="all true profiles are one"):
        diversity(truth, flat)


def test_dynamic_range_fraction_by_hand():
    assert dynamic_range_fraction(0.2, 0.6, 1.0, higher=True) == pytest.approx(0.5, abs=1e-5)
    assert dynamic_range_fraction(0.4, 0.1, 0.0, higher=False) == pytest.approx(0.75, abs=1e-5)
    assert dynamic_range_fraction(0.9, -5.0, 1.0, higher=True) == -1
    assert dynamic_range_fraction(1.0, 2.0, 1.0, higher=True) == 1


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_invariants(seed):
    rng = np.random.default_rng(seed)
    guess, truth, reference, weights = _profiles(rng, seed % 2)
    genes, rows = rng.permutation(truth.shape[1]), rng.permutation(len(truth))
    order = np.ix_(rows, genes)
    sides = guess[order], truth[order]
    np.testing.assert_allclose(weighted_mse(*sides, 7 * weights[order]), weighted_mse(guess, truth, weights)[rows])
    np.testing.assert_allclose(
        weighted_r2(*sides, reference[genes], weights[order]), weighted_r2(guess, truth, reference, weights)[rows]
    )
    np.testing.assert_allclose(
        pearson_delta(*sides, reference[genes]), pearson_delta(guess, truth, reference)[rows], atol=1e-12
    )
    null, best = (weighted_r2(one, truth, reference, weights) for one in (np.tile(reference, (len(truth), 1)), truth))
    defined = ~np.isnan(best)
    assert np.all(null[defined] <= 1e-12)
    assert np.all(best[defined] == 1)
    if len({tuple(row) for row in truth}) == len(truth):
        assert nir(truth, truth).min() == 1
        assert diversity(truth, truth) == 1
        assert diversity(0 * guess, truth) == 0
        assert diversity(3 * truth + 1, truth) == pytest.approx(3)
    assert 0 <= nir(guess, truth).min() <= nir(guess, truth).max() <= 1


def _screen(rng, bias, genes=1500, perturbations=40, control=800, cells=100, affected=0.01, effect=2.0):
    """Mean log profiles of control and of three parts of the cells of each perturbation, with t of the third part."""
    level = np.exp(rng.normal(-1.5, 1.2, genes))
    moved = np.maximum(0, level + bias * (level * np.exp(0.25 * rng.normal(size=genes)) - level))

    def counts(rate, n):
        return np.log1p(rng.negative_binomial(3, 3 / (3 + 2 * rate), size=(n, genes)).astype(np.float32))

    parts, scores = [], []
    for _ in range(perturbations):
        hit = rng.random(genes) < affected
        rate = np.where(hit, moved * np.where(rng.random(genes) < 0.5, effect, 1 / effect), moved)
        cell = counts(rate, 3 * cells)
        parts.append([third.mean(axis=0) for third in np.split(cell, 3)])
        scores.append((cell[2 * cells :].mean(axis=0), cell[2 * cells :].var(axis=0, ddof=1)))
    first, second, _ = np.moveaxis(np.array(parts, np.float64), 1, 0)
    mean, variance = (np.array([score[k] for score in scores]) for k in range(2))
    return counts(level, control).mean(axis=0), first, second, deg_scores(mean, variance, [cells] * perturbations)


def test_a_biased_control_flatters_the_mean_and_the_weighted_score_does_not():
    """Orderings of the published simulations: one screen a bias, margins of many times its spread."""
    flattered = []
    for bias in (0.0, 0.5, 1.0, 2.0):
        control, first, second, scores = _screen(np.random.default_rng(7), bias)
        mean = np.tile(first.mean(axis=0), (len(first), 1))
        weights = deg_weights(scores)
        flattered.append(pearson_delta(mean, second, control).mean())
        null = weighted_r2(mean, second, first.mean(axis=0), weights).mean()
        assert -0.15 < null <= 0
        assert weighted_r2(np.tile(control, (len(first), 1)), second, first.mean(axis=0), weights).mean() < null
        ones = np.ones_like(weights)
        assert weighted_mse(mean, second, ones).mean() < weighted_mse(first, second, ones).mean()  # collapse rewarded
        assert weighted_mse(mean, second, weights).mean() > weighted_mse(first, second, weights).mean()  # and not
        assert np.isnan(pearson_delta(mean, second, first.mean(axis=0))).all()
    assert flattered[0] < 0.35
    assert flattered[-1] > 0.8
    assert np.all(np.diff(flattered) > 0.03)


def test_a_strong_screen_has_room_to_rank_and_the_score_falls_with_collapse():
    _, first, second, scores = _screen(np.random.default_rng(8), 1.0, cells=200, affected=0.05, effect=4.0)
    middle, weights = first.mean(axis=0), deg_weights(scores)
    path = [middle + share * (first - middle) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    by_r2 = [weighted_r2(guess, second, middle, weights).mean() for guess in path]
    by_error = [weighted_mse(guess, second, weights).mean() for guess in path]
    spread = [diversity(guess, second) for guess in path]
    assert np.all(np.diff(by_r2) > 0)
    assert np.all(np.diff(by_error) < 0)
    assert spread[0] == 0
    assert np.all(np.diff(spread) > 0)
    assert dynamic_range_fraction(by_r2[0], by_r2[-1], 1, higher=True) > 0.2
    assert nir(first, second).mean() > 0.95
    assert abs(nir(np.tile(middle, (len(first), 1)), second).mean() - 0.5) < 0.01
