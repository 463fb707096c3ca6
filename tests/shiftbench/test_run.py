"""The main job on a task of a stranger: whole, resumable, and clear about what went wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from shiftbench import registry, results
from shiftbench.train import checkpoint, loop
from tests import tiny
from tests.shiftbench.test_execute import DASK

OUTSIDE = Path(__file__).parent / "outside"
MODELS = OUTSIDE / "toy_models.py"

SUITE = tiny.suite(
    "{data}",
    recipes=("training_mean", "gc_ridge", "cnn"),
    wrappers=("none", "ensemble", "conformal_normalised"),
    metrics=("rmse", "pearson", "coverage"),
    width=0.0625,
)


@pytest.fixture
def suite(tmp_path):
    """Maker of suite files around one of the stranger's providers."""

    def make(provider="Toy", text=SUITE):
        path = tmp_path / "toy.toml"
        path.write_text(text.format(data=f"{OUTSIDE / 'toy_task.py'}:{provider}"))
        return path

    return make


RUN = ("run", "--engine", "inprocess", "--device", "cpu", "--output", "out", "--suite")


def test_a_whole_run_and_its_files(shiftbench, suite):
    code, out, err = shiftbench(*RUN, suite())
    assert (code, err) == (0, "")
    assert "out/report.html" in out
    table = results.read(Path("out/results.parquet"))
    assert list(table.columns) == list(results.COLUMNS)
    assert set(table.status) <= {"ok", "undefined"}
    cnn = table.query("recipe == 'cnn' and metric == 'rmse' and target == 'observed' and output == 'a'")
    forms = ["conformal_normalised0", "conformal_normalised1", "ensemble-1", "none0", "none1"]
    assert sorted(cnn.wrapper + cnn.seed.astype(str)) == forms
    ridge = table.query("recipe == 'gc_ridge' and metric == 'rmse' and target == 'observed' and output == 'a'")
    assert float(ridge.value.iloc[0]) == pytest.approx(0.3, rel=0.25)
    costs = pd.read_parquet("out/cost.parquet")
    assert {"label", "kind", "seconds", "host", "device"} <= set(costs.columns)
    assert not {"seconds", "host"} & set(table.columns)
    manifest = json.loads(Path("out/manifest.json").read_text())
    assert manifest["suites"] == {"toy": 1}
    assert manifest["nodes"] == {"made": len(costs)}


WRAPPED = """labelled = 40
budgets = [0, 32]
wrappers = [
    "none", "mc_dropout", "views", "variance_scaling", "isotonic", "conformal_cqr",
    "conformal_weighted_gc", "selective",
]
"""


def test_wrappers_are_scored_on_the_same_rows_whatever_they_may_see(shiftbench, suite):
    text = SUITE.replace('wrappers = ["none", "ensemble", "conformal_normalised"]\n', WRAPPED)
    code, _, err = shiftbench(*RUN, suite(text=text), "--seeds", "1")
    assert (code, err) == (0, "")
    table = results.read(Path("out/results.parquet")).query("recipe == 'cnn' and metric == 'coverage' and level == 0.9")
    table = table[table.output == "a"].set_index(["wrapper", "budget"])
    both = [(name, budget) for name in ("variance_scaling", "isotonic", "conformal_cqr") for budget in (0, 32)]
    once = [(name, 0) for name in ("none", "mc_dropout", "views", "conformal_weighted_gc", "selective")]
    assert sorted(table.index) == sorted([*both, *once])
    whole = table.drop("selective", level="wrapper")
    assert set(whole.n) == {80}, "120 rows but for the 40 that are set aside"
    assert 0 < table.loc[("selective", 0), "n"] < 80
    told = results.read(Path("out/results.parquet")).set_index("metric")
    assert 0 < told.loc["effective_sample_size"].value.min() <= told.loc["effective_sample_size"].value.max() <= 100


