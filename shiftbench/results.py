"""The table of a run: the columns of results.parquet, one row a number, written whole or not at all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiftbench.errors import InputError
from shiftbench.whole import whole

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 2
"""Raised when a column is added, removed or means something else."""

COLUMNS = {
    # what was scored
    "suite": "str",
    "task": "str",
    "world": "int64",
    "split": "str",
    "part": "str",
    "shift": "str",
    "dose": "str",
    "severity": "float64",
    "recipe": "str",
    "wrapper": "str",
    "budget": "int64",  # labelled rows of the target that the wrapper saw
    "view": "str",
    "seed": "int64",  # -1: over seeds
    # which number
    "output": "str",
    "target": "str",
    "level": "float64",  # nominal level of an interval, else NaN
    "group": "str",
    "stratum": "str",  # "" = all rows
    "metric": "str",
    # the number
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "n": "int64",
    "clusters": "int64",
    # between floor and ceiling
    "floor": "float64",
    "ceiling": "float64",
    "scaled": "float64",
    "scaled_low": "float64",
    "scaled_high": "float64",
    "ceiling_target": "float64",
    "scaled_target": "float64",
    # how to read it
    "status": "str",
    "reason": "str",
    "better": "str",
    "version": "int64",
}
"""Columns in order, with their dtypes."""

_CONTEXT = list(COLUMNS)[: list(COLUMNS).index("seed") + 1]
CURVES = {name: COLUMNS[name] for name in [*_CONTEXT, "group", "target"]} | {
    "curve": "str",
    "x": "float64",
    "y": "float64",
}
"""Columns of curves.parquet in order: which prediction, which curve, and a point of it."""
AT_ONCE = 50_000
"""Rows that are held before they are written."""

_VERSION_KEY = b"shiftbench.results"
_KINDS: dict[str, type | tuple[type, ...]] = {"str": str, "int64": int, "float64": (int, float)}


def write(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write `rows`, each with exactly the keys of `COLUMNS`; `InputError` names the row and column at fault."""

    def checked() -> Iterator[Mapping[str, Any]]:
        for number, row in enumerate(rows):
            _check(row, number)
            yield row

    _stream(checked(), COLUMNS, path, {_VERSION_KEY: str(SCHEMA_VERSION).encode()})


def write_curves(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write points of curves, each with exactly the keys of `CURVES`."""
    _stream(rows, CURVES, path)


def write_frame(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table that was made from results."""
    with whole(path) as partial:
        frame.to_parquet(partial, index=False)


def _stream(
    rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], path: Path, told: dict[bytes, bytes] | None = None
) -> None:
    """Put rows at `path`, whole or not at all, without ever holding all of them."""
    import pyarrow as pa
    from pyarrow import parquet

    types = {"str": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
    schema = pa.schema([(name, types[dtype]) for name, dtype in columns.items()], metadata=told)
    with whole(path) as partial, parquet.ParquetWriter(partial, schema) as writer:
        remaining = iter(rows)
        while batch := list(islice(remaining, AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(batch, schema))


def _check(row: Mapping[str, Any], number: int) -> None:
    if row.keys() != COLUMNS.keys():
        unknown, missing = sorted(row.keys() - COLUMNS.keys()), sorted(COLUMNS.keys() - row.keys())
        raise InputError(f"results row {number}: unknown columns {unknown}, missing columns {missing}")
    for name, dtype in COLUMNS.items():
        if not isinstance(row[name], _KINDS[dtype]):
            raise InputError(f"results row {number} column {name}: found {row[name]!r}, expected {dtype}")


def read(path: Path) -> "pd.DataFrame":
    """Rows written by `write`, columns and dtypes as in `COLUMNS`; `InputError` if the file is not such a table."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: cannot read ({error}); expected a results.parquet of this tool") from None
    found = (table.schema.metadata or {}).get(_VERSION_KEY, b"none").decode()
    if found != str(SCHEMA_VERSION) or table.column_names != list(COLUMNS):
        raise InputError(f"{path}: results schema {found}; expected {SCHEMA_VERSION}; make it again")
    frame: pd.DataFrame = table.to_pandas()
    return frame


def absent(status: str, reason: str) -> dict[str, Any]:
    """Row of a score that was not made: `status` skipped or failed, the reason, and no numbers."""
    empty = {"str": "", "int64": 0, "float64": float("nan")}
    return {name: empty[dtype] for name, dtype in COLUMNS.items()} | {"status": status, "reason": reason}


def write_cost(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write times and hosts, one row a node; they stand apart because they are no results."""
    import pyarrow as pa
    from pyarrow import parquet

    with whole(path) as partial:
        parquet.write_table(pa.Table.from_pylist([dict(row) for row in rows]), partial)
