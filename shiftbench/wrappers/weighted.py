"""Conformal intervals for another law of inputs: calibration rows count as much as the test set has of their like."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shiftbench.prediction import LEVELS
from shiftbench.wrappers import density_ratio
from shiftbench.wrappers.conformal import around, distances, unit
from shiftbench.wrappers.evidence import Evidence, Wrapped

Floats = NDArray[np.float64]

LARGEST = 700.0
"""Log of a weight that exceeds all others together and is still a number."""


def conformal_weighted_gc(evidence: Evidence) -> Wrapped:
    """`weighted` by the density ratio of GC."""
    return weighted(evidence, density_ratio.gc)


def conformal_weighted_kmer(evidence: Evidence) -> Wrapped:
    """`weighted` by the density ratio of k-mer shares."""
    return weighted(evidence, density_ratio.kmer_shares)


def weighted(evidence: Evidence, features: Callable[[NDArray[np.uint8]], Floats]) -> Wrapped:
    """As `conformal_normalised`, each calibration score weighted by the density ratio of its letters, never clipped.

    Right for covariate shift with overlap only. An interval is infinite where the row's own share of the weight is
    above 1 - level. Told: `effective_sample_size` (sum w)^2 / sum w^2 of the calibration rows, NaN without any.
    Source: Tibshirani et al. 2019, arXiv:1904.06019, corollary 1.
    """
    test, calibration = evidence.pair()
    scores = distances(evidence, calibration) / unit(calibration)
    logs, own = density_ratio.log_ratio(features(evidence.calibration_sequence), features(evidence.sequence))
    found = [weighted_radii(column, logs, own) for column in scores.T]
    half = np.stack([radii for radii, _ in found], axis=1) * unit(test)[..., None]
    return Wrapped(around(test, half), {"effective_sample_size": [size for _, size in found]})


def weighted_radii(scores: Floats, logs: Floats, own: Floats) -> tuple[Floats, float]:
    """Radii of every test row at each of `LEVELS`, (n, levels), and the effective number of calibration rows.

    `scores` (m,), NaN where missing; `logs` (m,), `own` (n,): log weights of calibration and test rows. The radius is
    the smallest score t at which rows up to t have `level` of all weight, the test row's own included.
    """
    known = ~np.isnan(scores)
    if not known.any():
        return np.full((len(own), len(LEVELS)), np.inf), np.nan
    order = np.argsort(scores[known])
    heaviest = logs[known].max()
    weights = np.exp(logs[known] - heaviest)[order]
    reached = np.cumsum(weights)
    total = reached[-1] + np.exp(np.minimum(own - heaviest, LARGEST))
    needed = np.multiply.outer(total, np.asarray(LEVELS)) * (1 - 1e-9)  # m + 1 equal weights need k of them, not k + 1
    radii = np.append(scores[known][order], np.inf)[np.searchsorted(reached, needed)]
    return radii, float(weights.sum() ** 2 / np.square(weights).sum())
