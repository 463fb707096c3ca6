"""The command line: run, list, show, simulate, data, report, doctor."""

import logging
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

import shiftbench
from shiftbench import summary
from shiftbench.errors import InputError, ShiftbenchError

if TYPE_CHECKING:
    from shiftbench.run import Preview
    from shiftbench.tasks.files import Files, Status

app = App(
    name="shiftbench",
    help="How, where and at which dose does a sequence-to-expression model fail; do its error bars stay true there?",
    version=shiftbench.__version__,
    suppress_keyboard_interrupt=False,
)
data_app = App(name="data", help="Real data: what is here, what can be fetched, under which licence.")
app.command(data_app)

Names = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]
Flag = Annotated[bool, Parameter(negative=())]
Kind = Literal[
    "suites",
    "tasks",
    "recipes",
    "networks",
    "providers",
    "wrappers",
    "metrics",
    "simulators",
    "shifts",
    "files",
    "tiers",
]


@app.command
def run(
    *,
    suite: str = "all",
    tier: str = "smoke",
    output: Path | None = None,
    store: Path | None = None,
    data_dir: Path | None = None,
    offline: Flag = False,
    strict: Flag = False,
    tasks: Names = (),
    shifts: Names = (),
    recipes: Names = (),
    seeds: int = 0,
    worlds: int = 0,
    engine: str = "processes",
    workers: int = 0,
    scheduler: str = "",
    device: str = "auto",
    max_minutes: float = 0.0,
    dry_run: Flag = False,
    quiet: Flag = False,
) -> int:
    """Run a suite: train what is missing, predict, score, write a table and an HTML report.

    Parameters
    ----------
    suite
        Name of a suite, or path of a suite file (.toml).
    tier
        smoke (about 5 minutes on 2 cores, no claim is read from it), bench, core or full.
    output
        Folder of this run; default runs/<suite>-<tier>.
    store
        Folder of finished nodes, shared by runs; default SHIFTBENCH_STORE, else runs/store.
    data_dir
        Folder with real data files, in any layout; default SHIFTBENCH_DATA.
    offline
        Fetch nothing.
    strict
        Missing data are an error.
    tasks, shifts, recipes
        Only these; controls are always run. A recipe may be path.py:name or module:name, a model of your own.
    seeds
        Number of training seeds instead of the tier's.
    worlds
        Number of simulated worlds instead of the tier's; they are numbered from 0.
    engine
        processes, inprocess or dask.
    workers
        Processes at a time; 0 takes one a core, or as many as the scheduler has workers.
    scheduler
        Address of a Dask scheduler, as tcp://host:port; without one, dask starts workers on this machine.
    device
        auto, cpu, cuda or mps.
    max_minutes
        Start nothing new after this time; the same command goes on later.
    dry_run
        Say what is reused, stale or missing, and do nothing.
    quiet
        No progress bar.
    """
    from shiftbench import run as running
    from shiftbench.options import options
    from shiftbench.validate import Selection

    chosen = options(
        suite,
        tier,
        selection=Selection(tasks, shifts, recipes, seeds, worlds),
        output=output,
        store=store,
        data_dir=data_dir,
        offline=offline,
        engine=engine,
        workers=workers,
        scheduler=scheduler,
        device="cpu" if dry_run else device,
        max_minutes=max_minutes,
        quiet=quiet,
    )
    if dry_run:
        _print_preview(running.preview(chosen))
        return 0
    ran = running.run(chosen)
    page = _report(ran.output)
    summary.print_run(ran.output, ran.manifest, page)
    return 1 if ran.failed or (strict and ran.missing) else 0


@app.command(name="list")
def list_(kind: Kind = "suites") -> int:
    """List the names that can be used, of one kind."""
    from shiftbench import listing

    summary.table(f"{kind} (shiftbench show NAME tells more)", ("name", "what it is"), listing.names(kind))
    return 0


@app.command
def show(name: str) -> int:
    """Show a suite, task, recipe, wrapper, metric, simulator, shift or data file: what it is, formula, source."""
    from shiftbench import listing

    print(listing.describe(name))  # noqa: T201
    return 0


