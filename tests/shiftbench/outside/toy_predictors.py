"""A stranger's predictors and embeddings of the toy task: sound ones, and one for each way to go wrong."""

from pathlib import Path

import numpy as np

import shiftbench


def gc(sequences):
    """Ten times the GC content, which is the target of the toy task; N counts for nothing."""
    return np.array([10 * sum(letter in "CG" for letter in text) / len(text) for text in sequences])


def both(sequences):
    """A column for each output, and an SD."""
    mean = np.stack([gc(sequences), gc(sequences)], axis=1)
    return mean, np.full_like(mean, 0.3)


@shiftbench.predictor(scale="fit")
def celsius(sequences):
    """On a scale of its own."""
    return 7 - 0.5 * gc(sequences)


def only_b(sequences):
    """Knows one output of the task, and one that the task does not have."""
    return np.stack([np.zeros(len(sequences)), gc(sequences)], axis=1)


only_b.outputs = ("liver", "b")


class Built:
    """Built once, then called."""

    count = 0

    def __init__(self):
        type(self).count += 1

    def __call__(self, sequences):
        return gc(sequences)


class Reusing:
    """Writes every answer into the same array, and empties what it was given."""

    def __init__(self):
        self.answer = np.zeros(4096, np.float32)

    def __call__(self, sequences):
        said = self.answer[: len(sequences)]
        said[:] = gc(sequences)
        sequences.clear()
        return said


@shiftbench.embedding
def letters(sequences):
    """Counts of letters."""
    return np.array([[text.count(letter) for letter in "ACGTN"] for text in sequences], dtype=float)


@shiftbench.embedding
class Letters:
    """The same, as a class."""

    def __call__(self, sequences):
        return letters(sequences)


@shiftbench.embedding
def profile(sequences):
    """One number a position and letter: too many axes."""
    return np.zeros((len(sequences), len(sequences[0]), 4))


WEIGHTS = Path(__file__).with_name("toy_weights.txt")


# Ways to go wrong.


def short(sequences):
    return gc(sequences)[1:]


def wide(sequences):
    return np.zeros((len(sequences), 3))


def nan(sequences):
    said = gc(sequences)
    said[3] = np.nan
    return said


def huge(sequences):
    return gc(sequences) * 1e300


def words(sequences):
    return sequences


def ragged(sequences):
    return [[0.0]] * (len(sequences) - 1) + [[0.0, 1.0]]


def nothing(sequences):
    return None


def raises(sequences):
    raise KeyError("no such letter:\nN")


def unsure(sequences):
    return gc(sequences), gc(sequences) * 0


def triple(sequences):
    return gc(sequences), gc(sequences), gc(sequences)


def misnamed(sequences):
    return gc(sequences)


misnamed.outputs = ("aa",)


@shiftbench.predictor(outputs=("a", "b"))
def too_few(sequences):
    return gc(sequences)


def misscaled(sequences):
    return gc(sequences)


misscaled.scale = "fitt"


@shiftbench.predictor(scale="fit")
def constant(sequences):
    return np.ones(len(sequences))


class NeedsArguments:
    def __init__(self, weights):
        self.weights = weights


class NotCalled:
    pass


number = 3
