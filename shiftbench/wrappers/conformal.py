"""Split conformal intervals: distances within which the right share of the calibration rows lay."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shiftbench.models.features import gc
from shiftbench.prediction import LEVELS, Prediction
from shiftbench.wrappers.evidence import Evidence, Wrapped
from shiftbench.wrappers.law import stated_quantiles, stated_sd

Floats = NDArray[np.float64]

GROUPS = 5
"""Groups of like GC."""
MIDDLE = len(LEVELS)
"""Place of the median among the stored quantiles; the interval of the i-th level ends i + 1 places from it."""


def conformal_split(evidence: Evidence) -> Wrapped:
    """The same mean with intervals mu +- q, each output on its own, and no density; scores are |y - mu|.

    Marginal coverage of exchangeable rows is k / (m + 1) with k as in `radius`. `InputError` without a calibration set.
    Source: Lei et al. 2018, doi:10.1080/01621459.2017.1307116, algorithm 2.
    """
    test, calibration = evidence.pair()
    return Wrapped(around(test, radii(distances(evidence, calibration))))


def conformal_normalised(evidence: Evidence) -> Wrapped:
    """As `conformal_split` with intervals mu +- q SD; scores are |y - mu| / SD, the unit 1 if none is stated.

    `ModelError` if an SD is not positive. Source: Lei et al. 2018, section 5.2.
    """
    test, calibration = evidence.pair()
    scores = distances(evidence, calibration) / unit(calibration)
    return Wrapped(around(test, radii(scores) * unit(test)[..., None]))


def conformal_mondrian(evidence: Evidence) -> Wrapped:
    """As `conformal_normalised`, with a radius of its own for each fifth of the calibration rows by GC of the letters.

    Where the group of a row is too small for a level (k exceeds its m), the radius of all rows is taken, or that of the
    group at a lower level if larger; told: `pooled_share`, the share of intervals (rows x levels) where that is so.
    Source: Vovk, Gammerman and Shafer 2005, Algorithmic learning in a random world.
    """
    test, calibration = evidence.pair()
    scores = distances(evidence, calibration) / unit(calibration)
    own, other = (gc(letters)[:, 0] for letters in (evidence.calibration_sequence, evidence.sequence))
    edges = np.quantile(own, np.arange(1, GROUPS) / GROUPS) if own.size else np.zeros(0)
    group = np.digitize(own, edges)
    grouped = np.stack([radii(scores[group == number]) for number in range(GROUPS)])[np.digitize(other, edges)]
    pooled = np.isinf(grouped)
    nested = np.maximum.accumulate(np.where(pooled, radii(scores), grouped), axis=-1)
    half = nested * unit(test)[..., None]
    return Wrapped(around(test, half), {"pooled_share": pooled.mean(axis=(0, 2)).tolist()})


def conformal_cqr(evidence: Evidence) -> Wrapped:
    """Both ends of every stated interval moved by one distance, outwards or inwards, and no density.

    Scores are max(low - y, y - high), so a skewed law stays skewed. Ends that would cross meet in the middle, an
    interval holds those of lower levels, and all hold the median. `ModelError` if the law is not finite and in order.
    Source: Romano et al. 2019, arXiv:1905.03222, algorithm 1.
    """
    test, calibration = evidence.pair()
    before, stated = stated_quantiles(calibration), stated_quantiles(test)
    wrapped = stated.copy()
    low, high = np.asarray(np.inf), np.asarray(-np.inf)
    for place, level in enumerate(LEVELS, start=1):
        below, above = MIDDLE - place, MIDDLE + place
        outside = np.maximum(before[..., below] - evidence.observed, evidence.observed - before[..., above])
        moved = at_level(outside, level)
        center = (stated[..., below] + stated[..., above]) / 2
        low = np.minimum(low, np.minimum(stated[..., below] - moved, center))
        high = np.maximum(high, np.maximum(stated[..., above] + moved, center))
        wrapped[..., below], wrapped[..., above] = low, high
    wrapped[..., MIDDLE] = np.clip(stated[..., MIDDLE], wrapped[..., MIDDLE - 1], wrapped[..., MIDDLE + 1])
    return Wrapped(by_quantiles(test, wrapped))


def radius(scores: Floats, level: float) -> float:
    """The k-th smallest of m calibration scores (m,), k = ceil((m + 1) level); infinite if k exceeds m."""
    k = math.ceil(round((scores.size + 1) * level, 9))
    return float(np.partition(scores, k - 1)[k - 1]) if k <= scores.size else math.inf


def at_level(scores: Floats, level: float) -> Floats:
    """Radius of every output, (outputs,), of scores (m, outputs), NaN where missing."""
    return np.array([radius(column[~np.isnan(column)], level) for column in scores.T])


def radii(scores: Floats) -> Floats:
    """Radius of every output at each of `LEVELS`, (outputs, levels), of scores (m, outputs), NaN where missing."""
    return np.stack([at_level(scores, level) for level in LEVELS], axis=1)


def distances(evidence: Evidence, calibration: Prediction) -> Floats:
    """|y - mu| of the calibration rows, (m, outputs), NaN where y is missing."""
    return np.asarray(np.abs(evidence.observed - calibration.mean.astype(np.float64)))


def unit(prediction: Prediction) -> Floats:
    """What a normalised score is measured in: the stated SD, or 1; (n, outputs)."""
    return np.ones(prediction.mean.shape) if prediction.sd is None else stated_sd(prediction)


def around(test: Prediction, half: Floats) -> Prediction:
    """The same mean with intervals of half-widths `half` ([n,] outputs, levels), and no density."""
    half = np.broadcast_to(half, (*test.mean.shape, len(LEVELS)))
    offsets = np.concatenate([-half[..., ::-1], np.zeros((*half.shape[:-1], 1)), half], axis=-1)
    return by_quantiles(test, test.mean[..., None] + offsets)


def by_quantiles(test: Prediction, quantiles: Floats) -> Prediction:
    """The same mean with these quantiles (n, outputs, 9), and no density."""
    return replace(test, quantiles=quantiles.astype(np.float32), aleatoric=None, epistemic=None)
