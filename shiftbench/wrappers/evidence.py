"""What a wrapper may look at, and what it gives back."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Evidence:
    """Predictions of the test rows and, for those who calibrate, of rows with known targets; no other target is in it.

    `test`: one prediction a member (training seed, or pass of a view); `calibration`: the same members on m calibration
    rows, or (); `observed` float32 (m, outputs): targets of these, NaN where missing;
    `sequence` uint8 (n, length): letters of the test rows, `calibration_sequence` uint8 (m, length).
    """

    test: tuple[Prediction, ...]
    calibration: tuple[Prediction, ...]
    observed: NDArray[np.float32]
    sequence: NDArray[np.uint8]
    calibration_sequence: NDArray[np.uint8]

    def only(self) -> Prediction:
        """The prediction of the one member; `InputError` if there is not exactly one."""
        if len(self.test) != 1:
            raise InputError(f"wrapper: found {len(self.test)} members, expected 1; use a wrapper over seeds")
        return self.test[0]

    def pair(self) -> tuple[Prediction, Prediction]:
        """The one member on the test and on the calibration rows; `InputError` if the latter do not fit the targets."""
        test = self.only()
        if len(self.calibration) != 1:
            raise InputError(f"wrapper: found {len(self.calibration)} calibration predictions, expected 1")
        calibration = self.calibration[0]
        if calibration.mean.shape != self.observed.shape:
            raise InputError(f"wrapper: calibration is {calibration.mean.shape}, its targets {self.observed.shape}")
        return test, calibration


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The new prediction, and numbers `told` beside it by the name of their metric: one an output."""

    prediction: Prediction
    told: dict[str, list[float]] = field(default_factory=dict)


def as_predicted(evidence: Evidence) -> Wrapped:
    """The prediction of the one member, unchanged."""
    return Wrapped(evidence.only())
