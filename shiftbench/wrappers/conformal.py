"""Split conformal intervals: half-widths that covered the calibration rows, in units of the predicted SD."""

import math

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import ModelError
from shiftbench.prediction import LEVELS, QUANTILES, Floats, Prediction
from shiftbench.wrappers.evidence import Evidence, Wrapped


def conformal_normalised(evidence: Evidence) -> Wrapped:
    """The same mean with split conformal intervals, each output on its own, and no density.

    Scores are |y - mu| / SD, or |y - mu| if the predictor states no SD. Marginal coverage of exchangeable rows is
    k / (m + 1) with k as in `radius`. `InputError` without calibration rows, `ModelError` if an SD is not positive.
    Source: Lei et al. 2018, doi:10.1080/01621459.2017.1307116, algorithm 2 and section 5.2.
    """
    test, calibration = evidence.pair()
    scores = np.abs(evidence.observed - calibration.mean.astype(np.float64)) / _scale(calibration)
    radii = np.array([[radius(column[~np.isnan(column)], level) for level in LEVELS] for column in scores.T])
    half = radii * _scale(test)[..., None]
    quantiles = np.empty((*test.mean.shape, len(QUANTILES)))
    quantiles[..., len(LEVELS)] = 0
    quantiles[..., len(LEVELS) + 1 :] = half
    quantiles[..., : len(LEVELS)] = -half[..., ::-1]
    return Wrapped(Prediction(test.mean, (test.mean[..., None] + quantiles).astype(np.float32)))


def radius(scores: NDArray[np.float64], level: float) -> float:
    """The k-th smallest of m calibration scores (m,), k = ceil((m + 1) level); infinite if k exceeds m."""
    k = math.ceil(round((scores.size + 1) * level, 9))
    return float(np.partition(scores, k - 1)[k - 1]) if k <= scores.size else math.inf


def _scale(prediction: Prediction) -> NDArray[np.float64] | Floats:
    if prediction.sd is None:
        return np.ones_like(prediction.mean, dtype=np.float64)
    if wrong := np.count_nonzero(~(prediction.sd > 0)):
        raise ModelError(f"conformal: SD is not positive in {wrong} of {prediction.sd.size} predictions")
    return prediction.sd.astype(np.float64)
