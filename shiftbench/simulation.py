"""Simulated data as a table for other programs: sequences, observations and truth in one Parquet file."""

from pathlib import Path
from typing import Any

from shiftbench.errors import InputError, ShiftbenchError
from shiftbench.spec import SEVERITIES, did_you_mean
from simulators.contract import LETTERS, Sample

SIMULATORS = ("mpra",)


def simulate(simulator: str, *, n: int, seed: int, world: int, shift: str, output: Path) -> tuple[int, dict[str, Any]]:
    """Number of rows written to `output`, and the shift reached (part, severity, parameter).

    Raises `InputError` for an unknown simulator, family or dose, a dose that this world cannot reach, or a path that
    cannot be written.
    """
    from simulators import mpra
    from simulators.shift import FAMILIES, Unreachable, apply

    if simulator not in SIMULATORS:
        raise InputError(f"no simulator {simulator!r}{did_you_mean(simulator, SIMULATORS)}")
    if n < 1:
        raise InputError(f"--n: {n}; expected at least 1")
    drawn = mpra.world(world)
    facts: dict[str, Any] = {}
    if shift:
        family, _, dose = shift.partition(":")
        if family not in FAMILIES:
            raise InputError(f"--shift: no family {family!r}{did_you_mean(family, list(FAMILIES))}")
        if dose not in SEVERITIES:
            raise InputError(
                f"--shift: no dose {dose!r}{did_you_mean(dose, list(SEVERITIES))}; expected family:dose, such as gc:3"
            )
        try:
            shifted = apply(drawn, family, SEVERITIES[dose])
        except Unreachable as error:
            raise InputError(f"--shift {shift}: {error}") from error
        drawn, facts = (
            shifted.world,
            {"part": shifted.part, "severity": shifted.severity, "parameter": shifted.parameter},
        )
    sample = mpra.draw(drawn, n, seed=seed)
    _write(sample, drawn.to_json(), output)
    return n, facts


def columns(sample: Sample) -> dict[str, Any]:
    """Columns of a sample: id, sequence as letters, then each output's observation, noise, replicates and truth."""
    import numpy as np

    letters = np.frombuffer(LETTERS.encode(), np.uint8)[sample.sequence]
    table: dict[str, Any] = {"id": sample.id, "sequence": [row.tobytes().decode() for row in letters]}
    for number, output in enumerate(sample.outputs):
        table[f"observed_{output}"] = sample.observed[:, number]
        table[f"noise_sd_{output}"] = sample.noise_sd[:, number]
        if sample.replicates is not None:
            for replicate in range(sample.replicates.shape[1]):
                table[f"replicate{replicate + 1}_{output}"] = sample.replicates[:, replicate, number]
        if sample.truth is not None:
            for name in ("mean", "expected", "sd"):
                table[f"{name}_{output}"] = getattr(sample.truth, name)[:, number]
    return table | sample.table


def _write(sample: Sample, world: bytes, output: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table(columns(sample))
    partial = output.with_name(output.name + ".partial")
    try:
        parquet.write_table(table.replace_schema_metadata({"world": world}), partial)
        partial.replace(output)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ShiftbenchError(
            f"{output}: cannot write ({error.strerror or error}); give another path with --output"
        ) from error
