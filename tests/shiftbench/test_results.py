import math

import pytest
from pyarrow import parquet

from shiftbench.errors import InputError
from shiftbench.results import COLUMNS, absent, read, write, write_cost

BLANK = {"str": "", "int64": 1, "float64": math.nan}


def _row(**values):
    return {name: BLANK[dtype] for name, dtype in COLUMNS.items()} | values


def test_what_is_written_is_read_again(tmp_path):
    rows = [_row(suite="shift", dose="full", seed=-1, value=0.25), _row(dose="0", low=-math.inf, n=1000)]
    write(rows, tmp_path / "results.parquet")
    frame = read(tmp_path / "results.parquet")
    for number, row in enumerate(rows):
        for name, value in row.items():
            found = frame.loc[number, name]
            assert found == value or (math.isnan(value) and math.isnan(found))


@pytest.mark.parametrize("rows", [[], [_row()]])
def test_columns_and_dtypes_are_fixed(tmp_path, rows):
    write(rows, tmp_path / "results.parquet")
    frame = read(tmp_path / "results.parquet")
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == len(rows)
    for name, dtype in COLUMNS.items():
        assert frame[name].dtype == dtype


def test_unknown_and_missing_columns_are_refused(tmp_path):
    wrong = _row(extra=1)
    del wrong["value"]
    with pytest.raises(InputError, match=r"row 1: unknown columns \['extra'\], missing columns \['value'\]"):
        write([_row(), wrong], tmp_path / "results.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "value"), [("value", "high"), ("dose", 2), ("seed", 1.5), ("n", "many")])
def test_a_value_of_another_type_is_refused(tmp_path, name, value):
    with pytest.raises(InputError, match=f"row 0 column {name}: found {value!r}, expected {COLUMNS[name]}"):
        write([_row(**{name: value})], tmp_path / "results.parquet")


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "results.parquet"
    write([_row(suite="old")], path)

    def half():
        yield _row(suite="new")
        raise OSError("disk full")

    monkeypatch.setattr("shiftbench.results.AT_ONCE", 1)
    with pytest.raises(OSError, match="disk full"):
        write(half(), path)
    assert list(tmp_path.iterdir()) == [path]
    assert read(path)["suite"].tolist() == ["old"]


def test_a_score_that_was_not_made_is_a_row_without_numbers(tmp_path):
    write([absent("skipped", "no data")], tmp_path / "results.parquet")
    row = read(tmp_path / "results.parquet").iloc[0]
    assert (row["status"], row["reason"], row["n"]) == ("skipped", "no data", 0)
    assert math.isnan(row["value"])


def test_costs_have_the_columns_of_their_rows(tmp_path):
    rows = [{"node": "a", "seconds": 1.5}, {"node": "b", "seconds": 0.5}]
    write_cost(rows, tmp_path / "cost.parquet")
    assert parquet.read_table(tmp_path / "cost.parquet").to_pylist() == rows
    assert [path.name for path in tmp_path.iterdir()] == ["cost.parquet"]


def test_other_files_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "results.parquet"
    with pytest.raises(InputError, match="cannot read"):
        read(path)
    path.write_text("suite,task\n")
    with pytest.raises(InputError, match="cannot read"):
        read(path)
    monkeypatch.setattr("shiftbench.results.SCHEMA_VERSION", 99)
    write([_row()], path)
    monkeypatch.undo()
    with pytest.raises(InputError, match="results schema 99; expected 2"):
        read(path)
