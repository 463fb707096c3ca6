"""The stated law as wrappers read it, refused where it is none; and the normal law that some give back."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import ModelError, Skipped
from shiftbench.prediction import Floats, Prediction, gaussian


def stated_sd(prediction: Prediction) -> NDArray[np.float64]:
    """Total SD of every row and output, (n, outputs); `Skipped` if none is stated, `ModelError` if not positive."""
    if prediction.sd is None:
        raise Skipped("wrapper: the predictor states no SD")
    if wrong := np.count_nonzero(~(prediction.sd > 0)):
        raise ModelError(f"wrapper: SD is not positive in {wrong} of {prediction.sd.size} predictions")
    return prediction.sd.astype(np.float64)


def stated_quantiles(prediction: Prediction) -> NDArray[np.float64]:
    """Quantiles (n, outputs, 9); `Skipped` if all are missing, `ModelError` if they are not finite and in order."""
    quantiles = prediction.quantiles.astype(np.float64)
    if np.isnan(quantiles).all():
        raise Skipped("wrapper: the predictor states no quantiles")
    right = np.isfinite(quantiles).all(axis=-1) & (np.diff(quantiles, axis=-1) >= 0).all(axis=-1)
    if wrong := np.count_nonzero(~right):
        raise ModelError(f"wrapper: quantiles are not finite or not in order in {wrong} of {right.size} predictions")
    return quantiles


def normal(mean: Floats, aleatoric: Floats | None, epistemic: Floats | None) -> Prediction:
    """Normal law of the SDs that are known, each float32 (n, outputs); `ModelError` if none is."""
    known = [sd for sd in (aleatoric, epistemic) if sd is not None]
    if not known:
        raise ModelError("wrapper: neither an aleatoric nor an epistemic SD is stated")
    return replace(gaussian(mean, *known), aleatoric=aleatoric, epistemic=epistemic)
