import json
import math
import shutil

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from shiftbench import cli, results
from shiftbench.comparison import words
from shiftbench.comparison.compare import compare
from shiftbench.errors import InputError
from shiftbench.stats.multiplicity import benjamini_hochberg, holm
from shiftbench.store import Store
from tests.compared import finished, predicted, sample, several


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Three recipes of 3, 4 and 1 training (a control) in one world; c is much worse."""
    recipes = (("a", 3), ("b", 4), ("c", 3), ("kmer_ridge", 1))
    return several(tmp_path_factory.mktemp("run"), recipes=recipes, c={"error": 1.2})


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Two recipes in four worlds; b is a little worse throughout."""
    return several(tmp_path_factory.mktemp("worlds"), worlds=range(4), b={"error": 0.6})


def _row(found, **wanted):
    kept = found[np.logical_and.reduce([found[name] == value for name, value in wanted.items()])]
    assert len(kept) == 1, kept
    return kept.iloc[0]


def test_values_are_those_of_the_run(run):
    table = results.read(run / "results.parquet")
    found = compare(run, ["a", "b"], metrics=["rmse", "spearman", "rmse@f"]).pairs
    for row in found.itertuples():
        shift, dose = row.test.split(":") if ":" in row.test else ("", "0")
        kept = (
            (table.metric == row.metric) & (table["shift"] == shift) & (table.dose == dose) & (table.output == "mean")
        )
        kept &= table.target == row.target
        for of in ("first", "second"):
            value = table.value[kept & (table.recipe == getattr(row, of))].mean()
            assert getattr(row, f"{of}_value") == pytest.approx(value)
    assert len(found) == 9


def test_two_worlds_or_more_are_the_units(worlds):
    table = results.read(worlds / "results.parquet")
    table = table[(table.metric == "rmse") & (table.output == "mean") & (table.target == "observed")]
    found = compare(worlds, ["a", "b"]).pairs
    for row in found.itertuples():
        shift, dose = row.test.split(":") if ":" in row.test else ("", "0")
        of = table[(table["shift"] == shift) & (table.dose == dose)].groupby(["recipe", "world"]).value.mean()
        peer = stats.ttest_1samp(of["a"] - of["b"], 0)
        assert (row.p, row.freedom) == pytest.approx((peer.pvalue, 3))
        assert (row.low, row.high) == pytest.approx(tuple(peer.confidence_interval(0.95)))
        assert row.holds == "new worlds"


def test_family_is_that_named_in_advance_whatever_is_shown(run):
    whole = compare(run, ["a", "b", "c"]).pairs
    # the worst dose of gc, not the other, and no shift
    assert set(whole.test) == {"iid", "gc:1"} or set(whole.test) == {"iid", "gc:5"}
    assert set(whole["size"]) == {6}
    np.testing.assert_allclose(whole.adjusted, holm(whole.p))
    part = compare(run, ["a", "b", "c"], tests=["iid"]).pairs
    assert set(part["size"]) == {6}
    np.testing.assert_array_equal(part.adjusted, whole.adjusted[whole.test == "iid"])


def test_other_numbers_are_corrected_together(run):
    found = compare(run, ["a", "b", "c"], metrics=["spearman", "rmse@f"]).pairs
    assert set(found.family) == {"Benjamini-Hochberg"}
    assert set(found["size"]) == {2 * 3 * 3}
    np.testing.assert_allclose(found.adjusted, benjamini_hochberg(found.p))


def test_one_number_can_be_in_either_family(run):
    found = compare(run, ["a", "b"], metrics=["rmse"], tests=["gc"]).pairs
    assert sorted(found.family) == ["Benjamini-Hochberg", "Holm"]
    assert set(found.test) == {"gc:1", "gc:5"}


