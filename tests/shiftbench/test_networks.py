"""Our networks, structural features and views: shapes, what they learn, and what is the same twice."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from shiftbench import fits, predict
from shiftbench.errors import InputError, ModelError
from shiftbench.models import structural
from shiftbench.prediction import VIEWS, Prediction, View
from shiftbench.spec import Budget, Fit, Recipe, digest
from shiftbench.store import Store
from shiftbench.train import loop
from simulators import genome, motif, mpra

NETWORKS = ("cnn", "bilstm", "transformer")
BUDGET = Budget(epochs=2, batch=32)


def recipe_of(network, **more):
    more = {"channels": 8, "peak_lr": 4e-3} | more
    return Recipe(name=network, network=network, **more)


@pytest.fixture(scope="module")
def facts():
    return {"source_world": mpra.world(1).to_json().decode()}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("length", "channels", "features"), [(20, 8, 0), (83, 13, 7), (231, 32, 2)])
def test_any_length_and_width_will_do(name, length, channels, features):
    network = loop.build(recipe_of(name, channels=channels, prior="structural"), length, 3, features).eval()
    encoded, known = torch.rand(5, 4, length), torch.rand(5, features)
    with torch.no_grad():
        raw = loop.answer(network, encoded, known, name, 3)
        assert raw.shape == (5, 3, 2)
        assert torch.allclose(raw[:2], loop.answer(network, encoded[:2], known[:2], name, 3), atol=1e-5)
        if features:
            assert not torch.allclose(raw, loop.answer(network, encoded, known + 1, name, 3), atol=1e-3)


@pytest.fixture
def planted(toy):
    """Maker of samples of which every other one has TGACTCA somewhere and is one unit higher."""

    def make(n, seed):
        sample = toy(n, seed, outputs=("a",))
        rng = np.random.default_rng(seed + 100)
        for row in range(0, n, 2):
            start = rng.integers(0, 53)
            sample.sequence[row, start : start + 7] = [3, 2, 0, 1, 3, 1, 0]
        sample.observed[:, 0] = (np.arange(n) % 2 == 0) + rng.normal(0, 0.1, n)
        return sample

    return make


@pytest.mark.parametrize("name", NETWORKS)
def test_each_network_finds_a_planted_motif(planted, name):
    data = {"train": planted(800, 0), "validation": planted(200, 1)}
    trained = loop.train(recipe_of(name, channels=16), 0, Budget(epochs=8, batch=32), data, "cpu")
    assert trained.residual_sd[0] < 0.75 * data["validation"].observed.std()


@pytest.mark.parametrize("name", NETWORKS)
def test_each_network_reads_structural_features(toy, name):
    data = {"train": toy(500, length=20), "validation": toy(150, 1, length=20)}
    rng = np.random.default_rng(0)
    known = {role: rng.normal(size=(len(sample.id), 4)).astype(np.float32) for role, sample in data.items()}
    for role, sample in data.items():
        sample.observed[:] = known[role][:, :1] + np.abs(known[role][:, 1:2])
    recipe, budget = recipe_of(name, prior="structural"), Budget(epochs=8, batch=32)
    spread = data["validation"].observed.std(0)
    assert np.all(loop.train(recipe, 0, budget, data, "cpu", features=known).residual_sd < 0.4 * spread)
    blind = {role: np.flip(part, 0).copy() for role, part in known.items()}
    assert np.all(loop.train(recipe, 0, BUDGET, data, "cpu", features=blind).residual_sd > 0.9 * spread)


@pytest.mark.parametrize("name", NETWORKS)
def test_mixed_precision_of_each_network(toy, name):
    data = {"train": toy(200), "validation": toy(60, 1)}
    known = {role: np.ones((len(sample.id), 3), np.float32) for role, sample in data.items()}
    torch.manual_seed(0)
    mixed = loop._Learner(recipe_of(name, prior="structural"), BUDGET, data, "cpu", torch.bfloat16, known)
    seen = []
    stem = next(layer for layer in mixed.module.modules() if isinstance(layer, nn.Conv1d))
    stem.register_forward_hook(lambda module, args, out: seen.append(out.dtype))
    before = mixed.validation_loss()
    for _ in range(BUDGET.epochs):
        mixed.advance()
    assert torch.bfloat16 in seen
    assert mixed.lowest < before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("name", NETWORKS)
def test_each_network_learns_on_cuda_as_on_the_cpu(planted, name):
    data = {"train": planted(800, 0), "validation": planted(200, 1)}
    recipe, budget = recipe_of(name, channels=16, prior="structural"), Budget(epochs=8, batch=32)
    known = {role: np.zeros((len(sample.id), 3), np.float32) for role, sample in data.items()}
    for device in ("cpu", "cuda"):
        trained = loop.train(recipe, 0, budget, data, device, features=known)
        assert trained.residual_sd[0] < 0.75 * data["validation"].observed.std()


def test_a_network_without_features_is_refused_a_prior():
    where = f"{Path(__file__).parent}/outside/toy_models.py:Line"
    with pytest.raises(ModelError, match="names no features; expected by recipe mine with prior 'structural'"):
        loop.build(Recipe(name="mine", network=where, prior="structural"), 60, 2, 5)


def test_true_motifs_and_decoys(facts):
    program = mpra.world(1).program
    state, known = structural.fit(facts, np.random.default_rng(0).integers(0, 4, (50, 230), dtype=np.uint8))
    true, decoys = state["motifs"][: len(program.public)], state["motifs"][len(program.public) :]
    assert tuple(true) == program.public
    assert len(decoys) == 5 * len(true) == len(set(decoys))
    assert not {*decoys} & {*program.public, *program.dark}
    assert not motif.resembles(motif.load(decoys.tolist()), motif.load(program.dark), mpra.RESEMBLANCE).any()
    assert known.shape == (50, 2 * len(state["motifs"]))
    assert np.allclose(known.mean(0), 0, atol=1e-4)
    assert np.allclose(known.std(0), 1, atol=1e-4)


def test_candidates_are_features_where_nobody_is_told_which_are_true():
    names = [*mpra.world(1).program.public[:3]]
    state, known = structural.fit({"candidates": names}, np.random.default_rng(0).integers(0, 4, (9, 230), np.uint8))
    assert state["motifs"].tolist() == names
    assert known.shape == (9, 6)


def test_too_few_decoys_are_counted(facts, monkeypatch):
    monkeypatch.setattr(structural, "DECOYS", 100)
    with pytest.raises(InputError, match=r"found \d+ decoys outside the world; expected 3600"):
        structural.fit(facts, np.zeros((2, 230), np.uint8))


def test_features_of_both_strands_agree(facts):
    sequence = mpra.draw(mpra.world(1), 40, seed=3).sequence
    for told in (facts, {}):
        state, known = structural.fit(told, sequence)
        other = structural.standardised(state, predict.reverse_letters(sequence))
        assert np.allclose(known, other, atol=1e-4)
        assert np.array_equal(known[7:9], structural.standardised(state, sequence[7:9]))


def test_gc_stands_in_where_no_motif_is_known(toy):
    sequence = toy(30).sequence
    state, known = structural.fit({}, sequence)
    assert state["motifs"].size == 0
    share = genome.gc(sequence)
    assert np.corrcoef(known[:, 0], share)[0, 1] == pytest.approx(1, abs=1e-6)
    assert np.corrcoef(known[:, 1], share**2)[0, 1] == pytest.approx(1, abs=1e-6)
    one_gc = structural.fit({}, sequence[:1])[1]
    assert np.array_equal(one_gc, [[0, 0]])


def test_shifts_lay_bare_n():
    codes = np.array([[0, 1, 2, 3]], np.uint8)
    assert predict.shifted(codes, 0).tolist() == [[0, 1, 2, 3]]
    assert predict.shifted(codes, 1).tolist() == [[4, 0, 1, 2]]
    assert predict.shifted(codes, -3).tolist() == [[3, 4, 4, 4]]
    assert predict.shifted(codes, 4).tolist() == predict.shifted(codes, -5).tolist() == [[4] * 4]


@pytest.fixture
def fitted(tmp_path, toy):
    """Maker of a predictor from a stored fit of a recipe; `seed` and `length` of the toy data can be given."""

    def make(recipe, facts=None, seed=0, length=60):
        data = {"train": toy(150, length=length), "validation": toy(50, 1, length=length)}
        node = Fit(training="0" * 32, recipe=recipe, seed=seed, budget=BUDGET)
        store = Store(tmp_path / "store")
        store.prepare()
        fill = lambda folder: fits.make(node, data, facts or {}, folder, "cpu", tmp_path / "unfinished")  # noqa: E731
        store.write(node, fill, {})
        return fits.load(store.entry(digest(node)), recipe, "cpu")

    return make


def means(members):
    return np.stack([member.mean for member in members])


@pytest.mark.parametrize("name", NETWORKS)
def test_passes_with_dropout_differ_and_are_the_same_again(fitted, toy, name):
    recipe, sequence = recipe_of(name, dropout=0.2), toy(30, 2).sequence
    asked = fitted(recipe)
    plain = means(asked(sequence, {}, "plain"))
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = means(asked(sequence, {}, "dropout"))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.shape == (20, 30, 2)
    assert len(np.unique(first[:, 0, 0])) == 20
    assert np.array_equal(plain, means(asked(sequence, {}, "plain")))
    torch.manual_seed(2)
    assert np.array_equal(first, means(fitted(recipe)(sequence, {}, "dropout")))


def test_passes_of_another_fit_drop_other_units(fitted, toy, monkeypatch):
    """Weights made alike: what is left to differ is the text that names the fit."""
    sequence = toy(30, 2).sequence
    first = fitted(recipe_of("cnn", dropout=0.2))(sequence, {}, "dropout")
    train = loop.train
    monkeypatch.setattr(loop, "train", lambda recipe, seed, *rest: train(recipe, 0, *rest))
    asked = fitted(recipe_of("cnn", dropout=0.2), seed=1)
    second = asked(sequence, {}, "dropout")
    assert not np.array_equal(means(first), means(second))
    assert np.array_equal(
        means(asked(sequence, {}, "plain")), means(fitted(recipe_of("cnn", dropout=0.2))(sequence, {}, "plain"))
    )


def test_only_dropout_is_switched_on(toy):
    network = loop.build(recipe_of("cnn"), 60, 2).eval()
    with predict.dropping(network, "text", "cnn"):
        on = {type(layer).__name__ for layer in network.modules() if layer.training}
    assert on == {"Dropout"}
    assert not any(layer.training for layer in network.modules())


def test_dropout_that_is_not_there_is_said(fitted, toy):
    with pytest.raises(ModelError, match="cnn: no dropout layer with p above 0"):
        fitted(recipe_of("cnn", dropout=0.0))(toy(3).sequence, {}, "dropout")
    control = Recipe(name="gc_ridge", network="gc_ridge", kind="control")
    with pytest.raises(ModelError, match="gc_ridge: a control has no dropout"):
        fitted(control)(toy(3).sequence, {}, "dropout")


@pytest.mark.parametrize("recipe", [recipe_of("cnn"), Recipe(name="kmer_ridge", network="kmer_ridge", kind="control")])
def test_members_of_a_view_are_every_strand_at_every_shift(fitted, toy, recipe):
    asked, sequence = fitted(recipe), toy(20, 2).sequence
    members = means(asked(sequence, {}, "strands_shifts"))
    expected = []
    for bases in VIEWS["strands_shifts"].shifts:
        letters = predict.shifted(sequence, bases)
        expected += [asked(letters, {}, view)[0].mean for view in ("plain", "reverse")]
    assert members.shape[0] == 10
    assert np.allclose(members, expected, atol=1e-5)
    assert np.allclose(members[[4, 5]], means(asked(sequence, {}, "strands")), atol=1e-5)
    assert VIEWS["plain"] == View((False,))


def test_a_stored_fit_recomputes_its_features(fitted, toy, facts):
    asked = fitted(recipe_of("cnn", prior="structural"), facts, length=230)
    sequence = toy(20, 2, length=230).sequence
    plain = means(asked(sequence, {}, "plain"))
    assert np.allclose(plain[0, 5:], asked(sequence[5:], {}, "plain")[0].mean, atol=1e-5)
    reverse = asked(sequence, {}, "reverse")[0].mean
    assert np.allclose(reverse, asked(predict.reverse_letters(sequence), {}, "plain")[0].mean, atol=1e-4)
    assert not np.allclose(reverse, plain[0], atol=1e-4)


def test_pooled_members_keep_what_all_keep():
    quantiles = np.zeros((2, 1, 9), np.float32)
    kept = np.array([[True], [False]])
    members = [Prediction(np.full((2, 1), k, np.float32), quantiles, kept=part) for k, part in ((0, None), (2, kept))]
    pooled = predict.pool(members)
    assert pooled.mean.tolist() == [[1], [1]]
    assert np.array_equal(pooled.kept, kept)
    assert predict.pool([members[0]] * 2).kept is None
