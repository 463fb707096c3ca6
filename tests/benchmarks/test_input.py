"""Input of training: letters kept as uint8 and encoded in batches, against a Python loop over rows."""

import numpy as np
import pytest
import torch

from shiftbench.train.loop import one_hot, reverse_complement

ROWS, LENGTH = 256, 230


def encode_by_row(sequence):
    """One row after the other, as a data set class with `__getitem__` does it."""
    rows = []
    for row in sequence:
        encoded = np.zeros((4, len(row)), np.float32)
        encoded[row, np.arange(len(row))] = 1
        rows.append(torch.from_numpy(encoded))
    return torch.stack(rows)


@pytest.fixture(scope="module")
def letters():
    return np.random.default_rng(0).integers(0, 4, (ROWS, LENGTH), dtype=np.uint8)


def test_both_ways_agree(letters):
    assert torch.equal(one_hot(torch.from_numpy(letters)), encode_by_row(letters))


@pytest.mark.benchmark(group="encode 256 x 230")
def test_encode_a_batch(benchmark, letters):
    codes = torch.from_numpy(letters)
    assert benchmark(one_hot, codes).shape == (ROWS, 4, LENGTH)


@pytest.mark.benchmark(group="encode 256 x 230")
def test_encode_by_row(benchmark, letters):
    assert benchmark(encode_by_row, letters).shape == (ROWS, 4, LENGTH)


@pytest.mark.benchmark(group="encode 256 x 230")
def test_encode_a_batch_and_turn_it(benchmark, letters):
    codes = torch.from_numpy(letters)
    assert benchmark(lambda: reverse_complement(one_hot(codes))).shape == (ROWS, 4, LENGTH)
