"""Whole draws of the MPRA simulator, letters to counts and truth, with both scans and on one thread or all.

`python -m tests.benchmarks.test_draw` interleaves them and prints sequences a second.
"""

import os
import sys
from contextlib import contextmanager

import numba
import pytest

from simulators import mpra
from simulators.wide import wide
from tests.benchmarks.interleaved import medians

ROWS = 20_000
KERNELS = ("portable", "wide") if wide() else ("portable",)
THREADS = tuple(sorted({1, numba.config.NUMBA_NUM_THREADS}))


@contextmanager
def setting(kernel, threads):
    """One scan and so many threads, then as before."""
    before, most = os.environ.pop("SHIFTBENCH_KERNEL", None), numba.get_num_threads()
    if kernel == "portable":
        os.environ["SHIFTBENCH_KERNEL"] = kernel
    numba.set_num_threads(threads)
    try:
        yield
    finally:
        numba.set_num_threads(most)
        os.environ.pop("SHIFTBENCH_KERNEL", None)
        if before is not None:
            os.environ["SHIFTBENCH_KERNEL"] = before


def draw(world, kernel, threads):
    with setting(kernel, threads):
        return mpra.draw(world, ROWS, seed=0, split="benchmark")


@pytest.fixture(scope="module")
def world():
    return mpra.world(0)


@pytest.mark.benchmark(group=f"{ROWS} sequences with counts in three cell types")
@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_draw(benchmark, world, kernel, threads):
    assert len(benchmark(draw, world, kernel, threads).sequence) == ROWS


def main():
    """Print sequences a second of CPU and of wall time, medians over interleaved rounds."""
    drawn = mpra.world(0)
    found = medians(
        {
            f"{kernel}, {threads} threads": lambda kernel=kernel, threads=threads: draw(drawn, kernel, threads)
            for kernel in KERNELS
            for threads in THREADS
        },
        rounds=5,
    )
    lines = [f"load {os.getloadavg()[0]:.1f}; sequences a second of CPU, of wall time"]
    lines += [f"{name:22s} {ROWS / cpu:9.0f} {ROWS / wall:9.0f}" for name, (cpu, wall) in found.items()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
