"""What a prediction states of a test set, as the arrays that metrics ask for."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from shiftbench.errors import Undefined
from shiftbench.metrics.metric import Metric
from shiftbench.prediction import Prediction
from shiftbench.targets import ALL, Target, TestSet

Floats = NDArray[np.float64]


class Cell(NamedTuple):
    """What one number is of, save the output."""

    metric: Metric
    target: str
    level: float | None
    stratum: str


class Stated:
    """What a prediction states of one output, in the shape that metrics ask for; each array is made once."""

    def __init__(self, tests: TestSet, prediction: Prediction, column: int) -> None:
        self._tests, self._prediction, self._column = tests, prediction, column
        self._compared: Floats = tests.compared(prediction.mean, column)
        self._whole: dict[tuple[str, float | None, str], Floats] = {}

    def target(self, target: str, stratum: str) -> Target:
        """Rows of a target that the predictor answers."""
        whole, kept = self._tests.targets[target, stratum][self._column], self._prediction.kept
        return whole if kept is None else whole.only(kept[whole.rows, self._column])

    def knows(self, target: str) -> bool:
        """Whether the test set has this target."""
        return (target, ALL) in self._tests.targets

    def law(self, target: str) -> tuple[Floats, Floats, Floats]:
        """Mean, SD and target of all rows that are answered; `Undefined` without a density or without rows."""
        rows = self.target(target, ALL)
        if rows.rows.size == 0:
            raise Undefined("no rows")
        if self._tests.difference or self._prediction.sd is None:
            raise Undefined(STATED["sd"])
        sd = self._prediction.sd[rows.rows, self._column]
        return self._compared[rows.rows], sd.astype(np.float64), rows.values

    def argument(self, name: str, cell: Cell, target: Target) -> Floats | float:
        """The array that a metric calls `name`, for the rows of `target`; `Undefined` where nobody states it."""
        if name == "target":
            return target.values
        if name == "level":
            assert cell.level is not None
            return cell.level
        if name == "mean":
            return self._compared[target.rows]
        key = (name, cell.level, cell.target if name == "risk" else "")
        if key not in self._whole:
            self._whole[key] = self._make(name, cell)
        values = self._whole[key][target.rows]
        if name not in OPEN and not np.isfinite(values).all():
            raise Undefined(f"{name} is not known of {np.count_nonzero(~np.isfinite(values))} of {len(values)} rows")
        return values

    def _make(self, name: str, cell: Cell) -> Floats:
        if name == "risk":
            return self._tests.risk(self._compared, cell.target, self._column)
        if name not in STATED:
            return self._tests.known(name, self._column)
        if self._tests.difference:
            raise Undefined("only the mean of a difference is predicted")
        stated = self._stated(name, cell.level)
        if stated is None:
            raise Undefined(STATED[name])
        return np.asarray(stated[:, self._column], np.float64)

    def _stated(self, name: str, level: float | None) -> NDArray[np.floating[Any]] | None:
        prediction = self._prediction
        match name:
            case "sd" | "aleatoric" | "epistemic" | "quantiles":
                stated: NDArray[np.floating[Any]] | None = getattr(prediction, name)
                return stated
            case "low" | "high":
                assert level is not None
                return prediction.interval(level)[("low", "high").index(name)]
            case _:
                assert level is not None
                if prediction.epistemic is None:
                    return None
                half = float(ndtri(0.5 + level / 2)) * prediction.epistemic
                return prediction.mean + (-half if name == "truth_low" else half)


STATED = {
    "sd": "the predictor states no density",
    "aleatoric": "the predictor states no SD of the noise",
    "epistemic": "the predictor states no uncertainty of its own",
    "quantiles": "the predictor states no law",
    "low": "the predictor states no interval",
    "high": "the predictor states no interval",
    "truth_low": "the predictor states no uncertainty of its own",
    "truth_high": "the predictor states no uncertainty of its own",
}
"""Arguments that come from a prediction, and why one may be missing; the others come from the data."""
OPEN = ("low", "high", "quantiles", "repeat")
"""Arguments that may be infinite or missing in some rows; the metric deals with that."""
