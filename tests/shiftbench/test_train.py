"""The training loop and prediction: encoding, repeatability, and networks that misbehave."""

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from shiftbench import predict, registry
from shiftbench.errors import InputError, ModelError
from shiftbench.spec import Budget, Recipe
from shiftbench.train import checkpoint, loop

RECIPE = Recipe(name="cnn", network="cnn", channels=8)
BUDGET = Budget(epochs=3, batch=32)


class Linear(nn.Module):
    """A stranger's point network."""

    def __init__(self, length, outputs):
        super().__init__()
        self.layer = nn.Linear(4 * length, outputs)

    def forward(self, encoded):
        return self.layer(encoded.flatten(1))


class WrongShape(Linear):
    def forward(self, encoded):
        return super().forward(encoded)[:, :1]


class NotFinite(Linear):
    def forward(self, encoded):
        return super().forward(encoded) / 0


class Exploding(Linear):
    def forward(self, encoded):
        return super().forward(encoded) * (torch.nan if self.training else 1)


def not_a_module(length, outputs):
    return {}


def recipe_of(network):
    where = f"{network.__module__}.{network.__name__}"
    registry.NETWORKS.register(where)(network)
    return Recipe(name="outside", network=where)


def test_one_hot_and_the_other_strand():
    codes = torch.tensor([[0, 1, 2, 3, 4]], dtype=torch.uint8)
    encoded = loop.one_hot(codes)
    assert encoded.tolist() == [[[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]]]
    other = loop.one_hot(torch.from_numpy(predict.reverse_letters(codes.numpy())))
    assert torch.equal(loop.reverse_complement(encoded), other)
    assert predict.reverse_letters(codes.numpy()).tolist() == [[4, 0, 1, 2, 3]]


