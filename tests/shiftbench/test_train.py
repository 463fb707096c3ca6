"""The training loop and prediction: encoding, repeatability, and networks that misbehave."""

import numpy as np
import pytest
import torch
from torch import nn

from shiftbench import predict, registry
from shiftbench.errors import InputError, ModelError
from shiftbench.spec import Budget, Recipe
from shiftbench.train import loop

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
    learner = loop._Learner(impatient, BUDGET, data, "cpu")
    learner.module.load_state_dict(trained.module.state_dict())
    assert learner.validation_loss() == pytest.approx(min(losses), rel=1e-5)


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

    def mean(sequence, reverse):
        return predict.raw_moments(trained.module, sequence, "cnn", 2, "cpu", reverse)[0]

    forward, reverse = mean(sample.sequence, False), mean(sample.sequence, True)
    assert np.allclose(reverse, mean(predict.reverse_letters(sample.sequence), False), atol=1e-6)
    assert not np.allclose(forward, reverse, atol=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cuda_gives_what_the_cpu_gives_to_rounding(toy):
    data = {"train": toy(500), "validation": toy(100, 1)}
    cpu, cuda = (loop.train(RECIPE, 0, BUDGET, data, device) for device in ("cpu", "cuda"))
    assert np.allclose(cpu.residual_sd, cuda.residual_sd, rtol=0.1)
