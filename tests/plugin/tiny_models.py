"""A network, a predictor and an embedding, named to the benchmark by the entry points of this package alone."""

import numpy as np
from torch import nn


class TinyNet(nn.Module):
    """Linear on the shares of letters, with a variance of its own."""

    def __init__(self, length, outputs):
        super().__init__()
        self.outputs = outputs
        self.layer = nn.Linear(4, 2 * outputs)

    def forward(self, encoded):
        return self.layer(encoded.mean(2)).view(-1, self.outputs, 2)


def gc(sequences):
    """Ten times the GC content."""
    return np.array([10 * (text.count("C") + text.count("G")) / len(text) for text in sequences])


def letters(sequences):
    """Counts of letters."""
    return np.array([[text.count(letter) for letter in "ACGTN"] for text in sequences])
