"""Canaries: who knows permuted labels is seen, who does not is not, at the rate that is stated."""

import numpy as np
import pytest
from scipy import stats

from leaderboard.answers import Answers
from leaderboard.questions import Asked, Questions
from leaderboard.rounds.canaries import CHANCE, _chance, flags, told
from leaderboard.rounds.worlds import Canaries

OUTPUTS, ROWS, WORLDS = 3, 80, 10


def setting(rng, worlds=WORLDS):
    """Questions and canaries of a round, and labels of all rows, skewed and correlated over outputs as real ones."""
    sets, known, labels = [], [], []
    for number in range(worlds):
        measured = rng.gamma(2, size=(ROWS, 1)) + 0.5 * rng.normal(size=(ROWS, OUTPUTS))
        places = rng.permutation(ROWS)
        permuted = places[:30]
        measured[permuted] = rng.permutation(measured[permuted])
        known.append(
            Canaries(
                twins=places[30:50].reshape(10, 2),
                strands=places[50:70].reshape(10, 2),
                permuted=permuted,
                labels=measured[permuted].astype(np.float32),
                constant=places[70:74],
            )
        )
        sets.append(Asked(f"{number:032x}", f"world{number}", np.array([f"r{row:05d}" for row in range(ROWS)])))
        labels.append(measured)
    return Questions("board", 1, "r", ("a", "b", "c"), (0,), tuple(sets)), known, labels


def answered(questions, means, kept=None):
    rows, start, parts = {}, 0, []
    for number, (asked, mean) in enumerate(zip(questions.sets, means, strict=True)):
        if kept is None or number in kept:
            rows[asked.digest] = slice(start, start + len(mean))
            parts.append(mean)
            start += len(mean)
    mean = np.concatenate(parts).astype(np.float32)[None]
    return Answers(mean, np.ones_like(mean), None, rows)


def honest(rng, known, labels):
    """Answers that hang on the sequence alone: the same for twins, and nothing of the permuted labels."""
    means = [0.8 * of + 0.3 * rng.normal(size=of.shape) for of in labels]
    for mean, one in zip(means, known, strict=True):
        mean[one.permuted] = rng.gamma(2, size=(30, 1)) + 0.3 * rng.normal(size=(30, OUTPUTS))
        mean[one.twins[:, 1]] = mean[one.twins[:, 0]]
    return means


def test_an_honest_entry_has_no_flag_and_one_with_the_answers_has_both():
    rng = np.random.default_rng(1)
    questions, known, labels = setting(rng)
    fair = told(answered(questions, honest(rng, known, labels)), questions, known)
    assert not [*flags(fair)]
    assert fair.twins == 0
    assert fair.strand > 0
    knowing = told(answered(questions, labels), questions, known)
    assert {flag.code for flag in flags(knowing)} == {"canary-labels", "canary-twins"}
    assert knowing.chance < 1e-20


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_labels_that_are_mixed_with_noise_are_still_seen(share):
    rng = np.random.default_rng(2)
    questions, known, labels = setting(rng)
    means = [share * of + (1 - share) * rng.gamma(2, size=of.shape) for of in labels]
    assert told(answered(questions, means), questions, known).chance < CHANCE


def test_worlds_without_an_answer_are_left_out_and_none_is_undefined():
    rng = np.random.default_rng(3)
    questions, known, labels = setting(rng)
    some = told(answered(questions, labels, kept={2, 5}), questions, known)
    assert some.chance < CHANCE
    nothing = told(
        Answers(np.zeros((1, 0, 3), np.float32), np.zeros((1, 0, 3), np.float32), None, {}), questions, known
    )
    assert np.isnan([nothing.chance, nothing.twins, nothing.low]).all()
    assert not [*flags(nothing)]
    flat = told(answered(questions, [np.ones_like(of) for of in labels]), questions, known)
    assert np.isnan(flat.chance)
    assert not [*flags(flat)]


def chances(n, rng, worlds=WORLDS):
    """Chances of `n` honest entries, each with permutations of its own."""
    found = []
    for _ in range(n):
        pairs = []
        for _ in range(worlds):
            labels = rng.gamma(2, size=(30, 1)) + 0.5 * rng.normal(size=(30, OUTPUTS))
            pairs.append((rng.gamma(2, size=(30, 1)) + 0.3 * rng.normal(size=(30, OUTPUTS)), rng.permutation(labels)))
        found.append(_chance(pairs))
    return np.array(found)


@pytest.mark.statistical
def test_false_alarms_come_at_the_rate_that_is_stated():
    n = 2000
    found = chances(n, np.random.default_rng(4))
    for level in (0.1, 0.01):  # each fails by chance at 1e-4
        low, high = stats.binom.ppf([5e-5, 1 - 5e-5], n, level)
        assert low <= (found < level).sum() <= high
    assert (found < CHANCE).sum() <= stats.binom.ppf(1 - 1e-4, n, CHANCE)
    assert stats.kstest(found, "uniform").pvalue > 1e-4
    # A variance that is too small, by 1.3 in its root, is seen.
    narrow = stats.norm.sf(stats.norm.isf(found) * 1.3)
    assert stats.kstest(narrow, "uniform").pvalue < 1e-6