def test_no_label_beyond_the_budget_reaches_a_wrapper(shiftbench, suite, monkeypatch):
    """What a wrapper is given of the test set's labels is its head, as long as the budget."""
    seen = {}
    from shiftbench.wrappers import WRAPPERS

    def spy(evidence):
        seen[len(evidence.observed)] = evidence
        return WRAPPERS["none"].apply(evidence)

    from dataclasses import replace

    monkeypatch.setitem(WRAPPERS, "isotonic", replace(WRAPPERS["isotonic"], apply=spy))
    text = SUITE.replace('wrappers = ["none", "ensemble", "conformal_normalised"]\n',
                         'labelled = 40\nbudgets = [0, 32]\nwrappers = ["isotonic"]\n')  # fmt: skip
    assert shiftbench(*RUN, suite(text=text), "--seeds", "1")[0] == 0
    assert sorted(seen) == [32, 100], "32 labels of the target, or the calibration set of the source"
    head = seen[32]
    assert (head.calibration_sequence == head.sequence[:32]).all()
    assert (head.calibration[0].mean == head.test[0].mean[:32]).all()
    assert not (seen[100].calibration_sequence[:32] == head.sequence[:32]).all()


def test_the_same_command_makes_nothing_again(shiftbench, suite):
    shiftbench(*RUN, suite())
    before = Path("out/results.parquet").read_bytes()
    _, out, _ = shiftbench(*RUN, suite())
    assert "reused" in out
    assert "made" not in out
    assert Path("out/results.parquet").read_bytes() == before


def test_a_lost_and_a_damaged_node_are_made_again_and_nothing_else(shiftbench, suite):
    shiftbench(*RUN, suite())
    before = Path("out/results.parquet").read_bytes()
    fits = list(Path("runs/store").glob("*/*/weights.safetensors"))
    fits[0].write_bytes(b"damaged")
    (fits[1].parent / "node.json").unlink()
    _, out, _ = shiftbench(*RUN, suite())
    assert "2 made" in out
    assert Path("out/results.parquet").read_bytes() == before


def files(store):
    """Digests of all files of all nodes."""
    return {path.parent.name: json.loads(path.read_text())["files"] for path in Path(store).glob("*/*/node.json")}


@pytest.mark.parametrize("engine", ["processes", DASK])
def test_every_engine_gives_the_bytes_of_one_process(shiftbench, suite, engine):
    shiftbench(*RUN, suite())
    options = ("--device", "cpu", "--engine", engine, "--workers", "2", "--store", "other", "--output", "out2")
    code, _, err = shiftbench("run", "--suite", suite(), *options)
    assert (code, err) == (0, "")
    assert files("runs/store") == files("other")
    one, two = (results.read(Path(folder) / "results.parquet") for folder in ("out", "out2"))
    pd.testing.assert_frame_equal(one, two)


def test_a_fit_stopped_half_way_ends_with_the_same_bytes(shiftbench, suite, monkeypatch):
    shiftbench(*RUN, suite(), "--store", "whole")
    epoch, begun = loop._Learner.epoch, []

    def stopping(learner, number):
        begun.append(number)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return epoch(learner, number)

    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(loop._Learner, "epoch", stopping)
    assert shiftbench(*RUN, suite())[0] == 130
    assert len(list(Path("runs/store/.unfinished").iterdir())) == 1
    assert shiftbench(*RUN, suite())[0] == 0
    assert begun == [0, 1, 1, 0, 1]
    assert files("runs/store") == files("whole")
    assert not list(Path("runs/store/.unfinished").iterdir())


def test_dry_run_says_missing_reused_and_stale(shiftbench, suite):
    _, out, _ = shiftbench(*RUN, suite(), "--dry-run")
    assert "0 reused, 0 stale" in out
    assert not Path("runs").exists()
    shiftbench(*RUN, suite())
    _, out, _ = shiftbench(*RUN, suite(), "--dry-run")
    assert "0 stale, 0 missing" in out
    _, out, _ = shiftbench(*RUN, suite(text=SUITE.replace("epochs = 2", "epochs = 3")), "--dry-run")
    assert "budget.epochs: 2 -> 3" in out