def test_same_seed_same_weights_and_another_seed_others(toy):
    data = {"train": toy(200), "validation": toy(60, 1)}
    first, second, other = (loop.train(RECIPE, seed, BUDGET, data, "cpu") for seed in (0, 0, 1))
    states = [list(trained.module.state_dict().values()) for trained in (first, second, other)]
    assert all(torch.equal(a, b) for a, b in zip(states[0], states[1], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(states[0], states[2], strict=True))


def test_training_learns(toy):
    data = {"train": toy(1000), "validation": toy(200, 1)}
    trained = loop.train(RECIPE, 0, Budget(epochs=12, batch=32), data, "cpu")
    assert np.all(trained.residual_sd < 0.75 * data["validation"].observed.std(0))


def test_early_stop_keeps_the_best_epoch(toy):
    data = {"train": toy(100), "validation": toy(60, 1)}
    impatient = Recipe(name="cnn", network="cnn", channels=8, patience=1, peak_lr=0.3)
    trained = loop.train(impatient, 0, Budget(epochs=40, batch=32), data, "cpu")
    losses = [epoch["validation"] for epoch in trained.history]
    assert len(losses) < 40
    assert losses[-1] > min(losses)
    learner = loop._Learner(impatient, BUDGET, data, "cpu", torch.float32)
    learner.module.load_state_dict(trained.module.state_dict())
    assert learner.validation_loss() == pytest.approx(min(losses), rel=1e-5)


class Stopped(BaseException):
    """What a killed process is to a test."""


@pytest.fixture
def stop(monkeypatch):
    """Make fits write a checkpoint after each epoch and end in a given one; gives the numbers of all epochs begun."""
    begun = []
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    epoch = loop._Learner.epoch

    def arm(number):
        def stopping(learner, current):
            begun.append(current)
            loss = epoch(learner, current)
            if current == number:
                raise Stopped
            return loss

        monkeypatch.setattr(loop._Learner, "epoch", stopping)
        return begun

    return arm


def same(one, two):
    states = one.module.state_dict(), two.module.state_dict()
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


LONG = Recipe(name="cnn", network="cnn", channels=8, dropout=0.2, patience=3, peak_lr=0.05)


@pytest.mark.parametrize("selection", ["best_validation_loss", "last"])
@pytest.mark.parametrize("epoch", [0, 4])
def test_a_stopped_fit_goes_on_to_the_same_bits(toy, tmp_path, stop, epoch, selection):
    recipe, budget = msgspec.structs.replace(LONG, selection=selection), Budget(epochs=9, batch=32)
    data = {"train": toy(150), "validation": toy(60, 1)}
    whole = loop.train(recipe, 3, budget, data, "cpu")
    path = tmp_path / "fit"
    begun = stop(epoch)
    with pytest.raises(Stopped):
        loop.train(recipe, 3, budget, data, "cpu", path)
    assert path.exists() == (epoch > 0)
    stop(-1)
    continued = loop.train(recipe, 3, budget, data, "cpu", path)
    assert begun == [*range(epoch + 1), *range(epoch, len(whole.history))]
    assert same(continued, whole)
    assert continued.history == whole.history
    assert np.array_equal(continued.residual_sd, whole.residual_sd)
    assert [found.name for found in tmp_path.iterdir()] == ["fit"]


@pytest.mark.parametrize("network", ["cnn", "bilstm", "transformer"])
def test_a_stopped_fit_with_features_goes_on_to_the_same_bits(toy, tmp_path, stop, network):
    recipe, budget = msgspec.structs.replace(LONG, network=network, prior="structural"), Budget(epochs=4, batch=32)
    data, rng = {"train": toy(150), "validation": toy(60, 1)}, np.random.default_rng(0)
    known = {role: rng.normal(size=(len(sample.id), 3)).astype(np.float32) for role, sample in data.items()}
    whole = loop.train(recipe, 3, budget, data, "cpu", features=known)
    stop(2)
    with pytest.raises(Stopped):
        loop.train(recipe, 3, budget, data, "cpu", tmp_path / "fit", known)
    stop(-1)
    assert same(loop.train(recipe, 3, budget, data, "cpu", tmp_path / "fit", known), whole)
    other = {role: part + 1 for role, part in known.items()}
    assert not same(loop.train(recipe, 3, budget, data, "cpu", features=other), whole)


def test_the_random_state_is_part_of_it(toy, tmp_path, stop, monkeypatch):
    data, budget = {"train": toy(150), "validation": toy(60, 1)}, Budget(epochs=4, batch=32)
    whole = loop.train(LONG, 3, budget, data, "cpu")
    stop(2)
    with pytest.raises(Stopped):
        loop.train(LONG, 3, budget, data, "cpu", tmp_path / "fit")
    stop(-1)
    monkeypatch.setattr(loop, "_set_random_states", lambda device, states: None)
    assert not same(loop.train(LONG, 3, budget, data, "cpu", tmp_path / "fit"), whole)


@pytest.mark.parametrize("fault", ["cut", "other torch", "no safetensors"])
def test_a_checkpoint_that_cannot_be_used_is_told_and_left(toy, tmp_path, stop, monkeypatch, caplog, fault):
    data, path = {"train": toy(150), "validation": toy(60, 1)}, tmp_path / "fit"
    begun = stop(1)
    with pytest.raises(Stopped):
        loop.train(LONG, 3, BUDGET, data, "cpu", path)
    if fault == "cut":
        path.write_bytes(path.read_bytes()[:-50])
    elif fault == "no safetensors":
        path.write_text("{}")
    else:
        monkeypatch.setattr(torch, "__version__", "0.1")
    stop(-1)
    again = loop.train(LONG, 3, BUDGET, data, "cpu", path)
    assert begun == [0, 1, 0, 1, 2]
    assert "the fit starts anew" in caplog.text
    assert same(again, loop.train(LONG, 3, BUDGET, data, "cpu"))


def test_short_fits_write_no_checkpoint(toy, tmp_path):
    loop.train(RECIPE, 0, BUDGET, {"train": toy(100), "validation": toy(30, 1)}, "cpu", tmp_path / "fit")
    assert not list(tmp_path.iterdir())


def test_mixed_precision_keeps_weights_answers_and_losses_in_float32(toy):
    data = {"train": toy(500), "validation": toy(100, 1)}
    torch.manual_seed(0)
    mixed = loop._Learner(RECIPE, BUDGET, data, "cpu", torch.bfloat16)
    seen = []
    mixed.module.register_forward_hook(lambda module, args, out: seen.append(out.dtype))
    convolution = next(layer for layer in mixed.module.modules() if isinstance(layer, nn.Conv1d))
    convolution.register_forward_hook(lambda module, args, out: seen.append(out.dtype))
    raw = mixed._forward(loop.one_hot(mixed.letters[:8]), mixed.features[:8])
    assert seen == [torch.bfloat16, torch.float32]
    assert mixed.loss(raw, mixed.targets[:8]).dtype == torch.float32
    before = mixed.validation_loss()
    for _ in range(BUDGET.epochs):
        mixed.advance()
    assert mixed.lowest < before
    assert {weight.dtype for weight in mixed.module.parameters()} == {torch.float32}
    assert mixed.precision == "bfloat16"


def test_a_strangers_answer_in_low_precision_is_widened(toy):
    learner = loop._Learner(
        recipe_of(Linear), BUDGET, {"train": toy(64), "validation": toy(16, 1)}, "cpu", torch.bfloat16
    )
    assert learner._forward(loop.one_hot(learner.letters[:4]), learner.features[:4]).dtype == torch.float32


def test_the_cpu_trains_in_float32(toy):
    trained = loop.train(RECIPE, 0, BUDGET, {"train": toy(100), "validation": toy(30, 1)}, "cpu")
    assert trained.precision == "float32"


def test_a_point_network_states_its_residual_sd(toy):
    data = {"train": toy(500), "validation": toy(100, 1)}
    trained = loop.train(recipe_of(Linear), 0, Budget(epochs=15, batch=32), data, "cpu")
    assert trained.residual_sd.shape == (2,)
    assert np.all(trained.residual_sd < data["validation"].observed.std(0))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (WrongShape, r"gave \(2, 1\); expected \(2, 2\) or \(2, 2, 2\)"),
        (NotFinite, "gave NaN or infinity"),
        (Exploding, "training loss is nan in epoch 1"),
        (not_a_module, "gave dict; expected a torch.nn.Module"),
    ],
)
def test_a_network_that_misbehaves_is_named_in_one_line(toy, network, message):
    data = {"train": toy(64), "validation": toy(16, 1)}
    with pytest.raises(ModelError, match=message) as caught:
        loop.train(recipe_of(network), 0, BUDGET, data, "cpu")
    assert "\n" not in str(caught.value)


