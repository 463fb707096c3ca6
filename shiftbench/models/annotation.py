"""Controls that predict a variant's effect from what is written beside it, without any sequence model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.models.controls import Facts, State
from shiftbench.prediction import QUANTILES, Prediction
from simulators.contract import Sample

COLUMN = "control:"
"""Beginning of the names of the columns of a test set that hold such predictions."""


def annotations(sample: Sample) -> dict[str, NDArray[np.float64]]:
    """Columns of a test set that annotation controls repeat, float64 (n,) by name of the control."""
    found = {name.removeprefix(COLUMN): column for name, column in sample.table.items() if name.startswith(COLUMN)}
    return {name: np.asarray(column, np.float64) for name, column in found.items()}


class Annotation:
    """Predicts the column of its name; rows without a value, and test sets without the column, it does not answer."""

    sees_test_world = True
    name = ""

    def fit(self, train: Sample, validation: Sample, facts: Facts) -> State:
        """Nothing to learn but how many outputs there are."""
        return {"outputs": np.array(len(train.outputs))}

    def predict(self, state: State, sequence: NDArray[np.uint8], facts: dict[str, Any]) -> Prediction:
        """The column for every output, without a law; 0 for references, so that differences are the column itself."""
        column = facts["annotations"].get(self.name, np.full(len(sequence), np.nan))
        mean = np.repeat(column.astype(np.float32)[:, None], int(state["outputs"]), axis=1)
        kept = np.isfinite(mean)
        quantiles = np.full((*mean.shape, len(QUANTILES)), np.nan, np.float32)
        return Prediction(np.where(kept, mean, 0), quantiles, kept=kept)


class PositionMean(Annotation):
    """Mean measured effect of the other alternatives of the same position."""

    name = "position_mean"


class Conservation(Annotation):
    """Conservation of the position."""

    name = "conservation"


class CentreDistance(Annotation):
    """Distance from the middle of the element, less half of its length: a change in the middle lowers activity most."""

    name = "centre_distance"


class Repeat(Annotation):
    """Effect in a repeat of the experiment."""

    name = "repeat"
