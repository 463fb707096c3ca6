"""The project's own gate: its smallest recipes do no worse than when their baselines were written.

Half a minute, most of it three trainings. A change of numbers that is meant needs new baselines: tests/README.md.
"""

import platform
import sys
from pathlib import Path

import pytest

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


def test_a_network_trained_for_less_is_worse(assert_no_regression, tmp_path):
    """Positive control: one epoch of eight, after the same baseline."""
    shorter = (HERE / "regression.toml").read_text().replace("epochs = 8", "epochs = 1")
    (tmp_path / "regression.toml").write_text(shorter)
    with pytest.raises(pytest.fail.Exception, match="worse in 4 of 4 tasks"):
        assert_no_regression("cnn", str(tmp_path / "regression.toml"), baseline=HERE / "cnn.json", device="cpu")
