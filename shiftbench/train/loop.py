"""The training loop: uint8 letters on the device, one-hot and augmentation there, early stop on validation."""

import inspect
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shiftbench.errors import InputError, ModelError
from shiftbench.models.heads import moments
from shiftbench.registry import NETWORKS
from shiftbench.spec import Budget, Recipe, did_you_mean
from shiftbench.train.checkpoint import Checkpoint, State
from shiftbench.train.losses import LOSSES, gaussian_nll, squared_error
from simulators.contract import Sample

log = logging.getLogger("shiftbench.train")

Floats = NDArray[np.float32]

CHUNK = 1024
"""Rows of one forward pass without gradients."""


@dataclass(frozen=True, slots=True)
class Trained:
    """Best weights, and what is needed to use them.

    `center`, `scale` float32 (outputs,) undo the standardisation; `residual_sd` (outputs,) is the root mean squared
    error on validation rows, log2 units; `history` has the training and validation loss of each epoch; `precision` of
    the layers while training, float32 or bfloat16.
    """

    module: nn.Module
    center: NDArray[np.float32]
    scale: NDArray[np.float32]
    residual_sd: NDArray[np.float32]
    history: list[dict[str, float]]
    precision: str


def one_hot(codes: Tensor) -> Tensor:
    """Float (batch, 4, length) from codes uint8 (batch, length); N gives zeros."""
    letters = torch.arange(4, dtype=torch.uint8, device=codes.device)
    return (codes[:, None, :] == letters[:, None]).float()


def reverse_complement(encoded: Tensor) -> Tensor:
    """The other strand of one-hot (batch, 4, length) in the order A, C, G, T."""
    return encoded.flip(1, 2)


def build(recipe: Recipe, length: int, outputs: int, features: int = 0) -> nn.Module:
    """Untrained network of a recipe; options that its constructor does not name are left to its own defaults.

    `features` is the number of structural features of a recipe with that prior, which it has to name.
    """
    factory = NETWORKS.get(recipe.network)
    wanted = inspect.signature(factory).parameters
    options = {name: getattr(recipe, name) for name in ("channels", "dropout") if name in wanted}
    if recipe.prior:
        if "features" not in wanted:
            raise ModelError(
                f"{recipe.network}: names no features; expected by recipe {recipe.name} with prior {recipe.prior!r}"
            )
        options["features"] = features
    try:
        module = factory(length=length, outputs=outputs, **options)
    except TypeError as error:
        raise ModelError(f"{recipe.network}: {error}; expected a call with length and outputs") from error
    if not isinstance(module, nn.Module):
        raise ModelError(f"{recipe.network}: gave {type(module).__name__}; expected a torch.nn.Module")
    return module


def ask(module: nn.Module, encoded: Tensor, features: Tensor) -> Tensor:
    """What the network says of one-hot letters and structural features (batch, p); p = 0 of a network without."""
    raw: Tensor = module(encoded, features) if features.shape[1] else module(encoded)
    return raw


def answer(module: nn.Module, encoded: Tensor, features: Tensor, name: str, outputs: int) -> Tensor:
    """What the network says, with its shape and values checked; `ModelError` in one line."""
    raw = ask(module, encoded, features)
    rows = len(encoded)
    if not isinstance(raw, Tensor) or raw.shape not in ((rows, outputs), (rows, outputs, 2)):
        found = tuple(raw.shape) if isinstance(raw, Tensor) else type(raw).__name__
        raise ModelError(f"{name}: gave {found}; expected ({rows}, {outputs}) or ({rows}, {outputs}, 2)")
    if not bool(torch.isfinite(raw).all()):
        raise ModelError(f"{name}: gave NaN or infinity; expected finite numbers (a lower learning rate may help)")
    return raw


def precision_of(device: str) -> torch.dtype:
    """What layers compute in while training: bfloat16 on a CUDA device that has it, float32 elsewhere."""
    if device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float32


