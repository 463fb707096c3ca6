"""Models that cannot run here: the sequences of a task as a file, and the scores of what is said of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shiftbench import arrays, results
from shiftbench import run as running
from shiftbench.errors import InputError, ShiftbenchError
from shiftbench.outside import file, predictions
from shiftbench.store import Store
from tests import tiny
from tests.shiftbench.outside import toy_task

WRAPPERS = ("none", "ensemble", "conformal_split", "mc_dropout", "views")
ASKED = {"wrappers": WRAPPERS, "metrics": ("rmse", "pearson", "coverage", "nll"), "resamples": 200}
KEY = ["wrapper", "view", "output", "target", "level", "stratum", "metric", "shift", "dose"]
NUMBERS = ["value", "low", "high", "n", "clusters", "floor", "ceiling", "scaled", "scaled_low", "scaled_high", "status"]


@pytest.fixture
def shiftbench(shiftbench, monkeypatch):
    """The same in a folder with a suite of a stranger, in this process and without a page."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("shiftbench.report.finished.write", lambda folder: folder / "report.html")
    Path("toy.toml").write_text(tiny.suite(**ASKED))
    return lambda verb, *arguments: shiftbench(verb, *arguments, "--engine", "inprocess", "--quiet")


def inputs(shiftbench, *more, task="toy.toml/toy"):
    """Rows that `shiftbench inputs` writes."""
    code, out, err = shiftbench("inputs", "--task", task, "--output", "inputs.tsv", *more)
    assert (code, err) == (0, "")
    return pd.read_csv("inputs.tsv", sep="\t"), out


def score(shiftbench, *files, task="toy.toml/toy"):
    return shiftbench("score", "--task", task, "--predictions", *files, "--output", "scores.tsv")


def numbers(table, recipe):
    """Numbers of a recipe by what they are of."""
    own = table[(table.recipe == recipe) & (table.wrapper == "none")].copy()
    own[KEY] = own[KEY].astype(str).replace("nan", "").fillna("")
    own["dose"] = own["dose"].str.removesuffix(".0")
    found = own.set_index(KEY)[NUMBERS].sort_index()
    assert found.index.is_unique
    return found


def gc(frame):
    """Ten times the GC content of each row."""
    return frame.sequence.map(lambda text: 10 * (text.count("C") + text.count("G")) / len(text))


def test_inputs_are_the_letters_and_no_measurement(shiftbench):
    frame, out = inputs(shiftbench)
    assert list(frame.columns) == ["test", "id", "sequence"]
    assert frame.id.tolist() == [f"row{i}" for i in range(120)]
    assert frame.test.str.fullmatch(r"toy/toy/world0/iid@[0-9a-f]{8}").all()
    assert set("".join(frame.sequence)) == set("ACGT")
    assert set(frame.sequence.str.len()) == {60}
    assert "inputs.tsv: 120 rows of 1 sets" in out
    assert "test, id, a, b; for error bars of its own also a_sd, b_sd" in out


def test_inputs_for_error_bars_are_more_sets(shiftbench):
    frame, _ = inputs(shiftbench, "--calibration")
    sizes = frame.groupby(frame.test.str.rpartition("@")[0]).size().to_dict()
    assert sizes == {"toy/toy/world0/iid": 120, "toy/world0/validation": 100, "toy/world0/calibration": 100}


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_every_kind_of_table_holds_the_same(shiftbench, ending):
    frame, _ = inputs(shiftbench, "--calibration")
    code, _, _ = shiftbench("inputs", "--task", "toy.toml/toy", "--calibration", "--output", f"inputs{ending}")
    assert code == 0
    other = pd.read_csv("inputs.csv") if ending == ".csv" else pd.read_parquet("inputs.parquet")
    assert other.astype(str).equals(frame.astype(str))
    said = frame.assign(a=gc(frame), b=gc(frame))
    tables = []
    for name in ("one.tsv", f"two{ending}"):
        said.to_parquet(name) if name.endswith("parquet") else said.to_csv(name, sep="\t,"[".csv" in name], index=False)
        code, _, _ = score(shiftbench, name)
        assert code == 0
        tables.append(numbers(pd.read_csv("scores.tsv", sep="\t"), name.partition(".")[0]))
    pd.testing.assert_frame_equal(*tables)


