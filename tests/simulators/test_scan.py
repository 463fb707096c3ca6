"""Thresholds and site weights against enumeration and plain sums."""

import numpy as np
import pytest

from simulators import motif, scan
from tests import naive

IDS = motif.vertebrate_ids()[10:200:38]


@pytest.fixture(scope="module")
def rows():
    """Random rows; some hold N, one is N alone."""
    rng = np.random.default_rng(1)
    sequence = rng.integers(0, 4, (12, 60), dtype=np.uint8)
    sequence[3, 20] = sequence[4, 0] = sequence[4, 59] = 4
    sequence[5, 10:50] = 4
    sequence[6] = 4
    return sequence


def weights(row, ids, k, strand, tail=scan.TAIL, temperature=1.0):
    tables = scan.tables(ids, motif.RELEASE, tail, temperature)
    size = len(row) + 4 * tables.weight.shape[2]
    code, known, out = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(len(row))
    scan.read(row, code, known)
    total = scan.site_weights(tables, k, strand, code, known, out)
    assert total == pytest.approx(out.sum(), rel=1e-12)
    return out


@pytest.mark.parametrize("width", [1, 2, 5, 6])
@pytest.mark.parametrize("tail", [0.3, 0.02, 3e-4])
def test_threshold_against_every_word(width, tail):
    bits = np.random.default_rng(width).normal(0, 1.5, (width, 4))
    assert scan.threshold(bits, tail) == pytest.approx(naive.score_threshold(bits, tail, scan.STEP), abs=1e-12)


def test_threshold_of_a_motif_without_information_is_its_only_score():
    assert scan.threshold(np.zeros((8, 4)), 3e-5) == 0


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_site_weights_against_plain_sums(rows, temperature):
    motifs = motif.load(IDS)
    bits = motif.log_odds(motifs)
    assert {int(w) % scan.BLOCK for w in motifs.width} >= {0, 1, 2}  # full and part-filled tables
    for k, width in enumerate(motifs.width):
        used = bits[k, :width]
        cut = scan.threshold(used, scan.TAIL)
        for row in rows:
            expected = naive.site_weights(row, used, cut, temperature)
            for strand in (0, 1):
                found = weights(row, IDS, k, strand, temperature=temperature)
                np.testing.assert_allclose(found, expected[strand], rtol=1e-10)


def test_a_window_with_n_counts_nothing(rows):
    width = int(motif.load(IDS).width[0])
    held = weights(rows[3], IDS, 0, 0)
    assert (held[20 - width + 1 : 21] == 0).all()
    assert held[20 - width] > 0
    assert held[21] > 0
    assert (weights(rows[6], IDS, 0, 0) == 0).all()


def test_weights_of_the_reverse_complement_are_mirrored(rows):
    width = motif.load(IDS).width
    for row in rows:
        turned = np.array(naive.reverse_complement(row), np.uint8)
        for k in range(len(IDS)):
            last = len(row) - int(width[k]) + 1
            forward = weights(row, IDS, k, 0)[:last]
            np.testing.assert_allclose(forward, weights(turned, IDS, k, 1)[:last][::-1], rtol=1e-12)


def test_features_are_logs_of_sum_and_maximum(rows):
    found = scan.features(rows, IDS, motif.RELEASE)
    assert found.shape == (len(rows), 2 * len(IDS))
    for i, row in enumerate(rows):
        for k in range(len(IDS)):
            both = np.concatenate([weights(row, IDS, k, strand) for strand in (0, 1)])
            least = np.log(2.1e-9)
            assert found[i, k] == pytest.approx(max(least, np.log(both.sum() + 1e-300)), rel=1e-6)
            assert found[i, len(IDS) + k] == pytest.approx(max(least, np.log(both.max() + 1e-300)), rel=1e-6)
    assert found[6] == pytest.approx(-20, abs=0.02)


def test_the_best_word_passes_the_threshold_and_a_share_of_tail_of_all_words_does():
    bits = motif.log_odds(motif.load(IDS))[0, : motif.load(IDS).width[0]]
    best = bits.argmax(axis=1).astype(np.uint8)
    assert weights(np.concatenate([best, [4]]).astype(np.uint8), IDS, 0, 0)[0] >= 1
    rng = np.random.default_rng(2)
    letters = rng.integers(0, 4, 200_000, dtype=np.uint8)
    reached = int((weights(letters, IDS, 0, 0, tail=1e-3) >= 1).sum())
    assert 120 < reached <= 260  # 200 at most on average; 4 SD either way, less what one score may hold