def test_missing_data_are_skipped_with_the_command_and_strict_makes_it_an_error(shiftbench, suite):
    code, out, _ = shiftbench(*RUN, suite("Missing"))
    assert code == 0
    assert "toy.tsv is not here -> shiftbench data fetch toy.tsv" in out
    table = results.read(Path("out/results.parquet"))
    assert set(table.status) == {"skipped"}
    assert set(table.reason) == {"toy.tsv is not here"}
    code, _, _ = shiftbench(*RUN, suite("Missing"), "--strict")
    assert code == 1


def test_what_nobody_can_reach_is_no_error_even_if_strict(shiftbench, suite):
    code, out, _ = shiftbench(*RUN, suite("Unreachable"), "--strict")
    assert code == 0
    assert "it ends at 0.3" in out


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ("NotANumber", "row 3 (row3) output b: observed is nan; expected a finite number"),
        ("WrongLetters", "row 2 position 6: code 9; expected A0 C1 G2 T3 N4"),
        ("WrongLength", "test sequences of 50 letters; trained on 60"),
        ("Tox", "no 'Tox' in it; did you mean 'Toy'?"),
        ("NoVersion", "has no version; expected version, files and build"),
        ("Lost", "No such file or directory: 'nowhere.tsv'"),
    ],
)
def test_bad_data_are_one_line_and_an_exit_code(shiftbench, suite, provider, message):
    code, out, err = shiftbench(*RUN, suite(provider))
    assert code != 0
    assert message in out.replace("\n", " ") + err
    assert "Traceback" not in out + err


def test_a_broken_model_fails_alone_and_finished_work_is_kept(shiftbench, suite):
    code, out, _ = shiftbench(*RUN, suite(), "--recipes", f"{MODELS}:Broken")
    assert code == 1
    assert "gave NaN or infinity" in out
    table = results.read(Path("out/results.parquet"))
    assert set(table.query("recipe == 'gc_ridge'").status) <= {"ok", "undefined"}
    assert set(table.query("recipe == 'Broken'").status) == {"skipped"}


def test_a_strangers_model_by_path(shiftbench, suite):
    code, _, _ = shiftbench(*RUN, suite(), "--recipes", f"{MODELS}:Line")
    assert code == 0
    table = results.read(Path("out/results.parquet"))
    assert set(table.recipe) == {"training_mean", "gc_ridge", "Line"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--suite", "shfit"), "no suite 'shfit'; did you mean 'shift'?"),
        (("--tier", "smok"), "no 'smok'; did you mean 'smoke'?"),
        (("--suite", "shift", "--shifts", "rewirng"), "--shifts: no shift 'rewirng'; did you mean 'rewiring'?"),
        (("--suite", "shift", "--tasks", "mpr"), "did you mean 'mpra'?"),
        (("--suite", "shift", "--recipes", "cn"), "no recipe 'cn'; did you mean 'cnn'?"),
        (("--suite", "shift", "--engine", "proceses", "--device", "cpu"), "did you mean 'processes'?"),
        (("--suite", "shift", "--scheduler", "tcp://here:1", "--device", "cpu"), "expected --engine dask"),
        (("--suite", "shift", "--device", "tpu"), "'tpu' is not on this machine"),
        (("--suite", "nowhere.toml"), "nowhere.toml: cannot read"),
        (("--suite", "shift", "--workers", "-1"), "--workers: -1; expected 0 or more"),
        (("--suite", "shift", "--seeds", "-1", "--device", "cpu"), "--seeds: -1; expected at least 1"),
        (("--suite", "shift", "--recipes", ":b", "--device", "cpu"), "expected an importable module:object"),
        (("--suite", "shift", "--device", "cpu", "--store", "file/store"), "cannot write"),
        (("--suite", "shift", "--device", "cpu", "--output", "file/out"), "cannot write"),
    ],
)
def test_bad_options_are_one_line(shiftbench, arguments, message):
    Path("file").write_text("in the way")
    code, _, err = shiftbench("run", *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("question =", "qestion ="), "did you mean 'question'?"),
        (("epochs = 2", "epoch = 2"), "did you mean 'epochs'?"),
        (("epochs = 2", "epochs = 0"), "`int` >= 1"),
        (("[[task]]", "[[task"), "toy.toml"),
        (('"coverage"]', '"covrage"]'), "did you mean 'coverage'?"),
        (('"conformal_normalised"]', '"conformal_normalized"]'), "did you mean 'conformal_normalised'?"),
        (("wrappers =", 'views = ["strand"]\nwrappers ='), "did you mean 'strands'?"),
        (("wrappers =", 'arms = ["rewirin:full"]\nwrappers ='), "arm rewirin:full: no shift 'rewirin'"),
        (('"training_mean", ', ""), "recipes lack training_mean"),
    ],
)
def test_malformed_suites_are_one_line(shiftbench, suite, change, message):
    code, _, err = shiftbench(*RUN, suite(text=SUITE.replace(*change)))
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_an_edited_provider_makes_everything_new(shiftbench, suite, tmp_path):
    copy = tmp_path / "toy_task.py"
    copy.write_text((OUTSIDE / "toy_task.py").read_text())
    path = tmp_path / "toy.toml"
    path.write_text(SUITE.format(data=f"{copy}:Toy"))
    shiftbench(*RUN, path)
    _, out, _ = shiftbench(*RUN, path)
    assert "made" not in out
    copy.write_text(copy.read_text().replace("10 * gc", "1000 * gc"))
    registry.PROVIDERS._objects.clear()
    _, out, _ = shiftbench(*RUN, path)
    assert "reused" not in out


