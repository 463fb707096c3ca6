"""Rows in order with their ties, and draws of them, as the compiled loops take both."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.metrics.metric import Floats


class Ranking(NamedTuple):
    """Rows in rising order of a value, int64 (n,), and where each run of ties begins and the last one ends."""

    order: NDArray[np.int64]
    start: NDArray[np.int64]


def ranking(values: Floats) -> Ranking:
    """One sort of `values` (n,), no NaN; tied rows stay in their order."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    return Ranking(order, np.concatenate([[0], first, [values.size]]))


def draws(weights: ArrayLike | None, n: int) -> NDArray[np.uint16] | NDArray[np.int32]:
    """How often each replicate draws each row, (B, n); without `weights` the rows themselves, (1, n).

    Counts of the bootstrap stay as they are, so that nothing is copied and one version of a loop is compiled.
    """
    counts = np.ones((1, n), np.uint16) if weights is None else np.asarray(weights)
    if counts.dtype == np.uint16:
        return np.ascontiguousarray(counts, np.uint16)
    return np.ascontiguousarray(counts, np.int32)
