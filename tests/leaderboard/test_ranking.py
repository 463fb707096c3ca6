"""Ranks against what must hold of them whatever the numbers are; each property on random boards with ties and gaps."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.scoring.ranking import rank
from shiftbench.errors import InputError
from tests.leaderboard import made
from tests.naive import hierarchical_score

WORLDS, CELLS, SEEDS = 3, 9, 2
BOARDS = settings(max_examples=12, deadline=None, derandomize=True)
VALUES = st.lists(
    st.lists(st.integers(-5, 5), min_size=WORLDS * CELLS * SEEDS, max_size=WORLDS * CELLS * SEEDS),
    min_size=2,
    max_size=4,
)
"""Scores in quarters, beyond the clip too, so that ties are common."""


def _board(values, **of_each):
    arrays = [np.reshape(one, (WORLDS, CELLS, SEEDS)) / 4 for one in values]
    return [made.scored(f"entry-{number}", array, **of_each) for number, array in enumerate(arrays)]


def _by_id(table):
    return {one.id: one for one in table.standings}


def _places(table):
    return {one.id: (one.place, one.best, one.worst, one.group) for one in table.standings}


@BOARDS
@given(VALUES)
def test_order_of_entries_changes_nothing(values):
    entries = _board(values)
    assert repr(rank(entries[::-1])) == repr(rank(entries))


@BOARDS
@given(VALUES)
def test_scores_are_the_plain_means(values):
    entries = _board(values)
    for one, told in zip(values, entries, strict=True):
        expected = hierarchical_score(np.reshape(one, (WORLDS, CELLS, SEEDS)) / 4, made.KINDS[1:])
        assert _by_id(rank(entries))[told.id].score.value == pytest.approx(expected, abs=1e-12)


@BOARDS
@given(VALUES, st.integers(0, 3), st.integers(1, 8))
def test_who_gets_better_never_falls(values, which, gain):
    which %= len(values)
    before = rank(_board(values))
    better = [[v + gain if number == which else v for v in one] for number, one in enumerate(values)]
    after = rank(_board(better))
    name = f"entry-{which}"
    assert _by_id(after)[name].place <= _by_id(before)[name].place
    assert _by_id(after)[name].score.value >= _by_id(before)[name].score.value


@BOARDS
@given(VALUES)
def test_equal_numbers_share_a_place_and_nothing_is_decided_between_them(values):
    table = rank(_board([*values, values[0]]))
    first, last = _by_id(table)["entry-0"], _by_id(table)[f"entry-{len(values)}"]
    assert (first.place, first.best, first.worst, first.group) == (last.place, last.best, last.worst, last.group)
    assert table.wins[first.id][last.id] + table.wins[last.id][first.id] == pytest.approx(1)


@BOARDS
@given(VALUES, st.integers(1, 5))
def test_clones_move_nobody(values, clones):
    entries = _board(values)
    copied = [
        dataclasses.replace(entries[0], id=f"clone-{number}", copies=(entries[0].id,)) for number in range(clones)
    ]
    alone, together = _by_id(rank(entries)), _by_id(rank([*entries, *copied]))
    for one in entries:
        fields = [(t.place, t.best, t.worst, t.group, t.part_places) for t in (alone[one.id], together[one.id])]
        assert fields[0] == fields[1]
    for one in copied:
        assert not together[one.id].counted
        assert together[one.id].place == alone[entries[0].id].place


@BOARDS
@given(VALUES)
def test_rank_intervals_hold_places_and_groups_follow_them(values):
    table = rank(_board(values))
    groups = [one.group for one in table.standings]
    assert all(1 <= one.best <= one.place <= one.worst <= len(values) for one in table.standings)
    assert groups[0] == 1
    assert max(groups) <= len(values)


def test_clones_that_count_would_move_others():
    """Positive control: the same clones, not told to be copies."""
    rng = np.random.default_rng(0)
    low, high = (level + rng.normal(0, 0.02, (WORLDS, CELLS, SEEDS)) for level in (0.1, 0.3))
    entries = [made.scored("low", low), made.scored("high", high)]
    clones = [dataclasses.replace(entries[1], id=f"clone-{number}") for number in range(3)]
    assert _places(rank(entries))["low"][0] == 2
    assert _places(rank([*entries, *clones]))["low"][0] == 5


def _steady(level, seed=0):
    return level + np.random.default_rng(seed).normal(0, 0.01, (WORLDS, CELLS, SEEDS))


def test_who_lacks_a_set_is_unranked_with_the_list_and_has_a_place_in_whole_parts():
    gap = _steady(0.9)
    gap[1, 8] = np.nan  # batch, of the assay
    table = rank([made.scored("gap", gap, missing=("world101/batch:2",)), made.scored("whole", _steady(0.2, 1))])
    whole, gap = table.standings
    assert (whole.id, whole.place, gap.place) == ("whole", 1, 0)
    assert "1 sets (world101/batch:2)" in gap.unranked
    assert gap.part_places == {"genome": 1, "program": 1}
    assert whole.part_places == {"genome": 2, "program": 2, "assay": 1}
    assert math.isnan(gap.score.value)
    assert math.isnan(gap.families["batch"].value)
    assert gap.worst_family == ""
    assert "gap" not in table.wins


@pytest.mark.parametrize(("coverage", "gate"), [(0.85, True), (0.95, True), (0.849, False), (0.951, False)])
def test_gate(coverage, gate):
    strong = made.scored("strong", _steady(0.9), coverage=coverage)
    table = rank([strong, made.scored("weak", _steady(0.1, 1))])
    found = _by_id(table)
    assert found["strong"].gate is gate
    assert found["strong"].place == (1 if gate else 0)
    assert found["weak"].place == (2 if gate else 1)
    assert ("gate" in found["strong"].unranked) is not gate
    assert bool(found["strong"].part_places) is gate


def test_an_unknown_coverage_gives_no_place():
    table = rank([made.scored("silent", _steady(0.9), coverage=np.nan, missing=("world100/null:0",))])
    assert table.standings[0].gate is None
    assert (table.standings[0].place, table.standings[0].part_places) == (0, {})


def test_label_budgets_are_never_mixed():
    entries = [
        made.scored(f"labels-{labels}", _steady(0.1 + labels / 500, labels), labels=labels) for labels in (0, 32, 256)
    ]
    table = rank(entries)
    assert [(one.id, one.place) for one in table.standings] == [("labels-0", 1), ("labels-32", 1), ("labels-256", 1)]
    assert all(not others for others in table.wins.values())


def test_a_cell_without_a_scale_leaves_the_table_for_everybody():
    scale = np.ones((WORLDS, CELLS), bool)
    scale[0, 0] = False
    first, second = _steady(0.4), _steady(0.2, 1)
    first[0, 0], second[0, 0] = 5.0, -5.0
    table = rank([made.scored("first", first, scale=scale), made.scored("second", second, scale=scale)])
    assert [one.undefined for one in table.standings] == [1, 1]
    assert table.standings[0].score.value == pytest.approx(
        hierarchical_score(np.where(scale[..., None], first, np.nan), made.KINDS[1:]), abs=1e-12
    )


def test_clipped_cells_are_counted():
    values = _steady(0.5)
    values[0, 0], values[1, 2] = 3.0, -2.0
    (one,) = rank([made.scored("one", values)]).standings
    assert one.clipped == 2
    assert one.families["gc"].value < 1


def test_a_copy_counts_where_its_original_is_not_ranked():
    original = made.scored("original", _steady(0.9), coverage=0.5)
    copy = made.scored("repaired", _steady(0.9), copies=("original",))
    found = _by_id(rank([original, copy, made.scored("third", _steady(0.2, 1))]))
    assert (found["repaired"].place, found["repaired"].counted, found["third"].place) == (1, True, 2)


def test_one_world_has_no_interval_and_decides_nothing():
    table = rank([made.scored(name, np.full((1, CELLS, SEEDS), value)) for name, value in (("a", 0.1), ("b", 0.9))])
    assert [(one.id, one.place, one.best, one.worst) for one in table.standings] == [("b", 1, 1, 2), ("a", 2, 1, 2)]
    assert all(math.isnan(one.score.low) for one in table.standings)


def test_one_training_beats_another():
    """By hand: in world 100 seeds .1, .3 against .2, .2 (one of two); in world 101 ties throughout: half."""
    first = np.repeat([[[0.1, 0.3]], [[0.4, 0.4]]], CELLS, axis=1)
    second = np.repeat([[[0.2, 0.2]], [[0.4, 0.4]]], CELLS, axis=1)
    wins = rank([made.scored("first", first), made.scored("second", second)]).wins
    assert wins["first"]["second"] == pytest.approx(0.5)
    assert rank([made.scored("first", first + 0.2), made.scored("second", second)]).wins["first"]["second"] == 1


def test_no_entry_gives_an_empty_table_and_two_of_one_id_are_refused():
    assert rank([]).standings == ()
    with pytest.raises(InputError, match="given twice"):
        rank([made.scored("one", _steady(0.1)), made.scored("one", _steady(0.2))])
