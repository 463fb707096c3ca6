"""Numbers of entries against slow twins, and what must hold of them."""

import dataclasses

import numpy as np
import pytest
import scoringrules

from leaderboard.answers import Answers
from leaderboard.scoring.ranking import rank
from leaderboard.scoring.scored import Flag
from leaderboard.scoring.scores import score, scored
from shiftbench.prediction import QUANTILES
from tests.leaderboard import made


@pytest.fixture(scope="module")
def board():
    return made.board(worlds=2, rows=60)


@pytest.fixture(scope="module")
def plain(board):
    """Two entries, the second with quantiles of its own."""
    said = made.answers(board, 0.6, 1, quantiles=True)
    wide = dataclasses.replace(said, quantiles=said.quantiles * np.float32(2))
    entries = [made.bundle(board, "normal"), made.bundle(board, "quantiles", said=wide)]
    return entries, scored(entries, board)


def _value(numbers, metric, cell, level=None, column="value"):
    rows = numbers.cells[(numbers.cells.metric == metric) & (numbers.cells.world == cell.world)]
    rows = rows[(rows.family == cell.family) & (rows.dose == cell.dose)]
    rows = rows if level is None else rows[rows.level == level]
    (value,) = rows[column]
    return value


def test_numbers_of_every_cell_are_those_of_slow_twins(board, plain):
    for bundle, numbers in zip(*plain, strict=True):
        for number, cell in enumerate(board.cells):
            rows = bundle.answers.rows[board.questions.sets[number].digest]
            mean, sd, observed = bundle.answers.mean[:, rows], bundle.answers.sd[:, rows], cell.sample.observed
            crps = scoringrules.crps_normal(observed, mean.astype(float), sd.astype(float))
            assert _value(numbers, "crps", cell) == pytest.approx(crps.mean(), rel=1e-6)
            assert _value(numbers, "crps", cell, column="seed_sd") == pytest.approx(
                crps.mean(axis=(1, 2)).std(ddof=1), rel=1e-5
            )
            rmse = np.sqrt(np.square(mean.astype(float) - observed).mean(axis=1)).mean()
            assert _value(numbers, "rmse", cell) == pytest.approx(rmse, rel=1e-6)


def test_intervals_come_from_the_quantiles_where_there_are_any(board, plain):
    low, high = QUANTILES.index(0.05), QUANTILES.index(0.95)
    for bundle, numbers in zip(*plain, strict=True):
        cell, rows = board.cells[0], bundle.answers.rows[board.questions.sets[0].digest]
        if bundle.answers.quantiles is None:
            half = 1.6448536 * bundle.answers.sd[:, rows]
            ends = (bundle.answers.mean[:, rows] - half, bundle.answers.mean[:, rows] + half)
        else:
            ends = (bundle.answers.quantiles[rows][..., low], bundle.answers.quantiles[rows][..., high])
        held = np.mean((ends[0] <= cell.sample.observed) & (cell.sample.observed <= ends[1]))
        assert _value(numbers, "coverage", cell, 0.9) == pytest.approx(held, abs=1e-9)
        assert _value(numbers, "width", cell, 0.9) == pytest.approx((ends[1] - ends[0]).mean(), rel=1e-5)


def test_the_law_is_that_of_mean_and_sd_whatever_the_quantiles_say(board, plain):
    entries, numbers = plain
    bare = dataclasses.replace(entries[1].answers, quantiles=None)
    other = score(made.bundle(board, "bare", said=bare), board)
    for metric in ("crps", "variance_ratio", "calibration_error", "pearson"):
        rows = [one.cells[one.cells.metric == metric].value.tolist() for one in (numbers[1], other)]
        assert rows[0] == rows[1]


def test_references_score_0_and_1(board):
    said = {}
    for role in ("floor", "source"):
        laws = [cell.references[role] for cell in board.cells]
        mean, sd = (np.concatenate([getattr(law, name) for law in laws])[None] for name in ("mean", "sd"))
        said[role] = Answers(mean, sd, None, made.answers(board).rows)
    floor, source = (score(made.bundle(board, role, said=one), board) for role, one in said.items())
    for numbers, value in ((floor, 0.0), (source, 1.0)):
        cells = numbers.cells[(numbers.cells.metric == "crps") & numbers.cells.scale]
        assert len(cells) > 10
        np.testing.assert_allclose(cells.scaled, value, atol=1e-6)
    assert {flag.code for flag in floor.flags} == {"constant-mean", "constant-sd"}
    assert [flag.code for flag in source.flags] == ["constant-sd"]


def test_a_set_without_an_answer_has_floor_and_ceilings_but_no_number(board):
    partial = score(made.bundle(board, said=made.answers(board, sets=range(12))), board)
    assert partial.missing == tuple(one.label for one in board.questions.sets[12:])
    keys = ["world", "family", "dose"]
    cells, whole = (
        one.cells[one.cells.metric == "crps"].set_index(keys) for one in (partial, score(made.bundle(board), board))
    )
    unanswered = cells[cells.reason == "not answered"]
    assert len(unanswered) == 8
    assert unanswered[["value", "scaled", "scaled_target"]].isna().all(axis=None)
    known = whole.loc[unanswered.index]
    assert known[["floor", "source", "target", "scale"]].equals(unanswered[["floor", "source", "target", "scale"]])


def test_rows_of_several_cells_in_one_shuffled_set_score_as_they_do_apart(board, plain):
    entries, numbers = plain
    mixed, answers = made.mixed(board, entries[1].answers)
    again = score(made.bundle(mixed, "quantiles", said=answers), mixed)
    columns = ["world", "family", "dose", "metric", "level", "value"]
    first, second = (one.cells.sort_values(columns[:5], kind="stable")[columns] for one in (numbers[1], again))
    np.testing.assert_allclose(first.value, second.value, rtol=1e-9)


def test_order_of_entries_changes_no_number(board, plain):
    entries, numbers = plain
    for one, other in zip(numbers, scored(entries[::-1], board)[::-1], strict=True):
        assert one.cells.equals(other.cells)
        assert one.trainings.equals(other.trainings)


def test_one_answer_for_all_seeds(board):
    joined = made.answers(board, seeds=(0,))
    numbers = score(made.bundle(board, said=joined), board)
    assert set(numbers.trainings.seed) == {-1}
    assert numbers.cells.seed_sd.isna().all()


def test_reliability_is_the_mean_coverage(plain):
    _, (numbers, _) = plain
    for row in numbers.reliability.itertuples():
        cells = numbers.cells[(numbers.cells.metric == "coverage") & (numbers.cells.level == row.level)]
        cells = cells[(cells.family == row.family) & (cells.dose == row.dose)]
        assert row.held == pytest.approx(cells.value.mean(), abs=1e-12)
    assert len(numbers.reliability) == 10 * 4


def test_more_skill_more_score_and_no_flag(board):
    entries = [made.bundle(board, f"skill-{skill}", skill / 10, seed=skill) for skill in (2, 5, 8)]
    table = rank(scored(entries, board))
    assert [one.id for one in table.standings] == ["skill-8", "skill-5", "skill-2"]
    assert all(not one.flags for one in table.standings)


def test_flags_of_a_round_are_merged(board):
    entry = made.bundle(board)
    canary = Flag("canary-permuted", "answers follow permuted labels")
    (numbers,) = scored([entry], board, canaries={entry.sha256: [canary]})
    assert numbers.flags == (canary,)
