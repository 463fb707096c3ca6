"""Members (training seeds, or passes with dropout on) pooled into one law."""

import numpy as np

from shiftbench.errors import InputError
from shiftbench.prediction import Floats
from shiftbench.wrappers.evidence import Evidence, Wrapped
from shiftbench.wrappers.law import normal


def ensemble(evidence: Evidence) -> Wrapped:
    """Normal law with the moments of the mixture of members.

    Mean = mean of means; aleatoric variance = mean of theirs; epistemic variance = mean((mu_m - mu)^2) + mean of
    theirs. Members without aleatoric SD pool to a law of epistemic SD alone. `InputError` if only some have one.
    Source: Lakshminarayanan et al. 2017, arXiv:1612.01474, section 2.4.
    """
    members = evidence.test
    if not members:
        raise InputError("ensemble: found no member, expected at least 1")
    means = np.stack([member.mean for member in members]).astype(np.float64)
    mean = means.mean(axis=0).astype(np.float32)
    within = [_squared(member.epistemic, means[0].shape) for member in members]
    epistemic = np.sqrt(means.var(axis=0) + np.mean(within, axis=0)).astype(np.float32)
    noise = [member.aleatoric for member in members if member.aleatoric is not None]
    if noise and len(noise) < len(members):
        raise InputError(f"ensemble: {len(noise)} of {len(members)} members have an aleatoric SD; expected all or none")
    variances = [_squared(sd, sd.shape) for sd in noise]
    aleatoric = np.sqrt(np.mean(variances, axis=0)).astype(np.float32) if noise else None
    return Wrapped(normal(mean, aleatoric, epistemic))


def _squared(sd: Floats | None, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.zeros(shape) if sd is None else np.square(sd, dtype=np.float64)