def exported(store, frame, recipe):
    """What the bundled recipe predicts of the rows of `frame`, as the columns of a file of predictions."""
    found = []
    for path in store.root.glob("*/*/node.json"):
        entry = store.entry(path.parent.name)
        if "fit" in entry.node and store.entry(entry.node["fit"]).node["recipe"]["name"] == recipe:
            test = store.entry(entry.node["test"])
            said, sample = (
                arrays.load_prediction(entry.file("prediction.npz")),
                arrays.load_sample(test.file("test.npz")),
            )
            columns = dict(zip(sample.outputs, said.mean.T, strict=True))
            columns |= {f"{name}_sd": sd for name, sd in zip(sample.outputs, said.sd.T, strict=True)}
            found.append(pd.DataFrame({"digest": test.path.name[:8], "id": sample.id} | columns))
    rows = frame.assign(digest=frame.test.str.rpartition("@")[2])[["test", "id", "digest"]]
    return rows.merge(pd.concat(found), how="left", on=["digest", "id"], validate="1:1").drop(columns="digest")


TINY = tiny.suite(
    "mpra",
    name="tiny",
    task="mpra",
    recipes=tiny.SIMULATED,
    metrics=("rmse", "pearson", "coverage", "crps"),
    shifts=("gc",),
    **{"rows": 200, "test": 100, "seeds": 1, "doses": [3], "resamples": 100},
)


@pytest.mark.parametrize(("task", "text"), [("toy.toml/toy", ""), ("tiny.toml/mpra", TINY)])
def test_exported_predictions_of_a_control_have_the_very_numbers_of_the_run(shiftbench, task, text):
    if text:
        Path("tiny.toml").write_text(text)
    frame, _ = inputs(shiftbench, task=task)
    running.run_suite(
        task.rpartition("/")[0], recipes=("gc_ridge",), engine="inprocess", device="cpu", output=Path("out")
    )
    said = exported(Store(Path("runs/store")), frame, "gc_ridge").sample(frac=1, random_state=1)
    assert len(said) == len(frame)
    said.to_csv("exported.tsv", sep="\t", index=False)
    code, out, err = score(shiftbench, "exported.tsv", task=task)
    assert (code, err) == (0, "")
    assert "exported" in out
    scores, table = pd.read_csv("scores.tsv", sep="\t"), results.read(Path("out/results.parquet"))
    assert set(scores.recipe) == {*table.recipe, "exported"}, "controls and oracles stand beside it"
    run, from_file = numbers(table, "gc_ridge"), numbers(scores, "exported")
    assert (run.status == "ok").any()
    if text:
        assert np.isfinite(run.scaled).any()
    assert len(run) == len(from_file)
    for name in NUMBERS:
        pd.testing.assert_series_equal(from_file[name], run[name], check_exact=True, check_dtype=False)
    said.assign(**{said.columns[2]: said.iloc[:, 2] + 0.001}).to_csv("exported.tsv", sep="\t", index=False)
    score(shiftbench, "exported.tsv", task=task)
    changed = numbers(pd.read_csv("scores.tsv", sep="\t"), "exported")
    assert not np.array_equal(changed.value.to_numpy(), run.value.to_numpy(), equal_nan=True)


def test_what_a_file_cannot_do_is_left_out_with_the_reason(shiftbench):
    frame, _ = inputs(shiftbench)
    frame.assign(a=gc(frame), b=gc(frame)).to_csv("mine.tsv", sep="\t", index=False)
    code, out, err = score(shiftbench, "mine.tsv")
    assert (code, err) == (0, "")
    table = pd.read_csv("scores.tsv", sep="\t").query("recipe == 'mine'")
    reasons = table[table.status == "skipped"].set_index("wrapper").reason
    assert reasons["ensemble"] == "one training seed; ensemble joins two or more"
    assert reasons["views"].startswith("a file holds one prediction of each sequence as given")
    assert reasons["mc_dropout"].startswith("a file holds one prediction")
    assert "mine.tsv says nothing of this set" in reasons["conformal_split"]
    assert "mine.tsv says nothing of this set" in out
    plain = table[table.wrapper == "none"].set_index(["metric", "output", "target"])
    assert set(plain.loc["coverage"].status) == {"undefined"}, "no error bars, so none are made up"
    assert set(plain.loc["pearson"].status) == {"ok"}


def test_validation_and_calibration_rows_give_error_bars(shiftbench):
    frame, _ = inputs(shiftbench, "--calibration")
    frame.assign(a=gc(frame), b=gc(frame)).to_csv("mine.tsv", sep="\t", index=False)
    assert score(shiftbench, "mine.tsv")[0] == 0
    table = pd.read_csv("scores.tsv", sep="\t").query("recipe == 'mine' and metric == 'coverage' and level == 0.9")
    held = table[table.output == "a"].set_index("wrapper").value
    # 120 rows of a normal law: the SE of the share is .027, and twice three of them is a false alarm in a thousand.
    assert held["none"] == pytest.approx(0.9, abs=0.09)
    assert held["conformal_split"] == pytest.approx(0.9, abs=0.11)


