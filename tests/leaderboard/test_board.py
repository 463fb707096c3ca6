"""The development table from the suite, the plan and the store: a small copy of the suite stands for the frozen one."""

import msgspec
import numpy as np
import pytest

from leaderboard import board
from leaderboard.scoring.scores import score
from shiftbench.catalog import load_suite
from shiftbench.errors import StoreError
from shiftbench.nodes import read_sample
from shiftbench.plan import plan
from shiftbench.spec import Data
from shiftbench.store import Store
from shiftbench.validate import Selection
from tests.leaderboard import made

SIZES = {"rows": 300, "validation": 100, "test": 60, "worlds": 1}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A store, and the board that was made in it, of one world with four sets."""
    store = tmp_path_factory.mktemp("store")
    suite = load_suite("board")
    task = suite.task[0]
    tiers = {board.TIER: msgspec.structs.replace(task.tiers[board.TIER], **SIZES)}
    fewer = {"at": (), "shifts": ("null", "gc", "rewiring", "batch"), "arms": ("gc:2", "rewiring:2", "batch:2")}
    suite = msgspec.structs.replace(suite, task=(msgspec.structs.replace(task, tiers=tiers, **fewer),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board, "load_suite", lambda _: suite)
        asked = board.questions(store)
        drawn = _nodes(store)
        yield store, asked, drawn, board.development(store)


def _nodes(store):
    return {path.name: path.stat().st_mtime_ns for path in store.glob("??/*")}


def test_every_tier_asks_for_the_same_rows():
    """Of the frozen suite; nothing is drawn."""
    asked = []
    for tier in ("bench", "core"):
        planned = plan([board.ranked_suite()], tier, Selection())
        asked.append([name for name, node in planned.nodes.items() if isinstance(node, Data) and node.role == "test"])
    smoke = plan([board.ranked_suite()], "smoke", Selection())
    assert asked[0] == asked[1]
    assert len(asked[0]) == 40
    assert [name for name, node in smoke.nodes.items() if isinstance(node, Data) and node.role == "test"] == asked[0][
        :10
    ]


def test_questions_draw_test_sets_and_train_nothing(small):
    _, asked, drawn, _ = small
    assert [one.digest for one in asked.sets] == sorted(drawn, key=[one.digest for one in asked.sets].index)
    assert [one.label.split("/")[-2] for one in asked.sets] == ["null:0", "gc:2", "rewiring:2", "batch:2"]
    assert (asked.suite, asked.version, asked.round, asked.seeds) == ("board", 1, "", (0, 1, 2, 3, 4))


def test_cells_hold_what_the_store_holds(small):
    store, asked, _, found = small
    assert [one.digest for one in found.questions.sets] == [one.digest for one in asked.sets]
    assert [(cell.world, cell.part, cell.family, cell.dose) for cell in found.cells] == [
        ("100", "", "null", "0"),
        ("100", "genome", "gc", "2"),
        ("100", "program", "rewiring", "2"),
        ("100", "assay", "batch", "2"),
    ]
    for cell, one in zip(found.cells, asked.sets, strict=True):
        sample = read_sample(Store(store).entry(one.digest))
        np.testing.assert_array_equal(cell.sample.observed, sample.observed)
        assert cell.sample.id.tolist() == one.ids.tolist()
        assert cell.rows.tolist() == list(range(len(sample.id)))
        assert set(cell.references) == {"floor", "source", "target"}
    source, target = (found.cells[2].references[role] for role in ("source", "target"))
    assert not np.array_equal(source.mean, target.mean)  # the program differs
    np.testing.assert_array_equal(found.cells[0].references["source"].mean, found.cells[0].references["target"].mean)


def test_a_second_call_makes_nothing_and_a_lost_node_is_made_again(small):
    store, asked, _, found = small
    before = _nodes(store)
    again = board.development(store)
    assert _nodes(store) == before
    lost = Store(store).entry(asked.sets[1].digest).path / "test.npz"
    lost.write_bytes(b"")
    mended = board.development(store)
    for one in (again, mended):
        for cell, other in zip(found.cells, one.cells, strict=True):
            np.testing.assert_array_equal(cell.sample.observed, other.sample.observed)
            np.testing.assert_array_equal(cell.references["floor"].sd, other.references["floor"].sd)


def test_what_cannot_be_made_is_told(small, monkeypatch):
    store, *_ = small

    def broken(self, name):
        from shiftbench.execute import Outcome

        return Outcome("failed", "disk full")

    monkeypatch.setattr("shiftbench.nodes.Maker.__call__", broken)
    with pytest.raises(StoreError, match=r"cannot be made \(disk full\)"):
        board.questions(store / "other")


def test_an_entry_is_scored_on_it(small):
    found = small[-1]
    numbers = score(made.bundle(found, skill=0.7), found)
    crps = numbers.cells[numbers.cells.metric == "crps"].set_index("family")
    assert crps.loc["null", "scaled"] > 0.1
    assert {flag.code for flag in numbers.flags} <= {"uneven"}  # made-up answers do not look at the sequence