def test_unknown_loss(toy):
    data = {"train": toy(64), "validation": toy(16, 1)}
    with pytest.raises(InputError, match="did you mean 'beta_nll'"):
        loop.train(Recipe(name="cnn", network="cnn", loss="betta_nll"), 0, BUDGET, data, "cpu")


def test_views(toy):
    sample = toy(20)
    trained = loop.train(RECIPE, 0, BUDGET, {"train": toy(100), "validation": toy(30, 1)}, "cpu")

    def mean(sequence):
        return predict.raw_moments(trained.module, sequence, np.zeros((20, 0), np.float32), "cnn", 2, "cpu")[0]

    forward, reverse = mean(sample.sequence), mean(predict.reverse_letters(sample.sequence))
    encoded = loop.reverse_complement(loop.one_hot(torch.from_numpy(sample.sequence)))
    with torch.no_grad():
        assert np.allclose(reverse, trained.module(encoded)[..., 0].numpy(), atol=1e-6)
    assert not np.allclose(forward, reverse, atol=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cuda_gives_what_the_cpu_gives_to_rounding(toy):
    data = {"train": toy(500), "validation": toy(100, 1)}
    cpu, cuda = (loop.train(RECIPE, 0, BUDGET, data, device) for device in ("cpu", "cuda"))
    assert np.allclose(cpu.residual_sd, cuda.residual_sd, rtol=0.1)
    assert cuda.precision in ("bfloat16", "float32")
