"""What our networks share: a body that pools the letters, structural features beside it, and the top."""

import torch
from torch import Tensor, nn

from shiftbench.models.heads import GaussianHead

DENSE = 64
"""Units of the dense layer."""
BRANCH = 64
"""Units of the branch that reads structural features."""


class Pooled(nn.Module):
    """Body (batch, 4, length) -> (batch, pooled), joined by a branch for structural features, dense layer, head.

    `features` is the number of structural features; 0 builds no branch.
    """

    def __init__(self, body: nn.Module, pooled: int, outputs: int, features: int, dropout: float) -> None:
        super().__init__()
        self.body = body
        # Most motifs are decoys: with less dropout the branch learns the training rows by heart.
        hidden = nn.Dropout(min(0.5, 4 * dropout))
        self.branch = nn.Sequential(hidden, nn.Linear(features, BRANCH), nn.ReLU()) if features else None
        joined = pooled + BRANCH * bool(features)
        self.top = nn.Sequential(nn.Linear(joined, DENSE), nn.ReLU(), nn.Dropout(dropout))
        self.answer = GaussianHead(DENSE, outputs)

    def forward(self, one_hot: Tensor, features: Tensor | None = None) -> Tensor:
        """Mean and raw variance of standardised targets, (batch, outputs, 2)."""
        pooled = self.body(one_hot)
        if self.branch is not None:
            pooled = torch.cat([pooled, self.branch(features)], dim=1)
        return self.answer(self.top(pooled))  # type: ignore[no-any-return]
