"""Prediction of a trained network under a view: plain, the other strand, or the mean of both."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from shiftbench.models.heads import moments
from shiftbench.prediction import Prediction
from shiftbench.train.loop import CHUNK, answer, one_hot, reverse_complement

Floats = NDArray[np.float32]


def reverse_letters(sequence: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reverse complement of codes (n, length); N stays N."""
    return np.array([3, 2, 1, 0, 4], np.uint8)[sequence[:, ::-1]]


def raw_moments(module: nn.Module, sequence: NDArray[np.uint8], name: str, outputs: int, device: str,
                reverse: bool) -> tuple[Floats, Floats | None]:  # fmt: skip
    """Mean and variance (or None) of standardised targets, each (n, outputs), for one strand."""
    torch.set_num_threads(1)
    module.eval()
    means, variances = [], []
    with torch.inference_mode():
        for codes in torch.split(torch.from_numpy(np.ascontiguousarray(sequence)), CHUNK):
            encoded = one_hot(codes.to(device))
            mean, variance = moments(answer(module, reverse_complement(encoded) if reverse else encoded, name, outputs))
            means.append(mean.cpu().numpy())
            if variance is not None:
                variances.append(variance.cpu().numpy())
    return np.concatenate(means), np.concatenate(variances) if variances else None


def pool(members: list[Prediction]) -> Prediction:
    """Mean of view members: of their means, SDs and quantiles, since a second view is no second measurement."""
    if len(members) == 1:
        return members[0]

    def mean(parts: list[Floats]) -> Floats:
        return np.asarray(np.mean(parts, axis=0, dtype=np.float64), dtype=np.float32)

    sds = [member.sd for member in members if member.sd is not None]
    quantiles = mean([member.quantiles for member in members])
    return Prediction(mean([member.mean for member in members]), quantiles, mean(sds) if sds else None)
