"""The one thing that is scored: a mean, its standard deviations and quantiles at fixed levels."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Nominal levels of the central intervals."""
QUANTILES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
"""Levels of the stored quantiles: the ends of the central intervals, and the median."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """How a test sequence is read; the members are averaged.

    Members are every strand of `reverse` (False as given, True reverse complement) at every offset of `shifts` (bases
    to the right, filled with N), or `samples` passes over the sequence as given with dropout on.
    """

    reverse: tuple[bool, ...]
    shifts: tuple[int, ...] = (0,)
    samples: int = 0


VIEWS = {
    "plain": View((False,)),
    "reverse": View((True,)),
    "strands": View((False, True)),
    "shifts": View((False,), (-4, -2, 0, 2, 4)),
    "strands_shifts": View((False, True), (-4, -2, 0, 2, 4)),
    "dropout": View((False,), samples=20),
}


def unseen(kind: str, view: str) -> str:
    """Why a recipe of this kind cannot be asked for a view; "" if it can."""
    if kind == "predictions" and view != "plain":
        return f"a file holds one prediction of each sequence as given; expected another view than {view}"
    if kind != "network" and VIEWS[view].samples:
        return f"{'an' if kind == 'embedding' else 'a'} {kind} has no dropout; expected another view than {view}"
    return ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predictive law of every row and output, log2 units.

    `mean` float32 (n, outputs); `quantiles` float32 (n, outputs, 9) at `QUANTILES`, may be infinite;
    `aleatoric`, `epistemic` float32 (n, outputs) or None: SD of the noise and of the model;
    `kept` bool (n, outputs) or None (all): what the predictor answers; the rest may be NaN.
    """

    mean: Floats
    quantiles: Floats
    aleatoric: Floats | None = None
    epistemic: Floats | None = None
    kept: NDArray[np.bool_] | None = None

    @property
    def sd(self) -> Floats | None:
        """Total predictive SD, float32 (n, outputs); None if the predictor states no density."""
        parts = [part for part in (self.aleatoric, self.epistemic) if part is not None]
        if not parts:
            return None
        return np.sqrt(sum(np.square(part, dtype=np.float64) for part in parts)).astype(np.float32)

    def columns(self, columns: list[int]) -> "Prediction":
        """These outputs, in this order."""
        return self._each(lambda array: array[:, columns])

    def rows(self, rows: NDArray[np.intp]) -> "Prediction":
        """These rows, in this order."""
        return self._each(lambda array: array[rows])

    def _each(self, part: Callable[[NDArray[Any]], NDArray[Any]]) -> "Prediction":
        arrays = (getattr(self, field.name) for field in fields(self))
        return Prediction(*(None if array is None else part(array) for array in arrays))  # type: ignore[arg-type]

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper end of the central interval of nominal `level` (one of `LEVELS`), each (n, outputs)."""
        low = QUANTILES.index(round((1 - level) / 2, 6))
        return self.quantiles[..., low], self.quantiles[..., len(QUANTILES) - 1 - low]


def gaussian(mean: Floats, aleatoric: Floats, epistemic: Floats | None = None) -> Prediction:
    """Prediction with normal quantiles of the total SD; `mean`, `aleatoric`, `epistemic` (n, outputs)."""
    from scipy.special import ndtri

    variance = np.square(aleatoric, dtype=np.float64)
    if epistemic is not None:
        variance = variance + np.square(epistemic, dtype=np.float64)
    quantiles = mean[..., None] + np.sqrt(variance)[..., None] * ndtri(np.asarray(QUANTILES))
    return Prediction(mean, quantiles.astype(np.float32), aleatoric, epistemic)
