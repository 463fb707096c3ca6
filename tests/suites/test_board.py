"""The ranked suite is frozen: whoever moves a test set or a scale raises its version, with a new table."""

import hashlib

import pytest

from shiftbench.catalog import load_suite
from shiftbench.plan import plan
from shiftbench.spec import Data
from shiftbench.validate import Selection
from simulators.shift import FAMILIES

FROZEN = {1: "6403b8a19bb6585149c36a51619c017c"}
"""BLAKE2b over the digests of the test sets, by version of the suite."""


def asked(suite, tier):
    """Digest and node of every test set, in the order of the plan."""
    planned = plan([load_suite(suite)], tier, Selection())
    return {name: node for name, node in planned.nodes.items() if isinstance(node, Data) and node.role == "test"}


def frozen(digests):
    return hashlib.blake2b(" ".join(digests).encode(), digest_size=16).hexdigest()


def test_the_test_sets_are_those_of_the_version():
    found = frozen(asked("board", "core"))
    assert FROZEN[load_suite("board").version] == found, "raise the version of suites/board.toml, and enter it here"


def test_an_edited_set_is_seen():
    assert frozen([*asked("board", "core")][1:]) not in FROZEN.values()


@pytest.mark.parametrize("tier", ["bench", "core"])
def test_forty_sets_of_two_families_a_part_at_every_size(tier):
    found = asked("board", tier)
    assert [*found] == [*asked("board", "core")]
    assert len(found) == 40
    assert {node.rows for node in found.values()} == {200}
    assert {node.world for node in found.values()} == {100, 101, 102, 103}
    families = {}
    for node in found.values():
        families.setdefault(FAMILIES[node.shift].part, set()).add(node.shift)
    assert {part: len(names) for part, names in families.items()} == {
        "genome": 2,
        "program": 2,
        "assay": 2,
        "none": 1,
    }


def test_no_other_suite_draws_its_worlds():
    for suite in ("shift", "calibration"):
        for task in load_suite(suite).task:
            assert all(task.first_world + tier.worlds <= 100 for tier in task.tiers.values())


def test_the_plausibility_line_has_three_times_the_data_for_the_same_sets():
    (board,), (line,) = (load_suite(name).task for name in ("board", "board-line"))
    for tier, size in board.tiers.items():
        assert line.tiers[tier].rows == 3 * size.rows
        assert {*asked("board-line", tier)} == {*asked("board", tier)}
