"""Predicted expression profiles of perturbations, judged so that predicting the mean of all earns nothing.

Profiles are float (P, G): mean log expression of G genes under each of P perturbations. Numbers of one perturbation
come as float64 (P,), NaN where one does not exist.
Source of the weighted metrics: Mejia et al. 2025, arXiv:2506.22641.
"""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.correlation import pearson
from shiftbench.metrics.metric import Floats, Metric

_LEAST = 1e-6


def pearson_delta(predicted: ArrayLike, truth: ArrayLike, reference: ArrayLike) -> Floats:
    """Pearson correlation over genes of predicted and true change from `reference` (G,), (P,), -1 to 1.

    With the mean of control cells as reference, whatever all perturbations share counts as success; with the mean of
    all perturbations it does not, and their mean as prediction has no value (NaN). `predicted`, `truth` (P, G).
    """
    base = np.asarray(reference, np.float64)
    changes = (np.asarray(profiles, np.float64) - base for profiles in (predicted, truth))
    return np.array([_correlation(guess, change) for guess, change in zip(*changes, strict=True)], np.float64)


def deg_scores(mean: ArrayLike, variance: ArrayLike, cells: ArrayLike) -> Floats:
    """Differential expression t of each perturbation against all others together, control apart, float64 (P, G).

    `mean`, `variance` (P, G) over the `cells` (P,) of each, variance with n - 1. Welch's t with the number of cells of
    the others replaced by that of the perturbation, which overestimates the variance. NaN where both variances are 0.
    `Undefined` below 2 perturbations or 2 cells in one.
    """
    centre, spread = np.asarray(mean, np.float64), np.asarray(variance, np.float64)
    count = np.asarray(cells, np.float64)[:, None]
    if len(centre) < 2 or (count < 2).any():
        raise Undefined("differential expression needs 2 perturbations and 2 cells in each")
    middle = (count * centre).sum(axis=0) / count.sum()  # so that squares lose no digits to a common level
    first, second = count * (centre - middle), (count - 1) * spread + count * np.square(centre - middle)
    rest = count.sum() - count
    rest_mean = (first.sum(axis=0) - first) / rest
    squares = second.sum(axis=0) - second - rest * np.square(rest_mean)
    error = np.sqrt((spread + np.maximum(squares, 0) / (rest - 1)) / count)
    return np.asarray(np.divide(centre - middle - rest_mean, error, out=np.full_like(error, np.nan), where=error > 0))


def deg_weights(scores: ArrayLike) -> Floats:
    """Weight of each gene, ((|t| - least) / (largest - least))^2 within a perturbation, float64 (P, G), 0 to 1.

    `scores` t (P, G); a NaN weighs 0. If all |t| are equal, all weigh 1, or 0 if they are 0.
    """
    size = np.abs(np.asarray(scores, np.float64))
    known = ~np.isnan(size)
    least = np.min(size, axis=1, where=known, initial=np.inf, keepdims=True)
    largest = np.max(size, axis=1, where=known, initial=0, keepdims=True)
    varied = largest > least
    weight = np.divide(size - least, largest - least, out=np.where(size > 0, 1.0, 0.0), where=varied & known)
    return np.where(known, np.square(weight), 0)


def weighted_mse(predicted: ArrayLike, truth: ArrayLike, weights: ArrayLike) -> Floats:
    """Mean squared error over genes with `weights` (P, G) that are made to sum to 1, (P,), 0 or more.

    `predicted`, `truth` (P, G). NaN where all weights are 0.
    """
    squared = np.square(np.asarray(predicted, np.float64) - np.asarray(truth, np.float64))
    return _average(squared, np.asarray(weights, np.float64))


def weighted_r2(predicted: ArrayLike, truth: ArrayLike, reference: ArrayLike, weights: ArrayLike) -> Floats:
    """Share of the weighted variance of the true change from `reference` (G,) that is predicted, (P,), at most 1.

    `reference` is the mean of all perturbations, each counting once; as prediction it scores 0 or slightly less.
    `predicted`, `truth`, `weights` (P, G). NaN where the true change does not vary. Weights must come from other cells
    than `truth` and `predicted` do, or they reward the noise that they share.
    """
    weight = np.asarray(weights, np.float64)
    change = np.asarray(truth, np.float64) - np.asarray(reference, np.float64)
    error = np.square(np.asarray(truth, np.float64) - np.asarray(predicted, np.float64))
    spread = _average(np.square(change - _average(change, weight)[:, None]), weight)
    rounding = np.square(8 * np.finfo(np.float64).eps) * _average(np.square(change), weight)
    ratio = np.divide(_average(error, weight), spread, out=np.full_like(spread, np.nan), where=spread > rounding)
    return np.asarray(1 - ratio)


def nir(predicted: ArrayLike, truth: ArrayLike) -> Floats:
    """Normalised inverse rank: share of the other perturbations whose true profile is farther from the prediction.

    (P,), 1 if the right profile is the nearest (Euclid), about 1/2 for a prediction that knows nothing; a profile as
    far as the right one counts half. `predicted`, `truth` (P, G). `Undefined` below 2 perturbations.
    """
    guess, profiles = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if len(profiles) < 2:
        raise Undefined(f"{len(profiles)} perturbations, a rank needs 2")
    found = []
    for number, row in enumerate(guess):
        distance = np.sqrt(np.square(profiles - row).sum(axis=1))
        other = np.delete(distance, number)
        found.append(np.mean((other > distance[number]) + (other == distance[number]) / 2))
    return np.array(found)


