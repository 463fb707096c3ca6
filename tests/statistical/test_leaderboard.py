"""Ranks of the leaderboard against what they promise: models that are equally good are not told apart.

A model's score in a world is what the world makes of every model, what it makes of this one, and what training seeds
do. Worlds are drawn anew each time. The paired t over worlds is exact for normal effects, so a test at 5 % errs in 5 %;
of 2,000 tables the band 3-7 % is left by chance with a probability below 1e-4. Effects with heavy tails make a t over 4
worlds cautious: there the promise is at most 7 %. The correction of Benjamini and Hochberg keeps the expected share of
wrong ones among the pairs that are told apart at 5 % at most, and with it the chance of any verdict among the 190 pairs
of 20 equal models: 6 % of 2,000 tables is passed by chance with a probability of 2 %, once, for the draws are fixed.
"""

import numpy as np
import pytest
from scipy import stats

from leaderboard.scoring.flags import NOISE_Z, answers_of, noise_association
from leaderboard.scoring.ranking import decided, paired
from tests.leaderboard import made

pytestmark = pytest.mark.statistical

WORLD, MODEL, SEED, SEEDS = 0.1, 0.03, 0.02, 5
TABLES = 2000
LAWS = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "flat": lambda rng, shape: rng.uniform(-1, 1, shape) * np.sqrt(3),
    "heavy": lambda rng, shape: rng.standard_t(3, shape) / np.sqrt(3),
}
"""Laws of variance 1 of what a world makes of one model."""


def _trainings(rng, models, worlds, law="normal"):
    """Scores (models, worlds, seeds) of models that are equally good."""
    shared = WORLD * rng.normal(size=(1, worlds, 1))
    own = MODEL * LAWS[law](rng, (models, worlds, 1))
    return 0.4 + shared + own + SEED * rng.normal(size=(models, worlds, SEEDS))


def _named(scores):
    return {f"model-{number:02}": one for number, one in enumerate(scores)}


def _verdicts(scores):
    return decided(paired(_named(scores)), list(_named(scores)))


@pytest.mark.parametrize(
    ("worlds", "law", "low"), [(4, "normal", 0.03), (10, "normal", 0.03), (4, "flat", 0.03), (4, "heavy", 0.0)]
)
def test_two_equal_models(worlds, law, low):
    rng = np.random.default_rng(worlds)
    alarms = [len(_verdicts(_trainings(rng, 2, worlds, law).mean(axis=2))) for _ in range(TABLES)]
    assert low <= np.mean(alarms) <= 0.07


def test_trainings_taken_as_units_err():
    """Positive control: a t over all trainings of all worlds, as if what a world makes of a model were drawn anew."""
    rng = np.random.default_rng(4)
    drawn = [_trainings(rng, 2, 4).reshape(2, -1) for _ in range(400)]
    assert np.mean([len(_verdicts(scores)) for scores in drawn]) > 0.12


def _p(scores):
    """p values of all pairs of models, of scores (tables, models, worlds)."""
    first, second = np.triu_indices(scores.shape[1], 1)
    return stats.ttest_rel(scores[:, first], scores[:, second], axis=2).pvalue


@pytest.mark.parametrize("worlds", [4, 10])
def test_twenty_equal_models(worlds):
    rng = np.random.default_rng(worlds)
    scores = np.stack([_trainings(rng, 20, worlds).mean(axis=2) for _ in range(TABLES)])
    p = np.sort(_p(scores), axis=1)
    # Anything at all is told apart where the k-th smallest p value is at most k / 190 of 5 %.
    any_verdict = (p <= 0.05 * np.arange(1, 191) / 190).any(axis=1)
    extremes = np.argsort(p[:, 0])[[*range(6), *range(-3, 0)]]
    assert [bool(_verdicts(scores[table])) for table in extremes] == any_verdict[extremes].tolist()
    assert np.mean(any_verdict) <= 0.06
    # Positive control: without the correction the verdict is wrong most of the time.
    assert np.mean(p[:, 0] <= 0.05) > 0.5


@pytest.mark.parametrize("worlds", [4, 10])
def test_of_the_pairs_told_apart_few_are_equal(worlds):
    """Two groups of ten equal models: pairs within a group that are told apart are wrong."""
    rng = np.random.default_rng(worlds)
    group = np.repeat([0, 1], 10)
    wrong, plain, found = [], [], 0
    for _ in range(300):
        scores = _trainings(rng, 20, worlds).mean(axis=2) + 0.1 * group[:, None]
        pairs = [tuple(group[int(name[-2:])] for name in pair) for pair in _verdicts(scores)]
        wrong.append(np.mean([one == other for one, other in pairs]) if pairs else 0)
        found += len(pairs)
        first, second = np.triu_indices(20, 1)
        small = _p(scores[None])[0] <= 0.25
        plain.append(np.mean((group[first] == group[second])[small]))
    assert np.mean(wrong) <= 0.05
    assert found / 300 > {4: 30, 10: 90}[worlds], "of 100 pairs that differ"
    # Positive control: a plain test at 25 %.
    assert np.mean(plain) > 0.05


def test_a_better_model_is_found():
    """Five standard errors of the difference in 10 worlds: a t with 9 degrees of freedom misses it in under 2 %."""
    rng = np.random.default_rng(0)
    lead = 5 * np.sqrt(2 * (MODEL**2 + SEED**2 / SEEDS) / 10)
    drawn = [_trainings(rng, 2, 10).mean(axis=2) + np.array([[lead], [0]]) for _ in range(300)]
    assert np.mean([_verdicts(scores) == [("model-00", "model-01")] for scores in drawn]) > 0.97


def test_who_does_not_know_the_labels_does_not_follow_their_noise():
    """5 % of boards put an honest entry above 1.65: of 300 fixed ones 1.5-9.5 %, with a chance over 99 %."""
    found, knowing = [], []
    for draw in range(300):
        board = made.board(worlds=1, rows=60, seeds=1, draw=draw)
        honest = made.bundle(board, skill=0.5, seed=draw)
        found.append(noise_association(answers_of(honest, board)))
        if draw < 20:
            observed = np.concatenate([cell.sample.observed for cell in board.cells])
            blended = made.with_means(honest, 0.5 * honest.answers.mean + 0.5 * observed)
            knowing.append(noise_association(answers_of(blended, board)))
    assert 0.015 <= np.mean(np.array(found) > 1.65) <= 0.095
    assert max(found) < NOISE_Z
    # Positive control: the labels blended in by half.
    assert np.median(knowing) > NOISE_Z
