"""The engines and the order in which they are given nodes."""

import os
from functools import partial

import pytest

from shiftbench.errors import InputError
from shiftbench.execute import Outcome, drive, engine

NEEDS = {"data": (), "fit": ("data",), "prediction": ("fit", "data"), "other": ()}


def make(name):
    """What the tests make of a node, by its name; at module level so that other processes find it."""
    if name == "bad":
        raise ZeroDivisionError("by nothing")
    if name == "absent":
        return Outcome("skipped", "no file", "fetch it")
    if name == "deadly":
        os._exit(9)
    return Outcome("made")


def run(needs, name="inprocess", width=2, **options):
    order = []
    found = drive(
        needs, make, partial(engine, name), width=width, report=lambda node, outcome: order.append(node), **options
    )
    return found, order


@pytest.mark.parametrize("name", ["inprocess", "processes"])
def test_needs_come_first(name):
    found, order = run(NEEDS, name)
    assert set(found) == set(NEEDS)
    assert all(outcome.state == "made" for outcome in found.values())
    assert order.index("data") < order.index("fit") < order.index("prediction")


def test_what_hangs_on_a_failure_is_skipped_with_its_reason_and_the_rest_is_made():
    found, _ = run({"bad": (), "after": ("bad",), "far": ("after",), "other": ()})
    assert found["bad"] == Outcome("failed", "ZeroDivisionError: by nothing")
    assert found["after"] == found["far"] == Outcome("skipped", "ZeroDivisionError: by nothing")
    assert found["other"].state == "made"


def test_skipping_keeps_the_command():
    found, _ = run({"absent": (), "after": ("absent",)})
    assert found["after"] == Outcome("skipped", "no file", "fetch it")


@pytest.mark.parametrize("width", [1, 2])
def test_a_worker_that_dies_fails_alone(width):
    others = {f"other{number}": () for number in range(4)}
    found, _ = run({"other": (), "deadly": (), "after": ("deadly",)} | others, "processes", width=width)
    assert found["deadly"].state == "failed"
    assert "worker process died" in found["deadly"].reason
    assert found["after"].state == "skipped"
    assert all(found[name].state == "made" for name in ("other", *others))


def test_no_new_starts_when_time_is_over():
    found, _ = run(NEEDS, expired=lambda: True)
    assert {outcome.state for outcome in found.values()} == {"skipped"}
    assert "--max-minutes" in found["data"].reason


def test_unknown_engine():
    with pytest.raises(InputError, match="no engine 'process'; did you mean 'processes'"):
        engine("process", 1)
