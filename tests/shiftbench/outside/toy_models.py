"""A stranger's networks: a sound one, a function that builds it, one that learns NaN, and one built already."""

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


def line(length, outputs):
    """The sound one."""
    return Line(length, outputs)


trained = Line(60, 2)