def train(
    recipe: Recipe,
    seed: int,
    budget: Budget,
    data: dict[str, Sample],
    device: str,
    checkpoint: Path | None = None,
    features: dict[str, Floats] | None = None,
) -> Trained:
    """Network of `recipe` trained on `data["train"]`, chosen on `data["validation"]`.

    `features`: structural features (n, p) of the rows of both, for a recipe with that prior.

    The same seed, device and one thread give the same weights. A fit that was stopped goes on from `checkpoint`, which
    is written about once a minute and left to the caller to remove; on a CPU it ends with the weights of one that was
    not. Raises `ModelError` for a network whose answer has a wrong shape or is not finite, `InputError` for an unknown
    loss.
    """
    if recipe.loss not in LOSSES:
        raise InputError(f"recipe {recipe.name}: no loss {recipe.loss!r}{did_you_mean(recipe.loss, list(LOSSES))}")
    torch.set_num_threads(1)
    # Only the CPU has a deterministic kernel for every operation that a stranger's network may use.
    torch.use_deterministic_algorithms(True, warn_only=device != "cpu")
    # Filling fresh memory only shows who reads it, and takes a tenth of the time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.manual_seed(seed)
    learner = _Learner(recipe, budget, data, device, precision_of(device), features)
    kept = Checkpoint(checkpoint, device, learner.precision)
    if state := kept.read():
        learner.restore(*state)
        log.info("%s: goes on after epoch %d of %d", recipe.name, len(learner.history), budget.epochs)
    while len(learner.history) < budget.epochs and not learner.stopped():
        learner.advance()
        if kept.due():
            kept.write(*learner.snapshot())
    learner.module.load_state_dict(learner.best)
    return Trained(
        learner.module, learner.center, learner.scale, learner.residual_sd(), learner.history, learner.precision
    )


