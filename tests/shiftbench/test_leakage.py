"""The audit of a task: what is planted is counted and scored, with a run and without, and said in words; 10 seconds."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import shiftbench
from shiftbench import cli, results
from shiftbench.errors import InputError
from shiftbench.leakage.audit import audit
from shiftbench.leakage.pairs import pairs
from shiftbench.leakage.subsets import EDGES, subsets
from shiftbench.run import run_suite
from tests import tiny
from tests.shiftbench.outside.leaky_task import COPIES, ROWS, drawn, training

OUTSIDE = Path(__file__).parent / "outside"
LEAKY = OUTSIDE / "leaky_task.py"
ASKED = {
    "name": "leaky",
    "recipes": ("training_mean", "gc_ridge", "kmer_ridge"),
    "metrics": ("pearson",),
    "test": 200,
    "seeds": 1,
}


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Path of a suite with the leaking task, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIFTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SHIFTBENCH_STORE", raising=False)
    path = tmp_path / "leaky.toml"
    path.write_text(tiny.suite(f"{LEAKY}:Leaky", **ASKED))
    return path


@pytest.fixture
def found(suite):
    return audit(f"{suite}/leaky")


def of(frame, **columns):
    """The only row with these values."""
    for name, value in columns.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_every_kind_of_copy_is_counted(found):
    rows = found.facts["leaky/leaky"]["tests"]["iid"]["rows"]
    assert rows["all"] == ROWS
    assert (rows["identical"], rows["identical, other strand"]) == (COPIES["identical"], COPIES["turned"])
    assert rows["identity 1"] == COPIES["identical"] + COPIES["turned"]
    assert rows["identity 0.90 or more"] == sum(COPIES.values())
    assert rows["shares 100 bases"] == 0
    assert rows["far: identity below 0.50"] + rows["identity 0.50 to 0.60"] == ROWS - sum(COPIES.values())
    share = of(found.scores, metric="share", subset="identical")
    assert (share.value, share.rows, share.clusters) == (0.15, 30, 30)


def test_copies_lie_where_they_were_put(found):
    table = found.rows
    assert table.nearest[:95].tolist() == [f"train{i}" for i in range(95)]
    assert table.identical[:30].all()
    assert not table.identical[30:].any()
    assert table.identical_other_strand[30:55].all()
    assert table.reverse[:95].tolist() == [30 <= i < 55 for i in range(95)]
    assert np.allclose(table.identity[55:95], 0.9)


def test_the_neighbours_label_scores_as_computed_by_hand(found):
    labels, mine = training()[1][:95], drawn()[1][:95]
    near = {"who": "neighbour", "subset": "identity 0.90 or more", "metric": "pearson"}
    r = [np.corrcoef(labels[:, i], mine[:, i])[0, 1] for i in range(2)]
    for output, value in zip(("a", "b", "mean"), (*r, np.mean(r)), strict=True):
        row = of(found.scores, output=output, **near)
        assert row.value == pytest.approx(value)
        assert row.low < value < row.high
        assert (row.rows, row.clusters, row.status) == (95, 95, "ok")


def test_far_rows_score_nothing_and_have_the_wider_interval(found):
    """The labels of new rows have nothing to do with their neighbours': false alarm under .01 (2.6 SE)."""
    far, near = (
        of(found.scores, who="neighbour", subset=subset, metric="pearson", output="mean")
        for subset in ("far: identity below 0.50", "identity 0.90 or more")
    )
    assert abs(far.value) < 0.2
    assert far.low < 0 < far.high
    assert near.value > 0.9
    assert far.high - far.low > near.high - near.low


def test_a_score_of_few_rows_is_undefined_and_says_why(found):
    row = of(found.scores, who="neighbour", subset="identity 0.70 to 0.80", metric="spearman", output="a")
    assert np.isnan(row.value)
    assert (row.status, row.reason) == ("undefined", "0 rows; a score here needs 20")


