"""Bootstrap of a correlation, draws included, against a loop of `rng.integers` and SciPy; by rows and by clusters.

`python -m tests.benchmarks.test_bootstrap` interleaves them and prints how many times as fast the package is. In the
harness all predictions of a test set share its draws; the last column is the correlation alone, of draws at hand.
"""

import os
import sys

import numpy as np
import pytest
from scipy import stats

from shiftbench.metrics.correlation import pearson, spearman
from shiftbench.stats.bootstrap import cluster_counts
from tests.benchmarks.interleaved import medians

PLAIN, FAST = 25, 1000
"""Resamples of each way; times are compared a resample."""
METRICS = {"pearson": (pearson, stats.pearsonr), "spearman": (spearman, stats.spearmanr)}
CASES = [(n, size) for n in (1_000, 5_000, 20_000) for size in (1, 4)]


def pair(n):
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    return x, x + rng.normal(size=n)


def plain(peer, x, y, size):
    """Rows, or clusters of `size` neighbouring rows, drawn and written out, and SciPy called for each replicate."""
    rng, found = np.random.default_rng(0), np.empty(PLAIN)
    clusters = len(x) // size
    for b in range(PLAIN):
        drawn = rng.integers(clusters, size=clusters)
        rows = drawn if size == 1 else (drawn[:, None] * size + np.arange(size)).ravel()
        found[b] = peer(x[rows], y[rows]).statistic
    return found


def fast(metric, x, y, size):
    return metric(x, y, cluster_counts(np.arange(len(x)) // size, FAST, "benchmark"))


@pytest.mark.parametrize(("n", "size"), CASES)
@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("way", ["plain", "fast"])
def test_bootstrap(benchmark, name, way, n, size):
    benchmark.group = f"{name}, {n} rows, clusters of {size}"
    metric, peer = METRICS[name]
    run, what = (fast, metric) if way == "fast" else (plain, peer)
    assert np.isfinite(benchmark(run, what, *pair(n), size)).all()


def main():
    """Print ratios of CPU and of wall time, medians over interleaved rounds."""
    lines = [f"load {os.getloadavg()[0]:.1f}; times as fast: CPU, wall; CPU without draws"]
    for name, (metric, peer) in METRICS.items():
        for n, size in CASES:
            x, y = pair(n)
            counts = cluster_counts(np.arange(n) // size, FAST, "benchmark")
            found = medians(
                {
                    "plain": lambda peer=peer, x=x, y=y, size=size: plain(peer, x, y, size),
                    "fast": lambda metric=metric, x=x, y=y, size=size: fast(metric, x, y, size),
                    "drawn": lambda metric=metric, x=x, y=y, counts=counts: metric(x, y, counts),
                },
                rounds=7,
            )
            ratios = [a / b * FAST / PLAIN for a, b in zip(found["plain"], found["fast"], strict=True)]
            ratios.append(found["plain"][0] / found["drawn"][0] * FAST / PLAIN)
            lines.append(f"{name:9s} {n:6d} rows, clusters of {size}" + "".join(f" {ratio:7.1f}" for ratio in ratios))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
