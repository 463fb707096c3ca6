"""The public names, as a user of the package meets them."""

import subprocess
import sys

import pytest

import shiftbench


def test_every_public_name_is_there():
    for name in shiftbench.__all__:
        assert getattr(shiftbench, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = shiftbench.nothing


def test_a_decorated_network_in_a_script_runs_in_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import shiftbench\n"
        "from torch import nn\n"
        "@shiftbench.register_network('mine')\n"
        "class Mine(nn.Module):\n"
        "    pass\n"
        "from shiftbench.catalog import load_recipe\n"
        "from shiftbench.registry import NETWORKS\n"
        "print(load_recipe('mine').network, NETWORKS.local('mine'))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["mine", "True"]