def dynamic_range_fraction(base: float, duplicate: float, perfect: float, higher: bool) -> float:
    """How far the technical duplicate comes from a baseline to perfection under some metric, -1 to 1.

    `base`, `duplicate`, `perfect`: values of the baseline (mean of all perturbations, or control where that has none),
    of the duplicate and of the truth itself; `higher` whether more is better. Data under .2 cannot rank models.
    """
    gained, whole = (duplicate - base, perfect - base) if higher else (base - duplicate, base)
    return float(np.clip(gained / (whole + _LEAST), -1, 1))


def diversity(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Mean distance of two predicted profiles over that of two true ones; 0 if all predictions are one, 1 as true.

    `predicted`, `truth` (P, G). `Undefined` below 2 perturbations or if all true profiles are one.
    """
    between = [_mean_distance(np.asarray(profiles, np.float64)) for profiles in (predicted, truth)]
    if between[1] == 0:
        raise Undefined("all true profiles are one")
    return between[0] / between[1]


def _mean_distance(profiles: Floats) -> float:
    if len(profiles) < 2:
        raise Undefined(f"{len(profiles)} perturbations, a distance needs 2")
    pairs = [np.sqrt(np.square(profiles[i + 1 :] - row).sum(axis=1)) for i, row in enumerate(profiles[:-1])]
    return float(np.concatenate(pairs).mean())


def _correlation(guess: Floats, change: Floats) -> float:
    try:
        return float(pearson(guess, change))
    except Undefined:
        return np.nan


def _average(values: Floats, weight: Floats) -> Floats:
    """Weighted mean over genes (P,), NaN where all weights are 0."""
    total = weight.sum(axis=1)
    summed = (weight * values).sum(axis=1)
    return np.asarray(np.divide(summed, total, out=np.full_like(total, np.nan), where=total > 0))


TABLE = (
    Metric(
        name="pearson_delta",
        title="Pearson correlation of changes",
        better="higher",
        targets=(),
        needs=(),
        scaled=False,
        formula="pearson over genes of yhat - reference and y - reference",
        example=">>> pearson_delta([[1, 2, 4]], [[2, 4, 8]], [0, 0, 0]).round(6).tolist()\n[1.0]",
        source="Mejia et al. 2025, arXiv:2506.22641",
        compute=pearson_delta,
        floor=0.0,
    ),
    Metric(
        name="weighted_mse",
        title="Mean squared error weighted by differential expression",
        better="lower",
        targets=(),
        needs=(),
        scaled=False,
        formula="sum w (yhat - y)^2 / sum w, w = ((|t| - min |t|) / (max |t| - min |t|))^2 over genes",
        example=">>> weighted_mse([[0, 0]], [[1, 3]], [[1, 0]]).tolist()\n[1.0]",
        source="Mejia et al. 2025, arXiv:2506.22641",
        compute=weighted_mse,
    ),
    Metric(
        name="weighted_r2",
        title="Weighted R2 of changes",
        better="higher",
        targets=(),
        needs=(),
        scaled=False,
        formula="1 - sum w (y - yhat)^2 / sum w (d - mean_w d)^2, d = y - mean of all perturbations",
        example=">>> weighted_r2([[1, 2]], [[1, 4]], [0, 0], [[1, 1]]).round(6).tolist()\n[0.111111]",
        source="Mejia et al. 2025, arXiv:2506.22641",
        compute=weighted_r2,
        floor=0.0,
    ),
    Metric(
        name="nir",
        title="Normalised inverse rank",
        better="higher",
        targets=(),
        needs=(),
        scaled=False,
        formula="share of other perturbations whose y is farther from yhat than the right one, ties half",
        example=">>> nir([[0], [3]], [[1], [4]]).tolist()\n[1.0, 1.0]",
        source="Miller et al. 2025, doi:10.1101/2025.10.20.683304",
        compute=nir,
        floor=0.5,
    ),
    Metric(
        name="dynamic_range_fraction",
        title="Room between a baseline and the technical duplicate",
        better="higher",
        targets=(),
        needs=(),
        scaled=False,
        formula="(dup - base) / (perfect - base + 1e-6), or (base - dup) / (base + 1e-6) where less is better; clipped",
        example=">>> round(dynamic_range_fraction(0.2, 0.6, 1, True), 4)\n0.5",
        source="Miller et al. 2025, doi:10.1101/2025.10.20.683304",
        compute=dynamic_range_fraction,
        floor=0.0,
    ),
    Metric(
        name="diversity",
        title="Distance between predictions over that between truths",
        better="nominal",
        targets=(),
        needs=(),
        scaled=False,
        formula="mean over pairs of |yhat_p - yhat_q| / mean over pairs of |y_p - y_q|; 1 as diverse as the truth",
        example=">>> diversity([[0], [1]], [[0], [4]])\n0.25",
        source="after Mejia et al. 2025, arXiv:2506.22641",
        compute=diversity,
        nominal=1.0,
    ),
)
