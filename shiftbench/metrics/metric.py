"""What a metric is: its name, how to read it, what it needs and which function computes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = float | Floats

ALL_TARGETS = ("observed", "expected", "f")
"""What a prediction is compared with: the measurement, its expectation under the assay, and the noise-free truth."""

Argument = Literal[
    "mean",
    "sd",
    "aleatoric",
    "epistemic",
    "low",
    "high",
    "truth_low",
    "truth_high",
    "level",
    "quantiles",
    "target",
    "f",
    "expected",
    "gc",
    "noise",
    "replicate_sd",
    "replicates",
    "barcodes",
    "risk",
    "label",
    "confident",
    "repeat",
]
"""Everything that a metric may ask for: a float64 (n,), save the float `level` and float64 (n, 9) `quantiles`.

Stated by the prediction: `mean`; `sd` (total, of which `aleatoric` and `epistemic`); `low`, `high` of the central
interval for the measurement at `level`; `truth_low`, `truth_high` of the interval for f from the epistemic SD alone;
`quantiles` at `prediction.QUANTILES`. Known of the data: `target` (that of the cell scored), `f`, `expected`; `gc`
(share of the sequence); `noise` (SD of a measurement: true where known, else as estimated); `replicate_sd` (as the
assay estimates it, from so many `replicates`); `barcodes`; `label`, `confident` (0 or 1); `repeat` (effect in a repeat
experiment, NaN where none). Known of both: `risk`, the expected squared error of this prediction,
(mu - E[y|x])^2 + Var[y|x], against f (mu - f)^2.
"""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `compute` takes the arguments named in `needs`, in that order, and optionally bootstrap weights.

    `better`: lower, higher, nominal (the value `nominal`; the level stated if that is None) or none (no direction);
    `targets`: what it is scored against; empty, as `needs`, where no scorer asks for it: a wrapper tells it
    (`compute` None), it is made from several test sets, or no suite has it yet; `levels`: nominal levels of the
    interval, empty where it has none; `scaled`: whether a score between floor and ceiling is formed; `floor`: value
    of a predictor that knows nothing, None if it is that of the training mean. `example` is a session in which the
    function is known by its name.
    """

    name: str
    title: str
    better: Literal["lower", "higher", "nominal", "none"]
    targets: tuple[str, ...]
    needs: tuple[Argument, ...]
    scaled: bool
    formula: str
    example: str
    source: str
    compute: Callable[..., Number] | None
    levels: tuple[float, ...] = ()
    floor: float | None = None
    nominal: float | None = None
