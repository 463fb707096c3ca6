"""Real data beside the table: which numbers of finished runs are shown."""

import sys

import pandas as pd
import pytest

from leaderboard import costs, real
from shiftbench import results


def numbers(**columns):
    """Rows of results.parquet, one for each combination that differs, filled with what is shown."""
    plain = {
        "suite": "lentimpra", "task": "lentimpra", "wrapper": "none", "budget": 0, "stratum": "", "target": "observed",
        "status": "ok", "metric": "pearson", "view": "plain", "output": "mean", "group": "all", "recipe": "cnn",
        "seed": 0, "value": 0.5, "ceiling": 0.9,
    }  # fmt: skip
    return pd.DataFrame([plain | row for row in columns["rows"]])


def test_seeds_are_averaged_and_their_range_is_told():
    (row,) = real.table(numbers(rows=[{"seed": 0, "value": 0.4}, {"seed": 1, "value": 0.6}])).to_dict("records")
    assert row == {
        "recipe": "cnn", "task": "lentimpra", "test": "held-out", "metric": "pearson", "value": 0.5, "low": 0.4,
        "high": 0.6, "ceiling": 0.9,
    }  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {"wrapper": "ensemble"}, {"budget": 32}, {"stratum": "HC"}, {"target": "f"}, {"status": "undefined"},
        {"metric": "rmse"}, {"view": "strands"}, {"output": "K562"}, {"task": "lentimpra_repair"},
    ],
)  # fmt: skip
def test_what_is_not_shown_is_left_out(other):
    assert len(real.table(numbers(rows=[{}, {"value": 0.9} | other]))) == 1
    assert real.table(numbers(rows=[{}, {"value": 0.9} | other])).value.tolist() == [0.5]


def test_elements_with_no_part_in_training_are_averaged():
    row = {"suite": "cagi5", "task": "cagi5", "metric": "spearman", "view": "strands", "output": "K562"}
    rows = [row | {"group": name, "value": value} for name, value in (("HBB", 0.2), ("PKLR", 0.4), ("LDLR", 0.9))]
    (found,) = real.table(numbers(rows=rows)).to_dict("records")
    assert found["test"] == "four clean elements"
    assert found["value"] == pytest.approx(0.3)


def test_the_table_is_written_from_folders_and_the_one_that_is_shown_has_its_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "read", lambda path: numbers(rows=[{}]))
    monkeypatch.setattr(sys, "argv", ["real", str(tmp_path), "--write", str(tmp_path / "real.tsv")])
    real.main()
    assert pd.read_csv(tmp_path / "real.tsv", sep="\t").columns.tolist() == [*real.COLUMNS]
    shown = pd.read_csv(real.FILE, sep="\t")
    assert shown.columns.tolist() == [*real.COLUMNS]
    assert set(shown.task) == set(real.SHOWN)
    assert not shown.duplicated(["recipe", "task", "test"]).any()


def test_costs_are_summed_by_recipe_and_a_larger_size_costs_more(monkeypatch):
    labels = [
        "board/world100/fit/cnn/seed0",
        "board/board/world100/gc:2/prediction/cnn/plain/seed0",
        "x/score/cnn/none",
    ]
    frame = pd.DataFrame({"label": labels, "kind": ["Fit", "Predict", "Score"], "cpu_seconds": [60.0, 30.0, 1000.0]})
    assert costs.measured(frame).to_dict() == {"cnn": 90.0}
    monkeypatch.setattr(costs, "estimated", lambda name, tier, device: 7200.0)
    text = costs.table(frame, "bench", "cpu")
    assert "| cnn | 1.5 | 2.0 |" in text
    assert "core hours" in text
