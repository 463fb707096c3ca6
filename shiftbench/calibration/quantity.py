"""What is measured on simulated and on real libraries alike, by plain statistics of their columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]
Found = dict[str, list[float]]
"""Values of each quantity by name, one for each cell type, pair of cell types or element."""

BARCODES = ((1, 4), (5, 9), (10, 19), (20, 39), (40, 10**9))
"""Classes of barcode numbers, ends included."""
HIGH, LOW = 0.95, 0.05
"""Quantiles of GC that bound its two ends."""
ABSOLUTE, RELATIVE = 0.05, 0.10
"""A simulated mean is on target if no farther than the larger of the two from the range of real values."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: real values and those of every world; a list may be empty where nothing was measured."""

    name: str
    real: list[float]
    worlds: list[list[float]]

    @property
    def mean(self) -> float:
        """Mean over worlds of the mean in each; NaN without any."""
        means = [float(np.mean(world)) for world in self.worlds if world]
        return float(np.mean(means)) if means else float("nan")

    @property
    def on_target(self) -> bool | None:
        """Whether the simulated mean is on target; None without a real or a simulated value."""
        if not self.real or np.isnan(self.mean):
            return None
        low, high = min(self.real), max(self.real)
        slack = max(ABSOLUTE, RELATIVE * abs(float(np.mean(self.real))))
        return low - slack <= self.mean <= high + slack


def correlation(x: Values, y: Values) -> float:
    """Pearson correlation of two vectors over the rows known in both."""
    known = np.isfinite(x) & np.isfinite(y)
    return float(np.corrcoef(x[known].astype(np.float64), y[known].astype(np.float64))[0, 1])


def skew(x: Values) -> float:
    """Third standardised moment of a vector."""
    z = x.astype(np.float64) - x.mean(dtype=np.float64)
    return float((z**3).mean() / (z**2).mean() ** 1.5)


def by_column(x: Values, y: Values) -> list[float]:
    """Correlation of each column of two tables."""
    return [correlation(a, b) for a, b in zip(x.T, y.T, strict=True)]


def library(observed: Values, gc: Values) -> Found:
    """Laws of activity and GC of a library, `observed` (n, outputs) without gaps, `gc` (n,) of the inserts."""
    high, low = gc >= np.quantile(gc, HIGH), gc <= np.quantile(gc, LOW)
    spread = observed.std(axis=0)
    return {
        "SD of activity": spread.tolist(),
        "skew of activity": [skew(y) for y in observed.T],
        "mean GC of inserts": [float(gc.mean())],
        "SD of GC of inserts": [float(gc.std())],
        "r of activity and GC": [correlation(y, gc) for y in observed.T],
        "r between cell types": [correlation(observed[:, a], observed[:, b]) for a, b in _pairs(observed.shape[1])],
        "SD in the 5 % of highest GC, over all": (observed[high].std(axis=0) / spread).tolist(),
        "SD in the 5 % of lowest GC, over all": (observed[low].std(axis=0) / spread).tolist(),
    }


def lost(designed: Values, measured: NDArray[np.bool_]) -> Found:
    """Share of inserts that were never measured, over all and among those of high GC; `designed` (n,) GC of inserts."""
    high = designed >= np.quantile(designed, HIGH)
    return {
        "inserts lost": [float(1 - measured.mean())],
        "inserts lost in the 5 % of highest GC": [float(1 - measured[high].mean())],
    }


def replicates(values: Values, barcodes: NDArray[np.integer]) -> Found:
    """Spread and agreement of replicates by number of barcodes; `values` (n, R), `barcodes` (n,) or (n, R).

    SD: pooled within inserts. r: mean over pairs of replicates. An insert is in a class if all replicates are; a class
    of fewer than three is left without a value.
    """
    found: Found = {}
    counts = barcodes.reshape(len(values), -1)
    for low, high in BARCODES:
        chosen = values[((counts >= low) & (counts <= high)).all(axis=1)]
        name = f"{low}-{high} barcodes" if high < BARCODES[-1][1] else f"{low}+ barcodes"
        if len(chosen) < 3:
            continue
        found[f"replicate SD, {name}"] = [float(np.sqrt(chosen.var(axis=1, ddof=1).mean()))]
        pairs = [correlation(chosen[:, a], chosen[:, b]) for a, b in _pairs(values.shape[1])]
        found[f"replicate r, {name}"] = [float(np.mean(pairs))]
    return found


def _pairs(count: int) -> Iterable[tuple[int, int]]:
    return combinations(range(count), 2)
