"""Models of strangers that are not trained here: what they are told, what they may answer, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

import shiftbench
from shiftbench import kinds, registry, results
from shiftbench.catalog import load_recipe
from shiftbench.errors import InputError, ModelError
from shiftbench.outside import calls, embedding, predictor
from tests import tiny
from tests.shiftbench.outside import toy_predictors, toy_task

HERE = Path(__file__).parent / "outside"
TOYS = HERE / "toy_predictors.py"
TRAIN, VALIDATION, TEST = toy_task.make(400, 1), toy_task.make(100, 2), toy_task.make(300, 3)


def recipe(name):
    return load_recipe(f"{TOYS}:{name}")


def predicted(name, sequence=TEST.sequence):
    """Prediction of the test rows, and the facts of the fit."""
    state, facts = predictor.fit(recipe(name), TRAIN, VALIDATION)
    return predictor.predict(state, recipe(name), sequence), facts


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        (HERE / "toy_models.py", "Line", "network"),
        (HERE / "toy_models.py", "line", "network"),
        (TOYS, "gc", "callable"),
        (TOYS, "Built", "callable"),
        (TOYS, "celsius", "callable"),
        (TOYS, "letters", "embedding"),
        (TOYS, "Letters", "embedding"),
    ],
)
def test_what_it_is_is_found_out(path, name, kind):
    found = load_recipe(f"{path}:{name}")
    assert (found.name, found.kind) == (name, kind)
    assert len(found.code) == 32


@pytest.mark.parametrize(
    ("path", "name", "message"),
    [
        (TOYS, "number", "found int; expected a torch.nn.Module class, a function of sequences or a class"),
        (TOYS, "gcc", "no 'gcc' in it; did you mean 'gc'"),
        (HERE / "toy_models.py", "trained", "a network that is built already; expected its class"),
    ],
)
def test_what_is_no_model_is_refused(path, name, message):
    with pytest.raises(InputError, match=message):
        load_recipe(f"{path}:{name}")


def test_a_marked_network_is_what_its_mark_says():
    assert kinds.kind(shiftbench.embedding(toy_predictors.Built), "x") == "embedding"
    del toy_predictors.Built.shiftbench_kind


def test_what_cannot_be_marked_is_refused():
    with pytest.raises(InputError, match="cannot be marked"):
        shiftbench.predictor(len)


def test_one_column_stands_for_every_output():
    prediction, facts = predicted("gc")
    expected = 10 * np.isin(TEST.sequence, [1, 2]).mean(1, dtype=np.float64)
    assert np.allclose(prediction.mean, expected[:, None], atol=1e-5)
    assert facts["answered"] == ["a", "b"]
    assert facts["error_bars"] == "root mean squared error on validation rows"
    error = VALIDATION.observed - 10 * np.isin(VALIDATION.sequence, [1, 2]).mean(1, keepdims=True)
    assert np.allclose(prediction.sd, np.sqrt((error**2).mean(0)), rtol=1e-5)


def test_a_stated_sd_is_taken():
    prediction, facts = predicted("both")
    assert np.allclose(prediction.sd, 0.3)
    assert facts["error_bars"] == "stated by the predictor"


def test_another_scale_is_fitted_only_where_that_is_declared():
    prediction, facts = predicted("celsius")
    assert facts["scale_rows"] == 400
    slope, intercept = facts["scale"]["a"]
    # The noise of 0.3 leaves the slope of 400 rows with GC of SD 0.065 and an SD of 0.65 on their scale a SE of 0.05.
    assert slope == pytest.approx(-2, abs=0.2)
    line = np.polyfit(toy_predictors.celsius(calls.letters(TRAIN.sequence)), TRAIN.observed[:, 0], 1)
    assert [slope, intercept] == pytest.approx(line, rel=1e-5)
    assert np.abs(prediction.mean - predicted("gc")[0].mean).max() < 0.5
    assert prediction.sd.max() < 0.4
    assert "scale" not in predicted("gc")[1]


def test_outputs_that_are_not_named_are_not_answered():
    prediction, facts = predicted("only_b")
    assert np.array_equal(prediction.kept, np.broadcast_to([False, True], (300, 2)))
    assert np.array_equal(prediction.mean[:, 1], predicted("gc")[0].mean[:, 1])
    assert (facts["answered"], facts["unused"]) == (["b"], ["liver"])
    assert np.isfinite(prediction.quantiles).all(), "so that wrappers meet no NaN"


def test_a_class_is_built_once(monkeypatch):
    calls._instance.cache_clear()
    module = registry.load_path(f"{TOYS}:Built")
    before = module.count
    predicted("Built")
    predicted("Built")
    assert module.count == before + 1


def test_what_a_model_does_to_its_lists_and_arrays_harms_nobody():
    letters = TEST.sequence.copy()
    prediction, _ = predicted("Reusing")
    assert np.array_equal(prediction.mean, predicted("gc")[0].mean)
    assert np.array_equal(letters, TEST.sequence)


def test_answers_hang_neither_on_chunks_nor_on_the_call(monkeypatch):
    whole = predicted("gc")[0].mean
    monkeypatch.setattr(calls, "CHUNK", 7)
    assert np.array_equal(predicted("gc")[0].mean, whole)


def test_unknown_letters_are_n():
    assert calls.letters(np.array([[0, 1, 2, 3, 4], [4, 4, 4, 0, 0]], np.uint8)) == ["ACGTN", "NNNAA"]
    unknown = np.full((2, 60), 4, np.uint8)
    assert predicted("gc", unknown)[0].mean.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("short", r"short: mean is \(99,\); expected \(100,\) or \(100, columns\)"),
        ("wide", "wide: 3 columns; expected 1, or 2 for a, b, or an attribute `outputs` that names its columns"),
        ("nan", "nan: mean is nan in row 4, column 1; expected finite"),
        ("huge", r"huge: mean is \S+e\+300 in row 1, column 1; expected finite"),
        ("words", r"words: mean is list of <U60; expected numbers"),
        ("ragged", "ragged: mean: raised ValueError: .*; expected numbers"),
        ("nothing", r"nothing: mean is NoneType of object; expected numbers"),
        (
            "raises",
            r"raises: rows 1 to 100: raised KeyError: .*no such letter:.*; expected an answer to every sequence",
        ),
        ("unsure", "unsure: SD is 0.0 in row 1, column 1; expected above 0"),
        ("triple", "triple: gave a tuple of 3; expected an array, or a pair: mean and SD"),
        ("misnamed", "misnamed: outputs aa; expected one of the task; did you mean 'a'"),
        ("too_few", "too_few: 1 columns, but 2 outputs named; expected as many"),
        ("misscaled", "misscaled: no scale 'fitt'; did you mean 'fit'"),
        ("constant", "constant: one value for all 400 training rows; expected several to fit a scale"),
        ("NeedsArguments", "NeedsArguments: raised TypeError: .*'weights'; expected a class that is built without"),
        ("NotCalled", r"NotCalled: NotCalled cannot be called; expected __call__\(sequences\)"),
    ],
)
def test_a_wrong_answer_is_one_line_with_the_name_of_the_model(name, message):
    with pytest.raises(ModelError, match=message) as caught:
        predicted(name)
    assert "\n" not in str(caught.value)


def test_rows_of_later_chunks_are_counted_from_the_first(monkeypatch):
    monkeypatch.setattr(calls, "CHUNK", 30)
    module = registry.load_path(f"{TOYS}:nan")
    sound = module.__globals__["gc"]
    late = iter([sound, sound, module])

    def third(texts):
        return next(late)(texts)

    monkeypatch.setattr(calls, "built", lambda recipe: third)
    with pytest.raises(ModelError, match="mean is nan in row 64"):
        predicted("nan")


def test_an_embedding_gets_a_ridge():
    names = {}
    for name in ("letters", "Letters"):
        head = embedding.Embedding(recipe(name))
        state = head.fit(TRAIN, VALIDATION, {})
        names[name] = head.predict(state, TEST.sequence, {})
    found = names["letters"]
    assert np.array_equal(found.mean, names["Letters"].mean)
    # Five counts tell GC exactly, so that no more than the noise of 0.3 is left.
    assert np.sqrt(((found.mean - TEST.observed) ** 2).mean()) == pytest.approx(0.3, rel=0.1)
    assert found.sd.mean() == pytest.approx(0.3, rel=0.2)
    told = embedding.facts(state, ("a", "b"))
    assert told["embedding"] == 5
    assert set(told["penalty"]) == {"a", "b"}


def test_an_embedding_of_another_shape_is_refused(monkeypatch):
    with pytest.raises(
        ModelError, match=r"profile: embedding is \(256, 60, 4\); expected \(256,\) or \(256, columns\)"
    ):
        embedding.Embedding(recipe("profile")).fit(TRAIN, VALIDATION, {})
    head = embedding.Embedding(recipe("letters"))
    state = head.fit(TRAIN, VALIDATION, {})
    monkeypatch.setattr(calls, "built", lambda recipe: lambda texts: np.zeros((len(texts), 4)))
    with pytest.raises(ModelError, match="letters: 4 numbers a sequence; expected 5 as before"):
        head.predict(state, TEST.sequence, {})


@pytest.fixture
def registries(monkeypatch):
    """Registries that forget what a test enters."""
    for found in registry.MODELS.values():
        monkeypatch.setattr(found, "_where", dict(found._where))
        monkeypatch.setattr(found, "_objects", dict(found._objects))


def test_registered_names_are_recipes_of_their_kind(registries):
    shiftbench.register_predictor("strangers_gc")(toy_predictors.gc)
    shiftbench.register_embedding("strangers_letters")(toy_predictors.letters)
    assert load_recipe("strangers_gc").kind == "callable"
    assert load_recipe("strangers_letters").kind == "embedding"
    with pytest.raises(InputError, match="no recipe 'stranger_gc'; did you mean 'strangers_gc'"):
        load_recipe("stranger_gc")
    del toy_predictors.gc.shiftbench_kind


def test_a_name_of_two_things_is_refused(registries):
    shiftbench.register_predictor("cnn")(toy_predictors.gc)
    with pytest.raises(InputError, match=r"'cnn': the name of a bundled recipe and .*toy_predictors:gc; rename yours"):
        load_recipe("cnn")
    shiftbench.register_predictor("twice")(toy_predictors.gc)
    shiftbench.register_network("twice")(toy_predictors.Built)
    with pytest.raises(InputError, match=r"'twice': the name of .*:Built and .*:gc; rename yours"):
        load_recipe("twice")
    del toy_predictors.gc.shiftbench_kind


def test_an_edited_source_or_dependency_is_another_model(tmp_path):
    file, weights = tmp_path / "model.py", tmp_path / "weights.txt"
    file.write_text("def predict(sequences): return [1.0] * len(sequences)\npredict.depends = ('weights.txt',)\n")
    weights.write_text("1")
    codes = [load_recipe(f"{file}:predict").code]
    assert load_recipe(f"{file}:predict").code == codes[0]
    weights.write_text("2")
    codes.append(load_recipe(f"{file}:predict").code)
    file.write_text(file.read_text().replace("1.0", "2.0"))
    codes.append(load_recipe(f"{file}:predict").code)
    assert len(set(codes)) == 3
    assert registry.load_path(f"{file}:predict")(["A"]) == [2.0], "an edited file is imported anew"
    weights.unlink()
    with pytest.raises(InputError, match=r"depends on .*weights.txt: cannot read"):
        load_recipe(f"{file}:predict")


def test_a_file_that_ends_the_process_is_one_line(tmp_path):
    file = tmp_path / "script.py"
    file.write_text("import sys\nsys.exit('usage: ...')\n")
    with pytest.raises(InputError, match="import failed with SystemExit: usage") as caught:
        load_recipe(f"{file}:predict")
    assert "\n" not in str(caught.value)


SUITE = tiny.suite(
    wrappers=("none", "ensemble", "variance_scaling", "conformal_normalised", "mc_dropout", "views"),
    metrics=("rmse", "pearson", "coverage"),
    resamples=100,
)
MODEL = """
def predict(sequences):
    return [10 * sum(letter in "CG" for letter in text) / len(text) + {offset} for text in sequences]
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run of the toy task with models of strangers: the run and its table."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shiftbench.report.finished.write", lambda folder: folder / "report.html")
    Path("toy.toml").write_text(SUITE)

    def call(*recipes, **more):
        options = {"engine": "inprocess", "device": "cpu", "output": Path("out"), "store": Path("store"), "quiet": True}
        ran = shiftbench.run_suite("toy.toml", recipes=recipes, **(options | more))
        return ran, results.read(ran.output / "results.parquet")

    return call


