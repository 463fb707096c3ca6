"""A stranger's data providers, as files outside the package give them: one sound, the others broken or absent."""

import dataclasses

import numpy as np

from shiftbench.errors import MissingData, Skipped
from shiftbench.tasks.provider import Built
from simulators.contract import Sample


def make(n, seed):
    rng = np.random.default_rng(seed)
    sequence = rng.integers(0, 4, (n, 60), dtype=np.uint8)
    gc = ((sequence == 1) | (sequence == 2)).mean(1, keepdims=True)
    observed = (10 * gc + rng.normal(0, 0.3, (n, 2))).astype(np.float32)
    ids, group = np.array([f"row{i}" for i in range(n)]), np.arange(n, dtype=np.int32)
    reference = np.full(n, -1, np.int32)
    return Sample(ids, sequence, observed, np.full_like(observed, np.nan), reference, group, ("a", "b"))


class Toy:
    """Target: ten times the GC content."""

    version = 1
    files = ()

    def build(self, data, files):
        if data.role == "training":
            return Built({"train": make(data.rows, 1), "validation": make(data.validation, 2)})
        sample = make(data.rows, {"calibration": 3, "test": 4}[data.role])
        return Built({data.role: sample}, {"ceiling": {"pearson": {"a": 0.95}}})


class Missing(Toy):
    """Its test data are not here."""

    def build(self, data, files):
        if data.role == "test":
            raise MissingData("toy.tsv is not here", "shiftbench data fetch toy.tsv")
        return super().build(data, files)


class Unreachable(Toy):
    """Its test set cannot be had by anybody."""

    def build(self, data, files):
        if data.role == "test":
            raise Skipped("it ends at 0.3")
        return super().build(data, files)


class NoVersion:
    """Lacks what a provider must have."""

    files = ()

    def build(self, data, files):
        """Never called."""
        raise AssertionError


class Lost(Toy):
    """Reads a file that is not there."""

    def build(self, data, files):
        return open("nowhere.tsv")


class NotANumber(Toy):
    """One target is NaN."""

    def build(self, data, files):
        built = super().build(data, files)
        next(iter(built.samples.values())).observed[3, 1] = np.nan
        return built


class WrongLetters(Toy):
    """One letter has no code."""

    def build(self, data, files):
        built = super().build(data, files)
        next(iter(built.samples.values())).sequence[2, 5] = 9
        return built


class WrongLength(Toy):
    """Test sequences are shorter than those trained on."""

    def build(self, data, files):
        built = super().build(data, files)
        if data.role == "test":
            test = built.samples["test"]
            return Built({"test": dataclasses.replace(test, sequence=test.sequence[:, :50])})
        return built
