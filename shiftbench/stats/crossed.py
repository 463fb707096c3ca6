"""Random-effects t for means of tables: factors crossed, worlds above seeds, folds that share training data."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.errors import Undefined
from shiftbench.stats.student import Mean, student


class Squares(NamedTuple):
    """What rows, columns and their residual each say of the variance of the grand mean, with degrees of freedom.

    The mean squares of a two-way analysis of variance without replication, over the number of cells.
    """

    rows: float
    columns: float
    residual: float
    of_rows: float
    of_columns: float

    @property
    def of_residual(self) -> float:
        """Degrees of freedom of the residual."""
        return self.of_rows * self.of_columns


class Components(NamedTuple):
    """Variances of a two-way table: between rows, between columns, and of what is left in a cell; 0 or more."""

    rows: float
    columns: float
    residual: float


def crossed(table: ArrayLike, level: float = 0.95, null: float = 0.0) -> Mean:
    """Mean of a table (a, b) that is to hold for new rows and new columns: seeds by items, worlds by seeds.

    One value a cell, no replication. The difference of two recipes is the mean of the table of differences. A factor
    with one level is taken as given: then the other one alone makes the error.
    `Undefined` if a cell has no value, if there is but one cell or if all cells are alike.
    """
    cells = _cells(table)
    if 1 in cells.shape:
        return _over(cells, level, null)
    return combined(float(cells.mean()), squares(cells), level, null)


def combined(value: float, parts: Squares, level: float = 0.95, null: float = 0.0) -> Mean:
    """Student's t of a grand mean: variance rows + columns - residual, degrees of freedom by Satterthwaite.

    The residual counts with no more than the larger of the other two, as its expectation never does; nor are degrees
    of freedom fewer than those of the factor with the fewest. Source: Satterthwaite 1946, An approximate distribution
    of estimates of variance components, Biometrics Bulletin 2.
    """
    rows, columns = parts.rows, parts.columns
    residual = min(parts.residual, max(rows, columns))
    variance = rows + columns - residual
    terms = ((rows, parts.of_rows), (columns, parts.of_columns), (residual, parts.of_residual))
    spread = sum(term**2 / freedom for term, freedom in terms)
    fewest = min(parts.of_rows, parts.of_columns)
    return student(value, math.sqrt(variance), max(variance**2 / spread, fewest) if spread else fewest, level, null)


def components(table: ArrayLike) -> Components:
    """Variances of the parts of a table (a, b), a and b at least 2, from its mean squares; a negative one is 0."""
    cells = _cells(table)
    if 1 in cells.shape:
        raise Undefined("one row or one column, variances need two of each")
    found, count = squares(cells), cells.size
    between = [max(part - found.residual, 0) * count for part in (found.rows, found.columns)]
    a, b = cells.shape
    return Components(between[0] / b, between[1] / a, found.residual * count)


def nested(worlds: Sequence[ArrayLike] | NDArray[np.float64], level: float = 0.95, null: float = 0.0) -> Mean:
    """Mean over worlds, to hold for new worlds: t over one mean a world, whatever was averaged inside.

    `worlds`: an array a world, of its seeds, or of seeds by items; worlds count alike however many values they have.
    `Undefined` if a value is missing, if a world is empty or below 2 worlds.
    """
    means = [float(np.asarray(world, np.float64).mean()) if np.size(world) else math.nan for world in worlds]
    return _over(means, level, null)


def folds(values: ArrayLike, test_share: float, level: float = 0.95, null: float = 0.0) -> Mean:
    """Mean over k folds (k,) whose training sets overlap, `test_share` = test rows over training rows of a fold.

    Variance (1/k + test_share) times that of the values, for the plain 1/k is too small. `Undefined` below 2 folds.
    Source: Nadeau and Bengio 2003, Inference for the generalization error, Machine Learning 52 (corrected resampled t).
    """
    plain = _over(values, level, null)
    return student(plain.value, plain.error * math.sqrt(1 + np.size(values) * test_share), plain.freedom, level, null)


def _cells(table: ArrayLike) -> NDArray[np.float64]:
    cells = np.asarray(table, np.float64)
    if cells.ndim != 2:
        raise ValueError(f"table has {cells.ndim} dimensions; expected 2")
    if cells.size == 0:
        raise Undefined("no cells")
    if missing := int(np.count_nonzero(~np.isfinite(cells))):
        raise Undefined(f"{missing} of {cells.size} cells have no value")
    if cells.size > 1 and cells.min() == cells.max():
        raise Undefined("all values are alike, no standard error")
    return cells


def squares(cells: NDArray[np.float64]) -> Squares:
    """Mean squares of a table (a, b), a and b at least 2, with a finite value in each cell."""
    a, b = cells.shape
    row, column = cells.mean(axis=1), cells.mean(axis=0)
    residual = cells - row[:, None] - column + cells.mean()
    of_rows, of_columns = a - 1, b - 1
    left = float(np.square(residual).sum()) / (of_rows * of_columns)
    return Squares(float(row.var(ddof=1)) / a, float(column.var(ddof=1)) / b, left / (a * b), of_rows, of_columns)


def _over(values: ArrayLike, level: float, null: float) -> Mean:
    """Plain t over independent values."""
    known = _cells(np.reshape(np.asarray(values, np.float64), (-1, 1)))
    if known.size < 2:
        raise Undefined("no degree of freedom, a standard error needs two units")
    return student(float(known.mean()), float(known.std(ddof=1)) / math.sqrt(known.size), known.size - 1, level, null)