def test_a_file_of_which_nothing_is_scored_is_an_error(shiftbench):
    frame, _ = inputs(shiftbench)
    frame.assign(liver=gc(frame)).to_csv("other.tsv", sep="\t", index=False)
    code, out, _ = score(shiftbench, "other.tsv")
    assert code == 1
    assert "other: nothing was scored" in out
    assert "has columns liver, and the task outputs a, b" in out


def test_an_output_without_a_column_is_not_scored(shiftbench):
    frame, _ = inputs(shiftbench, "--calibration")
    frame.assign(b=gc(frame)).to_csv("half.tsv", sep="\t", index=False)
    assert score(shiftbench, "half.tsv")[0] == 0
    table = pd.read_csv("scores.tsv", sep="\t").query("recipe == 'half' and metric == 'rmse' and target == 'observed'")
    for wrapper in ("none", "conformal_split"):
        found = table[table.wrapper == wrapper].set_index("output")
        assert found.status.to_dict() == {"a": "undefined", "b": "ok", "mean": "undefined"}
        assert found.value["b"] == pytest.approx(0.3, rel=0.3)


SET = "toy/toy/world0/iid@0123abcd"
DIGEST = "0123abcd" + "0" * 24
SAID = pd.DataFrame({"test": SET, "id": [f"row{i}" for i in range(9)], "a": np.arange(9.0), "b": 1.0})
"""A sound file of predictions of one set."""


