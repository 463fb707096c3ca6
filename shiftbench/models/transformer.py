"""Transformer: k-mer stem, learned positions, two pre-norm blocks of attention, mean over positions, Gaussian head."""

import math

import torch
from torch import Tensor, nn

from shiftbench.models.pooled import Pooled

KERNEL, POOL, BLOCKS, HEADS = 9, 8, 2, 4
"""Letters of a k-mer; k-mers of a token; blocks; heads, fewer if they do not divide the width."""


class Transformer(Pooled):
    """A token is the maximum over 8 k-mers, width `channels`; one-hot (batch, 4, length) to (batch, outputs, 2)."""

    def __init__(self, length: int, outputs: int, channels: int = 32, dropout: float = 0.05, features: int = 0) -> None:
        tokens = math.ceil(length / POOL)
        body = nn.Sequential(
            _Tokens(tokens, channels), nn.Dropout(dropout),
            *(_Block(channels, dropout) for _ in range(BLOCKS)),
            nn.LayerNorm(channels), _Mean(),
        )  # fmt: skip
        super().__init__(body, channels, outputs, features, dropout)


class _Tokens(nn.Module):
    """Scores of learned k-mers, maxima of them, plus a learned vector for every place; (batch, tokens, width)."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv1d(4, width, KERNEL, padding="same"), nn.MaxPool1d(POOL, ceil_mode=True),
            nn.BatchNorm1d(width), nn.ReLU(),
        )  # fmt: skip
        self.place = nn.Parameter(0.02 * torch.randn(tokens, width))

    def forward(self, one_hot: Tensor) -> Tensor:
        return self.stem(one_hot).transpose(1, 2) + self.place  # type: ignore[no-any-return]


class _Block(nn.Module):
    """Attention and a layer for each token, each after a norm and added to what came in (Xiong et al. 2020)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.heads = math.gcd(width, HEADS)
        self.norm, self.ask, self.join = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)
        self.each = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, width),
            nn.Dropout(dropout),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, width = tokens.shape
        asked = self.ask(self.norm(tokens)).reshape(batch, count, 3, self.heads, width // self.heads)
        found = nn.functional.scaled_dot_product_attention(*asked.permute(2, 0, 3, 1, 4))
        tokens = tokens + self.drop(self.join(found.transpose(1, 2).reshape(batch, count, width)))
        return tokens + self.each(tokens)  # type: ignore[no-any-return]


class _Mean(nn.Module):
    def forward(self, tokens: Tensor) -> Tensor:
        return tokens.mean(1)
