"""The pytest plugin as a lab uses it, in a pytest of its own; fifteen seconds, most of it imports."""

import json
from importlib.metadata import entry_points

import pytest

from shiftbench.gate import write_baseline
from tests.shiftbench.test_gate import suite

__all__ = ["suite"]  # a fixture
pytest_plugins = ["pytester"]

TESTS = """
import warnings
from pathlib import Path

import pytest

SUITE = {suite!r}


@pytest.mark.parametrize("name", ["same", "worse", "better", "older", "absent"])
def test_gate(assert_no_regression, name):
    found = assert_no_regression("gc_ridge", SUITE, baseline=name + ".json", device="cpu")
    assert list(found.findings) == ["toy/toy"]


def test_run(shiftbench_run):
    ran = shiftbench_run(SUITE, recipes=("gc_ridge",), device="cpu")
    assert ran.failed == 0
    assert (ran.output / "results.parquet").is_file()
    assert [*Path({store!r}).glob("??/*/node.json")]
"""


def _variants(pytester, path):
    """The baseline as it is, one better and one worse than this code, and one of another version of the suite."""
    record = json.loads(path.read_text())

    def write(name, factor=1.0, **fields):
        tasks = {key: task | {"values": [task["values"][0] * factor]} for key, task in record["tasks"].items()}
        (pytester.path / f"{name}.json").write_text(json.dumps(record | {"tasks": tasks} | fields))

    write("same")
    write("worse", 0.9)
    write("better", 1.1)
    write("older", suites={"toy": 7})


def _run(pytester, *arguments):
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:xdist", *arguments)


def test_fixtures_pass_fail_refuse_and_warn(pytester, tmp_path, suite):
    write_baseline("gc_ridge", suite, output=tmp_path / "same.json", engine="inprocess", device="cpu", quiet=True)
    _variants(pytester, tmp_path / "same.json")
    pytester.makepyfile(TESTS.format(suite=suite, store="kept"))
    found = _run(pytester, "--shiftbench-store", "kept")
    found.assert_outcomes(passed=3, failed=3, warnings=1)
    found.stdout.fnmatch_lines_random(
        [
            "gc_ridge against its baseline: worse in 1 of 1 tasks",
            "  toy/toy: WORSE: rmse (lower is better) baseline *, tolerance *, p *",
            "older.json: suites toy 7 there, toy 1 here; shiftbench baseline gc_ridge --suite * --output older.json",
            "absent.json: cannot read (No such file or directory)*",
            "*Improved: gc_ridge against its baseline: better in 1 of 1 tasks",
        ]
    )
    found.stdout.no_fnmatch_line("*Traceback*")
    found.stdout.no_fnmatch_line("*During handling*")


ASKED = """
import sys
from pathlib import Path
from types import SimpleNamespace


def test_store(shiftbench_run, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "shiftbench.run", SimpleNamespace(run_suite=lambda *asked, **more: (asked, more)))
    fixed = {{"engine": "inprocess", "quiet": True, "output": tmp_path / "shift-smoke", "seeds": 2}}
    assert shiftbench_run(seeds=2) == (("shift", "smoke"), fixed | {store})
"""


@pytest.mark.parametrize(
    ("ini", "store"), [("[pytest]\nshiftbench_store = kept\n", '{"store": Path("kept")}'), ("[pytest]\n", "{}")]
)
def test_the_store_comes_from_the_ini_file_or_is_the_usual_one(pytester, ini, store):
    """Without a name `run_suite` takes the usual one; nothing heavy is imported here."""
    pytester.makeini(ini)
    pytester.makepyfile(ASKED.format(store=store))
    _run(pytester).assert_outcomes(passed=1)


def test_pytest_finds_the_plugin_by_its_entry_point():
    assert [point.value for point in entry_points(group="pytest11", name="shiftbench")] == ["shiftbench.gate.plugin"]
