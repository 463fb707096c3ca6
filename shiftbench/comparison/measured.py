"""Numbers of one contender at one test set: of each training seed, under the draws of the bootstrap, and by cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftbench.metrics.metric import Metric
from shiftbench.stated import Cell, Stated
from shiftbench.targets import Target

MEANS = ("mae", "nll", "crps", "interval_score", "quantile_score", "infinite_share")
"""Metrics that are the mean of a loss that each row has by itself."""
ROOTS = ("rmse",)
"""Metrics that are the root of such a mean."""
AT_ONCE = 64
"""Rows whose losses are computed together."""

Floats = NDArray[np.float64]
Outputs = Sequence[Stated]
"""What a prediction states, an item an output."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """One number of a contender in one world, of s training seeds.

    `values` (s,); `replicates` (s, B): the same of B bootstrap draws of the clusters, which all contenders share;
    `cells` (s, c), whose row means are `values`: what each cluster contributes, or None for a number that is no mean of
    its rows; `clusters` (c,): their names; `trained`: whether another training would give another number; `rows`: of
    how many it is the number.
    A number that should have a nominal value is given as its distance from that.
    """

    values: Floats
    replicates: Floats
    cells: Floats | None
    clusters: NDArray[np.int64]
    trained: bool = True
    rows: int = 0

    @property
    def seeds(self) -> int:
        """Number of training seeds."""
        return len(self.values)


def measure(seeds: Sequence[Outputs], cell: Cell, trained: bool = True) -> Numbers:
    """Numbers of predictions, one a seed, at a test set: means over outputs where there are several.

    `Undefined`, with the reason, if any of them is.
    """
    targets = [[one.target(cell.target, cell.stratum) for one in outputs] for outputs in seeds]
    clusters = np.unique(np.concatenate([target.cluster for of_seed in targets for target in of_seed]))
    values, replicates, cells = [], [], []
    for outputs, of_seed in zip(seeds, targets, strict=True):
        pairs = list(zip(outputs, of_seed, strict=True))
        value, drawn = _number([_estimate(cell, *pair) for pair in pairs], cell)
        values.append(value)
        replicates.append(drawn)
        if cell.metric.name in (*MEANS, *ROOTS):
            shares = [_contributions(cell, *pair, clusters) for pair in pairs]
            cells.append(value + len(clusters) * np.mean(shares, axis=0))
    table = np.array(cells) if cells else None
    rows = max(sum(target.cluster.size for target in of_seed) for of_seed in targets)
    return Numbers(np.array(values), np.array(replicates), table, clusters.astype(np.int64), trained, rows)


def row_losses(metric: Metric, arrays: Sequence[Floats | float]) -> Floats:
    """Loss of each row (n,) of a metric of `MEANS` or `ROOTS` (there its square): the metric of that row alone."""
    assert metric.compute is not None
    n = max(np.shape(array)[0] for array in arrays if np.ndim(array))
    alone = np.empty(n)
    for start in range(0, n, AT_ONCE):
        rows = slice(start, min(start + AT_ONCE, n))
        chunk = [array[rows] if isinstance(array, np.ndarray) else array for array in arrays]
        alone[rows] = metric.compute(*chunk, weights=np.eye(rows.stop - start))
    return np.square(alone) if metric.name in ROOTS else alone


def _estimate(cell: Cell, stated: Stated, target: Target) -> tuple[float, Floats]:
    compute, arrays = cell.metric.compute, _arrays(cell, stated, target)
    assert compute is not None  # others are not compared
    return float(compute(*arrays)), np.asarray(compute(*arrays, weights=target.counts), np.float64)


def _arrays(cell: Cell, stated: Stated, target: Target) -> list[Floats | float]:
    return [stated.argument(name, cell, target) for name in cell.metric.needs]


def _number(estimates: Sequence[tuple[float, Floats]], cell: Cell) -> tuple[float, Floats]:
    """Mean over outputs, as distance from the nominal value where there is one."""
    value = float(np.mean([value for value, _ in estimates]))
    drawn = np.mean([replicates for _, replicates in estimates], axis=0)
    if cell.metric.better != "nominal":
        return value, drawn
    nominal = cell.level if cell.metric.nominal is None else cell.metric.nominal
    assert nominal is not None
    return abs(value - nominal), np.abs(drawn - nominal)


def _contributions(cell: Cell, stated: Stated, target: Target, clusters: NDArray[np.integer]) -> Floats:
    """How far the rows of each cluster (c,) move the number of one output from where it is, to first order; sum 0.

    Of a ratio of sums, so that clusters of any size count as they do in it.
    """
    loss = row_losses(cell.metric, _arrays(cell, stated, target))
    apart = (loss - loss.mean()) / len(loss)
    if cell.metric.name in ROOTS:
        root = float(np.sqrt(loss.mean()))
        apart = apart / (2 * root) if root else apart
    return np.asarray(np.bincount(np.searchsorted(clusters, target.cluster), apart, len(clusters)), np.float64)
