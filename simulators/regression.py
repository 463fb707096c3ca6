"""One joint linear regression of molecules on the substitutions that they carry, with errors stated and true.

Every molecule has the intercept (column 0) and one column for each of its substitutions; weights are its barcodes.
The normal equations are solved by a Cholesky factor whose sums run in a fixed order, so results are the same bits
everywhere.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.distributions import gamma_cdf

ALIASED = 1e-9
"""Share of its own variance below which a column is taken for a combination of earlier ones."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Carried:
    """Substitutions of n molecules: those of molecule i are columns `column[first[i]:first[i + 1]]`, 1..`columns` - 1.

    `first` int64 (n + 1,); `column` int64; `columns` counts the intercept.
    """

    first: NDArray[np.int64]
    column: NDArray[np.int64]
    columns: int

    def of(self, rows: NDArray[np.intp]) -> "Carried":
        """What the molecules `rows`, in ascending order, carry."""
        count = np.diff(self.first)
        chosen = np.zeros(len(count), np.bool_)
        chosen[rows] = True
        first = np.concatenate([[0], np.cumsum(count[rows])])
        return Carried(first, self.column[np.repeat(chosen, count)], self.columns)


@dataclass(frozen=True, slots=True)
class Design:
    """Carried substitutions, weights float64 (n,), and the inverse of the weighted cross products, float64 (p, p).

    `known` bool (p,): columns that the molecules tell apart from all others.
    """

    carried: Carried
    weight: Floats
    inverse: Floats
    known: NDArray[np.bool_]


def design(carried: Carried, weight: Floats) -> Design:
    """Design of a weighted regression.

    A column that no molecule carries, or that is a combination of others, is not known, nor are those others.
    """
    cross = np.zeros((carried.columns, carried.columns))
    known = np.ones(carried.columns, np.bool_)
    _cross(carried.first, carried.column, weight, cross)
    _invert(cross, known)
    return Design(carried, weight, cross, known)


def coefficients(found: Design, value: Floats) -> Floats:
    """Least-squares coefficients of each column of `value` (n, outputs), float64 (p, outputs); NaN where not known."""
    out = _fitted(found, value)
    out[~found.known] = np.nan
    return out


def _fitted(found: Design, value: Floats) -> Floats:
    """Coefficients of the columns that stand for all: 0 for those that are combinations of earlier ones."""
    out = np.zeros((found.carried.columns, value.shape[1]))
    _solve(found.carried.first, found.carried.column, found.weight, found.inverse, value, out)
    return out


def standard_errors(found: Design, replicates: Floats) -> Floats:
    """SE as the published protocol states it, float64 (p, outputs), from `replicates` (n, R, outputs).

    The protocol pools replicates: each row of a barcode in a replicate counts as one independent observation of one
    variance (Kircher et al. 2019, doi:10.1038/s41467-019-11526-w), so what replicates of a barcode share is counted
    R times as evidence and these SE are too small. NaN without degrees of freedom.
    """
    own = np.diagonal(found.inverse)
    count = replicates.shape[1]
    freedom = replicates.shape[0] * count - np.count_nonzero(own)
    if freedom <= 0:
        return np.full((found.carried.columns, replicates.shape[2]), np.nan)
    fitted, residual = _fitted(found, replicates.sum(axis=1) / count), np.zeros(replicates.shape[2])
    _residual(found.carried.first, found.carried.column, found.weight, fitted, replicates, residual)
    out = np.sqrt(own[:, None] * (residual / freedom / count))
    out[~found.known] = np.nan
    return np.asarray(out)


def sampling_sd(found: Design, sd: Floats) -> Floats:
    """SD of the coefficients, float64 (p, outputs), if molecules vary by `sd` (n, outputs) each: the sandwich."""
    variance = np.zeros((found.carried.columns, sd.shape[1]))
    _sandwich(found.carried.first, found.carried.column, found.weight, found.inverse, sd, variance)
    out = np.sqrt(variance)
    out[~found.known] = np.nan
    return np.asarray(out)


def p_values(z: Floats) -> Floats:
    """Two-sided p value of normal deviates of any shape, exact in the far tail; NaN stays NaN."""
    out = np.empty(z.size)
    _two_sided(np.ascontiguousarray(z, np.float64).ravel(), out)
    return out.reshape(z.shape)


