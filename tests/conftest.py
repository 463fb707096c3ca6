"""Fixtures that several folders of tests share."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from shiftbench.tasks.files import Files
from simulators.contract import Sample


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real data files; tests that need it are skipped where SHIFTBENCH_DATA names none."""
    folder = os.environ.get("SHIFTBENCH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SHIFTBENCH_DATA names no folder with real data")
    return Path(folder)


@pytest.fixture(scope="session")
def real_files(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The real data files, offline, with one cache of prepared libraries for all tests."""
    return Files(data_dir=real_data, cache=tmp_path_factory.mktemp("cache"), offline=True)


@pytest.fixture
def toy() -> Callable[..., Sample]:
    """Maker of small samples whose target is ten times the GC content, plus noise of SD .1."""

    def make(n: int, seed: int = 0, length: int = 60, outputs: tuple[str, ...] = ("a", "b")) -> Sample:
        rng = np.random.default_rng(seed)
        sequence = rng.integers(0, 4, (n, length), dtype=np.uint8)
        clean = 10 * ((sequence == 1) | (sequence == 2)).mean(1, keepdims=True)
        observed = (clean + rng.normal(0, 0.1, (n, len(outputs)))).astype(np.float32)
        return Sample(
            id=np.array([f"row{i}" for i in range(n)]),
            sequence=sequence,
            observed=observed,
            noise_sd=np.full_like(observed, np.nan),
            reference=np.full(n, -1, np.int32),
            group=np.arange(n, dtype=np.int32),
            outputs=outputs,
        )

    return make
