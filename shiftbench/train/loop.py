"""The training loop: uint8 letters on the device, one-hot and augmentation there, early stop on validation."""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shiftbench.errors import InputError, ModelError
from shiftbench.models.heads import moments
from shiftbench.registry import NETWORKS
from shiftbench.spec import Budget, Recipe, did_you_mean
from shiftbench.train.losses import LOSSES, gaussian_nll, squared_error
from simulators.contract import Sample

CHUNK = 1024
"""Rows of one forward pass without gradients."""


@dataclass(frozen=True, slots=True)
class Trained:
    """Best weights, and what is needed to use them.

    `center`, `scale` float32 (outputs,) undo the standardisation; `residual_sd` (outputs,) is the root mean squared
    error on validation rows, log2 units; `history` has the training and validation loss of each epoch.
    """

    module: nn.Module
    center: NDArray[np.float32]
    scale: NDArray[np.float32]
    residual_sd: NDArray[np.float32]
    history: list[dict[str, float]]


def one_hot(codes: Tensor) -> Tensor:
    """Float (batch, 4, length) from codes uint8 (batch, length); N gives zeros."""
    letters = torch.arange(4, dtype=torch.uint8, device=codes.device)
    return (codes[:, None, :] == letters[:, None]).float()


def reverse_complement(encoded: Tensor) -> Tensor:
    """The other strand of one-hot (batch, 4, length) in the order A, C, G, T."""
    return encoded.flip(1, 2)


def build(recipe: Recipe, length: int, outputs: int) -> nn.Module:
    """Untrained network of a recipe; options that its constructor does not name are left to its own defaults."""
    factory = NETWORKS.get(recipe.network)
    wanted = inspect.signature(factory).parameters
    options = {name: getattr(recipe, name) for name in ("channels", "dropout") if name in wanted}
    try:
        module = factory(length=length, outputs=outputs, **options)
    except TypeError as error:
        raise ModelError(f"{recipe.network}: {error}; expected a call with length and outputs") from error
    if not isinstance(module, nn.Module):
        raise ModelError(f"{recipe.network}: gave {type(module).__name__}; expected a torch.nn.Module")
    return module


def answer(module: nn.Module, encoded: Tensor, name: str, outputs: int) -> Tensor:
    """What the network says of one-hot letters, with its shape and values checked; `ModelError` in one line."""
    raw = module(encoded)
    rows = len(encoded)
    if not isinstance(raw, Tensor) or raw.shape not in ((rows, outputs), (rows, outputs, 2)):
        found = tuple(raw.shape) if isinstance(raw, Tensor) else type(raw).__name__
        raise ModelError(f"{name}: gave {found}; expected ({rows}, {outputs}) or ({rows}, {outputs}, 2)")
    if not bool(torch.isfinite(raw).all()):
        raise ModelError(f"{name}: gave NaN or infinity; expected finite numbers (a lower learning rate may help)")
    return raw


def train(recipe: Recipe, seed: int, budget: Budget, data: dict[str, Sample], device: str) -> Trained:
    """Network of `recipe` trained on `data["train"]`, chosen on `data["validation"]`.

    The same seed, device and one thread give the same weights. Raises `ModelError` for a network whose answer has a
    wrong shape or is not finite, `InputError` for an unknown loss.
    """
    if recipe.loss not in LOSSES:
        raise InputError(f"recipe {recipe.name}: no loss {recipe.loss!r}{did_you_mean(recipe.loss, list(LOSSES))}")
    torch.set_num_threads(1)
    # Only the CPU has a deterministic kernel for every operation that a stranger's network may use.
    torch.use_deterministic_algorithms(True, warn_only=device != "cpu")
    torch.manual_seed(seed)
    learner = _Learner(recipe, budget, data, device)
    best, state, since = np.inf, learner.state(), 0
    history = []
    for epoch in range(budget.epochs):
        training, validation = learner.epoch(epoch), learner.validation_loss()
        history.append({"training": training, "validation": validation})
        if recipe.selection == "last" or validation < best:
            best, state, since = validation, learner.state(), 0
        elif (since := since + 1) >= recipe.patience:
            break
    learner.module.load_state_dict(state)
    return Trained(learner.module, learner.center, learner.scale, learner.residual_sd(), history)


class _Learner:
    """Data on the device, network, optimiser and schedule of one fit."""

    def __init__(self, recipe: Recipe, budget: Budget, data: dict[str, Sample], device: str) -> None:
        train, validation = data["train"], data["validation"]
        self.name, self.batch, self.device = recipe.network, budget.batch, device
        self.outputs = len(train.outputs)
        self.center = train.observed.mean(0)
        self.scale = np.maximum(train.observed.std(0), 1e-6)
        self.letters, self.targets = self._load(train)
        self.held_letters, self.held_targets = self._load(validation)
        self.module = build(recipe, train.sequence.shape[1], self.outputs).to(device)
        self.module.eval()
        with torch.no_grad():
            raw = answer(self.module, one_hot(self.letters[:2]), self.name, self.outputs)
        gaussian = raw.ndim == 3
        self.loss = LOSSES[recipe.loss] if gaussian else squared_error
        self.selection_loss = gaussian_nll if gaussian else squared_error
        self.optimiser = torch.optim.AdamW(
            self.module.parameters(), lr=recipe.peak_lr, weight_decay=recipe.weight_decay
        )
        self.steps = max(1, len(self.letters) // self.batch)
        total = max(2, self.steps * budget.epochs)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, max_lr=recipe.peak_lr, total_steps=total)

    def _load(self, sample: Sample) -> tuple[Tensor, Tensor]:
        standard = (sample.observed - self.center) / self.scale
        return torch.from_numpy(sample.sequence).to(self.device), torch.from_numpy(standard).to(self.device)

    def epoch(self, number: int) -> float:
        """Mean training loss of one pass in a new order, each row on a random strand; an incomplete batch waits."""
        self.module.train()
        order = torch.randperm(len(self.letters)).to(self.device)
        total = torch.zeros((), device=self.device)
        for step in range(self.steps):
            rows = order[step * self.batch : (step + 1) * self.batch]
            encoded = one_hot(self.letters[rows])
            flip = (torch.rand(len(rows)) < 0.5).to(self.device)
            encoded = torch.where(flip[:, None, None], reverse_complement(encoded), encoded)
            loss = self.loss(self.module(encoded), self.targets[rows])
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            self.schedule.step()
            total += loss.detach()
        mean = float(total) / self.steps
        if not np.isfinite(mean):
            raise ModelError(f"{self.name}: training loss is {mean} in epoch {number + 1}; try a lower learning rate")
        return mean

    def _held_out(self) -> Tensor:
        self.module.eval()
        with torch.no_grad():
            parts = torch.split(self.held_letters, CHUNK)
            chunks = [answer(self.module, one_hot(part), self.name, self.outputs) for part in parts]
        return torch.cat(chunks)

    def validation_loss(self) -> float:
        """Proper loss (NLL, or squared error of a point network) on the validation rows."""
        return float(self.selection_loss(self._held_out(), self.held_targets))

    def residual_sd(self) -> NDArray[np.float32]:
        """Root mean squared validation error of each output, log2 units."""
        error = moments(self._held_out())[0] - self.held_targets
        return np.asarray(error.square().mean(0).sqrt().cpu().numpy() * self.scale, dtype=np.float32)

    def state(self) -> dict[str, Any]:
        """Copy of the weights."""
        return {name: value.detach().clone() for name, value in self.module.state_dict().items()}
