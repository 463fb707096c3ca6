"""What `shiftbench doctor` finds: whether this installation can run."""

import importlib.util
import os
import shutil
import time
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Literal

from shiftbench.provenance import provenance

OURS = ("simulators", "suites", "shiftbench", "leaderboard")
"""General names: another distribution may own one of them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what it found."""

    check: str
    state: Literal["good", "note", "bad"]
    found: str


def examine(cache: Path, store: Path, data_dir: Path | None, *, kernels: bool = False) -> list[Finding]:
    """Findings on versions, owners of our package names, folders, data, devices and, if asked, compiled kernels."""
    import torch

    versions = provenance()
    devices = [
        "cpu",
        *(["cuda"] if torch.cuda.is_available() else []),
        *(["mps"] if torch.backends.mps.is_available() else []),
    ]
    return [
        Finding("python", "good", versions["python"]),
        *(
            Finding(name, "bad" if found == "not installed" else "good", found)
            for name, found in versions["packages"].items()
        ),
        *(owner(name) for name in OURS),
        _folder("cache", cache),
        _folder("store", store),
        _data(data_dir),
        Finding("devices", "good", ", ".join(devices)),
        Finding("cores", "good", str(os.cpu_count())),
        *([_kernels()] if kernels else []),
    ]


def owner(name: str) -> Finding:
    """Whether the import name is ours: nobody else's distribution has it, and it lies beside `shiftbench`."""
    others = [found for found in packages_distributions().get(name, []) if found != "shiftbench"]
    spec, home = importlib.util.find_spec(name), importlib.util.find_spec("shiftbench")
    if spec is None or home is None or spec.origin is None or home.origin is None:
        return Finding(f"package {name}", "bad", "not importable; install shiftbench again")
    if others:
        return Finding(f"package {name}", "bad", f"also owned by {', '.join(others)}; use an environment of its own")
    if Path(spec.origin).parents[1] != Path(home.origin).parents[1]:
        return Finding(f"package {name}", "bad", f"{spec.origin} hides ours; run elsewhere or rename that folder")
    return Finding(f"package {name}", "good", str(Path(spec.origin).parent))


def _kernels() -> Finding:
    """How long the simulators take until their first draw: from Numba's cache, or compiled now and kept there."""
    from numba.core import event

    from simulators import mpra

    start = time.perf_counter()
    with event.install_recorder("numba:compile") as recorder:
        mpra.draw(mpra.world(0), 1, seed=0)
    compiled = len(recorder.buffer) // 2  # a start and an end each
    how = f"{compiled} compiled" if compiled else "all from the cache"
    where = os.environ.get("NUMBA_CACHE_DIR") or "__pycache__ beside the code"
    return Finding("kernels", "good", f"{how}; first draw after {time.perf_counter() - start:.1f} s; kept in {where}")


def _data(folder: Path | None) -> Finding:
    if folder is None:
        return Finding("data", "note", "no folder given: small files are fetched")
    if not folder.is_dir():
        return Finding("data", "bad", f"{folder}: no such folder; set SHIFTBENCH_DATA to another one, or to none")
    return Finding("data", "good", str(folder))


def _folder(check: str, path: Path) -> Finding:
    existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not os.access(existing, os.W_OK):
        return Finding(check, "bad", f"{path}: cannot write; set SHIFTBENCH_{check.upper()} to another folder")
    return Finding(check, "good", f"{path} ({shutil.disk_usage(existing).free / 1e9:.0f} GB free)")
