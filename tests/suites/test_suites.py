"""The bundled suites: they load, name what exists, and grow from tier to tier."""

from itertools import pairwise

import pytest

import suites
from shiftbench.catalog import bundled_recipes, expand, find_task, load_suite
from shiftbench.metrics.table import METRICS
from shiftbench.registry import CONTROLS, NETWORKS, PROVIDERS
from shiftbench.spec import SEVERITIES, TIERS
from shiftbench.train.losses import LOSSES
from shiftbench.wrappers import WRAPPERS
from simulators.shift import FAMILIES

TASKS_OF_SUITES = [(name, task) for name in suites.names() for task in load_suite(name).task]


@pytest.mark.parametrize("name", suites.names())
def test_a_suite_asks_a_question_and_names_its_source(name):
    suite = load_suite(name)
    assert suite.name == name
    assert suite.question.endswith("?")
    assert suite.source
    assert expand(suite)


@pytest.mark.parametrize(("name", "task"), TASKS_OF_SUITES, ids=lambda value: getattr(value, "name", value))
def test_every_name_in_a_task_exists(name, task):
    assert task.data in PROVIDERS.names()
    assert set(task.recipes) <= set(bundled_recipes())
    assert set(task.wrappers) <= set(WRAPPERS)
    assert set(task.metrics) <= set(METRICS)
    assert set(task.shifts) <= set(FAMILIES)
    for arm in task.arms:
        family, _, dose = arm.partition(":")
        assert family in task.shifts
        assert dose in SEVERITIES
    if task.trained_on:
        assert find_task(task.trained_on, load_suite(name)).tiers


@pytest.mark.parametrize(("name", "task"), TASKS_OF_SUITES, ids=lambda value: getattr(value, "name", value))
def test_controls_run_in_every_task(name, task):
    controls = {recipe for recipe in task.recipes if bundled_recipes()[recipe].kind == "control"}
    assert {"training_mean", "gc_ridge", "kmer_ridge", "pwm_ridge"} <= controls


@pytest.mark.parametrize(
    ("name", "task"), [(n, t) for n, t in TASKS_OF_SUITES if t.tiers], ids=lambda v: getattr(v, "name", v)
)
def test_tiers_grow(name, task):
    assert tuple(task.tiers) == (task.at or TIERS)
    sizes = list(task.tiers.values())
    for small, large in pairwise(sizes):
        assert large.rows == 0 or 0 < small.rows <= large.rows
        assert small.seeds <= large.seeds
        assert small.worlds <= large.worlds
        assert set(small.doses) <= set(large.doses)


def test_recipes_name_what_exists():
    for recipe in bundled_recipes().values():
        assert recipe.network in (CONTROLS if recipe.kind == "control" else NETWORKS).names()
        assert recipe.loss in LOSSES
