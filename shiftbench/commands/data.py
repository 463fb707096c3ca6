"""`shiftbench data`: the real files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from shiftbench import summary
from shiftbench.errors import InputError

if TYPE_CHECKING:
    from shiftbench.tasks.files import Files, Status

app = App(name="data", help="Real data: what is here, what can be fetched, under which licence.")


@app.command(name="list")
def data_list(*, data_dir: Path | None = None) -> int:
    """List every file: whether it is here, its size, its licence."""
    _print_files(_files(data_dir).status())
    return 0


@app.command(name="fetch")
def data_fetch(
    *names: str, all_: Annotated[bool, Parameter(name="--all", negative=())] = False, data_dir: Path | None = None
) -> int:
    """Fetch files into the cache and verify them against their digests.

    Parameters
    ----------
    names
        Names of files, as `shiftbench data list` shows them.
    all_
        Every file that has a digest.
    data_dir
        Folder with files that you have already.
    """
    if not names and not all_:
        raise InputError("data fetch: no file named; expected names of `shiftbench data list`, or --all")
    statuses = _files(data_dir).fetch_all(names)
    _print_files(statuses)
    return int(any(status.problem for status in statuses))


def _files(data_dir: Path | None) -> "Files":
    from shiftbench.tasks.files import Files

    return Files(data_dir)


def _print_files(statuses: "list[Status]") -> None:
    rows = [
        (found.name, found.state, f"{found.bytes / 1e6:.1f}" if found.bytes else "?", found.licence, found.problem)
        for found in statuses
    ]
    summary.table("data files", ("name", "state", "MB", "licence", "problem"), rows)
