"""Kernels of the simulators: seconds until the first draw, compiled anew against read from Numba's cache."""

import os
import subprocess
import sys

import pytest

FIRST_DRAW = "from simulators import mpra; mpra.draw(mpra.world(0), 1, seed=0)"


@pytest.mark.benchmark(group="first draw of a process")
@pytest.mark.parametrize("cached", [False, True], ids=["compiled anew", "from the cache"])
def test_first_draw(benchmark, tmp_path, cached):
    if not benchmark.enabled:
        pytest.skip("takes a minute: run with --benchmark-enable")

    def start():
        environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", FIRST_DRAW], env=environment, check=True)

    if cached:
        start()
    benchmark.pedantic(start, rounds=1, iterations=1)
    assert any(tmp_path.rglob("*.nbc"))
