"""Convolutional network: three layers, two poolings, mean and maximum over positions, Gaussian head."""

import torch
from torch import Tensor, nn

from shiftbench.models.heads import GaussianHead


class Cnn(nn.Module):
    """Kernels 15, 7 and 5; `forward` maps one-hot (batch, 4, length) to (batch, outputs, 2)."""

    def __init__(self, length: int, outputs: int, channels: int = 32, dropout: float = 0.05) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_block(4, channels, 15), nn.MaxPool1d(4), nn.Dropout(dropout),
            *_block(channels, channels, 7), nn.MaxPool1d(4), nn.Dropout(dropout),
            *_block(channels, channels, 5),
        )  # fmt: skip
        self.top = nn.Sequential(nn.Linear(2 * channels, 64), nn.ReLU(), nn.Dropout(dropout))
        self.answer = GaussianHead(64, outputs)

    def forward(self, one_hot: Tensor) -> Tensor:
        """Mean and raw variance of standardised targets."""
        maps = self.body(one_hot)
        return self.answer(self.top(torch.cat([maps.mean(2), maps.amax(2)], dim=1)))  # type: ignore[no-any-return]


def _block(inputs: int, channels: int, kernel: int) -> list[nn.Module]:
    return [nn.Conv1d(inputs, channels, kernel, padding="same"), nn.BatchNorm1d(channels), nn.ReLU()]
