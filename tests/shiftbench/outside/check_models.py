"""A stranger's networks and predictors: sound ones, and ones with one fault each."""

import math

import numpy as np
import torch
from torch import nn

import shiftbench
from shiftbench.models.heads import GaussianHead

LENGTH = 100
"""Letters that a fixed network is made for."""
FAULTS = {
    "NoArguments": "built",
    "NoWeights": "parameters",
    "OneColumn": "shape",
    "Doubles": "dtype",
    "Infinite": "finite",
    "Explodes": "stable training",
    "Unused": "gradients",
    "Deaf": "responds",
    "AlwaysDrops": "repeatable",
    "FirstLetter": "learns",
    "FixedLength": "any length",
    "FixedOutputs": "any outputs",
    "Squeezes": "batch sizes",
    "ScalesInput": "input untouched",
    "Pinned": "devices",
    "PinnedInside": "devices",
    "OwnDice": "same seed",
    "Forgets": "saved weights",
    "BatchStatistics": "batch independence",
    "Neighbours": "batch independence",
    "Divides": "N letters",
    "Odds": "one letter",
    "Needy": "built",
    "first_only": "shape",
    "words": "dtype",
    "nan": "finite",
    "sure": "SD",
    "misnamed": "columns",
    "deaf": "responds",
    "dice": "repeatable",
    "single": "batch sizes",
    "ranks": "batch independence",
    "unknown": "N letters",
    "entropy": "one letter",
}
"""Networks, predictors and an embedding with a fault, and the one check that has to tell."""


class Composition(nn.Module):
    """Linear on shares of letters: every letter counts alike, wherever it is."""

    def __init__(self, length, outputs):
        super().__init__()
        self.layer = nn.Linear(4, outputs)

    def forward(self, encoded):
        return self.layer(20 * (encoded.mean(2) - 0.25))


class Tied(nn.Module):
    """Two names for one weight, of which each is saved."""

    def __init__(self, length, outputs):
        super().__init__()
        self.layer = nn.Linear(4, outputs)
        self.again = self.layer

    def forward(self, encoded):
        return self.again(20 * (encoded.mean(2) - 0.25))


class Branched(nn.Module):
    """A branch of its own for features, and groups of channels that not every width can be cut into."""

    def __init__(self, length, outputs, channels=32, features=0):
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(4, channels, 9, padding="same"), nn.GroupNorm(32, channels), nn.ReLU())
        self.known, self.head = nn.Linear(features, 8, bias=False), nn.Linear(channels + 8, outputs)

    def forward(self, encoded, features=None):
        features = encoded.new_zeros((len(encoded), 0)) if features is None else features
        return self.head(torch.cat([self.body(encoded).mean(2), self.known(features)], 1))


class Convolution(nn.Module):
    """Convolution, batch norm, dropout, Gaussian head."""

    def __init__(self, length, outputs, channels=16, dropout=0.1):
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(4, channels, 9, padding="same"), nn.BatchNorm1d(channels), nn.ReLU())
        self.drop, self.head = nn.Dropout(dropout), GaussianHead(channels, outputs)

    def forward(self, encoded):
        return self.head(self.drop(self.body(encoded).mean(2)))


class BothStrands(nn.Module):
    """The mean of what a convolution says of either strand."""

    def __init__(self, length, outputs):
        super().__init__()
        self.network = Convolution(length, outputs, dropout=0.0)

    def forward(self, encoded):
        return (self.network(encoded) + self.network(encoded.flip(1, 2))) / 2


class Recurrent(nn.Module):
    """A gated recurrent layer, its last layer 0 at first."""

    def __init__(self, length, outputs):
        super().__init__()
        self.stem, self.read = nn.Conv1d(4, 16, 9, stride=4), nn.GRU(16, 8, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, outputs)
        nn.init.zeros_(self.head.weight)

    def forward(self, encoded):
        return self.head(self.read(self.stem(encoded).relu().transpose(1, 2))[0].mean(1))


