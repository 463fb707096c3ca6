"""`shiftbench simulate`: draws of a world as Parquet."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from shiftbench.commands.arguments import Flag


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
