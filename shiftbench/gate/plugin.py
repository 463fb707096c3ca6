"""The pytest plugin: fixtures for a lab's own tests, entered by the entry point `pytest11`.

pytest imports this at its start, wherever shiftbench is installed, so nothing heavy is imported before a fixture is
called.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiftbench.errors import InputError, ShiftbenchError

try:
    import pytest
except ImportError:
    raise InputError(
        "shiftbench.gate.plugin: pytest is not installed; pip install pytest, or call "
        "shiftbench.gate.assert_no_regression, which does without"
    ) from None

if TYPE_CHECKING:
    from shiftbench.gate.regression import Comparison
    from shiftbench.run import Ran

STORE = "shiftbench_store"
"""Name of the ini option; the command line has --shiftbench-store."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The store of `shiftbench_run`."""
    told = "folder of finished nodes for the fixture shiftbench_run; default SHIFTBENCH_STORE, else runs/store"
    parser.getgroup("shiftbench").addoption("--shiftbench-store", dest=STORE, metavar="FOLDER", help=told)
    parser.addini(STORE, told)


@pytest.fixture
def shiftbench_run(request: pytest.FixtureRequest, tmp_path: Path) -> "Callable[..., Ran]":
    """Call of `shiftbench.run_suite`, by default of the suite shift at smoke, in this process; gives its `Ran`.

    Finished nodes are kept in a store and reused by later sessions: a fit by code that has changed since is made anew
    only if a digest tells (a recipe from a file: that file). `assert_no_regression` therefore has a store of its own.
    """
    chosen = request.config.getoption(STORE) or request.config.getini(STORE)

    def call(suite: str = "shift", tier: str = "smoke", **more: Any) -> "Ran":
        from shiftbench.run import run_suite

        fixed: dict[str, Any] = {
            "engine": "inprocess",
            "quiet": True,
            "output": tmp_path / f"{Path(suite).stem}-{tier}",
        }
        return run_suite(suite, tier, **fixed | ({"store": Path(chosen)} if chosen else {}) | more)

    return call


@pytest.fixture(scope="session")
def _shiftbench_gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this session, so that comparisons share data and controls, and nothing is older than the code."""
    return tmp_path_factory.mktemp("shiftbench-gate")


@pytest.fixture
def assert_no_regression(_shiftbench_gate: Path) -> "Callable[..., Comparison]":
    """`shiftbench.gate.assert_no_regression`, which fails the test with its block of text and no traceback."""

    def call(recipe: str, *arguments: Any, **more: Any) -> "Comparison":
        from shiftbench.gate import regression

        try:
            return regression.assert_no_regression(recipe, *arguments, **{"folder": _shiftbench_gate} | more)
        except (regression.Regression, ShiftbenchError) as error:
            told = str(error)
        pytest.fail(told, pytrace=False)  # outside, or pytest shows the exception as well

    return call
