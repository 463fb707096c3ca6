"""Whether the error of a prediction follows the noise of the measurement."""

import math

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.correlation import pearson, spearman
from shiftbench.metrics.error import average, finite
from shiftbench.metrics.metric import Floats, Metric, Number
from shiftbench.metrics.ranking import draws, ranking

_NODES = 40
"""Nodes of the Gauss-Hermite rule over the log of the noise SD; right to 1e-8 up to a CV of 1.7."""
_DETERMINED = 1e-9
"""A share of variance below this is rounding: the covariates determine the variable."""


def noise_correlation(
    mean: ArrayLike,
    f: ArrayLike,
    gc: ArrayLike,
    barcodes: ArrayLike,
    noise: ArrayLike,
    weights: ArrayLike | None = None,
) -> Number:
    """Partial rank correlation of |mean - f| and `noise` given f, GC and barcode count, -1 to 1.

    Without the three it is not 0 even for a model that never saw noise, as both sides depend on f. All five (n,),
    `weights` (B, n). Midranks are regressed on those of the three by least squares, with an intercept; the residuals
    are correlated. `Undefined` below 6 rows, if the error or the noise is constant (the error of the oracle is 0), or
    if the three determine either.
    """
    from shiftbench.metrics.kernels import rank_products

    error = finite(np.abs(np.asarray(mean, np.float64) - np.asarray(f, np.float64)), "error")
    columns = [error, *(finite(column, name) for column, name in ((noise, "noise"), (f, "f")))]
    columns += [finite(gc, "gc"), finite(barcodes, "barcodes")]
    if error.size < 6:
        raise Undefined(f"{error.size} rows, a correlation given three others needs 6")
    for column, name in zip(columns[:2], ("the error", "the noise"), strict=True):
        if column.min() == column.max():
            raise Undefined(f"{name} is constant")
    order = np.stack([np.argsort(column, kind="stable") for column in columns])
    ordered = np.take_along_axis(np.stack(columns), order, axis=1)
    tied = np.diff(ordered, axis=1, prepend=np.nan) == 0
    alone = _partial(rank_products(order, tied, draws(None, error.size)))
    if np.isnan(alone[0]):
        raise Undefined("f, GC and barcode count determine the rank of the error or of the noise")
    if weights is None:
        return float(alone[0])
    return _partial(rank_products(order, tied, draws(weights, error.size)))


