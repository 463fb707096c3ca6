"""Prediction of a trained network under a view: strands, shifts, or passes with dropout on."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from shiftbench.errors import ModelError
from shiftbench.models.heads import moments
from shiftbench.prediction import Prediction
from shiftbench.train.loop import CHUNK, answer, one_hot

Floats = NDArray[np.float32]


def reverse_letters(sequence: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reverse complement of codes (n, length); N stays N."""
    return np.array([3, 2, 1, 0, 4], np.uint8)[sequence[:, ::-1]]


def shifted(sequence: NDArray[np.uint8], bases: int) -> NDArray[np.uint8]:
    """Codes (n, length) moved by `bases` to the right (left if negative); what is laid bare is N."""
    if not bases:
        return sequence
    moved = np.full_like(sequence, 4)
    left = max(0, sequence.shape[1] - abs(bases))
    moved[:, max(0, bases) :][:, :left] = sequence[:, max(0, -bases) :][:, :left]
    return moved


def raw_moments(
    module: nn.Module, sequence: NDArray[np.uint8], features: Floats, name: str, outputs: int, device: str
) -> tuple[Floats, Floats | None]:
    """Mean and variance (or None) of standardised targets, each (n, outputs), of letters and features (n, p).

    p = 0 of a network without structural features. The module is used in the mode that it is in.
    """
    torch.set_num_threads(1)
    means, variances = [], []
    with torch.inference_mode():
        for start in range(0, len(sequence), CHUNK):
            rows = slice(start, start + CHUNK)
            letters = torch.from_numpy(np.ascontiguousarray(sequence[rows])).to(device)
            known = torch.from_numpy(features[rows]).to(device)
            mean, variance = moments(answer(module, one_hot(letters), known, name, outputs))
            means.append(mean.cpu().numpy())
            if variance is not None:
                variances.append(variance.cpu().numpy())
    return np.concatenate(means), np.concatenate(variances) if variances else None


@contextmanager
def dropping(module: nn.Module, text: str, name: str) -> Iterator[None]:
    """Dropout on, all else of `module` as in use, and random numbers that `text` fixes; then both as they were.

    `ModelError` if no layer drops anything.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p > 0]
    if not layers:
        raise ModelError(f"{name}: no dropout layer with p above 0; expected one for passes with dropout on")
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1
    devices = [*{weight.device for weight in module.parameters() if weight.is_cuda}]
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        for layer in layers:
            layer.train()
        try:
            yield
        finally:
            for layer in layers:
                layer.eval()


def pool(members: list[Prediction]) -> Prediction:
    """Mean of view members: of their means, SDs and quantiles, since a second view is no second measurement.

    A row is kept if every member keeps it.
    """
    if len(members) == 1:
        return members[0]

    def mean(parts: list[Floats]) -> Floats:
        return np.asarray(np.mean(parts, axis=0, dtype=np.float64), dtype=np.float32)

    sds = [member.sd for member in members if member.sd is not None]
    quantiles = mean([member.quantiles for member in members])
    kept = [member.kept for member in members if member.kept is not None]
    every = np.logical_and.reduce(kept) if kept else None
    return Prediction(mean([member.mean for member in members]), quantiles, mean(sds) if sds else None, kept=every)
