"""A frozen embedding: a ridge on the standardised numbers that a model from outside gives for each sequence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import ModelError
from shiftbench.models.controls import Ridge, State
from shiftbench.outside.calls import Floats, answers, joined, numbers
from shiftbench.spec import Recipe


class Embedding(Ridge):
    """Ridge head of a recipe; its penalty is chosen on validation rows, whose errors are its error bars."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def features(self, state: State, sequence: NDArray[np.uint8]) -> Floats:
        """The embedding, float32 (n, width); `ModelError` in one line if it is none, or of another width."""
        name = self._recipe.name
        parts = [
            numbers(said, name, start, count, "embedding") for start, count, said in answers(self._recipe, sequence)
        ]
        found = joined(parts, name, "embedding")
        if "center" in state and found.shape[1] != len(state["center"]):
            raise ModelError(f"{name}: {found.shape[1]} numbers a sequence; expected {len(state['center'])} as before")
        return found


def facts(state: State, outputs: tuple[str, ...]) -> dict[str, Any]:
    """What a reader should know of a fitted head: the width of the embedding and the penalty of each output."""
    penalty = dict(zip(outputs, map(float, state["penalty"]), strict=True))
    return {"embedding": len(state["center"]), "penalty": penalty}