def residual_noise_correlation(
    mean: ArrayLike, target: ArrayLike, replicate_sd: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Pearson correlation of |mean - target| and `replicate_sd`, -1 to 1; all (n,), `weights` (B, n).

    Above 0 for a perfect model, since the target carries the noise: to be read beside `expected_noise_correlation`.
    `Undefined` below 3 rows, if either side is constant, or where an SD is not known.
    """
    error = finite(np.abs(np.asarray(mean, np.float64) - np.asarray(target, np.float64)), "error")
    return pearson(error, finite(replicate_sd, "replicate_sd"), weights)


def expected_noise_correlation(
    mean: ArrayLike, target: ArrayLike, replicate_sd: ArrayLike, replicates: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """`residual_noise_correlation` that an error of this model's size has if it is independent of the noise, 0 to 1.

    Let row i be measured with SD v_i, log-normal over rows: target = truth + v_i Z, and s_i (`replicate_sd`) the
    estimate of v_i from R normal replicates (sample SD over sqrt(R)), independent of Z given v_i, E s_i = k v_i,
    E s_i^2 = v_i^2, k = c4(R) = sqrt(2 / (R - 1)) Gamma(R / 2) / Gamma((R - 1) / 2). Let the model err by
    N(0, e^2), independent of v_i. Then mean - target is normal with variance h_i^2 = e^2 + v_i^2, and

        r = sqrt(2 / pi) k cov(h, v) / sqrt((e^2 + E v^2 - 2 / pi (E h)^2) (E v^2 - k^2 (E v)^2)).

    Moments: E v = mean(s) / k; c = (CV of v)^2 = k^2 mean(s^2) / mean(s)^2 - 1, 0 if that is negative; e^2 =
    mean((mean - target)^2) - mean(s^2), 0 if that is negative. What replicates share does not show in s and so counts
    as error of the model. For e = 0 it is sqrt(2 / pi) k c / sqrt((1 + c - 2 / pi) (1 + c - k^2)), whatever the law.

    `mean`, `target`, `replicate_sd` (n,); `replicates` the number R of every row, (n,) or one number;
    `weights` (B, n). `Undefined` if rows differ in R, for R below 2, or if SDs are all equal or not known.
    """
    s = finite(replicate_sd, "replicate_sd")
    if s.min() == s.max():
        raise Undefined("replicate_sd is constant")
    k = _c4(np.asarray(replicates, np.float64))
    unit = float(s.max())  # so that no square overflows or vanishes
    squared = np.square((np.asarray(mean, np.float64) - np.asarray(target, np.float64)) / unit)
    error, first, second = (np.atleast_1d(average(x, weights)) for x in (squared, s / unit, np.square(s / unit)))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.maximum(k**2 * second / first**2 - 1, 0)
        found = _independent(np.maximum(error - second, 0) * (k / first) ** 2, spread, k)
    return float(found[0]) if weights is None else found


def noise_gap(mean: ArrayLike, target: ArrayLike, noise: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Spearman correlation in the fifth of rows with the lowest `noise` less that in the highest fifth, -2 to 2.

    A row is in the lowest fifth if the share of rows with less noise, plus half of those with as much, is at most 1/5;
    replicates have fifths of their own. All (n,), `weights` (B, n). `Undefined` if either fifth has fewer than 3 rows
    or a constant side.
    """
    from shiftbench.metrics.kernels import fifths

    x, y, scale = finite(mean, "mean"), finite(target, "target"), finite(noise, "noise")
    ranked = ranking(scale)
    alone = fifths(*ranked, draws(None, scale.size))
    for name, inside in zip(("lowest", "highest"), alone[:, 0] > 0, strict=True):
        try:
            spearman(x[inside], y[inside])
        except Undefined as reason:
            raise Undefined(f"{name} fifth of noise: {reason}") from None
    fifth = alone if weights is None else fifths(*ranked, draws(weights, scale.size))
    low, high = (
        np.asarray(spearman(x[rows], y[rows], drawn[:, rows]))
        for drawn, own in zip(fifth, alone, strict=True)
        for rows in [drawn.any(axis=0) | (own[0] > 0)]  # replicates together may draw too few for a correlation
    )
    return float(low[0] - high[0]) if weights is None else low - high


def _partial(products: Floats) -> Floats:
    """Correlation of the first two of V variables given the others, of sums of products (B, V, V); float64 (B,)."""
    scale = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
    scale = np.where(scale > 0, scale, 1)
    known = products / scale[:, :, None] / scale[:, None, :]
    own, both, given = known[:, :2, :2], known[:, :2, 2:], known[:, 2:, 2:]
    left = own - both @ np.linalg.pinv(given, rcond=_DETERMINED, hermitian=True) @ both.transpose(0, 2, 1)
    first, second = left[:, 0, 0], left[:, 1, 1]
    defined = (first > _DETERMINED) & (second > _DETERMINED)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(defined, np.clip(left[:, 0, 1] / np.sqrt(first * second), -1, 1), np.nan)


def _independent(error: Floats, spread: Floats, k: float) -> Floats:
    """The r of `expected_noise_correlation`, (B,), v of mean 1 and squared CV `spread`, e^2 = `error`, both (B,)."""
    node, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    weight = weight / weight.sum()
    width = np.sqrt(np.log1p(spread))[:, None]
    v = np.exp(width * node - width**2 / 2)
    h = np.sqrt(error[:, None] + v**2)
    mean_h, together = h @ weight, (h * (v - 1)) @ weight
    second = 1 + spread
    left = (error + second - 2 / np.pi * mean_h**2) * (second - k**2)
    return np.asarray(math.sqrt(2 / math.pi) * k * together / np.sqrt(left))


def _c4(replicates: Floats) -> float:
    """Mean of the sample SD of so many normal values over their SD."""
    if replicates.min() != replicates.max():
        raise Undefined("rows differ in their number of replicates")
    count = float(replicates.flat[0])
    if not count >= 2:
        raise Undefined(f"{count:g} replicates, an SD needs 2")
    return math.sqrt(2 / (count - 1)) * math.exp(math.lgamma(count / 2) - math.lgamma((count - 1) / 2))


TABLE = (
    Metric(
        name="noise_correlation",
        title="Rank correlation of error and noise given f, GC and barcodes",
        better="nominal",
        targets=("f",),
        needs=("mean", "f", "gc", "barcodes", "noise"),
        scaled=False,
        formula="pearson of ranks of |mu - f| and of noise SD, each less its regression on those of f, GC, barcodes",
        example=">>> round(noise_correlation([1, 3, 2, 6, 4, 9], [0] * 6, [0] * 6, [9] * 6, range(6)), 6)\n0.885714",
        source="Kendall and Gibbons 1990, Rank Correlation Methods (partial rank correlation)",
        compute=noise_correlation,
        nominal=0.0,
    ),
    Metric(
        name="residual_noise_correlation",
        title="Correlation of residual and replicate SD",
        better="none",
        targets=("observed",),
        needs=("mean", "target", "replicate_sd"),
        scaled=False,
        formula="pearson(|mu - y|, replicate SD); not 0 for a perfect model: see expected_noise_correlation",
        example=">>> round(residual_noise_correlation([0, 0, 0, 0], [1, -2, 3, -3], [1, 2, 3, 4]), 6)\n0.94388",
        source="textbook",
        compute=residual_noise_correlation,
    ),
    Metric(
        name="expected_noise_correlation",
        title="The same of an independent error of this size",
        better="none",
        targets=("observed",),
        needs=("mean", "target", "replicate_sd", "replicates"),
        scaled=False,
        formula="sqrt(2/pi) k cov(h, v) / sqrt((e^2 + E v^2 - 2/pi (E h)^2)(E v^2 - k^2 (E v)^2)), h^2 = e^2 + v^2, "
        "v log-normal noise SD, e^2 = mean((mu - y)^2) - mean(s^2), k = c4(replicates)",
        example=">>> round(expected_noise_correlation([0, 0, 0, 0], [1, -2, 9, -9], [1, 2, 3, 9], 3), 6)\n0.244856",
        source="this project; derived in the function's docstring",
        compute=expected_noise_correlation,
    ),
    Metric(
        name="noise_gap",
        title="Spearman in the least noisy fifth less that in the noisiest",
        better="none",
        targets=("observed",),
        needs=("mean", "target", "noise"),
        scaled=False,
        formula="spearman over rows of the lowest fifth of noise SD - spearman over rows of the highest fifth",
        example=">>> round(noise_gap(range(15), [*range(12), 14, 13, 12], range(15)), 6)\n2.0",
        source="textbook",
        compute=noise_gap,
    ),
)
