"""A user's table from the command line and from a suite file to the report: a whole run without networks.

About 15 seconds.
"""

import json
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest

from shiftbench import results
from shiftbench.catalog import load_suite
from shiftbench.commands.own import TableOptions, own_suites
from shiftbench.errors import InputError, Skipped
from shiftbench.listing import describe
from shiftbench.options import options
from shiftbench.own.ceiling import ceilings
from shiftbench.own.content import identified
from shiftbench.own.provider import OwnTable
from shiftbench.own.suite import completed
from shiftbench.plan import plan
from shiftbench.report import page
from shiftbench.run import preview, run
from shiftbench.spec import Data, Suite, Table, Task
from shiftbench.validate import Selection

SUITE = """
name = "mine"
version = 1
title = "Mine"
question = "Does it run?"
source = "none"

[[task]]
name = "mine"
data = "table"
recipes = ["training_mean", "gc_ridge"]
wrappers = ["none"]

[task.tiers.smoke]
rows = 0
validation = 100
calibration = 100
test = 0
seeds = 1
resamples = 20

[task.table]
file = "mine.tsv"
sequence = "seq"
targets = ["K562", "HepG2"]
noise = ["sd"]
group = "kind"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder with a table of 1,200 sequences of 40 to 70 letters, two targets, and the suite file that names it."""
    made, rng = tmp_path_factory.mktemp("own"), np.random.default_rng(0)
    letters = ["".join(rng.choice([*"ACGT"], rng.integers(40, 71), p=rng.dirichlet([8] * 4))) for _ in range(1200)]
    gc = np.array([(row.count("G") + row.count("C")) / len(row) for row in letters])
    sd = rng.uniform(0.1, 0.6, 1200)
    values = {name: 6 * gc + rng.normal(0, sd) for name in ("K562", "HepG2")}
    frame = pd.DataFrame({"seq": letters, **values, "sd": sd, "kind": np.where(rng.random(1200) < 0.6, "h/1", "m 2")})
    frame.loc[5, "K562"] = np.nan
    frame.to_csv(made / "mine.tsv", sep="\t", index=False)
    (made / "mine.toml").write_text(SUITE)
    return made


@pytest.fixture(scope="module")
def ran(folder):
    suite = load_suite(str(folder / "mine.toml"))
    chosen = options(
        "mine", engine="inprocess", device="cpu", output=folder / "out", store=folder / "store", quiet=True
    )
    return run(chosen, [suite]), chosen, suite


def test_every_shift_of_the_table_is_scored(ran):
    done, _, _ = ran
    assert (done.failed, done.missing) == (0, 0)
    table = results.read(done.output / "results.parquet")
    errors = table.query("metric == 'rmse' and output == 'mean' and recipe == 'gc_ridge'")
    found = {task: {*rows["group"].replace("all", "")} for task, rows in errors.groupby("task")}
    assert found == {
        "mine": {"", "near", "far", "least noisy", "noisiest"},
        "mine_gc": {"middle", "low", "high"},
        "mine_length": {"middle", "short", "long"},
        "mine_without_h_1": {"other groups", "h/1"},
        "mine_without_m_2": {"other groups", "m 2"},
    }


def test_ceiling_from_the_noise_column_is_near_the_truth(ran):
    table = results.read(ran[0].output / "results.parquet")
    best = table.query("metric == 'rmse' and task == 'mine' and recipe == 'gc_ridge' and output == 'K562'")
    whole = best[best["group"].isin(["", "all"])].iloc[0]
    # the law is linear in GC, so the ridge reaches what noise leaves
    assert whole["ceiling"] == pytest.approx(np.sqrt(0.6**2 / 3 + 0.06 / 3 + 0.1**2 / 3), rel=0.15)
    assert whole["value"] == pytest.approx(whole["ceiling"], rel=0.15)
    assert whole["floor"] > 1.5 * whole["value"]


def test_manifest_names_the_file_and_its_digest_without_a_folder(ran, folder):
    manifest = json.loads((ran[0].output / "manifest.json").read_text())
    assert [*manifest["own_files"]] == ["mine.tsv"]
    assert str(folder) not in json.dumps({key: manifest[key] for key in ("own_files", "facts", "tasks")})
    own = manifest["facts"]["mine/world0/training"]["own"]
    assert (own["read"], own["used"], own["left_out"]) == (1200, 1199, {"without one of the values": 1})


def test_page_says_what_the_table_is_and_what_each_shift_costs(ran):
    done = ran[0]
    text = page.render(results.read(done.output / "results.parquet"), done.manifest)
    for part in (
        "1,199 of 1,200 rows of mine.tsv are used (1 without one of the values)",
        "40 to 70 letters",
        "Error between floor and ceiling",
        "third farthest from them",
        "without h/1",
        "every recipe by output",
    ):
        assert part in text


