"""The gate errs as seldom and catches as often as it says: on stored trainings of the smallest CNN, and in theory."""

import numpy as np
import pytest

from shiftbench.gate.decision import LOSS, Pair, decide, seeds_to_catch
from tests.regression import trainings

pytestmark = pytest.mark.statistical

BASELINE = 10
RERUNS = 200
MOST = 18
"""Alarms allowed in so many null reruns: at a rate of .05 there are more in 1 of 170 tries (binomial)."""


@pytest.fixture(scope="module")
def stored():
    """Values (tasks, seeds) of the stored trainings, and which way is better in each task."""
    _, metrics, values = trainings.stored()
    assert values.shape[1] >= 40
    return values, ["lower" if metric == "rmse" else "higher" for metric in metrics]


def _losses(stored, size):
    """A loss of `size` SDs in each task (tasks,)."""
    values, better = stored
    return size * values.std(axis=1, ddof=1) * np.where(np.array(better) == "lower", 1, -1)


def _reruns(stored, number, seed, loss=0.0):
    """Baselines and new seeds drawn without overlap from the stored trainings, these with a loss added, as pairs."""
    values, better = stored
    rng, new = np.random.default_rng(seed), seeds_to_catch(BASELINE, len(values))
    for _ in range(number):
        order = rng.permutation(values.shape[1])[: BASELINE + new]
        one, other = values[:, order[:BASELINE]], values[:, order[BASELINE:]] + np.reshape(loss, (-1, 1))
        yield [Pair(*each) for each in zip(one, other, better, strict=True)]


def _alarm(pairs):
    return any(finding.verdict == "worse" for finding in decide(pairs))


def _any_alone(pairs):
    """A gate without multiplicity: each task by itself."""
    return any(_alarm([pair]) for pair in pairs)


def _one_sd(pairs):
    """A gate whose tolerance is one SD of the baseline."""
    return any(finding.loss > finding.sd for finding in decide(pairs))


def test_null_reruns_raise_few_alarms(stored):
    assert sum(map(_alarm, _reruns(stored, RERUNS, 0))) <= MOST


@pytest.mark.parametrize("gate", [_any_alone, _one_sd])
def test_gates_without_multiplicity_or_tolerance_raise_many(stored, gate):
    """Positive controls: the same 200 reruns tell them apart."""
    assert sum(map(gate, _reruns(stored, RERUNS, 0))) > MOST


@pytest.mark.parametrize("task", range(4))
def test_a_loss_in_one_task_is_caught(stored, task):
    """At least 9 in 10 of 200; it is planned for 95 %, with which fewer are in 1 of 500 tries."""
    loss = np.zeros(4)
    loss[task] = _losses(stored, LOSS)[task]
    assert np.mean([decide(pairs)[task].verdict == "worse" for pairs in _reruns(stored, RERUNS, 1, loss)]) >= 0.9


def test_a_loss_in_all_tasks_is_caught(stored):
    assert np.mean([*map(_alarm, _reruns(stored, RERUNS, 2, _losses(stored, LOSS)))]) >= 0.9


def test_half_that_loss_is_missed_more_often(stored):
    """Positive control: what is caught hangs on the size of the loss."""
    assert np.mean([*map(_alarm, _reruns(stored, RERUNS, 2, _losses(stored, LOSS / 4)))]) < 0.5