def test_models_of_strangers_are_wrapped_and_scored_like_any_other(run):
    ran, table = run(f"{TOYS}:gc", f"{TOYS}:letters")
    assert ran.failed == 0
    rows = table.query("metric == 'rmse' and target == 'observed' and output == 'a'").set_index(["recipe", "wrapper"])
    for name in ("gc", "letters"):
        # The noise of 0.3; the SE of the RMSE of 120 rows is .02.
        assert rows.value[name, "none"] == pytest.approx(0.3, abs=0.08)
        assert {*rows.loc[name].index} >= {"none", "variance_scaling", "conformal_normalised", "views"}
    left_out = table[table.status == "skipped"].set_index(["recipe", "wrapper"]).reason
    assert left_out["gc", "ensemble"] == "one training seed; ensemble joins two or more"
    assert left_out["gc", "mc_dropout"].startswith("a callable has no dropout")
    assert left_out["letters", "mc_dropout"].startswith("an embedding has no dropout")
    assert ran.manifest["models"]["toy/world0/fit/letters/seed0"]["embedding"] == 5


def test_unchanged_sources_are_reused_and_edited_ones_are_not(run, tmp_path):
    model = tmp_path / "model.py"
    model.write_text(MODEL.format(offset=0))
    _, table = run("model.py:predict")
    again, same = run("model.py:predict")
    assert set(again.manifest["nodes"]) == {"reused"}
    assert table.equals(same)
    model.write_text(MODEL.format(offset=3))
    edited, other = run("model.py:predict")
    made = [edited.plan.labels[name] for name, outcome in edited.outcomes.items() if outcome.state == "made"]
    assert made
    assert all("/predict/" in label for label in made)
    error = {"before": table, "after": other}
    rmse = {
        when: rows.query("recipe == 'predict' and metric == 'rmse' and wrapper == 'none' and output == 'a'").value.iloc[
            0
        ]
        for when, rows in error.items()
    }
    assert rmse["after"] == pytest.approx(np.hypot(3, rmse["before"]), rel=0.1)