@app.command
def simulate(
    simulator: str,
    *,
    n: Annotated[int, Parameter(name=["--n", "-n"])] = 1000,
    seed: int = 0,
    world: int = 0,
    shift: str = "",
    output: Path,
    barcodes: Path | None = None,
    rows_per_shard: int = 50_000,
    engine: str = "inprocess",
    workers: int = 0,
    scheduler: str = "",
    quiet: Flag = False,
) -> int:
    """Draw sequences, observations and truth from a simulated world into Parquet, in bounded memory.

    Parameters
    ----------
    simulator
        mpra, or satmut (all substitutions of elements).
    n
        Number of inserts, or of elements; the first k of n are the same for every n.
    seed
        Seed of the draw.
    world
        Number of the world; its mechanism is a draw from the hyper-prior that `shiftbench show mpra` prints.
    shift
        family:dose, such as gc:3 or rewiring:full.
    output
        One file (.parquet), or a folder of shards and a manifest; shards that are there already are kept.
    barcodes
        Second file (.parquet): DNA and RNA counts, one row a barcode (mpra).
    rows_per_shard
        Rows of a shard, which are in memory at a time.
    engine
        inprocess, processes or dask; the last two draw the shards of a folder side by side.
    workers
        Processes at a time; 0 takes one a core, or as many as the scheduler has workers.
    scheduler
        Address of a Dask scheduler, as tcp://host:port.
    quiet
        No progress bar.
    """
    from shiftbench.simulation import Way
    from shiftbench.simulation import simulate as draw

    way = Way(rows_per_shard, engine, workers, scheduler, quiet)
    done = draw(simulator, n=n, seed=seed, world=world, shift=shift, output=output, barcodes=barcodes, way=way)
    kept = f", {done.kept} of {done.kept + done.written} shards were there" if done.kept else ""
    print(f"{output}: {done.rows} rows{kept}; {done.shift or 'no shift'}")  # noqa: T201
    print(f"world {world}: " + ", ".join(f"{name} {value:.4g}" for name, value in done.mechanism.items()))  # noqa: T201
    return 0


@data_app.command(name="list")
def data_list(*, data_dir: Path | None = None) -> int:
    """List every file: whether it is here, its size, its licence."""
    _print_files(_files(data_dir).status())
    return 0


@data_app.command(name="fetch")
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


@app.command
def report(folder: Path) -> int:
    """Write the HTML report of a finished run again, from its tables.

    Parameters
    ----------
    folder
        Folder of the run, such as runs/all-smoke.
    """
    print(_report(folder))  # noqa: T201
    return 0


@app.command
def doctor(*, kernels: Flag = False) -> int:
    """Check this installation: packages, names, store, cache, devices.

    Parameters
    ----------
    kernels
        Compile the simulators now (about a minute, once) and say how long they take to be ready.
    """
    from shiftbench.doctor import examine
    from shiftbench.options import default_data, default_store
    from simulators.cache import cache_folder

    findings = examine(cache_folder(), default_store(), default_data(), kernels=kernels)
    summary.table(
        "doctor", ("check", "state", "found"), [(found.check, found.state, found.found) for found in findings]
    )
    return int(any(finding.state == "bad" for finding in findings))


class _Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C."""


def _terminate(signum: int, frame: object) -> None:
    raise _Terminated


def main() -> None:
    """Entry point: one line for an error of the user, exit code not 0."""
    signal.signal(signal.SIGTERM, _terminate)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("shiftbench").setLevel(logging.INFO)
    try:
        result = app(sys.argv[1:], result_action="return_value")
    except ShiftbenchError as error:
        print(f"shiftbench: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has seen enough
        sys.exit(0)
    except KeyboardInterrupt as stop:
        print("shiftbench: stopped; finished work is kept, the same command goes on from there", file=sys.stderr)  # noqa: T201
        sys.exit(143 if isinstance(stop, _Terminated) else 130)
    sys.exit(result if isinstance(result, int) else 0)


def _files(data_dir: Path | None) -> "Files":
    from shiftbench.tasks.files import Files

    return Files(data_dir)


def _print_files(statuses: "list[Status]") -> None:
    rows = [
        (found.name, found.state, f"{found.bytes / 1e6:.1f}" if found.bytes else "?", found.licence, found.problem)
        for found in statuses
    ]
    summary.table("data files", ("name", "state", "MB", "licence", "problem"), rows)


def _report(folder: Path) -> Path:
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


def _print_preview(previews: "list[Preview]") -> None:
    counts = Counter(preview.state for preview in previews)
    rows = [(found.state, found.label, found.difference) for found in previews if found.state != "reused"]
    summary.table("nodes", ("state", "node", "what differs"), rows)
    print(", ".join(f"{counts[state]} {state}" for state in ("reused", "stale", "missing")))  # noqa: T201


if __name__ == "__main__":
    main()
