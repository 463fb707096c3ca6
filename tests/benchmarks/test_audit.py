"""Nearest of 57,000 sequences of 230 letters: the search by seeds against all pairs and all diagonals, compiled too.

All pairs are timed on a small corner, whose cost grows with the product of rows; the table extrapolates it.
`python -m tests.benchmarks.test_audit` interleaves both on one thread and prints medians of CPU and wall time.
"""

import os
import sys

import numba
import numpy as np
import pytest
from numba import njit

from shiftbench.tasks.similarity import nearest
from tests.benchmarks.interleaved import medians

TRAIN, TEST, LENGTH = 51_300, 5_700, 230
CORNER = 20, 1_000
"""Test and training rows of the comparison by all pairs."""


@njit(cache=True, nogil=True)
def most_matched(test, train):
    """Most letters of each test row that a training row matches on one diagonal of either strand."""
    length, turned = test.shape[1], (3 - test[:, ::-1]).astype(np.uint8)
    found = np.zeros(len(test), np.int64)
    for r in range(len(test)):
        for row in (np.ascontiguousarray(test[r]), np.ascontiguousarray(turned[r])):
            for other in train:
                for shift in range(1 - length, length):
                    same = 0
                    for i in range(max(0, -shift), min(length, length - shift)):
                        same += row[i] == other[i + shift]
                    found[r] = max(found[r], same)
    return found


def rows(tests, known):
    """Random training rows; test rows of which half are changed copies: 10 % of letters, every other one turned."""
    rng = np.random.default_rng(0)
    train = rng.integers(0, 4, (known, LENGTH), dtype=np.uint8)
    test = rng.integers(0, 4, (tests, LENGTH), dtype=np.uint8)
    for i in range(0, tests, 2):
        row = train[i % known].copy()
        places = rng.permutation(LENGTH)[: LENGTH // 10]
        row[places] = (row[places] + 1) % 4
        test[i] = row if i % 4 else 3 - row[::-1]
    return test, train


WAYS = {"seeds": lambda test, train: nearest(test, train).identity, "all pairs": most_matched}


def test_both_find_the_planted_rows():
    test, train = rows(*CORNER)
    assert np.allclose(nearest(test, train).identity[::2], most_matched(test, train)[::2] / LENGTH)


@pytest.mark.benchmark(group=f"nearest of {CORNER[0]} x {CORNER[1]} rows of {LENGTH}")
@pytest.mark.parametrize("name", WAYS)
def test_corner(benchmark, name):
    assert len(benchmark(WAYS[name], *rows(*CORNER))) == CORNER[0]


def main(rounds: int = 3) -> None:
    """Print medians over interleaved rounds on one thread, or on as many as the first argument says."""
    numba.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    whole, corner = rows(TEST, TRAIN), rows(*CORNER)
    middle = medians({"seeds": lambda: nearest(*whole), "all pairs": lambda: most_matched(*corner)}, rounds)
    share = TEST * TRAIN / (CORNER[0] * CORNER[1])
    lines = [f"load {os.getloadavg()[0]:.1f}; {TEST} x {TRAIN} rows of {LENGTH}; CPU and wall seconds"]
    lines += [f"seeds {middle['seeds'][0]:.1f} {middle['seeds'][1]:.1f}"]
    lines += [f"all pairs, {share:,.0f} times the corner {middle['all pairs'][0] * share:,.0f}"]
    lines += [f"ratio {middle['all pairs'][0] * share / middle['seeds'][0]:,.0f}"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
