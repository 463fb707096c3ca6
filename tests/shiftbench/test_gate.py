"""The gate: what is called worse, which baselines are refused, and what is said of a task without a number."""

import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import suites
from shiftbench import cli
from shiftbench.catalog import expand, load_recipe, load_suite
from shiftbench.errors import InputError
from shiftbench.gate import Improved, Regression, assert_no_regression, baseline, measure, regression
from shiftbench.gate.decision import Pair, decide, seeds_to_catch
from shiftbench.metrics.table import METRICS
from shiftbench.plan import plan
from shiftbench.spec import Score
from shiftbench.validate import Selection
from tests import tiny

SUITE = tiny.suite(
    version=1,
    primary="rmse against the observed value",
    metrics=("pearson", "rmse", "coverage"),
    epochs=1,
    width=0.0625,
)
TASKS = ("toy/one", "toy/two")
SEEDS = np.arange(10.0)


@pytest.fixture
def suite(tmp_path):
    """Path of a suite file with one small task."""
    path = tmp_path / "toy.toml"
    path.write_text(SUITE)
    return str(path)


@pytest.fixture
def known(tmp_path, suite):
    """Path of a baseline of two tasks, mean 1 and SD 3.03e-2, lower is better."""
    task = {"metric": "rmse", "data": "d", "tests": ["world0 iid"], "values": [*(1 + 0.01 * (SEEDS - 4.5))]}
    record = {
        "schema": 1, "recipe": "cnn", "suite": "toy", "suites": {"toy": 1}, "tier": "smoke",
        "metrics": baseline.METRICS_VERSION, "only": {}, "seeds": [*range(10)], "device": "cpu",
        "made_with": baseline.made_with() | {"torch": "1.0"}, "tasks": dict.fromkeys(TASKS, task),
    }  # fmt: skip
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(record))
    return path


def _change(path, **fields):
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.fixture
def compare(monkeypatch, tmp_path, suite, known):
    """Comparison of numbers as if measured: by task the mean of new seeds, or why there is none."""

    def call(means, *, data="d", tests=("world0 iid",), skipped=None, **more):
        def measured(*_, seeds, first_seed, **__):
            assert first_seed == 10, "a seed of the baseline again tells nothing"
            values = {first_seed + turn: 0.001 * turn for turn in range(seeds)}
            tasks = {
                name: measure.Numbers("rmse", data, tests, {seed: mean + value for seed, value in values.items()})
                for name, mean in means.items()
                if not isinstance(mean, str)
            }
            troubles = {name: mean for name, mean in means.items() if isinstance(mean, str)}
            return measure.Measured(tasks, troubles, skipped or {}, "cpu", tmp_path)

        monkeypatch.setattr(regression, "measure", measured)
        return assert_no_regression("cnn", suite, baseline=known, **more)

    return call


def test_equal_numbers_pass_and_are_told(compare):
    found = compare(dict.fromkeys(TASKS, 1.0))
    assert {finding.verdict for finding in found.findings.values()} == {"holds"}
    assert found.text.startswith("cnn against its baseline: no worse in 2 of 2 tasks\n  toy/one: HOLDS: rmse (lower ")
    assert "baseline 1.000 +- 0.030 (10 seeds), new 1.001 (3 seeds), loss 0.001, tolerance" in found.text
    assert "torch 1.0 -> " in found.text


def test_a_loss_is_one_block_with_what_to_do(compare):
    with pytest.raises(Regression) as caught:
        compare({"toy/one": 1.2, "toy/two": 1.0})
    lines = str(caught.value).splitlines()
    assert lines[0] == "cnn against its baseline: worse in 1 of 2 tasks"
    assert [line.split(": ")[1] for line in lines[1:3]] == ["WORSE", "HOLDS"]
    assert "shiftbench baseline cnn --suite" in lines[-1]


def test_a_gain_is_told_and_passes(compare):
    with pytest.warns(Improved, match="better in 2 of 2 tasks"):
        compare(dict.fromkeys(TASKS, 0.8))


@pytest.mark.parametrize(
    ("means", "said"),
    [
        ({"toy/one": 1.0}, "toy/two: FAILED: in the baseline, but not in this run"),
        (dict.fromkeys((*TASKS, "toy/new"), 1.0), "toy/new: FAILED: in this run, but not in the baseline"),
        ({"toy/one": 1.0, "toy/two": "rmse is undefined at here"}, "toy/two: FAILED: rmse is undefined at here"),
    ],
)
def test_a_task_without_numbers_never_passes(compare, means, said):
    with pytest.raises(Regression, match="not to be compared in 1") as caught:
        compare(means)
    assert said in str(caught.value)


