"""All checks of one model, in order, without a trace in the settings of torch."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import torch

from shiftbench import kinds
from shiftbench.catalog import load_recipe
from shiftbench.checks import construction, cost, predictor
from shiftbench.checks.behaviour import BEHAVIOUR, REPEAT, RESPONDS
from shiftbench.checks.check import Check, findings
from shiftbench.checks.finding import Checked
from shiftbench.checks.predictor import Outside
from shiftbench.checks.subject import Network
from shiftbench.checks.training import EFFECT, TRAINING
from shiftbench.errors import InputError
from shiftbench.options import find_device
from shiftbench.registry import MODELS
from shiftbench.spec import Recipe

NETWORK: tuple[Check[Network], ...] = (
    *construction.FIRST, *TRAINING, *RESPONDS, *REPEAT, *EFFECT, *construction.THEN, *BEHAVIOUR, *cost.COST,
)  # fmt: skip
"""Checks of a network: what a training needs, the training, and the rest with what came out of it."""
OUTSIDE: tuple[Check[Outside], ...] = (
    *predictor.FIRST, *RESPONDS, *REPEAT, *predictor.THEN, *BEHAVIOUR, *predictor.COST,
)  # fmt: skip
"""Checks of a predictor or an embedding."""
LENGTHS = (40, 100_000)
"""Letters of the sequences that a check may use."""


def check(
    model: Any, *, length: int = 230, outputs: int = 3, device: str = "auto", channels: int = 0,
    dropout: float | None = None,
) -> Checked:  # fmt: skip
    """What a model is found to do, before time is spent on it.

    `model`: a torch.nn.Module class, a callable of a list of sequences, a frozen embedding, or a name as of `--recipes`
    (`path.py:name`, `module:name`, a registered or bundled one). A network is built for `length` letters and
    `outputs` outputs, and, where its constructor names them, with `channels` (0: those of the recipe) and `dropout`.
    Raises `InputError` for an unknown name, device or number.
    """
    _number("length", length, *LENGTHS)
    _number("outputs", outputs, 1, 10_000)
    start, device = time.perf_counter(), find_device(device)
    recipe = _recipe(model)
    given = {"channels": channels or recipe.channels, "dropout": recipe.dropout if dropout is None else dropout}
    recipe = msgspec.structs.replace(recipe, prior="", **given)  # a check of its own asks for features
    _number("channels", recipe.channels, 1, 100_000)
    _number("dropout", recipe.dropout, 0, 0.999)
    with _undisturbed():
        if recipe.kind == "network":
            found = tuple(findings(NETWORK, Network(recipe, length, outputs, device)))
        else:
            found = tuple(findings(OUTSIDE, Outside(recipe, length, outputs, device)))
    return Checked(recipe.name, recipe.kind, device, time.perf_counter() - start, found)


def _number(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError(f"{name}: {value}; expected {low} to {high}")


def _recipe(model: Any) -> Recipe:
    """Recipe of a name, or of an object, which is entered under its own name in this process."""
    if not isinstance(model, str):
        label = getattr(model, "__qualname__", type(model).__qualname__)
        name = f"{getattr(model, '__module__', '?')}:{label}"
        kind = kinds.kind(model, label)
        MODELS[kind].register(name)(model)
        return Recipe(name=label, network=name, kind=kind)
    recipe = load_recipe(model)
    if recipe.kind not in MODELS:
        raise InputError(f"{model}: of kind {recipe.kind}; expected a network, a predictor or an embedding")
    return recipe


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Random numbers, threads and determinism of torch as before, whatever a training sets."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn = torch.is_deterministic_algorithms_warn_only_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    try:
        torch.set_num_threads(1)  # as a fit does
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict, warn_only=warn)
        torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
