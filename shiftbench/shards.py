"""Simulated rows as Parquet, one shard of fixed rows at a time: in bounded memory, the same on every engine."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.execute import Outcome
from shiftbench.whole import whole
from simulators import mpra, satmut
from simulators.contract import LETTERS, Sample, World

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1
"""Raised when a column is added, removed or means something else, or the metadata of a file change."""

VERSIONS = {"mpra": mpra.VERSION, "satmut": satmut.VERSION}
"""Simulators that can be drawn from, and the version of their numbers."""

PARQUET: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "use_dictionary": False}
"""Random letters and floats have no repeats that a dictionary could use; zstd packs four letters into a byte."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Items 0 .. `n` - 1 of a simulator, world (JSON) and seed, in shards of `rows` items; picklable.

    An item of `mpra` is an insert, one of `satmut` an element with all its substitutions, chosen in the world `source`.
    """

    simulator: str
    world: bytes
    source: bytes
    seed: int
    n: int
    rows: int

    @property
    def size(self) -> int:
        """Rows of one item."""
        return 1 if self.simulator == "mpra" else satmut.element_rows(World.from_json(self.world))

    def starts(self) -> range:
        """First item of each shard."""
        return range(0, self.n, self.rows)

    def sample(self, start: int) -> Sample:
        """The shard that begins with item `start`."""
        world, items = World.from_json(self.world), min(self.rows, self.n - start)
        if self.simulator == "mpra":
            return mpra.draw(world, items, seed=self.seed, start=start)
        return satmut.draw(world, items, seed=self.seed, start=start, source=World.from_json(self.source))

    def metadata(self, start: int) -> dict[bytes, bytes]:
        """What a file says of itself: world, and the rest as JSON."""
        facts = {
            "simulator": self.simulator,
            "simulator_version": VERSIONS[self.simulator],
            "schema_version": SCHEMA_VERSION,
            "seed": self.seed,
            "rows_per_shard": self.rows,
            "start": start,
        }
        return {b"world": self.world, b"draw": json.dumps(facts).encode()}


@dataclass(frozen=True, slots=True)
class Shards:
    """A folder of shards; called with the name of one, it is written there, whole or not at all."""

    folder: Path
    draw: Draw

    def names(self) -> dict[str, int]:
        """First item of each file."""
        return {f"part-{number:05d}.parquet": start for number, start in enumerate(self.draw.starts())}

    def missing(self) -> list[str]:
        """Names of the shards that are not there whole; `InputError` if the folder holds another or a longer draw."""
        names = self.names()
        for path in sorted(self.folder.glob("part-*.parquet")):
            if path.name not in names:
                raise InputError(
                    f"{path}: beyond {self.draw.n} items; expected --n as before or more, or another --output"
                )
        return [name for name, start in names.items() if not self._present(self.folder / name, start)]

    def _present(self, path: Path, start: int) -> bool:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            found = parquet.read_metadata(path)
        except (FileNotFoundError, pa.ArrowInvalid):
            return False
        if problem := _difference(found.metadata or {}, self.draw.metadata(start)):
            raise InputError(f"{path}: {problem}; give the same again, or another --output")
        rows = min(self.draw.rows, self.draw.n - start) * self.draw.size
        if found.num_rows > rows:
            raise InputError(f"{path}: {found.num_rows} rows; expected at most {rows}, so give --n as before or more")
        return bool(found.num_rows == rows)

    def __call__(self, name: str) -> Outcome:
        """Draw one shard and write it."""
        from pyarrow import parquet

        start = self.names()[name]
        shard = table(self.draw.sample(start)).replace_schema_metadata(self.draw.metadata(start))
        try:
            with whole(self.folder / name) as partial:
                parquet.write_table(shard, partial, **PARQUET)
        except OSError as error:
            return Outcome("failed", f"{self.folder / name}: cannot write ({error.strerror or error})")
        return Outcome("made")


def _difference(found: dict[bytes, bytes], expected: dict[bytes, bytes]) -> str:
    """In what a file differs from what it should hold, "" if in nothing."""
    old, new = (json.loads(metadata.get(b"draw", b"{}")) for metadata in (found, expected))
    for key, value in new.items():
        if old.get(key) != value:
            return f"{key} {old.get(key, 'not told')}; expected {value}"
    return "" if found[b"world"] == expected[b"world"] else "another world or shift"


def write_file(path: Path, draw: Draw, barcodes: Path | None) -> None:
    """Write a whole draw into one file, a row group a shard, and its barcodes into a second one if asked for."""
    from pyarrow import parquet

    paths = [path, barcodes] if barcodes else [path]
    with ExitStack() as stack:
        partials = [stack.enter_context(whole(each)) for each in paths]
        writers: list[Any] = []
        for start in draw.starts():
            sample = draw.sample(start)
            tables = [table(sample)] + ([barcode_table(draw, sample, start)] if barcodes else [])
            tables = [each.replace_schema_metadata(draw.metadata(0)) for each in tables]
            writers = writers or [
                stack.enter_context(parquet.ParquetWriter(partial, each.schema, **PARQUET))
                for partial, each in zip(partials, tables, strict=True)
            ]
            for writer, each in zip(writers, tables, strict=True):
                writer.write_table(each)


def table(sample: Sample) -> "pa.Table":
    """Columns of a sample: id, sequence as letters, then each output's observation, noise, replicates and truth."""
    import pyarrow as pa

    columns: dict[str, Any] = {"id": pa.array(sample.id), "sequence": _letters(sample.sequence)}
    for number, output in enumerate(sample.outputs):
        columns[f"observed_{output}"] = sample.observed[:, number]
        columns[f"noise_sd_{output}"] = sample.noise_sd[:, number]
        if sample.replicates is not None:
            for replicate in range(sample.replicates.shape[1]):
                columns[f"replicate{replicate + 1}_{output}"] = sample.replicates[:, replicate, number]
        if sample.truth is not None:
            for name in ("mean", "expected", "sd"):
                columns[f"{name}_{output}"] = getattr(sample.truth, name)[:, number]
    return pa.table(columns | sample.table)


def barcode_table(draw: Draw, sample: Sample, start: int) -> "pa.Table":
    """One row a barcode: id of its sequence, number of the barcode, DNA and RNA counts by replicate and output."""
    import pyarrow as pa

    counts = list(mpra.barcode_counts(World.from_json(draw.world), sample, seed=draw.seed, start=start))
    barcodes = [dna.shape[2] for dna, _ in counts]
    number = np.concatenate([np.arange(1, n + 1, dtype=np.int32) for n in barcodes])
    columns: dict[str, Any] = {"id": pa.array(np.repeat(sample.id, barcodes)), "barcode": number}
    for kind, molecule in enumerate(("dna", "rna")):
        joined = np.concatenate([pair[kind] for pair in counts], axis=2).astype(np.int32)
        for replicate, of_replicate in enumerate(joined):
            for output, reads in zip(sample.outputs, of_replicate, strict=True):
                columns[f"{molecule}{replicate + 1}_{output}"] = reads
    return pa.table(columns)


def _letters(codes: NDArray[np.uint8]) -> "pa.Array":
    """Text column from codes (n, length), without a Python object a row."""
    import pyarrow as pa

    n, length = codes.shape
    letters = np.frombuffer(LETTERS.encode(), np.uint8)[codes]
    ends = np.arange(0, (n + 1) * length, length, dtype=np.int32)
    return pa.StringArray.from_buffers(n, pa.py_buffer(ends), pa.py_buffer(letters))
