"""Families of tests: p values adjusted for how many there are, verdicts, and what could have been seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shiftbench.stats.multiplicity import benjamini_hochberg, holm

Correction = Literal["Holm", "Benjamini-Hochberg"]


@dataclass(frozen=True, slots=True)
class Family:
    """Tests (k,) of one family: adjusted p values, NaN where there is none; which are rejected; the family's size.

    `threshold`: the plain p value at which one test more would have been rejected, given all others.
    """

    adjusted: NDArray[np.float64]
    rejected: NDArray[np.bool_]
    size: int
    threshold: float


def family(p: Sequence[float], correction: Correction, level: float) -> Family:
    """Holm's correction errs at all in a share 1 - `level` of families, Benjamini-Hochberg's in that share of finds."""
    values = np.asarray(p, np.float64)
    adjusted = holm(values) if correction == "Holm" else benjamini_hochberg(values)
    with np.errstate(invalid="ignore"):
        rejected = adjusted <= 1 - level
    size, found = int(np.count_nonzero(~np.isnan(values))), int(np.count_nonzero(rejected))
    alpha = 1 - level
    step = alpha / max(size - found, 1) if correction == "Holm" else alpha * min(found + 1, size) / max(size, 1)
    return Family(adjusted, rejected, size, step)