class Attention(nn.Module):
    """Tokens of 10 letters that attend to each other; positions are a buffer."""

    def __init__(self, length, outputs):
        super().__init__()
        self.tokens = nn.Conv1d(4, 16, 10, stride=10)
        self.register_buffer("place", torch.linspace(-1, 1, length // 10)[:, None])
        self.attend, self.head = nn.MultiheadAttention(16, 2, batch_first=True), nn.Linear(16, outputs)

    def forward(self, encoded):
        tokens = self.tokens(encoded).relu().transpose(1, 2) + self.place
        return self.head((tokens + self.attend(tokens, tokens, tokens, need_weights=False)[0]).mean(1))


def gc(sequences):
    """Share of G and C of each sequence."""
    return np.array([(text.count("G") + text.count("C")) / len(text) for text in sequences])


def with_sd(sequences):
    """Mean and SD."""
    return gc(sequences), 0.1 + gc(sequences)


class Weighted:
    """A class that is built without arguments; three columns."""

    def __init__(self):
        self.weights = np.array([1.0, 2.0, -1.0])

    def __call__(self, sequences):
        return gc(sequences)[:, None] * self.weights


@shiftbench.embedding
def letters(sequences):
    """Counts of letters."""
    return [[text.count(letter) for letter in "ACGT"] for text in sequences]


GOOD = (
    "Tied",
    "Branched",
    "Composition",
    "Convolution",
    "BothStrands",
    "Recurrent",
    "Attention",
    "gc",
    "with_sd",
    "Weighted",
    "letters",
)


class NoArguments(Composition):
    def __init__(self):
        super().__init__(LENGTH, 3)


class NoWeights(nn.Module):
    def __init__(self, length, outputs):
        super().__init__()
        self.register_buffer("weight", torch.randn(4, outputs))

    def forward(self, encoded):
        return encoded.mean(2) @ self.weight


class OneColumn(Composition):
    def forward(self, encoded):
        return super().forward(encoded)[:, 0]


class Doubles(Composition):
    def forward(self, encoded):
        return super().forward(encoded).double()


class Infinite(Composition):
    def forward(self, encoded):
        return super().forward(encoded) / (encoded.sum(1).amax(1, keepdim=True) - 1)


class Explodes(Composition):
    """A root at 0: finite itself, its gradient is not."""

    def __init__(self, length, outputs):
        super().__init__(length, outputs)
        self.offset = nn.Parameter(torch.zeros(1))

    def forward(self, encoded):
        return super().forward(encoded) + self.offset.sqrt()


class Unused(Composition):
    def __init__(self, length, outputs):
        super().__init__(length, outputs)
        self.spare = nn.Linear(4, 4)


class Deaf(Composition):
    def forward(self, encoded):
        return super().forward(torch.ones_like(encoded))


class AlwaysDrops(Composition):
    def forward(self, encoded):
        return super().forward(nn.functional.dropout(encoded, 0.1))


class FirstLetter(Composition):
    def forward(self, encoded):
        return self.layer(encoded[:, :, 0])


class FixedLength(nn.Module):
    def __init__(self, length, outputs):
        super().__init__()
        self.layer = nn.Linear(4 * LENGTH, outputs)

    def forward(self, encoded):
        return self.layer(encoded.flatten(1))


class FixedOutputs(Composition):
    def __init__(self, length, outputs):
        super().__init__(length, 3)


class Squeezes(Composition):
    def forward(self, encoded):
        return super().forward(encoded).squeeze()


class ScalesInput(Composition):
    def forward(self, encoded):
        encoded -= 0.25
        return self.layer(20 * encoded.mean(2))


class Pinned(Composition):
    def __init__(self, length, outputs):
        super().__init__(length, outputs)
        self.weights = {"letters": [torch.ones(4)]}

    def forward(self, encoded):
        return super().forward(encoded * self.weights["letters"][0][:, None])


class PinnedInside(Composition):
    def forward(self, encoded):
        return super().forward(encoded) + torch.zeros(encoded.shape[0], 1)


class OwnDice(Composition):
    def __init__(self, length, outputs):
        super().__init__(length, outputs)
        self.layer.weight.data += torch.from_numpy(np.random.default_rng().normal(0, 0.1, (outputs, 4))).float()


class Forgets(Composition):
    def __init__(self, length, outputs):
        super().__init__(length, outputs)
        self.factor = float(1 + torch.rand(()))

    def forward(self, encoded):
        return self.factor * super().forward(encoded)


class BatchStatistics(Convolution):
    """Batch norm that is never told that training is over."""

    def train(self, mode=True):
        super().train(mode)
        self.body.train()
        return self


class Neighbours(nn.Module):
    """Attention with the batch where the positions should be."""

    def __init__(self, length, outputs):
        super().__init__()
        self.tokens, self.attend = nn.Conv1d(4, 16, 10, stride=10), nn.MultiheadAttention(16, 2)
        self.head = nn.Linear(16, outputs)

    def forward(self, encoded):
        tokens = self.tokens(encoded).relu().transpose(1, 2)
        return self.head((tokens + self.attend(tokens, tokens, tokens, need_weights=False)[0]).mean(1))


class Divides(Composition):
    def forward(self, encoded):
        return super().forward(encoded / encoded.sum((1, 2), keepdim=True) * encoded.shape[2])


class Odds(Composition):
    """Divides by the share of letters other than the most frequent one."""

    def forward(self, encoded):
        return super().forward(encoded / (1 - encoded.mean(2).amax(1))[:, None, None])


class Needy(Weighted):
    def __init__(self, weights):
        self.weights = weights


def first_only(sequences):
    return gc(sequences)[:1]


def words(sequences):
    return [f"{share:.3f}" for share in gc(sequences)]


def nan(sequences):
    return gc(sequences) * np.nan


def sure(sequences):
    return gc(sequences), 0 * gc(sequences)


@shiftbench.predictor(outputs=("K562", "HepG2"))
def misnamed(sequences):
    return gc(sequences)


def deaf(sequences):
    return np.ones(len(sequences))


def dice(sequences):
    return gc(sequences) + np.random.default_rng().normal(size=len(sequences))


@shiftbench.embedding
def single(sequences):
    return np.squeeze(letters(sequences))


def ranks(sequences):
    return gc(sequences).argsort().argsort() / len(sequences)


def unknown(sequences):
    code = {"A": 0, "C": 1, "G": 1, "T": 0}
    return np.array([sum(code[letter] for letter in text) for text in sequences])


def entropy(sequences):
    shares = np.array([[text.count(letter) / len(text) for letter in "ACGT"] for text in sequences])
    return [-sum(share * math.log(share) for share in row if share > 0) / (1 - row.max()) for row in shares]