def test_a_test_set_that_is_gone_never_passes(compare):
    skipped = {"toy/one world0 iid": "no such file"}
    with pytest.raises(Regression, match="test set world0 gc:5 is not in the baseline"):
        compare(dict.fromkeys(TASKS, 1.0), tests=("world0 gc:5", "world0 iid"))
    with pytest.raises(Regression, match="toy/one: FAILED: test set world0 iid is missing: no such file"):
        compare(dict.fromkeys(TASKS, 1.0), tests=(), skipped=skipped)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"suites": {"toy": 2}}, "suites toy 2 there, toy 1 here; shiftbench baseline cnn"),
        ({"tier": "core"}, "tier core there, smoke here"),
        ({"metrics": 1}, "metrics 1 there, "),
        ({"recipe": "bilstm"}, "recipe bilstm there, cnn here"),
        ({"suite": "shift"}, "suite shift there, toy here"),
        ({"schema": 0}, "schema 0; expected 1; write it with"),
        ({"seeds": [*range(9)]}, "9 training seeds; expected at least 10"),
        ({"seeds": [*range(11)]}, "toy/one: expected a finite value for each of 11 seeds"),
        ({"more": 1}, "not a baseline"),
    ],
)
def test_another_kind_of_baseline_is_refused_before_anything_is_trained(known, suite, fields, said, monkeypatch):
    monkeypatch.setattr(regression, "measure", None)
    _change(known, **fields)
    with pytest.raises(InputError) as caught:
        assert_no_regression("cnn", suite, baseline=known)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_broken_file_is_refused(tmp_path, suite):
    with pytest.raises(InputError, match=r"none\.json: cannot read"):
        assert_no_regression("cnn", suite, baseline=tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("[")
    with pytest.raises(InputError, match=r"broken\.json: not a baseline"):
        assert_no_regression("cnn", suite, baseline=tmp_path / "broken.json")


def test_other_data_are_refused(compare):
    with pytest.raises(InputError, match=r"toy/one: data d there, other here \(made on .*; shiftbench baseline cnn"):
        compare(dict.fromkeys(TASKS, 1.0), data="other")


def test_direction_and_tolerance_by_hand():
    """Two tasks, ten seeds of SD 3.03 and one new: t of 9 degrees at .05 / 2 is 2.262."""
    one, two = decide([Pair(SEEDS, np.array([11.0]), "lower"), Pair(SEEDS, np.array([11.0]), "higher")])
    assert one.tolerance == pytest.approx(2.262157 * np.std(SEEDS, ddof=1) * math.sqrt(1.1), rel=1e-6)
    assert (one.loss, one.verdict, two.loss) == (6.5, "holds", -6.5)
    beyond = decide([Pair(SEEDS, np.array([11.75]), "lower"), Pair(SEEDS, np.array([4.5]), "higher")])
    assert [finding.verdict for finding in beyond] == ["worse", "holds"]
    assert beyond[1].tolerance == pytest.approx(1.833113 * np.std(SEEDS, ddof=1) * math.sqrt(1.1), rel=1e-6)


def test_a_training_that_failed_cannot_hide_itself():
    """One of four falls 17 SDs out of line, which widens the pooled SD beyond the loss of the mean."""
    finding = decide([Pair(SEEDS, np.array([4.0, 5.0, 4.5, 55.0]), "lower")] * 4)[0]
    assert finding.loss < finding.tolerance
    assert (finding.failed, finding.verdict) == (1, "worse")


def test_what_has_no_seeds_may_differ_by_rounding_alone():
    pairs = [Pair(np.array([2.0]), np.array([new]), "lower") for new in (2.000001, 2.001)]
    assert [finding.verdict for finding in decide(pairs)] == ["holds", "worse"]


def test_a_number_that_is_not_finite_is_no_pass():
    with pytest.raises(ValueError, match="not finite"):
        decide([Pair(SEEDS, np.array([np.nan]), "lower")])


def test_more_tasks_need_more_seeds():
    needed = [seeds_to_catch(10, tasks) for tasks in (1, 4, 20)]
    assert needed == sorted(needed)
    assert needed[0] < needed[-1] <= 10
    assert seeds_to_catch(10, 10_000) == 10


def _row(**fields):
    row = {"metric": "rmse", "target": "observed", "stratum": "", "level": math.nan, "output": "a", "seed": 0}
    return row | {"test": "world0 iid", "status": "ok", "reason": "", "value": 1.0} | fields


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"status": "failed", "metric": "", "reason": "it broke"}, "failed at world0 iid, seed 1: it broke"),
        ({"status": "undefined", "value": math.nan, "reason": "constant"}, "rmse is undefined at world0 iid, seed 1"),
        ({"status": "skipped", "metric": "", "reason": "time over"}, "skipped at world0 iid, seed 1: time over"),
    ],
)
def test_a_seed_without_a_number_has_a_reason(more, said):
    with pytest.raises(InputError, match=said):
        measure._values(pd.DataFrame([_row(), _row(seed=1, **more)]), METRICS["rmse"])


