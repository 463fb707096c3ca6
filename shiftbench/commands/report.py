"""`shiftbench report`: the page of a finished run, again."""

from pathlib import Path

from shiftbench.errors import InputError


def report(folder: Path) -> int:
    """Write the HTML report of a finished run again, from its tables.

    Parameters
    ----------
    folder
        Folder of the run, such as runs/all-smoke.
    """
    print(write_report(folder))  # noqa: T201
    return 0


def write_report(folder: Path) -> Path:
    """Path of the page written from the tables in `folder`; `InputError` if they are not there."""
    import json

    import pandas as pd

    from shiftbench import results
    from shiftbench.report import page

    for name in ("results.parquet", "manifest.json"):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: not there; expected the folder of a run, such as runs/all-smoke")
    path = folder / "report.html"
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except ValueError as error:
        raise InputError(f"{folder / 'manifest.json'}: cannot read ({error}); run the same command again") from error
    further = {name: folder / f"{name}.parquet" for name in ("robustness", "curves", "claims")}
    tables = {name: pd.read_parquet(table) for name, table in further.items() if table.is_file()}
    page.write(results.read(folder / "results.parquet"), manifest, path, **tables)
    return path
