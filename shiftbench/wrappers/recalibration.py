"""Stated laws put right by calibration rows: their width by one factor, or their levels by how often they held."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri, ndtri_exp

from shiftbench.errors import InputError, ModelError
from shiftbench.prediction import QUANTILES
from shiftbench.wrappers.conformal import by_quantiles
from shiftbench.wrappers.evidence import Evidence, Wrapped
from shiftbench.wrappers.law import normal, stated_quantiles, stated_sd

Floats = NDArray[np.float64]

SCORES = ndtri(np.asarray(QUANTILES))
"""Normal scores of the stored quantiles."""


def variance_scaling(evidence: Evidence) -> Wrapped:
    """Normal law whose SDs are those stated times sqrt(mean z^2) of the calibration rows, a factor an output.

    It is the factor of least negative log likelihood; both parts of the SD are scaled. With m Gaussian rows the new z
    is t of m degrees of freedom: intervals are a little short at small m. `Skipped` if no SD is stated, `InputError` if
    an output has no calibration row. Source: Levi et al. 2022, doi:10.3390/s22155540.
    """
    test, calibration = evidence.pair()
    stated_sd(test)
    z = (evidence.observed - calibration.mean.astype(np.float64)) / stated_sd(calibration)
    factor = np.array([np.sqrt(np.mean(np.square(column))) for column in _known(z)])
    if not (factor > 0).all():
        raise ModelError("wrapper: all calibration errors of an output are 0; expected noisy measurements")
    aleatoric, epistemic = (
        None if part is None else (part * factor).astype(np.float32) for part in (test.aleatoric, test.epistemic)
    )
    return Wrapped(replace(normal(test.mean, aleatoric, epistemic), kept=test.kept))


def isotonic(evidence: Evidence) -> Wrapped:
    """The same mean with quantiles read off the stated law at the levels that held on the calibration rows; no density.

    The i-th smallest of the levels F(y) of m rows is mapped to i / (m + 1); that is the isotonic regression of observed
    on stated frequencies, which rise together by themselves. Between two of them normal scores are interpolated; below
    the first and above the last, levels go to 0 and 1 in proportion. F is taken as linear in normal scores between and
    beyond the stored quantiles, which is exact for a normal law. `Skipped` if no quantiles are stated, `InputError` if
    an output has no calibration row. Source: Kuleshov et al. 2018, arXiv:1807.00263, algorithm 1 (there i / m).
    """
    test, calibration = evidence.pair()
    stated = stated_quantiles(test)
    scores = normal_scores(stated_quantiles(calibration), evidence.observed.astype(np.float64))
    wanted = np.stack([held(column) for column in _known(scores)])
    place = np.clip(np.searchsorted(SCORES, wanted), 1, len(SCORES) - 1)
    low, high = (np.take_along_axis(stated, at[None], axis=-1) for at in (place - 1, place))
    return Wrapped(by_quantiles(test, low + (high - low) * (wanted - SCORES[place - 1]) / np.diff(SCORES)[place - 1]))


def normal_scores(quantiles: Floats, values: Floats) -> Floats:
    """Normal score of the level of each value (n, outputs) in the law of quantiles (n, outputs, 9); NaN stays NaN.

    `ModelError` if a value is beyond two quantiles that are equal, so that nothing tells how the law goes on.
    """
    place = np.clip((quantiles < values[..., None]).sum(axis=-1), 1, len(SCORES) - 1)
    low, high = (np.take_along_axis(quantiles, at[..., None], axis=-1)[..., 0] for at in (place - 1, place))
    if flat := np.count_nonzero(high == low):
        raise ModelError(f"wrapper: outer quantiles are equal in {flat} of {high.size} predictions")
    return np.asarray(SCORES[place - 1] + (values - low) / (high - low) * np.diff(SCORES)[place - 1])


def held(scores: Floats) -> Floats:
    """Normal scores (9,) of the stated levels that held at the rates `QUANTILES`, from those of m values (m,)."""
    ordered, ranks = np.sort(scores), np.asarray(QUANTILES) * (len(scores) + 1)
    found = np.interp(ranks, np.arange(1, len(scores) + 1), ordered)
    below, above = ranks < 1, ranks > len(scores)
    found[below] = ndtri_exp(log_ndtr(ordered[0]) + np.log(ranks[below]))
    found[above] = -ndtri_exp(log_ndtr(-ordered[-1]) + np.log(len(scores) + 1 - ranks[above]))
    return np.asarray(found)


def _known(values: Floats) -> list[Floats]:
    """Values (m, outputs) of each output that are not NaN; `InputError` if there is none."""
    columns = [column[~np.isnan(column)] for column in values.T]
    for number, column in enumerate(columns):
        if not column.size:
            raise InputError(f"wrapper: output {number + 1} has no calibration row with a target; expected 1 or more")
    return columns
