import numpy as np
import pytest
from scipy import stats

from shiftbench.errors import InputError, Undefined
from shiftbench.metrics.dream import WEIGHTS, dream_pearson, dream_spearman, rank_distribution

# The public sample submission of the challenge and its two scores.
PEARSON = (
    0.957144539749361, 0.6200899915391505, 0.6211738513565918, 0.8382821111688279, 0.9677444394489736,
    0.9354983554787447, 0.8227819183935022, 0.9671482009080143, 0.9449999831802987,
)  # fmt: skip
SPEARMAN = (
    0.961451653086994, 0.5754373259429003, 0.596033541641311, 0.839060331461191, 0.970287191964816,
    0.9289802083256298, 0.6775184531537061, 0.9611406141596464, 0.9273541130425778,
)  # fmt: skip


def test_scores_of_the_sample_submission():
    assert dream_pearson(dict(zip(WEIGHTS, PEARSON, strict=True))) == pytest.approx(0.7657255844881551, rel=1e-12)
    assert dream_spearman(dict(zip(WEIGHTS, SPEARMAN, strict=True))) == pytest.approx(0.8228750904214907, rel=1e-12)
    assert sum(WEIGHTS.values()) == pytest.approx(4.65)


def test_bounds_and_errors():
    perfect = dict.fromkeys(WEIGHTS, 1.0)
    assert dream_pearson(perfect) == dream_spearman(perfect) == 1
    assert dream_pearson(dict.fromkeys(WEIGHTS, -1.0)) == 1
    assert dream_spearman(dict.fromkeys(WEIGHTS, -1.0)) == -1
    with pytest.raises(InputError, match=r"unknown subsets \['snvs'\], missing subsets \['snv'\]"):
        dream_pearson({("snvs" if name == "snv" else name): 1.0 for name in WEIGHTS})
    with pytest.raises(Undefined, match="subset native: the correlation is undefined"):
        dream_spearman(perfect | {"native": np.nan})


def _models(seed, errors, rows=60):
    """Observed values and what models of those errors predict, of every subset."""
    rng = np.random.default_rng(seed)
    observed = {name: rng.normal(size=rows) for name in WEIGHTS}
    return observed, {name: np.stack([y + e * rng.normal(size=rows) for e in errors]) for name, y in observed.items()}


def test_ranks_agree_with_scipy_on_the_same_draws():
    observed, predicted = _models(0, (0.5, 0.6, 3.0))
    found = rank_distribution(observed, predicted, seed=1, draws=20)
    generator, weight, ranks = np.random.default_rng(1), np.array(list(WEIGHTS.values())), []
    for _ in range(20):
        rows = {name: generator.choice(60, 6, replace=False) for name in WEIGHTS}
        both = []
        for measure, power in ((stats.pearsonr, 2), (stats.spearmanr, 1)):
            table = [
                [measure(model[rows[name]], observed[name][rows[name]]).statistic ** power for model in predicted[name]]
                for name in WEIGHTS
            ]
            both.append(stats.rankdata(-np.round(weight @ np.array(table), 12)))
        ranks.append(both)
    np.testing.assert_allclose([found.pearson, found.spearman], np.mean(ranks, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.combined, np.mean(ranks, axis=(0, 1)), rtol=1e-12)
    assert (found.used, found.skipped) == (20, 0)
    assert found.combined[2] > 2.5


def test_twins_tie_and_a_seed_repeats():
    observed, predicted = _models(2, (1.0, 1.0))
    twins = {name: np.stack([models[0], models[0]]) for name, models in predicted.items()}
    assert rank_distribution(observed, twins, seed=3, draws=5).combined.tolist() == [1.5, 1.5]
    first, again = (rank_distribution(observed, predicted, seed=4, draws=10) for _ in range(2))
    assert first.combined.tolist() == again.combined.tolist()


def test_draws_without_a_correlation_are_skipped_and_counted():
    observed, predicted = _models(5, (1.0, 2.0), rows=40)
    observed["low"] = np.where(np.arange(40) < 6, np.arange(40), 0.0)  # often constant in a draw of 4
    found = rank_distribution(observed, predicted, seed=6, draws=40)
    assert found.skipped > 5
    assert found.used + found.skipped == 40
    with pytest.raises(Undefined, match="undefined in each of 3 draws"):
        rank_distribution(observed | {"low": np.zeros(40)}, predicted, seed=0, draws=3)
