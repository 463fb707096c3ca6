"""What is checked, as the checks see it: something that predicts, and a network that can be built and trained."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shiftbench.checks import signal
from shiftbench.errors import ModelError
from shiftbench.models.heads import moments
from shiftbench.spec import Recipe
from shiftbench.train.loop import Trained, ask, build, one_hot
from simulators.contract import Sample

Letters = NDArray[np.uint8]
Values = NDArray[np.float64]

ROWS = 64
"""Sequences that predictions are compared on."""
BATCH = 32
"""Rows of a training step."""
PATIENCE = 5.0
"""Seconds from which on a piece of work is timed once instead of three times."""


class Subject(ABC):
    """Something that predicts `outputs` numbers from sequences of `length` letters.

    `elsewhere`: whether it may compute in other processes or wait for others.
    """

    elsewhere = False

    def __init__(self, recipe: Recipe, length: int, outputs: int, device: str) -> None:
        self.recipe, self.kind = recipe, recipe.kind
        self.length, self.outputs, self.device = length, outputs, device

    @abstractmethod
    def predict(self, letters: Letters) -> Values:
        """Means, (n, outputs), NaN included."""

    @cached_property
    def letters(self) -> Letters:
        """Sequences with the planted signal that nothing was trained on, (64, length)."""
        return signal.sample(ROWS, self.length, self.outputs, seed=3).sequence

    @cached_property
    def said(self) -> Values:
        """Predictions for `letters`, made once."""
        return self.predict(self.letters)

    def distance(self, one: Values, other: Values) -> float:
        """Root mean squared difference of predictions, as share of the SD over `letters` (mean over outputs)."""
        squared = float(np.mean((one - other) ** 2))
        if squared == 0:
            return 0.0
        variance = float(self.said.var(0).mean())
        return float(np.sqrt(squared / variance)) if variance else float("inf")

    def seconds(self, work: Callable[[], object]) -> float:
        """Seconds of `work` on the device, or of one core: the median of three after one to warm up, or a slow one."""
        first = self._once(work)
        return first if first > PATIENCE else float(np.median([self._once(work) for _ in range(3)]))

    def _once(self, work: Callable[[], object]) -> float:
        clock = time.process_time if self.device == "cpu" and not self.elsewhere else time.perf_counter
        start = clock()
        work()
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()
        return clock() - start


class Course(NamedTuple):
    """A short training: what came out, the rows that it did not see, and the steps that it took."""

    trained: Trained
    held_out: Sample
    steps: int


class Network(Subject):
    """A network: `recipe` with its width; `course` once a training has come out."""

    course: Course | None = None

    def build(
        self, seed: int = 0, length: int = 0, outputs: int = 0, features: int = 0, channels: int = 0
    ) -> nn.Module:
        """Untrained network on the device, in use; what is 0 is as given. The same seed draws the same from torch."""
        recipe = msgspec.structs.replace(
            self.recipe, prior="structural" if features else "", channels=channels or self.recipe.channels
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = build(recipe, length or self.length, outputs or self.outputs, features)
        return module.to(self.device).eval()

    @cached_property
    def fresh(self) -> nn.Module:
        """Untrained network of seed 0."""
        return self.build()

    @property
    def module(self) -> nn.Module:
        """The trained network where there is one, else the untrained, in use."""
        return self.course.trained.module.eval() if self.course else self.fresh.eval()

    def encoded(self, letters: Letters) -> Tensor:
        """One-hot letters on the device, anew each time."""
        return one_hot(torch.from_numpy(np.ascontiguousarray(letters)).to(self.device))

    def raw(self, letters: Letters, module: nn.Module | None = None) -> Tensor:
        """Answer of `module`, or of the network as it is, whatever that may be."""
        encoded = self.encoded(letters)
        with torch.no_grad():
            return ask(module or self.module, encoded, encoded.new_zeros((len(encoded), 0)))

    def predict(self, letters: Letters, module: nn.Module | None = None) -> Values:
        """Means, (n, outputs), of `module` or of the network as it is."""
        return np.asarray(moments(self.raw(letters, module))[0].double().cpu().numpy())

    @cached_property
    def step_seconds(self) -> float:
        """Seconds of a training step on a batch."""
        return self.time_step(self.build())

    def time_step(self, module: nn.Module) -> float:
        """Seconds of a step of `module` on a batch, optimiser included."""
        batch = self.encoded(signal.letters(BATCH, self.length, 5))
        optimiser = torch.optim.AdamW(module.parameters(), lr=1e-4)
        module.train()

        def step() -> None:
            optimiser.zero_grad(set_to_none=True)
            ask(module, batch.clone(), batch.new_zeros((BATCH, 0))).square().mean().backward()  # type: ignore[no-untyped-call]
            optimiser.step()

        return self.seconds(step)


def require_finite(values: Values) -> Values:
    """The same values; `ModelError` if one is not finite."""
    if wrong := int((~np.isfinite(values)).sum()):
        raise ModelError(f"{wrong} of {values.size} predictions are not finite")
    return values