@njit(cache=True)
def _cross(first, column, weight, cross):  # type: ignore[no-untyped-def]
    """Lower and upper half of X'WX."""
    for i in range(weight.size):
        cross[0, 0] += weight[i]
        for a in range(first[i], first[i + 1]):
            j = column[a]
            cross[0, j] += weight[i]
            cross[j, 0] += weight[i]
            for b in range(first[i], first[i + 1]):
                cross[j, column[b]] += weight[i]


@njit(cache=True)
def _invert(cross, known):  # type: ignore[no-untyped-def]
    """Replace `cross` by its inverse over the columns that are linearly independent; the others get zeros."""
    p = len(cross)
    inverse = np.zeros((p, p))  # of the factor L, row by row; `cross` becomes the transpose of L
    for j in range(p):
        own = 0.0
        for k in range(j):
            own += cross[k, j] * cross[k, j]
        if cross[j, j] <= ALIASED * (own + cross[j, j]):
            known[j] = False
            _confounded(cross, inverse, j, known)
            cross[j, j:] = 0.0
        else:
            _eliminate(cross, inverse, j)
    cross[:] = 0.0
    for k in range(p):
        for i in range(k + 1):
            factor = inverse[k, i]
            for j in range(k + 1):
                cross[i, j] += factor * inverse[k, j]


@njit(cache=True)
def _eliminate(upper, inverse, j):  # type: ignore[no-untyped-def]
    """Step j of the Cholesky factor, and row j of its inverse."""
    root = math.sqrt(upper[j, j])
    upper[j, j:] /= root
    for i in range(j + 1, len(upper)):
        factor = upper[j, i]
        for k in range(i, len(upper)):
            upper[i, k] -= factor * upper[j, k]
    for k in range(j):
        factor = upper[k, j]
        for i in range(k + 1):
            inverse[j, i] -= factor * inverse[k, i]
    inverse[j, : j + 1] /= root
    inverse[j, j] = 1 / root


@njit(cache=True)
def _confounded(upper, inverse, j, known):  # type: ignore[no-untyped-def]
    """Column j is a sum of earlier ones: those with a share in it are not known either."""
    for i in range(j):
        share = 0.0
        for k in range(i, j):
            share += inverse[k, i] * upper[k, j]
        if abs(share) > 1e-6:
            known[i] = False


@njit(cache=True)
def _solve(first, column, weight, inverse, value, out):  # type: ignore[no-untyped-def]
    total = np.zeros(out.shape)
    for i in range(weight.size):
        for c in range(value.shape[1]):
            total[0, c] += weight[i] * value[i, c]
            for a in range(first[i], first[i + 1]):
                total[column[a], c] += weight[i] * value[i, c]
    for k in range(len(out)):
        for j in range(len(out)):
            for c in range(out.shape[1]):
                out[j, c] += inverse[k, j] * total[k, c]


@njit(cache=True)
def _residual(first, column, weight, coefficient, replicates, out):  # type: ignore[no-untyped-def]
    """Weighted sum of squares about the fit, over molecules and replicates."""
    for i in range(weight.size):
        for c in range(out.size):
            fit = coefficient[0, c]
            for a in range(first[i], first[i + 1]):
                fit += coefficient[column[a], c]
            for r in range(replicates.shape[1]):
                out[c] += weight[i] * (replicates[i, r, c] - fit) ** 2


@njit(cache=True)
def _sandwich(first, column, weight, inverse, sd, variance):  # type: ignore[no-untyped-def]
    p = len(inverse)
    lever, total = np.empty(p), np.zeros((sd.shape[1], p))
    for i in range(weight.size):
        lever[:] = inverse[0]
        for a in range(first[i], first[i + 1]):
            row = inverse[column[a]]
            for j in range(p):
                lever[j] += row[j]
        for c in range(sd.shape[1]):
            own = (weight[i] * sd[i, c]) ** 2
            for j in range(p):
                total[c, j] += own * lever[j] * lever[j]
    for j in range(p):
        for c in range(sd.shape[1]):
            variance[j, c] = total[c, j]


@njit(cache=True)
def _two_sided(z, out):  # type: ignore[no-untyped-def]
    for i in range(z.size):
        out[i] = gamma_cdf(0.5, 0.5 * z[i] * z[i])[1] if z[i] == z[i] else math.nan
