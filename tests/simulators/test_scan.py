"""Thresholds, site weights and their sums against enumeration, plain loops, peers, and one kernel against the other."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulators import motif, scan, scoring
from simulators.wide import WIDEST, wide
from tests import naive

ROOT = Path(__file__).parents[2]
IDS = motif.vertebrate_ids()[10:200:38]
KERNELS = [pytest.param(False, id="portable"), pytest.param(True, id="wide", marks=pytest.mark.skipif(
    not wide(), reason="no AVX-512 on this target"))]  # fmt: skip
DIGEST = """
import sys
sys.path.insert(0, {root!r})
from simulators.wide import wide
from tests.simulators.test_scan import digest
print(wide(), digest(wide()))
"""


@pytest.fixture(scope="module")
def rows():
    """Random rows; some hold N, one is N alone."""
    rng = np.random.default_rng(1)
    sequence = rng.integers(0, 4, (12, 60), dtype=np.uint8)
    sequence[3, 20] = sequence[4, 0] = sequence[4, 59] = 4
    sequence[5, 10:50] = 4
    sequence[6] = 4
    return sequence


def made(widths, seed=0):
    """Motifs of given widths with random columns."""
    rng = np.random.default_rng(seed)
    names = tuple(f"M{width}" for width in widths)
    probability = rng.dirichlet([0.6] * 4, (len(widths), max(widths))) * 0.92 + 0.02
    return motif.Motifs(names, names, names, np.array(widths), probability)


def random_rows(n, length, seed=0, unknown=0.01):
    rng = np.random.default_rng(seed)
    return np.where(rng.random((n, length)) < unknown, 4, rng.integers(0, 4, (n, length))).astype(np.uint8)


def table(tables, use, rows, shape):
    """Every weight as an array (rows, motifs, strands, length), from the sites above 0."""
    _, sites, first = scan.scan_block(tables, use, rows, 0.0)
    out = np.zeros(shape, np.float32)
    out[np.repeat(np.arange(len(rows)), np.diff(first)), sites.motif, sites.strand, sites.start] = sites.weight
    return out


def weights(rows, ids=IDS, tail=scoring.TAIL, temperature=1.0, use=False):
    rows = np.atleast_2d(rows)
    tables = scoring.tables(ids, motif.RELEASE, tail, temperature)
    return table(tables, use, rows, (len(rows), len(ids), 2, rows.shape[1]))


def everything(tables, use, rows, cut=1 / 16):
    """All that a scan of a block gives, the strongest sites included."""
    total, best = np.zeros((2, len(rows), len(tables.width), 2), np.float32)
    sites, first = scan._scan(tables, use, rows, np.float32(cut), total, best)
    return total, best, *sites, first


def digest(use):
    """Digest of scans of motifs and sequences of many lengths."""
    code = hashlib.blake2b()
    for tables in (scoring.pack(made(range(1, 31)), 1e-3, 1.0), scoring.tables(IDS, motif.RELEASE)):
        for length in (3, 16, 45, 130):
            for array in everything(tables, use, random_rows(5, length, seed=length)):
                code.update(array.tobytes())
    return code.hexdigest()


@pytest.mark.parametrize("width", [1, 2, 5, 6])
@pytest.mark.parametrize("tail", [0.3, 0.02, 3e-4])
def test_threshold_against_every_word(width, tail):
    bits = np.random.default_rng(width).normal(0, 1.5, (width, 4))
    assert scoring.threshold(bits, tail) == pytest.approx(naive.score_threshold(bits, tail, scoring.STEP), abs=1e-12)


def test_threshold_of_a_motif_without_information_is_its_only_score():
    assert scoring.threshold(np.zeros((8, 4)), 3e-5) == 0


@pytest.mark.parametrize("use", KERNELS)
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_site_weights_against_plain_sums(rows, temperature, use):
    motifs = motif.load(IDS)
    bits = motif.log_odds(motifs)
    assert {int(w) % 4 for w in motifs.width} >= {0, 1, 2}  # full and part-filled tables
    found = weights(rows, temperature=temperature, use=use)
    for k, width in enumerate(motifs.width):
        used = bits[k, :width]
        cut = scoring.threshold(used, scoring.TAIL)
        for i, row in enumerate(rows):
            expected = naive.site_weights(row, used, cut, temperature)
            np.testing.assert_allclose(found[i, k], expected, rtol=1e-5)


@pytest.mark.parametrize("use", KERNELS)
def test_sums_and_maxima_bit_by_bit_against_the_stated_order(use):
    tables = scoring.pack(made([1, 2, 3, 4, 6, 7, 13, 20]), 1e-3, 1.0)
    rows = random_rows(4, 75)
    total, best = everything(tables, use, rows)[:2]
    for i, row in enumerate(rows):
        for k, width in enumerate(tables.width):
            for strand in (0, 1):
                expected = naive.lane_sum(row, tables.pair[k, strand], int(width))
                assert (total[i, k, strand], best[i, k, strand]) == expected


@pytest.mark.skipif(not wide(), reason="no AVX-512 on this target")
@pytest.mark.parametrize("length", [0, 1, 4, 15, 16, 17, 31, 100, 230])
def test_both_kernels_give_the_same_bits(length):
    tables = scoring.pack(made([*range(1, 31), WIDEST - 1, WIDEST, WIDEST + 1, 40]), 1e-3, 1.0)
    found = 0
    for seed, unknown in enumerate((0.0, 0.02, 0.3)):
        rows = random_rows(7, length, seed, unknown)
        for one, two in zip(everything(tables, False, rows), everything(tables, True, rows), strict=True):
            assert one.dtype == two.dtype
            np.testing.assert_array_equal(one.view(np.uint8), two.view(np.uint8))
            found += one.size
    assert found > 0


@pytest.mark.parametrize("use", KERNELS)
def test_sites_are_those_above_the_cut_in_order(use):
    tables, rows = scoring.tables(IDS, motif.RELEASE), random_rows(60, 150)
    held = weights(rows, use=use)
    for cut in (1e-3, 1 / 64):
        _, sites, first = scan.scan_block(tables, use, rows, cut)
        row, k, strand, start = np.nonzero(held > cut)  # in this order
        assert len(set(row)) > 10
        np.testing.assert_array_equal(first, np.searchsorted(row, np.arange(len(rows) + 1)))
        for name, expected in (("motif", k), ("strand", strand), ("start", start)):
            np.testing.assert_array_equal(getattr(sites, name), expected)
        np.testing.assert_array_equal(sites.weight, held[row, k, strand, start])
    assert scan.scan_block(tables, use, rows, np.inf)[2].max() == 0


@pytest.mark.parametrize("use", KERNELS)
def test_no_site_is_lost_where_every_window_is_one(use):
    tables = scoring.pack(made([1, 5, 8]), 1e-3, 1.0)
    rows = random_rows(40, 230)
    _, sites, first = scan.scan_block(tables, use, rows, 0.0)
    windows = [np.lib.stride_tricks.sliding_window_view(rows < 4, w, axis=1).all(2).sum(1) for w in tables.width]
    np.testing.assert_array_equal(np.diff(first), 2 * sum(windows))
    assert len(sites.weight) == first[-1] > 40 * 3 * 2 * 150


@pytest.mark.parametrize("use", KERNELS)
def test_a_row_alone_is_the_row_in_its_block(rows, use):
    tables = scoring.tables(IDS, motif.RELEASE)
    total, best, *sites, first = everything(tables, use, rows)
    for i in range(len(rows)):
        alone = everything(tables, use, rows[i : i + 1])
        assert (alone[0][0] == total[i]).all()
        assert (alone[1][0] == best[i]).all()
        for one, many in zip(alone[2:-1], sites, strict=True):
            np.testing.assert_array_equal(one, many[first[i] : first[i + 1]])


@pytest.mark.parametrize("use", KERNELS)
def test_a_window_with_n_counts_nothing(rows, use):
    width = int(motif.load(IDS).width[0])
    held = weights(rows, use=use)[:, 0, 0]
    assert (held[3, 20 - width + 1 : 21] == 0).all()
    assert held[3, 20 - width] > 0
    assert held[3, 21] > 0
    assert (held[6] == 0).all()
    assert scan.scan_block(scoring.tables(IDS, motif.RELEASE), use, rows[:0], 0.0)[0].shape == (0, len(IDS), 2)


def test_weights_of_the_reverse_complement_are_mirrored(rows):
    turned = np.array([naive.reverse_complement(row) for row in rows], np.uint8)
    plain, mirrored = weights(rows), weights(turned)
    for k, width in enumerate(motif.load(IDS).width):
        last = rows.shape[1] - int(width) + 1
        np.testing.assert_allclose(plain[:, k, 0, :last], mirrored[:, k, 1, :last][:, ::-1], rtol=1e-5)


def test_features_are_logs_of_sum_and_maximum(rows):
    found = scan.features(rows, IDS, motif.RELEASE)
    assert found.shape == (len(rows), 2 * len(IDS))
    both = weights(rows).astype(np.float64)
    for i in range(len(rows)):
        for k in range(len(IDS)):
            least = np.log(2.1e-9)
            assert found[i, k] == pytest.approx(max(least, np.log(both[i, k].sum() + 1e-300)), abs=1e-6)
            assert found[i, len(IDS) + k] == pytest.approx(max(least, np.log(both[i, k].max() + 1e-300)), abs=1e-6)
    assert found[6] == pytest.approx(-20, abs=0.02)


def test_the_best_word_passes_the_threshold_and_a_share_of_tail_of_all_words_does():
    bits = motif.log_odds(motif.load(IDS))[0, : motif.load(IDS).width[0]]
    best = bits.argmax(axis=1).astype(np.uint8)
    assert weights(np.concatenate([best, [4]]).astype(np.uint8))[0, 0, 0, 0] >= 1
    rng = np.random.default_rng(2)
    letters = rng.integers(0, 4, 200_000, dtype=np.uint8)
    reached = int((weights(letters, IDS[:1], tail=1e-3)[0, 0, 0] >= 1).sum())
    assert 120 < reached <= 260  # 200 at most on average; 4 SD either way, less what one score may hold


def test_scores_against_biopython(rows):
    from Bio.motifs.matrix import PositionSpecificScoringMatrix

    motifs = motif.load(IDS)
    bits = motif.log_odds(motifs)
    text = "".join("ACGTN"[letter] for letter in rows[0])
    for k, width in enumerate(motifs.width):
        counts = {letter: bits[k, :width, i].tolist() for i, letter in enumerate("ACGT")}
        matrix = PositionSpecificScoringMatrix("ACGT", counts)
        cut = scoring.threshold(bits[k, :width], scoring.TAIL)
        held = weights(rows[0])[0, k][:, : len(text) - width + 1]
        for strand, scores in enumerate((matrix, matrix.reverse_complement())):
            np.testing.assert_allclose(np.log2(held[strand]) + cut, scores.calculate(text), atol=2e-4)


@pytest.mark.parametrize("seed", ["a", "b"])
def test_turned_motifs_move_every_column_and_keep_the_rest(seed):
    motifs = made([2, 3, 11, 9])
    whole = scoring._turn(motifs, 3, 1.0, seed)
    half = scoring._turn(motifs, 3, 0.5, seed)
    for k, width in enumerate(motifs.width):
        before, after = motifs.probability[k, :width], whole.probability[k, :width]
        if k == 3:
            np.testing.assert_array_equal(before, after)
            continue
        order = [next(j for j in range(width) if (before[j] == column).all()) for column in after]
        assert sorted(order) == list(range(width))
        assert all(i != j for i, j in enumerate(order))
        np.testing.assert_allclose(half.probability[k, :width], (before + after) / 2, rtol=1e-12)
    assert (scoring._turn(motifs, 3, 1.0, seed + "c").probability[2] != whole.probability[2]).any()


def test_turnover_is_smooth_and_keeps_the_tail(rows):
    def total(blend, turned=2):
        tables = scoring.tables(IDS, motif.RELEASE, turned=turned, blend=blend, seed="x")
        return scan.scan_block(tables, False, random_rows(100, 200), np.inf)[0]

    np.testing.assert_array_equal(total(0.0), total(0.7, turned=0))
    np.testing.assert_array_equal(total(0.0)[:, 2:], total(0.7)[:, 2:])
    assert np.abs(np.log(total(1e-3)[:, :2] / total(0.0)[:, :2])).max() < 0.2
    assert np.abs(np.log(total(0.5)[:, :2] / total(0.0)[:, :2])).max() > 1
    letters = np.random.default_rng(3).integers(0, 4, (1, 200_000), dtype=np.uint8)
    tables = scoring.tables(IDS[:1], motif.RELEASE, 1e-3, turned=1, blend=0.5, seed="x")
    reached = int((scan.scan_block(tables, False, letters, 0.0)[1].weight >= 1).sum())
    assert 260 < reached <= 520  # both strands: 400 at most on average, 6 SD


def test_weights_stay_normal_numbers_and_a_temperature_that_cannot_is_refused():
    motifs = made([12, 24])
    motifs.probability[1] = np.array([0.997, 0.001, 0.001, 0.001])
    bits = motif.log_odds(motifs)[1]
    cut = scoring.threshold(bits, scoring.TAIL)
    assert 24 * bits.min() - cut < scoring.LEAST  # a floor is needed
    assert 24 * scoring._floor("M24", bits, cut, 1.0) - cut == pytest.approx(scoring.LEAST)
    part = np.where(np.arange(24)[:, None] < 12, bits, 0.3 * bits)  # the lower half alone is raised
    floor = scoring._floor("M24", part, 10.0, 1.0)
    assert np.maximum(part, floor).min(axis=1).sum() - 10 == pytest.approx(scoring.LEAST)
    worst = np.full((1, 40), 1, np.uint8)
    held = table(scoring.pack(motifs, scoring.TAIL, 1.0), False, worst, (1, 2, 2, 40))[0, 1, 0, :17]
    np.testing.assert_allclose(np.log2(held), scoring.LEAST, rtol=1e-5)
    with pytest.raises(ValueError, match=r"temperature 0\.3: weights of M12 leave float32's range"):
        scoring.pack(motifs, scoring.TAIL, 0.3)


def test_a_word_of_the_environment_turns_the_wide_kernel_off(monkeypatch):
    monkeypatch.setenv("SHIFTBENCH_KERNEL", "portable")
    assert not wide()
    monkeypatch.setenv("SHIFTBENCH_KERNEL", "fast")
    with pytest.raises(ValueError, match="SHIFTBENCH_KERNEL: 'fast'; expected portable"):
        wide()


def test_a_generic_cpu_gives_the_same_bits():
    environment = dict(os.environ, NUMBA_CPU_NAME="generic")
    environment.pop("SHIFTBENCH_KERNEL", None)
    command = [sys.executable, "-c", DIGEST.format(root=str(ROOT))]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["False", digest(wide())]
