"""A stranger's networks: one sound, one that learns NaN."""

import torch
from torch import nn


class Line(nn.Module):
    """Linear on GC-like sums of letters."""

    def __init__(self, length, outputs):
        super().__init__()
        self.layer = nn.Linear(4, outputs)

    def forward(self, encoded):
        return self.layer(encoded.mean(2))


class Broken(Line):
    """NaN whenever it is asked."""

    def forward(self, encoded):
        return super().forward(encoded) * torch.nan
