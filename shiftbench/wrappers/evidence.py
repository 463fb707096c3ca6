"""What a wrapper may look at: predictions of the test rows, and predictions and targets of the calibration rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Evidence:
    """Predictions of each member (seed) for the test rows, and what calibration needs; test targets are not in it.

    `test`: one prediction a member; `calibration`: the same members for the calibration rows, or ();
    `observed` float32 (m, outputs): targets of the calibration rows, NaN where missing.
    """

    test: tuple[Prediction, ...]
    calibration: tuple[Prediction, ...]
    observed: NDArray[np.float32]

    def only(self) -> Prediction:
        """The prediction of the one member; `InputError` if there is not exactly one."""
        if len(self.test) != 1:
            raise InputError(f"wrapper: found {len(self.test)} members, expected 1; use a wrapper over seeds")
        return self.test[0]