def test_a_real_difference_is_found_and_its_sign(run):
    found = compare(run, ["a", "c", "b"])
    for row in found.pairs[(found.pairs["first"] == "a") & (found.pairs.second == "c")].itertuples():
        assert row.verdict == "first"
        assert row.difference < 0
        assert row.win > 0.99
    for _, group in found.ranks.groupby("test"):
        by = group.set_index("contender")
        assert tuple(by.loc["c", ["place", "best", "worst", "group"]]) == (3, 3, 3, 2)
        assert by.loc["a", "worst"] <= 2


def test_order_of_recipes_changes_nothing(run):
    one, other = (compare(run, names, metrics=["all"]) for names in (["a", "b", "c"], ["c", "b", "a"]))
    key = ["test", "metric"]
    for first, second in (("a", "b"), ("a", "c"), ("b", "c")):
        left = one.pairs[(one.pairs["first"] == first) & (one.pairs.second == second)].set_index(key)
        right = other.pairs[(other.pairs["first"] == second) & (other.pairs.second == first)].set_index(key)
        for column in ("p", "adjusted", "error", "detectable", "seeds_needed"):
            np.testing.assert_allclose(left[column], right[column].loc[left.index], rtol=1e-9)
        np.testing.assert_allclose(left.difference, -right.difference.loc[left.index])
        np.testing.assert_allclose(left.win, 1 - right.win.loc[left.index])
    ranks = [found.ranks.sort_values([*key, "contender"]).reset_index(drop=True) for found in (one, other)]
    pd.testing.assert_frame_equal(*ranks)


def test_the_same_numbers_are_a_tie(tmp_path):
    rng = np.random.default_rng(0)
    samples = {(0, "iid"): sample(rng)}
    same = predicted(rng, samples[0, "iid"], 1)
    run = finished(tmp_path, samples, {"one_ridge": {(0, "iid"): same}, "two_ridge": {(0, "iid"): same}})
    found = compare(run, ["one_ridge", "two_ridge"], metrics=["all"])
    assert set(found.pairs.verdict) == {"tie"}
    assert set(found.pairs.win) == {0.5}
    assert set(found.pairs.difference) == {0.0}
    assert set(found.ranks.place) == {1}
    assert found.ranks[["best", "worst"]].to_numpy().tolist() == [[1, 2]] * len(found.ranks)
    assert all("tie" in line for line in words.lines(found))


def test_one_training_is_undecided_and_one_of_two_controls_is_not(tmp_path):
    run = several(
        tmp_path, tests=("iid",), recipes=(("a", 1), ("b", 3), ("x_ridge", 1), ("y_ridge", 1)), x_ridge={"error": 1.0}
    )
    found = compare(run, ["a", "b", "x_ridge", "y_ridge"]).pairs
    alone = found[(found["first"] == "a") | (found.second == "a")]
    assert set(alone.verdict) == {"undecided"}
    assert alone.p.isna().all()
    assert np.isfinite(alone.low).all()
    assert set(alone.holds) == {"these very fits, new clusters"}
    assert all("training" in reason for reason in alone.reason)
    fixed = _row(found, first="x_ridge", second="y_ridge")
    assert (fixed.verdict, fixed.holds) == ("second", "these very models, new clusters of this one world")
    assert _row(found, first="b", second="x_ridge").holds == "new training seeds and new clusters of this one world"
    assert set(found["size"]) == {3}


def test_two_models_that_are_not_trained_are_the_paired_t_over_clusters(tmp_path):
    run = several(tmp_path, tests=("iid",), recipes=(("x_ridge", 1), ("y_ridge", 1)), simulated=False)
    from shiftbench.arrays import load_prediction, load_sample

    tests = [load_sample(path) for path in run.rglob("test.npz")]
    first, second = (load_prediction(path) for path in run.rglob("prediction.npz"))
    losses = [np.abs(one.mean - tests[0].observed).mean(axis=1).reshape(-1, 2).mean(axis=1) for one in (first, second)]
    peer = stats.ttest_rel(*losses)
    found = compare(run, ["x_ridge", "y_ridge"], metrics=["mae"]).pairs.iloc[0]
    assert found.p == pytest.approx(peer.pvalue, rel=1e-4)
    assert found.freedom == 29