def test_a_moved_model_goes_on_where_it_is(run, tmp_path):
    model, suite = tmp_path / "model.py", tmp_path / "toy.toml"
    model.write_text(MODEL.format(offset=0))
    run("model.py:predict")
    (tmp_path / "elsewhere").mkdir()
    model.rename(tmp_path / "elsewhere/model.py")
    suite.write_text(SUITE.replace("test = 120", "test = 110"))
    ran, _ = run("elsewhere/model.py:predict")
    assert ran.failed == 0
    states = {ran.plan.labels[name]: outcome.state for name, outcome in ran.outcomes.items()}
    assert states["toy/world0/fit/predict/seed0"] == "reused"
    assert states["toy/toy/world0/iid/prediction/predict/plain/seed0"] == "made"


def test_the_same_model_gives_the_same_bytes(run):
    for store in ("one", "two"):
        run(f"{TOYS}:gc", f"{TOYS}:letters", f"{TOYS}:celsius", store=Path(store))
    one, two = ({p.relative_to(s): p.read_bytes() for p in Path(s).rglob("*.npz")} for s in ("one", "two"))
    assert len(one) > 10
    assert one == two


def test_a_model_that_raises_fails_alone_and_its_traceback_is_kept(run):
    ran, table = run(f"{TOYS}:raises", f"{TOYS}:gc")
    (failed,) = ran.manifest["failed"]
    assert "raises: rows 1 to 100: raised KeyError" in failed["reason"]
    assert "expected an answer to every sequence (details in out/traces)" in failed["reason"]
    assert any("no such letter" in path.read_text() for path in Path("out/traces").iterdir())
    assert set(table.query("recipe == 'raises'").status) == {"skipped"}
    assert "ok" in set(table.query("recipe == 'gc'").status)
