"""A fit on disk: controls and networks behind one face, to make and to predict with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench import arrays
from shiftbench.errors import ModelError
from shiftbench.prediction import VIEWS, Prediction, gaussian
from shiftbench.registry import CONTROLS
from shiftbench.spec import Fit, Recipe
from shiftbench.store import Entry
from simulators.contract import Sample

Facts = dict[str, Any]
Predictor = Callable[[NDArray[np.uint8], Facts, str], list[Prediction]]
"""Members of the prediction for letters (n, length), facts of the test set and a view."""


def make(node: Fit, data: dict[str, Sample], facts: Facts, folder: Path, device: str, checkpoint: Path) -> Facts:
    """Fit the recipe of `node`, write its weights into `folder`, and return what is worth knowing about the fit.

    A network that was stopped goes on from `checkpoint`.
    """
    if node.recipe.kind == "control":
        control = CONTROLS.get(node.recipe.network)()
        arrays.save(folder / "state.npz", control.fit(data["train"], data["validation"], facts))
        return {"outputs": list(data["train"].outputs), "length": data["train"].sequence.shape[1]}
    return _make_network(node, data, folder, device, checkpoint)


def load(entry: Entry, recipe: Recipe, device: str) -> Predictor:
    """Predictor of a finished fit."""
    if recipe.kind == "control":
        return _control(entry, recipe)
    return _network(entry, recipe, device)


def _control(entry: Entry, recipe: Recipe) -> Predictor:
    from shiftbench.predict import reverse_letters

    control, state = CONTROLS.get(recipe.network)(), arrays.load(entry.file("state.npz"))

    def predict(sequence: NDArray[np.uint8], facts: Facts, view: str) -> list[Prediction]:
        seen = facts if control.sees_test_world else {}
        return [
            control.predict(state, reverse_letters(sequence) if reverse else sequence, seen) for reverse in VIEWS[view].reverse
        ]

    return predict


def _make_network(node: Fit, data: dict[str, Sample], folder: Path, device: str, checkpoint: Path) -> Facts:
    from safetensors.torch import save_file

    from shiftbench.train.loop import train

    trained = train(node.recipe, node.seed, node.budget, data, device, checkpoint)
    weights = {name: value.detach().cpu().contiguous() for name, value in trained.module.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    scales = {name: getattr(trained, name).tolist() for name in ("center", "scale", "residual_sd")}
    (folder / "scales.json").write_text(json.dumps(scales))
    parameters = sum(value.numel() for value in trained.module.parameters())
    outputs, length = list(data["train"].outputs), data["train"].sequence.shape[1]
    return {
        "outputs": outputs,
        "length": length,
        "history": trained.history,
        "parameters": parameters,
        "precision": trained.precision,
    }


def _network(entry: Entry, recipe: Recipe, device: str) -> Predictor:
    from safetensors.torch import load_file

    from shiftbench.predict import raw_moments
    from shiftbench.train.loop import build

    outputs = len(entry.facts["outputs"])
    module = build(recipe, entry.facts["length"], outputs).to(device)
    module.load_state_dict(load_file(entry.file("weights.safetensors")))
    scales = {name: np.float32(value) for name, value in json.loads(entry.file("scales.json").read_text()).items()}

    def one(sequence: NDArray[np.uint8], reverse: bool) -> Prediction:
        mean, variance = raw_moments(module, sequence, recipe.network, outputs, device, reverse)
        sd = scales["residual_sd"] if variance is None else np.sqrt(variance) * scales["scale"]
        mean = mean * scales["scale"] + scales["center"]
        return gaussian(mean, np.broadcast_to(sd, mean.shape).astype(np.float32))

    def predict(sequence: NDArray[np.uint8], facts: Facts, view: str) -> list[Prediction]:
        if sequence.shape[1] != entry.facts["length"]:
            found, expected = sequence.shape[1], entry.facts["length"]
            raise ModelError(
                f"{recipe.name}: test sequences of {found} letters; trained on {expected}, expected the same"
            )
        return [one(sequence, reverse) for reverse in VIEWS[view].reverse]

    return predict