def test_the_verdict_in_words(found):
    said = " ".join(found.said())
    assert "leaky/leaky iid: 47.5% of 200 test rows (95) match a training sequence in 90% of their letters" in said
    assert "30 are in training as they are, 25 on the other strand" in said
    assert "pearson at identity 0.90 or more 0.9" in said
    assert found.said(clean=False) == found.said()
    assert json.loads(json.dumps(found.facts)) == found.facts


def test_with_a_run_its_predictions_are_scored_as_the_run_does(suite):
    run_suite(str(suite), engine="inprocess", device="cpu", output=Path("out"), quiet=True)
    found = audit(run="out", recipes=("kmer_ridge",))
    assert {*found.scores.who} == {"", "neighbour", "kmer_ridge"}
    told = results.read(Path("out") / "results.parquet")
    for output in ("a", "b"):
        row = of(found.scores, who="kmer_ridge", subset="all", metric="pearson", output=output)
        assert row.value == pytest.approx(of(told, recipe="kmer_ridge", metric="pearson", output=output).value)
    near, rest = (
        of(found.scores, who="kmer_ridge", subset=f"identity {side}", metric="pearson", output="mean").value
        for side in ("0.90 or more", "below 0.90")
    )
    assert near > rest
    assert "kmer_ridge: pearson at identity 0.90 or more" in found.said()[0]
    constant = of(audit(run="out").scores, who="training_mean", subset="all", metric="pearson", output="a")
    assert (constant.status, constant.reason) == ("undefined", "predictions are constant")


def test_a_clean_set_is_told_clean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "leaky.toml"
    path.write_text(tiny.suite(task="toy", **ASKED))
    found = audit(str(path))
    assert found.facts["leaky/toy"]["tests"]["iid"]["clean"]
    assert "none of 200 test rows is in training" in found.said()[0]
    assert found.said(clean=False) == []


def test_a_test_set_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "leaky.toml"
    path.write_text(tiny.suite(f"{tiny.TOY}:Unreachable", task="toy", **ASKED))
    assert audit(str(path)).said() == ["leaky/toy iid: not made (it ends at 0.3)"]


def test_bins_hold_every_row_once():
    rng = np.random.default_rng(0)
    known, rows = rng.integers(0, 4, (50, 60), dtype=np.uint8), rng.integers(0, 4, (40, 60), dtype=np.uint8)
    rows[:5] = known[:5]
    parts = subsets(pairs([rows], known)[0])
    bins = np.array([part.rows for part in parts if part.kind == "identity"])
    assert len(bins) == len(EDGES)
    assert (bins.sum(0) == 1).all()


def test_the_command_line_writes_both_tables(suite, monkeypatch, capsys):
    arguments = ["audit", f"{suite}/leaky", "--output", "audit.tsv", "--rows", "rows.tsv"]
    monkeypatch.setattr(sys, "argv", ["shiftbench", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert "leaky/leaky against 400 training sequences" in shown
    assert "far: identity below 0.50" in shown
    scores, rows = (pd.read_csv(name, sep="\t", keep_default_na=False) for name in ("audit.tsv", "rows.tsv"))
    assert {*scores.task} == {"leaky/leaky"}
    assert len(rows) == ROWS


def test_a_notebook_shows_tables_and_sentences(found):
    page = found._repr_html_()
    assert "47.5% of 200 test rows" in page
    assert "http" not in page


def test_the_public_name():
    assert shiftbench.audit is audit


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "{}/leeky"}, "no task 'leeky'; did you mean 'leaky'"),
        ({"task": "{}/leaky", "far": 0}, "--far: 0; expected an identity above 0, at most 1"),
        ({"task": "{}/leaky", "recipes": ["cnn"]}, "--recipe: predictions are those of a finished run"),
        ({"task": "{}/leaky", "tests": ["iids"]}, "--tests: no test set 'iids'; did you mean 'iid'"),
        ({"task": "{}/leaky", "tier": "core"}, "no tier 'core'"),
        ({"run": "nowhere"}, "nowhere/plan.json: No such file"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(suite, arguments, message):
    given = {name: value.format(suite) if isinstance(value, str) else value for name, value in arguments.items()}
    with pytest.raises(InputError, match=message):
        audit(**given)
