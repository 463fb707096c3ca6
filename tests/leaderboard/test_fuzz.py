"""Thousands of right and mutated bundles: every right one is read as it was meant, no wrong one is, nothing is written.

SHIFTBENCH_BUNDLES=full takes 5,000 right and 20,000 mutated ones. Seeds are fixed and stand in the output; each bundle
draws from (seed, number) alone. The reader runs in a process of its own, so that a crash is a finding.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("SHIFTBENCH_BUNDLES") == "full"
VALID, MUTATED = (5000, 20_000) if FULL else (100, 300)
TRACED = 500 if FULL else 40
SEED = 1
CONTROLS = ("any number", "any suite", "writes")
STRACE = shutil.which("strace")


def fuzz(folder, valid, mutated, controls, before=()):
    """What the fuzzer found, run in `folder`."""
    command = [sys.executable, "-B", "-m", "tests.leaderboard.fuzz", "--seed", str(SEED)]
    command += ["--valid", str(valid), "--mutated", str(mutated), "--controls", *controls]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    done = subprocess.run([*before, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_right_bundles_are_read_and_wrong_ones_are_not(tmp_path):
    (tmp_path / "canary").write_text("unchanged")
    before = digests(tmp_path)
    found = fuzz(tmp_path, VALID, MUTATED, CONTROLS)
    print(json.dumps(found))  # noqa: T201
    assert found["findings"] == []
    assert found["events"] == []
    assert found["counts"]["valid accepted"] == VALID
    assert sum(count for name, count in found["counts"].items() if name.endswith(" refused")) > 0.8 * MUTATED
    assert found["rss_mb"] <= 512
    assert digests(tmp_path) == before
    assert all(found["controls"][name] > 0 for name in CONTROLS)


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
def test_the_kernel_sees_no_file_written_and_nothing_started(tmp_path):
    """The second trace is the control: a reader that writes a file is seen."""
    log = tmp_path.with_suffix(".strace")
    traced = [STRACE, "-f", "-qq", "-e", "trace=%file,%network,execve,fork,vfork", "-o", str(log)]
    fuzz(tmp_path, TRACED // 5, TRACED, ["writes"], before=traced)
    lines = log.read_text().splitlines()
    marks = [at for at, line in enumerate(lines) if "/shiftbench-marker" in line]
    harmless = re.compile(r"stat|readlink|getcwd|access|O_RDONLY|/dev/null|\+\+\+|SIGCHLD|resumed>")
    honest, control = (
        [line for line in lines[start + 1 : stop] if not harmless.search(line)]
        for start, stop in zip(marks[::2], marks[1::2], strict=True)
    )
    assert honest == []
    assert any("/written" in line for line in control)
