"""Command-line options that several verbs share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Names = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]
"""Any number of names after one option."""
Flag = Annotated[bool, Parameter(negative=())]
"""A switch that is off unless it is named."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Places:
    """Where things are.

    Parameters
    ----------
    store
        Folder of finished nodes, shared by runs; default that of a run that is named, else SHIFTBENCH_STORE, else
        runs/store.
    data_dir
        Folder with real data files, in any layout; default SHIFTBENCH_DATA.
    offline
        Fetch nothing.
    """

    store: Path | None = None
    data_dir: Path | None = None
    offline: Flag = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Machine:
    """What computes.

    Parameters
    ----------
    engine
        processes, inprocess or dask.
    workers
        Processes at a time; 0 takes one a core, or as many as the scheduler has workers.
    scheduler
        Address of a Dask scheduler, as tcp://host:port; without one, dask starts workers on this machine.
    quiet
        No progress bar.
    """

    engine: str = "processes"
    workers: int = 0
    scheduler: str = ""
    quiet: Flag = False


PLACES, MACHINE = Places(), Machine()
"""What holds if nothing is named."""
