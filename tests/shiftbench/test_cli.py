"""The command line: quick to help, clear when wrong."""

import re
import subprocess
import sys

import pytest

HEAVY = ("torch", "numba", "scipy", "pandas", "matplotlib")


def test_help_loads_nothing_heavy():
    script = (
        "import sys; from shiftbench import cli\n"
        "try: cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('LOADED', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout
    for verb in ("run", "inputs", "score", "list", "show", "simulate", "data", "report", "doctor"):
        assert f" {verb} " in done.stdout


def test_the_installed_command_reports_an_unknown_name_in_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "shiftbench.cli", "show", "rmsee"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "did you mean 'rmse'?" in done.stderr


def test_doctor_times_the_kernels_only_if_asked(tmp_path):
    from shiftbench.doctor import examine

    assert "kernels" not in [found.check for found in examine(tmp_path, tmp_path, None)]
    (found,) = [found for found in examine(tmp_path, tmp_path, None, kernels=True) if found.check == "kernels"]
    assert found.state == "good"
    assert re.search(r"(\d+ compiled|all from the cache); first draw after \d+\.\d s", found.found)


@pytest.mark.parametrize(
    "kind",
    ["suites", "tasks", "recipes", "networks", "providers", "wrappers", "metrics", "simulators", "shifts", "tiers"],
)
def test_every_kind_lists_something(kind):
    from shiftbench import listing

    rows = listing.names(kind)
    assert rows
    assert all(name and text for name, text in rows)


@pytest.mark.parametrize(
    "name", ["shift", "lentimpra/lentimpra", "cnn", "conformal_normalised", "coverage", "rewiring", "mpra"]
)
def test_show_describes(name):
    from shiftbench import listing

    assert name in listing.describe(name)
    assert "\n" in listing.describe(name)


def test_show_of_a_simulator_prints_the_law_of_its_worlds():
    from shiftbench import listing
    from simulators.prior import PRIOR

    told = listing.describe("mpra")
    for name, (low, high, text) in PRIOR.items():
        assert f"{name} = {low:g} to {high:g}: {text}" in told