def test_a_changed_fact_is_found(shiftbench, suite):
    shiftbench(*RUN, suite())
    record = next(path for path in Path("runs/store").glob("*/*/node.json") if '"ceiling"' in path.read_text())
    record.write_text(record.read_text().replace("0.95", "0.5"))
    _, out, _ = shiftbench(*RUN, suite())
    assert "1 made" in out
    assert "0.95" in record.read_text()


def test_lost_costs_and_a_cut_plan_are_no_trouble(shiftbench, suite):
    shiftbench(*RUN, suite())
    for path in Path("runs/store").glob("*/*/cost.json"):
        path.unlink()
    Path("out/plan.json").write_text("{")
    code, _, _ = shiftbench(*RUN, suite())
    assert code == 0
    assert shiftbench(*RUN, suite(), "--dry-run")[0] == 0
    Path("out/manifest.json").write_text("{")
    code, _, err = shiftbench("report", "out")
    assert (code, err.count("\n")) == (2, 1)


def test_report_of_no_run(shiftbench):
    code, _, err = shiftbench("report", "nowhere")
    assert code == 2
    assert "expected the folder of a run" in err


def _heed_interrupts():
    """A shell without job control starts what is in its background deaf to SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("sent", "code", "engine"),
    [
        (signal.SIGINT, 130, "processes"),
        (signal.SIGTERM, 143, "processes"),
        pytest.param(signal.SIGINT, 130, "dask", marks=DASK.marks),
    ],
)
def test_a_stopped_run_ends_soon_and_goes_on_later(shiftbench, suite, tmp_path, sent, code, engine):
    path = suite(text=SUITE.replace("rows = 300", "rows = 20000").replace("epochs = 2", "epochs = 50"))
    command = [sys.executable, "-m", "shiftbench.cli", "run", "--suite", path, "--device", "cpu", "--output", "out"]
    command += ["--engine", engine, "--workers", "2"]
    running = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,  # noqa: PLW1509
    )
    store = tmp_path / "runs/store"
    deadline = time.time() + 60
    while not list(store.glob("*/*/node.json")) and time.time() < deadline:
        time.sleep(0.2)
    finished = set(store.glob("*/*/node.json"))
    os.killpg(running.pid, sent)  # as a terminal does: to the workers too
    _, err = running.communicate(timeout=20)
    assert running.returncode == code
    assert err == "shiftbench: stopped; finished work is kept, the same command goes on from there\n"
    assert finished <= set(store.glob("*/*/node.json"))
    _, out, _ = shiftbench(*RUN, path, "--recipes", "gc_ridge")
    assert "reused" in out
    assert not list(store.glob(".making-*"))
