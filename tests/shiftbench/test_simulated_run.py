"""A whole run of a small simulated suite: null shift, an arm and a compound, from the plan to the page."""

import json

import pytest

from shiftbench import results
from shiftbench.report import page
from shiftbench.run import run_suite
from tests import tiny

SUITE = tiny.suite(
    "mpra",
    name="tiny",
    task="mpra",
    recipes=tiny.SIMULATED,
    metrics=("rmse", "coverage"),
    shifts=("null", "gc", "dropout", "gc+batch"),
    arms=("dropout:3",),
    **{"rows": 200, "validation": 60, "calibration": 10, "seeds": 1, "worlds": 3, "doses": [2], "resamples": 20},
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.toml").write_text(SUITE)
    options = {"engine": "inprocess", "device": "cpu", "output": folder / "out", "store": folder / "store"}
    return run_suite(str(folder / "tiny.toml"), worlds=1, **options, quiet=True)


def test_every_kind_of_test_set_is_scored_in_the_worlds_asked_for(ran):
    assert ran.failed == 0
    table = results.read(ran.output / "results.parquet")
    errors = table.query("metric == 'rmse' and target == 'observed' and output == 'mean' and recipe == 'oracle'")
    found = {(row.world, row.shift, row.dose, row.part) for row in errors.itertuples()}
    tests = [("", "0", ""), ("null", "0", "none"), ("gc", "2", "genome"), ("dropout", "2", "assay")]
    assert found == {(0, *test) for test in [*tests, ("gc+batch", "2", "genome+assay")]}
    absent = table.query("status == 'skipped'")
    assert set(absent["shift"] + absent["dose"]) == {"dropout3"}
    assert absent["reason"].str.contains("ends at").all()


def test_null_and_plain_test_sets_differ_in_their_draw_alone(ran):
    table = results.read(ran.output / "results.parquet")
    errors = table.query("metric == 'rmse' and target == 'observed' and output == 'mean' and recipe == 'oracle'")
    value = errors.set_index("shift")["value"]
    assert value["null"] != value[""]
    assert value["null"] == pytest.approx(value[""], rel=0.3)


def test_unmeasured_rows_are_counted_in_manifest_and_page(ran):
    manifest = json.loads((ran.output / "manifest.json").read_text())
    facts = manifest["facts"]["tiny/mpra/world0/dropout:2/test"]
    kept = facts["rows"]["test"]
    assert facts["drawn"]["test"] == 120
    assert 20 < kept < 115
    table = results.read(ran.output / "results.parquet")
    scored = table.query("shift == 'dropout' and dose == '2' and metric == 'rmse' and output == 'mean'")
    assert set(scored["n"]) == {kept}
    html = page.render(table, manifest)
    assert f"test {kept} rows of 120 drawn, {120 - kept} left out since they were not measured" in html
    assert list(manifest["worlds"]) == ["mpra"]
    assert "mpra: pictures of one world" in html
