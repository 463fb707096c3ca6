"""Errors of non-linear numbers over few units: seeds or worlds left out one by one, and clusters redrawn inside."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.errors import Undefined
from shiftbench.stats.crossed import Squares, combined
from shiftbench.stats.student import Mean, student


def jackknife(
    statistic: Callable[[NDArray[np.float64]], float], units: ArrayLike, level: float = 0.95, null: float = 0.0
) -> Mean:
    """`statistic` of all `units` (k, ...), and its error from leaving out each seed, or each world, in turn.

    The statistic must be smooth in its units (a ratio, a correlation, an area; no quantile). t with k - 1 degrees of
    freedom. `Undefined` below 3 units or if the statistic is not finite without one of them.
    Source: Davison and Hinkley 1997, Bootstrap Methods and their Application, section 2.7.3.
    """
    rows = np.asarray(units, np.float64)
    if len(rows) < 3:
        raise Undefined(f"{len(rows)} units, a jackknife needs 3")
    value = float(statistic(rows))
    without = np.array([statistic(np.delete(rows, k, axis=0)) for k in range(len(rows))], np.float64)
    if not (math.isfinite(value) and np.isfinite(without).all()):
        raise Undefined("not finite with a unit left out")
    error = math.sqrt((len(rows) - 1) ** 2 / len(rows) * float(without.var(ddof=1)))
    return student(value, error, len(rows) - 1, level, null)


def seeds_and_clusters(
    values: ArrayLike, replicates: ArrayLike, clusters: int, level: float = 0.95, null: float = 0.0
) -> Mean:
    """Mean over seeds of one number, to hold for new seeds and for new clusters of test rows.

    `values` (s,): the number of each seed; `replicates` (s, B): its cluster bootstrap, all seeds on the same draws.
    The bootstrap of the mean stands for the mean square of columns of `crossed.crossed`, and that of each seed's
    distance from the mean for the residual; each times c / (c - 1), by which a bootstrap of c clusters is too narrow.
    `Undefined` below 2 seeds, 2 clusters or 2 resamples, or if a replicate is not finite.
    """
    known, drawn = np.asarray(values, np.float64), np.asarray(replicates, np.float64)
    if min(known.size, clusters, drawn.shape[1]) < 2:
        raise Undefined(f"{known.size} seeds, {clusters} clusters, {drawn.shape[1]} resamples; 2 of each needed")
    if not (np.isfinite(known).all() and np.isfinite(drawn).all()):
        raise Undefined("not finite for a seed or in a resample")
    together, narrow = drawn.mean(axis=0), clusters / (clusters - 1)
    apart = narrow * float((drawn - together).var(axis=1, ddof=1).sum()) / (known.size - 1) / known.size
    rows, columns = float(known.var(ddof=1)) / known.size, narrow * float(together.var(ddof=1))
    return combined(float(known.mean()), Squares(rows, columns, apart, known.size - 1, clusters - 1), level, null)


def seeds_and_errors(
    values: ArrayLike, errors: ArrayLike, clusters: int, level: float = 0.95, null: float = 0.0
) -> Mean:
    """As `seeds_and_clusters` where only the bootstrap standard error (s,) of each seed's number is at hand.

    The clusters are then taken to move all seeds alike, and what a seed makes of a cluster counts twice: wider, by
    little where seeds agree on the rows. `Undefined` below 2 seeds or 2 clusters, or if a number is missing.
    """
    known, inside = np.asarray(values, np.float64), np.asarray(errors, np.float64)
    if min(known.size, clusters) < 2:
        raise Undefined(f"{known.size} seeds, {clusters} clusters; 2 of each needed")
    if not (np.isfinite(known).all() and np.isfinite(inside).all()):
        raise Undefined("a seed without a value or an error")
    rows = float(known.var(ddof=1)) / known.size
    columns = clusters / (clusters - 1) * float(np.square(inside).mean())
    return combined(float(known.mean()), Squares(rows, columns, 0.0, known.size - 1, clusters - 1), level, null)
