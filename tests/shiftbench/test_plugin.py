"""A package of a stranger that is installed, and found by its entry points alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shiftbench import results
from tests import tiny

ROOT = Path(__file__).parents[2]
TOY = ROOT / "tests/shiftbench/outside/toy_task.py"

SUITE = tiny.suite(
    recipes=("training_mean",),
    wrappers=("none", "conformal_normalised"),
    metrics=("rmse", "coverage"),
    **{"test": 100, "seeds": 1, "resamples": 100},
)


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Call of the command line in a folder of its own, where the package is installed or not: what it prints."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(ROOT / "tests/plugin", folder / "package")  # building leaves files beside the source
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check")
    install = [sys.executable, "-m", "pip", "install", *options, "--target", "site", "./package"]
    subprocess.run(install, cwd=folder, check=True)
    (folder / "toy.toml").write_text(SUITE)

    def run(*arguments, installed=True):
        path = [str(folder / "site")] * installed + [str(ROOT)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path), "COLUMNS": "200"}
        command = [sys.executable, "-m", "shiftbench.cli", *map(str, arguments)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return run, folder


def test_installed_models_are_listed_with_their_package(call):
    run, _ = call
    code, out, err = run("list", "networks")
    assert (code, err) == (0, "")
    assert "tiny_net" in out
    assert "network, tiny_models:TinyNet, of the package tiny-models" in out
    assert "tiny" not in run("list", "networks", installed=False)[1]
    assert "tiny_models:gc" in run("list", "predictors")[1]
    assert "tiny_models:letters" in run("list", "embeddings")[1]


def test_installed_models_are_run_by_name(call):
    run, folder = call
    recipes = ("--recipes", "tiny_net", "tiny_gc", "tiny_letters")
    options = ("--suite", "toy.toml", "--device", "cpu", "--workers", "1", "--output", "out", "--quiet")
    code, _, err = run("run", *options, *recipes)
    assert (code, err) == (0, "")
    table = results.read(folder / "out/results.parquet").query("metric == 'rmse' and wrapper == 'none'")
    table = table[table.output == "a"].set_index("recipe")
    assert {*table.index} == {"training_mean", "tiny_net", "tiny_gc", "tiny_letters"}
    assert set(table.status) == {"ok"}
    # The noise of 0.3 is all that GC leaves; the two others are told from it by far.
    assert table.value[["tiny_gc", "tiny_letters"]].tolist() == pytest.approx([0.3, 0.3], rel=0.25)
    code, _, err = run("run", *options, "--recipes", "tiny_gg")
    assert code == 2
    assert "no recipe 'tiny_gg'; did you mean 'tiny_gc'" in err
