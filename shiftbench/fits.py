"""A fit on disk: networks, controls and models from outside behind one face, to make and to predict with."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench import arrays
from shiftbench.errors import ModelError
from shiftbench.models import structural
from shiftbench.models.controls import Control, State
from shiftbench.prediction import VIEWS, Floats, Prediction, View, gaussian, unseen
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
    if node.recipe.kind == "network":
        return _make_network(node, data, facts, folder, device, checkpoint)
    state, told = _stateful(node, data, facts)
    arrays.save(folder / "state.npz", state)
    return {"outputs": list(data["train"].outputs), "length": data["train"].sequence.shape[1]} | told


def load(entry: Entry, recipe: Recipe, device: str) -> Predictor:
    """Predictor of a finished fit."""
    if recipe.kind == "network":
        return _network(entry, recipe, device)
    one = _told_by(arrays.load(entry.file("state.npz")), recipe)

    def predict(sequence: NDArray[np.uint8], facts: Facts, view: str) -> list[Prediction]:
        from shiftbench.predict import reverse_letters, shifted

        if reason := unseen(recipe.kind, view):
            raise ModelError(f"{recipe.name}: {reason}")
        moved = [shifted(sequence, bases) for bases in VIEWS[view].shifts]
        return [
            one(reverse_letters(letters) if reverse else letters, facts)
            for letters in moved
            for reverse in VIEWS[view].reverse
        ]

    return predict


def _stateful(node: Fit, data: dict[str, Sample], facts: Facts) -> tuple[State, Facts]:
    """Arrays that a recipe other than a network keeps of its training set, and what is worth knowing of them."""
    from shiftbench.outside import embedding, predictions, predictor

    recipe, train, validation = node.recipe, data["train"], data["validation"]
    match recipe.kind:
        case "callable":
            return predictor.fit(recipe, train, validation)
        case "embedding":
            state = embedding.Embedding(recipe).fit(train, validation, {})
            return state, embedding.facts(state, train.outputs)
        case "predictions":
            return predictions.fit(Path(recipe.network), node.training, validation)
        case _:
            return CONTROLS.get(recipe.network)().fit(train, validation, facts), {}


def _told_by(state: State, recipe: Recipe) -> Callable[[NDArray[np.uint8], Facts], Prediction]:
    """Prediction of a recipe other than a network for letters and the facts of their set, of which few may see any."""
    from shiftbench.outside import embedding, predictions, predictor

    match recipe.kind:
        case "callable":
            return lambda sequence, facts: predictor.predict(state, recipe, sequence)
        case "embedding":
            head = embedding.Embedding(recipe)
            return lambda sequence, facts: head.predict(state, sequence, {})
        case "predictions":
            path = Path(recipe.network)
            return lambda sequence, facts: predictions.predict(state, path, facts["digest"], facts["ids"])
        case _:
            control: Control = CONTROLS.get(recipe.network)()
            return lambda sequence, facts: control.predict(state, sequence, facts if control.sees_test_world else {})


def _make_network(
    node: Fit, data: dict[str, Sample], facts: Facts, folder: Path, device: str, checkpoint: Path
) -> Facts:
    from safetensors.torch import save_file

    from shiftbench.train.loop import train

    features = None
    if node.recipe.prior:
        prior, known = structural.fit(facts, data["train"].sequence)
        arrays.save(folder / "prior.npz", prior)
        features = {"train": known, "validation": structural.standardised(prior, data["validation"].sequence)}
    trained = train(node.recipe, node.seed, node.budget, data, device, checkpoint, features)
    weights = {name: value.detach().cpu().clone().contiguous() for name, value in trained.module.state_dict().items()}
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

    from shiftbench.predict import dropping, raw_moments, reverse_letters, shifted
    from shiftbench.train.loop import build

    outputs = len(entry.facts["outputs"])
    prior = arrays.load(entry.file("prior.npz")) if recipe.prior else None
    module = build(recipe, entry.facts["length"], outputs, len(prior["center"]) if prior else 0).to(device).eval()
    module.load_state_dict(load_file(entry.file("weights.safetensors")))
    scales = {name: np.float32(value) for name, value in json.loads(entry.file("scales.json").read_text()).items()}

    def one(sequence: NDArray[np.uint8], features: Floats) -> Prediction:
        mean, variance = raw_moments(module, sequence, features, recipe.network, outputs, device)
        sd = scales["residual_sd"] if variance is None else np.sqrt(variance) * scales["scale"]
        mean = mean * scales["scale"] + scales["center"]
        return gaussian(mean, np.broadcast_to(sd, mean.shape).astype(np.float32))

    def members(sequence: NDArray[np.uint8], view: View) -> Iterator[Prediction]:
        for bases in view.shifts:
            letters = shifted(sequence, bases)
            # The same for both strands.
            features = structural.standardised(prior, letters) if prior else np.zeros((len(letters), 0), np.float32)
            for reverse in view.reverse if not view.samples else ():
                yield one(reverse_letters(letters) if reverse else letters, features)
            for number in range(view.samples):
                with dropping(module, f"{entry.path.name} pass {number}", recipe.network):
                    sample = one(letters, features)
                yield sample

    def predict(sequence: NDArray[np.uint8], facts: Facts, view: str) -> list[Prediction]:
        if sequence.shape[1] != entry.facts["length"]:
            found, expected = sequence.shape[1], entry.facts["length"]
            raise ModelError(
                f"{recipe.name}: test sequences of {found} letters; trained on {expected}, expected the same"
            )
        return list(members(sequence, VIEWS[view]))

    return predict