def test_folds_of_real_data_share_training_rows(tmp_path):
    run = several(tmp_path, worlds=range(4), tests=("iid",), simulated=False)
    found = compare(run, ["a", "b"]).pairs.iloc[0]
    table = results.read(run / "results.parquet")
    table = table[(table.metric == "rmse") & (table.output == "mean")]
    of = table.groupby(["recipe", "world"]).value.mean()
    d = (of["a"] - of["b"]).to_numpy()
    assert found.error == pytest.approx(d.std(ddof=1) * math.sqrt(1 / 4 + 60 / 600))
    assert found.holds == "new folds of this data set"


def test_what_is_missing_is_told(tmp_path):
    rng = np.random.default_rng(0)
    samples = {(0, test): sample(rng) for test in ("iid", "gc:1")}
    predictions = {
        "a": {at: predicted(rng, found, 3) for at, found in samples.items()},
        "b": {(0, "iid"): predicted(rng, samples[0, "iid"], 3)},
        "flat_ridge": {(0, "iid"): predicted(rng, samples[0, "iid"], 1)},
    }
    flat = predictions["flat_ridge"][0, "iid"][0]
    flat.mean[:] = 1
    run = finished(tmp_path, samples, predictions)
    whole = compare(run, ["a", "b", "flat_ridge"], metrics=["spearman"])
    assert whole.absent == ("task gc:1: b was not run there", "task gc:1: flat_ridge was not run there")
    found = whole.pairs
    assert set(found.test) == {"iid"}
    undefined = _row(found, first="a", second="flat_ridge", test="iid")
    assert undefined.verdict == "undecided"
    assert "constant" in undefined.reason
    assert math.isnan(undefined.difference)
    assert _row(found, first="a", second="b", test="iid").verdict != "undecided"
    assert set(found["size"]) == {1}
    stratum = compare(run, ["a", "b"], metrics=["spearman@HC"], tests=["iid"]).pairs.iloc[0]
    assert "the test set has no stratum 'HC'" in stratum.reason
    store = Store(run / "store")
    for label, entry in json.loads((run / "plan.json").read_text()).items():
        if "/iid/score/b/" in label:
            shutil.rmtree(store.folder(entry["digest"]))
    lost = compare(run, ["a", "b"], tests=["iid"], metrics=["spearman"]).pairs.iloc[0]
    assert lost.verdict == "undecided"
    assert lost.reason.startswith("b: its scores are not in")


def test_better_by_more_is_never_less_certain(tmp_path):
    p = []
    for turn, error in enumerate((0.5, 0.55, 0.65, 0.8, 1.2)):
        folder = tmp_path / str(turn)
        folder.mkdir()
        p.append(several(folder, tests=("iid",), number=3, b={"error": error}))
    found = [compare(run, ["a", "b"]).pairs.iloc[0] for run in p]
    assert np.all(np.diff([row.difference for row in found]) < 0)
    assert np.all(np.diff([row.win for row in found]) >= 0)
    assert np.all(np.diff([row.p for row in found[1:]]) < 0)


