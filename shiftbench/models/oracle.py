"""The two ceilings: the oracle of the world trained on, and the oracle of the world tested."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.models.controls import Facts, State
from shiftbench.prediction import Prediction, gaussian
from simulators.contract import Sample, World


def _law(world: str | bytes, sequence: NDArray[np.uint8]) -> Prediction:
    """Normal law of the exact mean and SD; the law itself has heavier tails, since barcode numbers vary."""
    from simulators import mpra

    truth = mpra.evaluate(World.from_json(world), sequence)
    return gaussian(truth.expected, truth.sd)


class SourceOracle:
    """E and SD of a measurement in the world trained on: the best that can be known without target data."""

    sees_test_world = False

    def fit(self, train: Sample, validation: Sample, facts: Facts) -> State:
        """The source world, as the bytes of its JSON."""
        return {"world": np.frombuffer(facts["source_world"].encode(), np.uint8)}

    def predict(self, state: State, sequence: NDArray[np.uint8], facts: Facts) -> Prediction:
        """Law of a measurement of each sequence in the source world."""
        return _law(bytes(state["world"]), sequence)


class Oracle:
    """E and SD of a measurement in the world tested: the gap to the source oracle needs target data."""

    sees_test_world = True

    def fit(self, train: Sample, validation: Sample, facts: Facts) -> State:
        """Nothing to learn."""
        return {}

    def predict(self, state: State, sequence: NDArray[np.uint8], facts: dict[str, Any]) -> Prediction:
        """Law of a measurement of each sequence in the world of the test set."""
        return _law(facts["world"], sequence)