def answered(path, training="f" * 32):
    """What a file says of the rows of its set, beside the training set of a digest, whose validation rows are these."""
    validation = toy_task.make(9, 2)
    state, facts = predictions.fit(path, training, validation)
    return predictions.predict(state, path, DIGEST, SAID.id.to_numpy(str)), facts


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(index=5), f"{SET}: 1 of 9 ids are missing, the first 'row5'; expected all"),
        (lambda f: f.replace({"id": {"row7": "row70"}}), "line 9: id 'row70' is not in its test set; expected"),
        (lambda f: pd.concat([f, f.iloc[[3]]]), f"line 11: id 'row3' of {SET} a second time, first in .* line 5;"),
        (lambda f: f.assign(a=[*f.a[:4], np.inf, *f.a[5:]]), "line 6, column a: 'inf'; expected a finite number"),
        (lambda f: f.assign(a=[*f.a[:4], np.nan, *f.a[5:]]), "line 6, column a: ''; expected a finite number"),
        (lambda f: f.assign(a=["high", *f.a[1:]]), "line 2, column a: 'high'; expected a finite number"),
        (lambda f: f.assign(a_sd=1.0, b_sd=[*[1.0] * 8, 0]), "line 10, column b_sd: '0.0'; expected .* above 0"),
        (lambda f: f.assign(a_sd=1.0), "no column 'b_sd'; expected the SD of every output that is given, or of none"),
        (lambda f: f.rename(columns={"a": "aa"}), "column 'aa' is no output; did you mean 'a'"),
        (lambda f: f.rename(columns={"a": "x", "b": "y"}), "has columns x, y, and the task outputs a, b"),
        (lambda f: f.rename(columns={"test": "tset"}), "no column 'test'; did you mean 'tset'"),
        (lambda f: f[["test", "id"]], "no column of predictions beside test and id"),
        (lambda f: f.iloc[:0], "no rows; expected a row for each sequence"),
        (lambda f: f.assign(test="toy/toy/world0/iid@77777777"), "mine.tsv says nothing of this set"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_line(tmp_path, change, message):
    path = tmp_path / "mine.tsv"
    SAID.to_csv(path, sep="\t", index=False)
    sound, _ = answered(path)
    assert sound.mean[:, 0].tolist() == SAID.a.tolist(), "or else the fault would not be that of the change"
    change(SAID).to_csv(path, sep="\t", index=False)
    with pytest.raises(ShiftbenchError, match=message) as caught:
        answered(path)
    assert "mine.tsv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("test\tid\ta\nx\ty\t1\t2\t3\n", "line 2: more fields than the header names; expected 3"),
        ("test\tid\ta\nx\ty\t1\nx\tz\t2\t3\n", "cannot read .*line 3"),
        ("test\tid\ta\nx\ty\t1\n\nx\tz\t2\n", "line 3, column a: .*; expected a finite number"),
        ("", "cannot read"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, text, message):
    path = tmp_path / "mine.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        file.read(path)
    assert "\n" not in str(caught.value)


def test_a_fault_of_parquet_is_told_by_its_row(tmp_path):
    path = tmp_path / "mine.parquet"
    SAID.assign(a=[*SAID.a[:4], np.inf, *SAID.a[5:]]).to_parquet(path)
    with pytest.raises(InputError, match=r"mine.parquet row 5, column a: 'inf'; expected a finite number"):
        file.read(path)


def test_rows_are_matched_by_id_in_any_order(tmp_path):
    path = tmp_path / "mine.csv"
    SAID.sample(frac=1, random_state=3).assign(a_sd=0.5, b_sd=0.25).to_csv(path, index=False)
    found, facts = answered(path)
    assert found.mean.tolist() == SAID[["a", "b"]].to_numpy().tolist()
    assert found.sd.tolist() == [[0.5, 0.25]] * 9
    assert facts == {"answered": ["a", "b"], "error_bars": {"a": "stated in the file", "b": "stated in the file"}}


def test_an_id_that_reads_like_nothing_is_one(tmp_path):
    path = tmp_path / "mine.tsv"
    SAID.replace({"id": {"row2": "NA"}}).to_csv(path, sep="\t", index=False)
    assert file.read(path).id.tolist()[2] == "NA"


def test_validation_rows_in_a_file_are_its_error_bars(tmp_path):
    path, validation = tmp_path / "mine.tsv", toy_task.make(9, 2)
    SAID.to_csv(path, sep="\t", index=False)
    found, facts = answered(path, training=DIGEST)
    error = SAID[["a", "b"]].to_numpy() - validation.observed
    assert found.sd[0].tolist() == pytest.approx(np.sqrt((error**2).mean(0)).tolist(), rel=1e-6)
    assert set(facts["error_bars"].values()) == {"root mean squared error on validation rows"}
    assert answered(path)[0].sd is None


def test_a_label_of_no_set_is_refused_before_anything_is_made(tmp_path):
    path = tmp_path / "mine.tsv"
    SAID.to_csv(path, sep="\t", index=False)
    file.check_tests(path, {DIGEST: "toy/toy/world0/iid/test"})
    with pytest.raises(InputError, match=f"line 2: test '{SET}' is none of the 1 sets .*; did you mean '.*@89abcdef'"):
        file.check_tests(path, {"89abcdef" * 4: "toy/toy/world0/iid/test"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--task", "toy", "--output", "i.tsv"), "--task: 'toy'; expected SUITE/TASK"),
        (("--task", "toy.toml/tox", "--output", "i.tsv"), "no task 'tox'; did you mean 'toy'"),
        (("--task", "shfit/mpra", "--output", "i.tsv"), "no suite 'shfit'; did you mean 'shift'"),
        (("--task", "toy.toml/toy", "--output", "i.xlsx"), "i.xlsx; expected a name that ends in .tsv, .csv, .parquet"),
        (("--task", "toy.toml/toy", "--output", "toy.toml/i.tsv"), "cannot write"),
    ],
)
def test_wrong_options_are_one_line(shiftbench, arguments, message):
    for verb, more in (("inputs", ()), ("score", ("--predictions", "mine.tsv"))):
        code, _, err = shiftbench(verb, *arguments, *more)
        assert code == 2
        assert message in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "message"),
    [("nowhere.tsv", "nowhere.tsv: cannot read"), ("gc_ridge", "'gc_ridge'; expected a file that ends in .tsv")],
)
def test_files_that_are_none_are_one_line(shiftbench, file, message):
    code, _, err = score(shiftbench, file)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_set_that_cannot_be_made_is_told(shiftbench):
    Path("toy.toml").write_text(tiny.suite(f"{tiny.TOY}:Missing", **ASKED))
    code, _, err = shiftbench("inputs", "--task", "toy.toml/toy", "--output", "inputs.tsv")
    assert code == 2
    assert "toy.tsv is not here -> shiftbench data fetch toy.tsv" in err
    code, out, _ = shiftbench("inputs", "--task", "toy.toml/toy", "--output", "inputs.tsv", "--calibration")
    assert code == 0
    assert "skipped: toy/toy/world0/iid/test: toy.tsv is not here -> shiftbench data fetch toy.tsv" in out
