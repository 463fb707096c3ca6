"""Simulated data for other programs: sequences, observations and truth as Parquet, one file or a folder of shards."""

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from shiftbench.errors import InputError, ShiftbenchError
from shiftbench.execute import drive, engine, width
from shiftbench.progress import progress
from shiftbench.shards import SCHEMA_VERSION, VERSIONS, Draw, Shards, write_file
from shiftbench.spec import NULL, SEVERITIES, did_you_mean
from shiftbench.whole import whole
from simulators import prior
from simulators.contract import World

MANIFEST = "manifest.json"
MOST_ROWS = 1_000_000
"""Rows of a shard at most: letters of a column are counted in 32 bits."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Rows asked for, how many shards were written and how many were there, the shift reached, and the mechanism.

    The mechanism is the draw from the hyper-prior that made the world.
    """

    rows: int
    written: int
    kept: int
    shift: dict[str, Any]
    mechanism: dict[str, float]


@dataclass(frozen=True, slots=True)
class Way:
    """How a draw is made: rows of a shard, and what draws the shards of a folder; none of it changes a number."""

    rows_per_shard: int = 50_000
    engine: str = "inprocess"
    workers: int = 0
    scheduler: str = ""
    quiet: bool = True


def simulate(
    simulator: str,
    *,
    n: int,
    seed: int,
    world: int,
    shift: str,
    output: Path,
    barcodes: Path | None = None,
    way: Way | None = None,
) -> Simulated:
    """Write `n` inserts, or elements, to `output`, one file if its name ends with .parquet, else a folder of shards.

    Shards that a folder has already are kept; its manifest is written last. `barcodes` is a second file, one row a
    barcode. Raises `InputError` for an unknown name, a dose that this world cannot reach, or a folder that holds other
    rows, and `ShiftbenchError` for a path that cannot be written.
    """
    way = way or Way()
    if simulator not in VERSIONS:
        raise InputError(f"no simulator {simulator!r}{did_you_mean(simulator, list(VERSIONS))}")
    if n < 1:
        raise InputError(f"--n: {n}; expected at least 1")
    if not 1 <= way.rows_per_shard <= MOST_ROWS:
        raise InputError(f"--rows-per-shard: {way.rows_per_shard}; expected 1 to {MOST_ROWS}")
    slots = width(way.engine, way.workers, way.scheduler)
    one_file = output.suffix == ".parquet"
    if barcodes and simulator != "mpra":
        raise InputError(f"--barcodes: {simulator} sums them over molecules; expected the simulator mpra")
    if barcodes and not one_file:
        raise InputError(f"--barcodes: with the folder {output}; expected one .parquet file as --output")
    if barcodes and barcodes.resolve() == output.resolve():
        raise InputError(f"--barcodes: {barcodes} is --output as well; expected another file")
    if one_file and way.engine != "inprocess":
        raise InputError(f"--engine {way.engine}: one file has one writer; expected a folder as --output")
    source, drawn, facts = _worlds(world, shift)
    mechanism = asdict(prior.mechanism(drawn.program.identity))
    draw = Draw(simulator, drawn.to_json(), source.to_json(), seed, n, rows=1)
    draw = replace(draw, rows=max(1, way.rows_per_shard // draw.size))
    rows = n * draw.size
    try:
        if one_file:
            write_file(output, draw, barcodes)
            return Simulated(rows, 1, 0, facts, mechanism)
        written = _fill(output, draw, way, slots)
        _write_manifest(output, draw, {"family_and_dose": shift, **facts})
    except OSError as error:
        raise ShiftbenchError(f"{output}: cannot write ({error.strerror or error}); give another --output") from error
    return Simulated(rows, written, len(draw.starts()) - written, facts, mechanism)


def _worlds(number: int, shift: str) -> tuple[World, World, dict[str, Any]]:
    """World of this number, the same under a shift, and what the shift is (part, severity, parameter)."""
    from simulators import mpra
    from simulators.shift import FAMILIES, apply

    family, _, dose = shift.partition(":")
    if shift and family not in FAMILIES:
        raise InputError(f"--shift: no family {family!r}{did_you_mean(family, list(FAMILIES))}")
    if family == NULL:
        raise InputError("--shift null: it is a second draw without a shift; give another --seed and no --shift")
    if shift and dose not in SEVERITIES:
        raise InputError(
            f"--shift: no dose {dose!r}{did_you_mean(dose, list(SEVERITIES))}; expected family:dose, such as gc:3"
        )
    source = mpra.world(number)
    if not shift:
        return source, source, {}
    try:
        shifted = apply(source, family, SEVERITIES[dose])
    except ValueError as error:
        raise InputError(f"--shift {shift}: {error}") from error
    facts = {"part": shifted.part, "severity": shifted.severity, "parameter": shifted.parameter}
    return source, shifted.world, facts


def _fill(folder: Path, draw: Draw, way: Way, slots: int) -> int:
    """Write the shards that a folder lacks; their number."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = Shards(folder, draw)
    missing = shards.missing()
    if not missing:
        return 0
    (folder / MANIFEST).unlink(missing_ok=True)
    with progress(len(missing), way.quiet) as advance:
        outcomes = drive(
            dict.fromkeys(missing, ()),
            shards,
            partial(engine, way.engine, scheduler=way.scheduler),
            width=min(slots, len(missing)),
            report=advance,
        )
    failed = [outcome for outcome in outcomes.values() if outcome.state == "failed"]
    if failed:
        raise ShiftbenchError(
            f"{folder}: {len(failed)} of {len(missing)} shards failed ({failed[0].reason}); "
            "the same command writes what is missing"
        )
    return len(missing)


def _write_manifest(folder: Path, draw: Draw, shift: dict[str, Any]) -> None:
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "simulator": draw.simulator,
        "simulator_version": VERSIONS[draw.simulator],
        "seed": draw.seed,
        "shift": shift,
        "rows": draw.n * draw.size,
        "rows_per_shard": draw.rows * draw.size,
        "world": json.loads(draw.world),
    }
    with whole(folder / MANIFEST) as partial_file:
        partial_file.write_text(json.dumps(manifest, indent=1, sort_keys=True))