class _Learner:
    """Data on the device, network, optimiser and schedule of one fit, how far it is, and its best weights."""

    def __init__(
        self, recipe: Recipe, budget: Budget, data: dict[str, Sample], device: str, precision: torch.dtype,
        features: dict[str, Floats] | None = None,
    ) -> None:  # fmt: skip
        train, validation = data["train"], data["validation"]
        self.recipe, self.dtype = recipe, precision
        self.name, self.batch, self.device = recipe.network, budget.batch, device
        self.outputs = len(train.outputs)
        self.center = train.observed.mean(0)
        self.scale = np.maximum(train.observed.std(0), 1e-6)
        known = features or {role: np.zeros((len(sample.sequence), 0), np.float32) for role, sample in data.items()}
        self.letters, self.features, self.targets = self._load(train, known["train"])
        self.held = self._load(validation, known["validation"])
        self.module = build(recipe, train.sequence.shape[1], self.outputs, self.features.shape[1]).to(device)
        self.module.eval()
        with torch.no_grad():
            raw = self._answer(self.letters[:2], self.features[:2])
        gaussian = raw.ndim == 3
        self.loss = LOSSES[recipe.loss] if gaussian else squared_error
        self.selection_loss = gaussian_nll if gaussian else squared_error
        self.optimiser = torch.optim.AdamW(
            self.module.parameters(), lr=recipe.peak_lr, weight_decay=recipe.weight_decay
        )
        self.steps = max(1, len(self.letters) // self.batch)
        total = max(2, self.steps * budget.epochs)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, max_lr=recipe.peak_lr, total_steps=total)
        self.history: list[dict[str, float]] = []
        self.best, self.lowest, self.since = self.weights(), float("inf"), 0

    @property
    def precision(self) -> str:
        """Name of the type that layers compute in while training."""
        return str(self.dtype).removeprefix("torch.")

    def advance(self) -> None:
        """One epoch, and its weights if they are the best so far."""
        training, validation = self.epoch(len(self.history)), self.validation_loss()
        self.history.append({"training": training, "validation": validation})
        self.since += 1
        if self.recipe.selection == "last" or validation < self.lowest:
            self.best, self.lowest, self.since = self.weights(), validation, 0

    def stopped(self) -> bool:
        """Whether the validation loss has not improved for too long."""
        return self.since >= self.recipe.patience

    def snapshot(self) -> State:
        """All that the next epochs hang on: tensors, and the rest as JSON values."""
        optimiser = self.optimiser.state_dict()
        tensors = {f"now.{name}": value for name, value in self.module.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        tensors |= {f"optimiser.{k}.{name}": v for k, slots in optimiser["state"].items() for name, v in slots.items()}
        tensors |= {f"random.{name}": value for name, value in _random_states(self.device).items()}
        facts = {name: getattr(self, name) for name in ("history", "lowest", "since")}
        groups = {"groups": optimiser["param_groups"], "schedule": self.schedule.state_dict()}
        return tensors, facts | groups

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Go back to where `snapshot` was called."""

        def part(name: str) -> dict[str, Tensor]:
            return {key.removeprefix(name): value for key, value in tensors.items() if key.startswith(name)}

        self.module.load_state_dict(part("now."))
        self.best = part("best.")
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in part("optimiser.").items():
            number, _, slot = name.partition(".")
            slots.setdefault(int(number), {})[slot] = value
        self.optimiser.load_state_dict({"state": slots, "param_groups": facts["groups"]})
        self.schedule.load_state_dict(facts["schedule"])
        self.history, self.lowest, self.since = facts["history"], facts["lowest"], facts["since"]
        _set_random_states(self.device, part("random."))

    def _load(self, sample: Sample, features: Floats) -> tuple[Tensor, Tensor, Tensor]:
        """Letters, structural features and standardised targets on the device."""
        standard = (sample.observed - self.center) / self.scale
        letters, known, targets = (
            torch.from_numpy(part).to(self.device) for part in (sample.sequence, features, standard)
        )
        return letters, known, targets

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
            loss = self.loss(self._forward(encoded, self.features[rows]), self.targets[rows])
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            self.schedule.step()
            total += loss.detach()
        mean = float(total) / self.steps
        if not np.isfinite(mean):
            raise ModelError(f"{self.name}: training loss is {mean} in epoch {number + 1}; try a lower learning rate")
        return mean

    def _answer(self, letters: Tensor, features: Tensor) -> Tensor:
        return answer(self.module, one_hot(letters), features, self.name, self.outputs)

    def _forward(self, encoded: Tensor, features: Tensor) -> Tensor:
        if self.dtype == torch.float32:
            return ask(self.module, encoded, features)
        with torch.autocast(encoded.device.type, self.dtype):
            raw = ask(self.module, encoded, features)
        return raw.float()

    def _held_out(self) -> Tensor:
        self.module.eval()
        with torch.no_grad():
            letters, features = (torch.split(part, CHUNK) for part in self.held[:2])
            return torch.cat([self._answer(*chunk) for chunk in zip(letters, features, strict=True)])

    def validation_loss(self) -> float:
        """Proper loss (NLL, or squared error of a point network) on the validation rows."""
        return float(self.selection_loss(self._held_out(), self.held[2]))

    def residual_sd(self) -> NDArray[np.float32]:
        """Root mean squared validation error of each output, log2 units."""
        error = moments(self._held_out())[0] - self.held[2]
        return np.asarray(error.square().mean(0).sqrt().cpu().numpy() * self.scale, dtype=np.float32)

    def weights(self) -> dict[str, Tensor]:
        """Copy of the weights."""
        return {name: value.detach().clone() for name, value in self.module.state_dict().items()}


def _random_states(device: str) -> dict[str, Tensor]:
    """States of the random number generators that a fit uses."""
    states = {"cpu": torch.get_rng_state()}
    if device.startswith("cuda"):
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def _set_random_states(device: str, states: dict[str, Tensor]) -> None:
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    if "mps" in states:
        torch.mps.set_rng_state(states["mps"])
