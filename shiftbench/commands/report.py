"""`shiftbench report`: the page of a finished run, again."""

from pathlib import Path


def report(folder: Path) -> int:
    """Write the HTML report of a finished run again, from its tables.

    Parameters
    ----------
    folder
        Folder of the run, such as runs/all-smoke.
    """
    from shiftbench.report.finished import write

    print(write(folder))  # noqa: T201
    return 0
