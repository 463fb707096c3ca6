"""From a small finished run to an entry: whole sets and announced seeds only, laws as the wrappers state them."""

from types import SimpleNamespace

import numpy as np
import pytest

from leaderboard.declaration import Declaration
from leaderboard.pack import NORMAL, STEP, _machine, _sd, pack, rounded
from leaderboard.questions import Asked, Questions
from shiftbench.comparison.contents import Contender, read
from shiftbench.errors import InputError
from shiftbench.nodes import read_sample
from shiftbench.options import options
from shiftbench.prediction import Prediction, gaussian
from shiftbench.run import run
from shiftbench.spec import Data
from tests import tiny

DECLARED = Declaration(
    team="lab", title="Ours", authors="A, B", training_data="the training rows", pretraining="none", trials=3
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of a toy suite at the tier bench: its contents, and the questions that its test sets make."""
    folder = tmp_path_factory.mktemp("run")
    suite = folder / "toy.toml"
    wrappers = ("none", "ensemble", "conformal_split", "variance_scaling")
    text = tiny.suite(recipes=("training_mean", "gc_ridge", "cnn"), wrappers=wrappers, width=0.0625, seeds=2, epochs=1)
    suite.write_text(text.replace("tiers.smoke", "tiers.bench"))
    asked = options(str(suite), "bench", output=folder / "out", store=folder / "store", engine="inprocess", quiet=True)
    ran = run(asked)
    contents = read(ran.output)
    tests = {name: node for name, node in ran.plan.nodes.items() if isinstance(node, Data) and node.role == "test"}
    sets = []
    for name in tests:
        sample = read_sample(contents.store.entry(name))
        sets.append(Asked(name, ran.plan.labels[name], sample.id))
    return SimpleNamespace(contents=contents, questions=Questions("toy", 1, "", sample.outputs, (0, 1), tuple(sets)))


def packed(made, recipe, wrapper="none", **changes):
    questions = Questions(**{name: changes.get(name, getattr(made.questions, name)) for name in Questions.__slots__})
    return pack(made.contents, Contender(recipe, wrapper), DECLARED, questions)


def test_all_seeds_of_a_network_are_packed_as_it_predicted(made):
    manifest, answers = packed(made, "cnn")
    assert manifest.seeds == (0, 1)
    assert manifest.model.kind == "network"
    assert manifest.model.width == pytest.approx(0.0625)
    assert manifest.cost.seconds > 0
    assert manifest.entry == "lab-cnn-none-cpu"
    assert not manifest.division.ensemble
    assert answers.quantiles is None
    assert answers.mean.shape == answers.sd.shape == (2, manifest.tests[0].rows, len(manifest.outputs))
    (scores,) = made.contents.scores.values()
    stored = [made.contents.store.entry(one.node.predictions[0]) for one in scores[Contender("cnn")][0]]
    for seed, entry in enumerate(stored):
        with np.load(entry.file("prediction.npz")) as said:
            np.testing.assert_allclose(answers.mean[seed], said["mean"], atol=STEP)
            np.testing.assert_allclose(answers.sd[seed], said["aleatoric"], atol=STEP)


def test_joined_seeds_are_one_answer_of_the_ensemble_division(made):
    manifest, answers = packed(made, "cnn", "ensemble")
    assert manifest.division.ensemble
    assert len(answers.mean) == 1
    assert manifest.seeds == (0, 1)
    alone, _ = packed(made, "cnn")
    assert manifest.cost.cpu_seconds == pytest.approx(2 * alone.cost.cpu_seconds, abs=0.02)


def test_intervals_without_a_density_keep_their_quantiles_and_get_the_nearest_sd(made):
    _, answers = packed(made, "cnn", "conformal_split")
    assert answers.quantiles is not None
    assert (np.diff(answers.quantiles, axis=-1) >= 0).all()
    assert (answers.sd > 0).all()


def test_a_fit_that_leaves_nothing_to_chance_has_one_answer(made):
    manifest, answers = packed(made, "gc_ridge")
    assert manifest.seeds == (0,)
    assert len(answers.mean) == 1
    assert manifest.model.parameters == 0


def test_sets_without_an_announced_seed_are_missing_and_nothing_at_all_is_refused(made):
    with pytest.raises(InputError, match="no test set of toy version 1 has predictions of cnn for seeds 0, 1, 2"):
        packed(made, "cnn", seeds=(0, 1, 2))
    further = Asked("0" * 32, "elsewhere", np.array(["a"]))
    manifest, answers = packed(made, "cnn", sets=(further, *made.questions.sets))
    assert [one.digest for one in manifest.tests] == [one.digest for one in made.questions.sets]
    assert set(answers.rows) == {one.digest for one in made.questions.sets}


def test_another_tier_is_refused(made, monkeypatch):
    monkeypatch.setattr("leaderboard.pack.PRESETS", {"core": "full"})
    with pytest.raises(InputError, match="a run of the tier bench; expected core"):
        packed(made, "cnn")


def test_the_nearest_normal_law_is_exact_for_a_normal_law_and_leaves_infinite_ends_out():
    rng = np.random.default_rng(0)
    mean, sd = rng.normal(size=(50, 2)).astype(np.float32), rng.uniform(0.1, 2, (50, 2)).astype(np.float32)
    law = gaussian(mean, sd)
    bare = Prediction(mean, law.quantiles)
    np.testing.assert_allclose(_sd(bare), sd, rtol=1e-4)
    open_ended = law.quantiles.copy()
    open_ended[..., 0], open_ended[..., -1] = -np.inf, np.inf
    np.testing.assert_allclose(_sd(Prediction(mean, open_ended)), sd, rtol=1e-4)
    assert NORMAL[4] == 0


def test_rounding_stays_within_half_a_step():
    values = np.random.default_rng(1).normal(0, 3, 1000).astype(np.float32)
    assert np.abs(rounded(values) - values).max() <= STEP / 2 + 1e-7
    assert (rounded(values) / STEP % 1 == 0).all()


@pytest.mark.parametrize(
    ("platform", "told"),
    [
        ("Linux-6.1.0-25-amd64-x86_64-with-glibc2.36", "Linux x86_64"),
        ("macOS-15.1-arm64-arm-64bit", "macOS arm64"),
        ("Plan9", "Plan9"),
    ],
)
def test_hardware_is_told_without_the_machine(platform, told):
    assert _machine(platform) == told
