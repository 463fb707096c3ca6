"""The public names, as a user of the package meets them."""

import subprocess
import sys

import pytest

import shiftbench
from tests import tiny

SCRIPT = """
import sys
from pathlib import Path
import shiftbench
from torch import nn

@shiftbench.register_network("mine")
class Mine(nn.Module):
    def __init__(self, length, outputs):
        super().__init__()
        self.layer = nn.Linear(4, outputs)

    def forward(self, one_hot):
        return {factor} * self.layer(one_hot.mean(2))

options = dict(engine="inprocess", device="cpu", output=Path("out"), quiet=True)
ran = shiftbench.run_suite({suite!r}, recipes=("mine",), **options)
table = shiftbench.read_results(ran.output / "results.parquet")
print(sorted(set(table.recipe)), ran.manifest["nodes"])
"""
SIZES = {"rows": 100, "validation": 50, "calibration": 50, "test": 50, "seeds": 1, "epochs": 1}


def test_every_public_name_is_there():
    for name in shiftbench.__all__:
        assert getattr(shiftbench, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = shiftbench.nothing


def test_a_decorated_network_of_a_script_is_run_and_made_again_when_edited(tmp_path):
    suite = tmp_path / "toy.toml"
    suite.write_text(tiny.suite(recipes=("training_mean",), **SIZES))
    script = tmp_path / "script.py"

    def run(factor):
        script.write_text(SCRIPT.format(suite=str(suite), factor=factor))
        command = [sys.executable, str(script)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "['mine', 'training_mean'] {'made': 8}" in run(1)
    assert "{'reused': 8}" in run(1)
    assert "'made': 3" in run(2)
