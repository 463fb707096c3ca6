"""Scan of both strands for 50 motifs: both kernels against torch's convolution with the same reductions.

The table counts wall time; `python -m tests.benchmarks.test_scan` interleaves all ways on one thread and prints medians
of CPU and wall time and their ratios to the convolution.
"""

import os
import sys

import numba
import numpy as np
import pytest
import torch

from simulators import motif, scan, scoring
from simulators.threads import over_rows
from simulators.wide import wide
from tests.benchmarks.interleaved import medians

ROWS, LENGTH, MOTIFS = 1024, 230, 50
IDS = motif.vertebrate_ids()[10::19][:MOTIFS]
KERNELS = {"portable": False, "wide": True} if wide() else {"portable": False}


def convolution():
    """Filters of both strands (2 x motifs, 4, widest), bits less the threshold, and the widths."""
    motifs = motif.load(IDS)
    bits = motif.log_odds(motifs)
    filters = np.zeros((2 * MOTIFS, 4, motifs.width.max()), np.float32)
    cuts = np.empty(2 * MOTIFS, np.float32)
    for k, width in enumerate(motifs.width):
        filters[k, :, :width] = bits[k, :width].T
        filters[MOTIFS + k, :, :width] = bits[k, :width, ::-1][::-1].T
        cuts[[k, MOTIFS + k]] = scoring.threshold(bits[k, :width], scoring.TAIL)
    valid = LENGTH + 1 - np.tile(motifs.width, 2)
    beyond = np.arange(LENGTH) >= valid[:, None]
    return torch.from_numpy(filters), torch.from_numpy(cuts), torch.from_numpy(beyond)


def by_convolution(letters, filters, cuts, beyond):
    """Log of sum and maximum of the site weights of every row, motif and strand, (rows, 2 x motifs) each."""
    out = []
    for batch in letters.split(256):
        hot = torch.nn.functional.one_hot(batch, 4).transpose(1, 2).float()
        padded = torch.nn.functional.pad(hot, (0, filters.shape[2] - 1))
        scores = torch.nn.functional.conv1d(padded, filters, -cuts) * np.log(2)
        scores = scores.masked_fill_(beyond, -torch.inf)
        out.append((scores.logsumexp(2), scores.amax(2)))
    return tuple(torch.cat(part) for part in zip(*out, strict=True))


def by_block(tables, use, sequence, cut):
    """Sums of all rows in blocks, with the sites above the cut."""
    blocks = range(0, len(sequence), scan.ROWS)
    return np.concatenate([scan.scan_block(tables, use, sequence[i : i + scan.ROWS], cut)[0] for i in blocks])


def ways():
    """Every way of scanning by name, none of which takes an argument."""
    sequence = np.random.default_rng(0).integers(0, 4, (ROWS, LENGTH), dtype=np.uint8)
    letters, filters = torch.from_numpy(sequence.astype(np.int64)), convolution()
    tables = scoring.tables(IDS, motif.RELEASE)

    def features(use):
        out = np.empty((ROWS, 2 * MOTIFS), np.float32)
        over_rows(scan._features, ROWS, tables, use, sequence, out)
        return out

    found = {"torch conv1d": lambda: by_convolution(letters, *filters)}
    for name, use in KERNELS.items():
        found[f"features, {name}"] = lambda use=use: features(use)
        found[f"sums and sites, {name}"] = lambda use=use: by_block(tables, use, sequence, 1 / 16)
        found[f"sums, {name}"] = lambda use=use: by_block(tables, use, sequence, np.inf)
    return found


@pytest.fixture(scope="module")
def scans():
    return ways()


@pytest.mark.parametrize("name", KERNELS)
def test_all_ways_agree(scans, name):
    total, best = (np.exp(part.numpy().astype(np.float64)).reshape(ROWS, 2, MOTIFS) for part in scans["torch conv1d"]())
    sums = scans[f"sums, {name}"]().transpose(0, 2, 1)
    np.testing.assert_allclose(sums, total, rtol=2e-4)
    expected = np.log(np.maximum(2.1e-9, np.concatenate([total.sum(1), best.max(1)], axis=1)))
    np.testing.assert_allclose(scans[f"features, {name}"](), expected, atol=2e-4)


@pytest.mark.benchmark(group=f"scan {ROWS} x {LENGTH}, {MOTIFS} motifs, both strands")
@pytest.mark.parametrize(
    "name", ["torch conv1d", *(f"{what}, {k}" for k in KERNELS for what in ("features", "sums and sites"))]
)
def test_scan(benchmark, scans, name):
    assert len(benchmark(scans[name])) > 0


def main(rounds: int = 7) -> None:
    """Print medians over interleaved rounds on one thread."""
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    found = ways()
    windows = ROWS * 2 * int((LENGTH - motif.load(IDS).width + 1).sum())
    middle = medians(found, rounds)
    peer = middle["torch conv1d"]
    lines = [f"load {os.getloadavg()[0]:.1f}; windows a CPU second; ratio to torch conv1d, CPU and wall"]
    for name, (cpu, wall) in middle.items():
        lines.append(f"{name:26s} {windows / cpu:8.2e} {peer[0] / cpu:7.1f} {peer[1] / wall:7.1f}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
