"""Recurrent network: convolution, pooling, two bidirectional LSTM layers, mean over positions, Gaussian head."""

import torch
from torch import Tensor, nn

from shiftbench.models.pooled import Pooled


class BiLstm(Pooled):
    """Kernel 11, pooling of 4, half of `channels` a direction; one-hot (batch, 4, length) to (batch, outputs, 2)."""

    def __init__(self, length: int, outputs: int, channels: int = 32, dropout: float = 0.05, features: int = 0) -> None:
        hidden = max(1, channels // 2)
        body = nn.Sequential(
            nn.Conv1d(4, channels, 11, padding="same"), nn.MaxPool1d(4), nn.BatchNorm1d(channels), nn.ReLU(),
            nn.Dropout(dropout), _Recurrent(channels, hidden), nn.Dropout(dropout),
        )  # fmt: skip
        super().__init__(body, 2 * hidden, outputs, features, dropout)


class _Recurrent(nn.Module):
    """Two LSTM layers read both ways; mean of their states over positions, (batch, 2 x hidden)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, hidden, num_layers=2, bidirectional=True, batch_first=True)

    def forward(self, maps: Tensor) -> Tensor:
        with torch.autocast(maps.device.type, enabled=False):  # rounding would add up over the steps
            states: Tensor = self.lstm(maps.float().transpose(1, 2))[0]
        return states.mean(1)
