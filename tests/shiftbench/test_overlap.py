"""Overlap clusters against slow sets of k-mers, with planted overlaps."""

import numpy as np
import pytest

from shiftbench.tasks.overlap import clusters, shared
from tests import naive


@pytest.mark.parametrize("k", [1, 6, 31, 32, 33, 50, 63, 64])
def test_twin_of_sets_of_kmers(k):
    rng = np.random.default_rng(k)
    # letters few enough for chance overlaps at small k; planted copies for large k, some across N
    sequence = rng.integers(0, 4, (40, 70 if k > 6 else 12), dtype=np.uint8)
    sequence[rng.random(sequence.shape) < 0.01] = 4
    for target, source in ((3, 17), (17, 29), (5, 31)):
        width = min(k + 1, sequence.shape[1])
        piece = sequence[source, :width]
        sequence[target, -width:] = piece if target != 17 else np.where(piece < 4, 3 - piece[::-1], 4)
    assert clusters(sequence, k).tolist() == naive.overlap_clusters(sequence, k)
    a, b = sequence[:20], sequence[20:]
    words = set().union(*(naive.overlap_kmers(row, k) for row in b))
    assert shared(a, b, k).tolist() == [bool(naive.overlap_kmers(row, k) & words) for row in a]


@pytest.fixture
def unrelated():
    """Sixty random rows: a shared 50-mer by chance has probability under 1e-20."""
    return np.random.default_rng(0).integers(0, 4, (60, 200), dtype=np.uint8)


def test_unrelated_rows_stay_apart(unrelated):
    assert clusters(unrelated).tolist() == list(range(60))
    assert not shared(unrelated[:30], unrelated[30:]).any()


@pytest.mark.parametrize("length", [49, 50])
def test_planted_reverse_complement_is_found_from_50_letters_on(unrelated, length):
    unrelated[40, 100 : 100 + length] = 3 - unrelated[7, 20 : 20 + length][::-1]
    # the letters beside the copy must not match by chance, else 49 become 50
    unrelated[40, 99], unrelated[40, 100 + length] = unrelated[7, 20 + length], unrelated[7, 19]
    joined = length == 50
    assert (clusters(unrelated)[40] == clusters(unrelated)[7]) == joined
    assert shared(unrelated[:30], unrelated[30:])[7] == joined


def test_chain_is_one_cluster_with_the_lowest_row_first(unrelated):
    unrelated[50, :60] = unrelated[10, :60]
    unrelated[30, 100:160] = unrelated[50, 100:160]
    label = clusters(unrelated)
    assert label[10] == label[30] == label[50] == 10
    assert label.max() == 57


def test_unknown_letters_match_nothing():
    assert clusters(np.full((3, 80), 4, np.uint8)).tolist() == [0, 1, 2]


def test_rows_shorter_than_k_stay_apart():
    assert clusters(np.zeros((2, 20), np.uint8), k=50).tolist() == [0, 1]


@pytest.mark.parametrize("k", [0, 65])
def test_k_out_of_range(k):
    with pytest.raises(ValueError, match=f"k is {k}; expected 1 to 64"):
        clusters(np.zeros((2, 80), np.uint8), k)


def test_kmers_that_differ_only_in_their_first_letters_are_told_apart():
    """Crowded table of single 50-mers, equal in the last 32 letters (one word of the key) and distinct before."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 4, (2000, 18), dtype=np.uint8)
    first[:, 0] = 0
    first = np.unique(first, axis=0)
    # A at both ends: no reverse complement is the smaller one
    sequence = np.concatenate([first, np.zeros((len(first), 32), np.uint8)], axis=1)
    assert len(np.unique(clusters(sequence))) == len(first) > 1900
