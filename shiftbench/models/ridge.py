"""Ridge regression on standardised features, its penalty chosen on validation rows."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

PENALTIES = tuple(10.0**power for power in range(-6, 3))
"""Penalties tried, as multiples of n x the mean eigenvalue of the feature correlation matrix (which is 1)."""


def fit(features: Array, targets: Array, validation: Array, validation_targets: Array) -> dict[str, Array]:
    """State of a ridge for every output: `center`, `scale` (p,), `weights`, `intercept`, `sd`, `penalty` (outputs,).

    `features` (n, p), `targets` (n, outputs). The penalty of each output has the least squared error on the validation
    rows; `sd` is the root mean squared error there, so that intervals speak of new measurements.
    """
    center = features.mean(0, dtype=np.float64)
    scale = features.std(0, dtype=np.float64)
    scale[scale == 0] = 1.0
    intercept = targets.mean(0, dtype=np.float64)
    x = (features - center) / scale
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    moments = vectors.T @ (x.T @ (targets - intercept) / len(x))
    rotated = ((validation - center) / scale) @ vectors
    penalties = np.array(PENALTIES)
    weights = moments[None] / (np.maximum(values, 0)[None] + penalties[:, None])[..., None]
    errors = np.mean((rotated @ weights + intercept - validation_targets) ** 2, axis=1)
    best = errors.argmin(0)
    outputs = np.arange(targets.shape[1])
    state = {
        "center": center,
        "scale": scale,
        "weights": vectors @ weights[best, :, outputs].T,
        "intercept": intercept,
        "sd": np.sqrt(errors[best, outputs]),
        "penalty": penalties[best],
    }
    return {name: value.astype(np.float32) for name, value in state.items()}


def predict(state: dict[str, Array], features: Array) -> Array:
    """Predicted means, float32 (n, outputs)."""
    x = (features.astype(np.float64) - state["center"]) / state["scale"]
    return np.asarray(x @ state["weights"] + state["intercept"], dtype=np.float32)