def test_the_command_line_makes_the_same_nodes(ran, folder):
    _, chosen, suite = ran
    asked = TableOptions(
        table=str(folder / "mine.tsv"), sequence_column="seq", target_columns=("K562,HepG2",), noise_column=("sd",),
        group_column="kind",
    )  # fmt: skip
    own = own_suites("", asked, None)
    assert own[0].task[0].recipes[-3:] == ("cnn", "bilstm", "transformer")
    narrowed = [
        msgspec.structs.replace(task, recipes=ours.recipes, wrappers=ours.wrappers, tiers=ours.tiers)
        for task, ours in zip(own[0].task, suite.task, strict=True)
    ]
    states = [found.state for found in preview(chosen, [msgspec.structs.replace(own[0], task=tuple(narrowed))])]
    assert {*states} == {"reused"}
    assert len(states) > 80


def test_options_that_contradict_each_other_are_refused(folder):
    with pytest.raises(InputError, match="--sequence-column without --table"):
        own_suites("", TableOptions(sequence_column="seq"), None)
    with pytest.raises(InputError, match="--suite all and --table"):
        own_suites("all", TableOptions(table=str(folder / "mine.tsv")), None)
    two = TableOptions(table="t.csv", target_columns=("a,b",), replicate_columns=("x,y",))
    with pytest.raises(InputError, match="expected TARGET:first,second for each of 2 targets"):
        own_suites("", two, None)
    assert own_suites("all", TableOptions(), None) is None


def test_a_suite_file_is_shown_with_the_tasks_of_its_table(folder):
    told = describe(str(folder / "mine.toml"))
    assert "task mine_without_h_1" in told
    assert "subsets = middle, short, long" in told


def test_a_task_that_says_more_stays_as_it_is(folder):
    task = Task(
        name="t", data="table", metrics=("rmse",), table=Table(file="mine.tsv", sequence="seq", targets=("K562",))
    )
    suite = Suite(name="s", version=1, title="", question="", source="", task=(task,))
    done = completed(suite, folder).task
    assert [found.name for found in done] == ["t"]
    assert done[0].table.digest
    with pytest.raises(InputError, match="task t: no recipes; expected one or more"):
        plan([msgspec.structs.replace(suite, task=done)], "smoke", Selection())


def test_targets_that_are_rarely_measured_together_are_tasks_of_their_own(tmp_path, folder):
    frame = pd.read_csv(folder / "mine.tsv", sep="\t")
    frame.loc[:600, "HepG2"] = np.nan
    frame.loc[1000:, "K562"] = np.nan
    frame.to_parquet(tmp_path / "split.parquet")
    table = Table(file=str(tmp_path / "split.parquet"), sequence="seq", targets=("K562", "HepG2"), noise=("sd",))
    suite = Suite(
        name="s", version=1, title="", question="", source="", task=(Task(name="t", data="table", table=table),)
    )
    found = {task.name: task for task in completed(suite).task if task.split == ""}
    assert {name: task.table.targets for name, task in found.items()} == {"t_K562": ("K562",), "t_HepG2": ("HepG2",)}


def test_a_test_set_that_is_not_there_is_skipped_or_refused(folder):
    table = identified(Table(file=str(folder / "mine.tsv"), sequence="seq", targets=("K562",)))

    def asked(**fields):
        return OwnTable().build(Data(provider="table", version=1, table=table, **fields), None)

    with pytest.raises(InputError, match="no subset 'farr'; did you mean 'far'"):
        asked(role="test", subset="farr")
    with pytest.raises(InputError, match=r"no split 'gcc'.*did you mean 'gc'"):
        asked(role="test", split="gcc")
    with pytest.raises(Skipped, match="do not differ in noise"):
        asked(role="test", subset="noisiest")
    with pytest.raises(InputError, match=r"--table FILE, or \[task.table\]"):
        OwnTable().build(Data(provider="table", version=1, role="test"), None)
    stale = msgspec.structs.replace(table, digest="0" * 32)
    with pytest.raises(InputError, match=r"mine\.tsv: changed since the run was planned"):
        OwnTable().build(Data(provider="table", version=1, role="test", table=stale), None)


def test_ceilings_of_replicates_and_without_any(toy):
    rng, sample = np.random.default_rng(1), toy(2000, outputs=("a",))
    signal = rng.normal(size=(2000, 1, 1))
    replicates = (signal + rng.normal(size=(2000, 3, 1))).astype(np.float32)
    observed = replicates.mean(axis=1)
    found = ceilings(replace(sample, observed=observed, replicates=replicates))
    # reliability of the mean of three with noise as large as the signal: 3/4; SE of r about .02
    assert found["ceiling"]["r2"]["a"] == pytest.approx(0.75, abs=0.05)
    assert found["ceiling"]["pearson"]["a"] == pytest.approx(np.sqrt(0.75), abs=0.03)
    assert found["ceiling"]["rmse"]["a"] == pytest.approx(np.sqrt(1 / 3), abs=0.05)
    bare = replace(sample, noise_sd=np.full_like(sample.noise_sd, np.nan), replicates=None)
    assert ceilings(bare)["ceiling"] == {}
    assert ceilings(bare)["ceiling_missing"] == {"a": "no replicates and no noise column"}
    loud = replace(sample, noise_sd=np.full_like(sample.noise_sd, 100.0), replicates=None)
    assert "explains all of the variance" in ceilings(loud)["ceiling_missing"]["a"]