@pytest.mark.parametrize(
    ("recipes", "more", "told"),
    [
        (["a"], {}, "expected two or more, each once"),
        (["a", "a"], {}, "expected two or more, each once"),
        (["a", "bb"], {}, "no recipe 'bb'; did you mean 'b'"),
        (["a", "b/ensembl"], {}, "no wrapper 'ensembl'"),
        (["a", "b/none/32"], {}, "compare b/none/32: expected b/none/0"),
        (["a", "b"], {"metrics": ["rmes"]}, "--metrics: no 'rmes'; did you mean 'rmse'"),
        (["a", "b"], {"metrics": ["width"]}, "width tells of no prediction whether it is better"),
        (["a", "b"], {"metrics": ["crps@f"]}, "--metrics crps@f: crps is of observed"),
        (["a", "b"], {"metrics": ["coverage@0.7"]}, "--metrics coverage@0.7: coverage has 0.5, 0.8, 0.9, 0.95"),
        (["a", "b"], {"tasks": ["tusk"]}, "--tasks: the run has no 'tusk'; did you mean 'task'"),
        (["a", "b"], {"tests": ["gc:2"]}, "--tests: the run has no 'gc:2'"),
        (["a", "b"], {"level": 95}, "--level: 95; expected a confidence level"),
    ],
)
def test_wrong_input_is_one_line(run, recipes, more, told):
    with pytest.raises(InputError, match=told) as error:
        compare(run, recipes, **more)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_run_and_a_run_without_its_store(run, tmp_path):
    with pytest.raises(InputError, match=r"plan.json: No such file.*expected the folder of a run"):
        compare(tmp_path, ["a", "b"])
    with pytest.raises(InputError, match=r"holds no score of .*--store"):
        compare(run, ["a", "b"], store=tmp_path)


def test_where_nothing_was_named_in_advance_the_first_metric_is_compared(tmp_path):
    rng = np.random.default_rng(0)
    samples = {(0, test): sample(rng) for test in ("iid", "far")}
    predictions = {name: {at: predicted(rng, found, 2) for at, found in samples.items()} for name in "ab"}
    predictions |= {name: {(0, test): predictions["a"][0, test]} for name, test in (("c", "iid"), ("d", "far"))}
    run = finished(tmp_path, samples, predictions, primary="")
    found = compare(run, ["a", "b"]).pairs
    assert found[["test", "metric", "family", "size"]].to_numpy().tolist() == [
        ["far", "rmse", "Benjamini-Hochberg", 2],
        ["iid", "rmse", "Benjamini-Hochberg", 2],
    ]
    with pytest.raises(InputError, match="nothing to compare, no two of c, d were run on the same test set"):
        compare(run, ["c", "d"])


@pytest.mark.parametrize("ending", ["tsv", "parquet"])
def test_the_table_is_written(run, tmp_path, ending):
    found = compare(run, ["a", "b"])
    path = tmp_path / f"x.{ending}"
    found.write(path)
    read = pd.read_parquet(path) if ending == "parquet" else pd.read_csv(path, sep="\t", keep_default_na=True)
    assert read.verdict.tolist() == found.pairs.verdict.tolist()
    np.testing.assert_allclose(read.p, found.pairs.p)
    with pytest.raises(InputError, match=r"ends in \.tsv or \.parquet"):
        found.write(tmp_path / "x.csv")


def test_a_notebook_shows_tables_and_sentences(run):
    html = compare(run, ["a", "b"])._repr_html_()
    assert html.count("<table") == 2
    assert "a and b are not separated on rmse at task iid" in html or "is better than" in html
    assert "http" not in html


def test_the_command_prints_and_writes(run, tmp_path, capsys):
    told = cli.app(
        ["compare", str(run), "a", "c", "--test", "gc", "--output", str(tmp_path / "x.tsv")],
        result_action="return_value",
    )
    printed = capsys.readouterr().out
    assert told == 0
    assert "a is better than c by" in printed
    assert "Holm over 2 tests" in printed
    assert "x.tsv: 2 comparisons" in printed


def test_words_tell_what_the_table_says(run):
    found = compare(run, ["a", "b", "c"])
    for row, line in zip(found.pairs.itertuples(), words.lines(found), strict=True):
        assert f"rmse at task {row.test}" in line
        if row.verdict == "not separated":
            assert "would have seen" in line
        else:
            winner = row.first if row.verdict == "first" else row.second
            assert line.startswith(f"{winner} is better than")
            assert f"{abs(row.difference):.3g}" in line
