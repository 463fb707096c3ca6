"""The project's own gate: its smallest recipes do no worse than when their baselines were written.

Half a minute, most of it three trainings. A change of numbers that is meant needs new baselines: tests/README.md.
"""

import platform
import sys
from pathlib import Path

import pytest

from shiftbench.gate import Regression
from shiftbench.gate import assert_no_regression as compare

HERE = Path(__file__).parent
SUITE = str(HERE / "regression.toml")

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="simulated data are promised to the byte on Linux x86-64",
)


@pytest.mark.parametrize("recipe", ["kmer_ridge", "cnn"])
def test_no_worse_than_the_baseline(assert_no_regression, recipe):
    found = assert_no_regression(recipe, SUITE, baseline=HERE / f"{recipe}.json", device="cpu")
    assert len(found.findings) == 4


def test_a_network_trained_for_less_is_worse(tmp_path):
    """Positive control: three epochs of eight, after the same baseline."""
    shorter = (HERE / "regression.toml").read_text().replace("epochs = 8", "epochs = 3")
    (tmp_path / "regression.toml").write_text(shorter)
    with pytest.raises(Regression, match=r"worse in [1-4] of 4 tasks"):
        compare("cnn", str(tmp_path / "regression.toml"), baseline=HERE / "cnn.json", device="cpu")
