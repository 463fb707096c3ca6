"""Convolutional network: three layers, two poolings, mean and maximum over positions, Gaussian head."""

import torch
from torch import Tensor, nn

from shiftbench.models.pooled import Pooled


class Cnn(Pooled):
    """Kernels 15, 7 and 5; `forward` maps one-hot (batch, 4, length) to (batch, outputs, 2)."""

    def __init__(self, length: int, outputs: int, channels: int = 32, dropout: float = 0.05, features: int = 0) -> None:
        body = nn.Sequential(
            *_block(4, channels, 15, nn.MaxPool1d(4)), nn.Dropout(dropout),
            *_block(channels, channels, 7, nn.MaxPool1d(4)), nn.Dropout(dropout),
            *_block(channels, channels, 5), _MeanAndMaximum(),
        )  # fmt: skip
        super().__init__(body, 2 * channels, outputs, features, dropout)


class _MeanAndMaximum(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([maps.mean(2), maps.amax(2)], dim=1)


def _block(inputs: int, channels: int, kernel: int, *pool: nn.Module) -> list[nn.Module]:
    """Convolution, pooling, norm: normed after pooling it learns more and costs less than the other way round."""
    return [nn.Conv1d(inputs, channels, kernel, padding="same"), *pool, nn.BatchNorm1d(channels), nn.ReLU()]
