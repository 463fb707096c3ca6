"""Heads of networks: what the last layer says about the law of a measurement."""

import torch
from torch import Tensor, nn

VARIANCE_FLOOR = 1e-4


class GaussianHead(nn.Module):
    """Linear layer to (batch, outputs, 2): mean and raw variance of standardised targets."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, outputs * 2)

    def forward(self, features: Tensor) -> Tensor:
        """(batch, features) -> (batch, outputs, 2), float32 also where the layers before are of lower precision."""
        with torch.autocast(features.device.type, enabled=False):
            raw: Tensor = self.linear(features.float())
        return raw.reshape(len(raw), -1, 2)


def moments(raw: Tensor) -> tuple[Tensor, Tensor | None]:
    """Mean (batch, outputs) and variance of a network's answer; no variance for a point answer (batch, outputs)."""
    if raw.ndim == 2:
        return raw, None
    return raw[..., 0], torch.nn.functional.softplus(raw[..., 1]) + VARIANCE_FLOOR