def test_one_number_a_seed_is_the_mean_over_test_sets_of_the_mean_over_outputs():
    rows = [_row(seed=seed, output=output, test=test, value=value + seed)
            for seed in (3, 4) for output, value in (("a", 9.0), ("mean", 1.0)) for test in ("one", "two")]  # fmt: skip
    rows[-1]["value"] = 8.0
    tests, values = measure._values(pd.DataFrame([*rows, _row(stratum="far", output="mean")]), METRICS["rmse"])
    assert (tests, values) == (("one", "two"), {3: 4.0, 4: 6.5})


@pytest.mark.parametrize("name", [name for name in suites.names() if name != "all"])
def test_every_bundled_suite_can_be_gated(name):
    """One metric with a worse side a task, no wrapper; the recipe is all that is trained, beside the floor."""
    parts = expand(load_suite(name))
    chosen = {f"{part.name}/{task.name}": measure._primary(part, task, "") for part in parts for task in part.task}
    lean = [measure._lean(part, load_recipe("cnn"), chosen) for part in parts]
    planned = plan(lean, "smoke", Selection(recipes=("cnn",), seeds=3, first_seed=10))
    assert {row["recipe"] for _, row in planned.scores} == {"training_mean", "cnn"}
    assert {row["seed"] for _, row in planned.scores if row["recipe"] == "cnn"} == {10, 11, 12}
    scores = [node for node in planned.nodes.values() if isinstance(node, Score)]
    assert {(node.wrapper, len(node.metrics)) for node in scores} == {("none", 1)}


def test_a_baseline_is_written_and_holds(tmp_path, suite, monkeypatch, capsys):
    """A control has no seeds: one number, and a rerun differs by rounding at most."""
    output = tmp_path / "new" / "gc.json"
    fixed = ("--engine", "inprocess", "--device", "cpu", "--quiet")
    monkeypatch.setattr(
        sys, "argv", ["shiftbench", "baseline", "gc_ridge", "--suite", suite, "--output", str(output), *fixed]
    )
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    assert "gc_ridge, 1 training seeds" in capsys.readouterr().out.replace("\n", "")
    record = baseline.read_baseline(output)
    assert record.tasks["toy/toy"].metric == "rmse"
    assert record.seeds == (0,)
    with pytest.raises(InputError, match=r"assert_no_regression: tasks is taken from .*; expected it at"):
        assert_no_regression("gc_ridge", suite, baseline=output, device="cpu", tasks=("toy",))
    found = assert_no_regression("gc_ridge", suite, baseline=output, device="cpu")
    assert found.findings["toy/toy"].loss == pytest.approx(0, abs=1e-6)
    _change(
        output,
        tasks={
            name: task | {"values": [task["values"][0] * 0.99]}
            for name, task in json.loads(output.read_text())["tasks"].items()
        },
    )
    with pytest.raises(Regression, match=r"WORSE: rmse .* \(1 seed\), new .* \(1 seed\)"):
        assert_no_regression("gc_ridge", suite, baseline=output, device="cpu")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"seeds": 9}, "--seeds: 9; expected at least 10"),
        ({"metric": "coverage"}, "coverage of toy/toy has no worse side"),
        ({"metric": "mae"}, "task toy/toy has no 'mae'"),
    ],
)
def test_a_baseline_that_could_not_be_compared_is_not_written(tmp_path, suite, more, said):
    with pytest.raises(InputError, match=said):
        baseline.write_baseline("gc_ridge", suite, output=tmp_path / "none.json", **more)
    assert not (tmp_path / "none.json").exists()


def test_the_plugin_is_light():
    heavy = "{'torch', 'numba', 'pandas', 'numpy', 'scipy', 'msgspec'}"
    code = f"import sys, shiftbench.gate.plugin; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_pytest_it_is_said():
    code = "import sys; sys.modules['pytest'] = None; import shiftbench.gate.plugin"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pytest is not installed; pip install pytest, or call shiftbench.gate.assert_no_regression" in found.stderr
