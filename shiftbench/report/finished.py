"""The page of a finished run, from the tables in its folder."""

import json
from pathlib import Path

import pandas as pd

from shiftbench import results
from shiftbench.errors import InputError
from shiftbench.report import page

PAGE = "report.html"
"""Name of the page in the folder of its run."""


def write(folder: Path) -> Path:
    """Path of the page written from the tables in `folder`; `InputError` if they are not there."""
    for name in ("results.parquet", "manifest.json"):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: not there; expected the folder of a run, such as runs/all-smoke")
    path = folder / PAGE
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except ValueError as error:
        raise InputError(f"{folder / 'manifest.json'}: cannot read ({error}); run the same command again") from error
    further = {name: folder / f"{name}.parquet" for name in ("robustness", "curves", "claims")}
    tables = {name: pd.read_parquet(table) for name, table in further.items() if table.is_file()}
    page.write(results.read(folder / "results.parquet"), manifest, path, **tables)
    return path
