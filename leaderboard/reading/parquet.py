"""A table of predictions as Parquet: its footer is examined before a page is read, and all of it in memory.

Pages are not packed (the zip packs them), and strings stay dictionaries until their lengths are known, so that few
bytes cannot become many.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from leaderboard.manifest import Manifest
from leaderboard.reading.tables import SEED, Rows, check_columns
from leaderboard.reading.text import shown
from leaderboard.refused import Refused
from shiftbench.outside.file import ID, TEST

if TYPE_CHECKING:
    import pyarrow as pa

FOOTER = 256_000
GROUPS = 64
TEXT = 400
"""Most bytes of a label or an id."""
ENCODINGS = ("PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED")
KINDS = {TEST: ("BYTE_ARRAY",), ID: ("BYTE_ARRAY",), SEED: ("INT32", "INT64")}
NUMBERS = ("FLOAT", "DOUBLE")
LOGICAL = {"BYTE_ARRAY": ("STRING",), "INT32": ("NONE", "INT"), "INT64": ("NONE", "INT")}


def read(data: bytes, told: Manifest, name: str) -> Rows:
    """Rows of a Parquet file; `Refused` for other columns, types or sizes than asked, and for a damaged file."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    if data[:4] != b"PAR1" or data[-4:] != b"PAR1":
        raise Refused("parquet-magic", f"{name}: no Parquet file, or an encrypted one; expected PAR1 at both ends")
    if int.from_bytes(data[-8:-4], "little") > min(FOOTER, len(data)):
        raise Refused("parquet-footer", f"{name}: a footer of over {FOOTER:,} bytes; expected less")
    try:
        limits = {"pre_buffer": False, "thrift_string_size_limit": FOOTER, "thrift_container_size_limit": FOOTER}
        file = ParquetFile(pa.BufferReader(data), **limits)
        _check_footer(file, told, len(data), name)
        table = ParquetFile(pa.BufferReader(data), metadata=file.metadata, read_dictionary=[TEST, ID], **limits)
        read = table.read(use_threads=False)
        read.validate(full=True)  # Arrow follows a place outside a dictionary unless it is asked
        return _rows(read, name)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        why = shown(str(error), 120)[1:-1]
        raise Refused("parquet-damaged", f"{name}: cannot be read ({why}); expected a whole Parquet file") from None


def _check_footer(file: Any, told: Manifest, size: int, name: str) -> None:
    """Refuse a file by what its footer says, before any page is read."""
    facts, schema = file.metadata, file.schema
    columns = [schema.column(number) for number in range(facts.num_columns)]
    rows = check_columns([column.name for column in columns], told, name)
    for column in columns:
        _check_type(column, name)
    if facts.num_rows > rows:
        raise Refused("rows-extra", f"{name}: {facts.num_rows:,} rows; expected {rows:,}, as manifest.json tells")
    if not 0 < facts.num_row_groups <= GROUPS:
        raise Refused("parquet-groups", f"{name}: {facts.num_row_groups} row groups; expected 1 to {GROUPS}")
    groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
    if facts.num_rows < 0 or sum(group.num_rows for group in groups) != facts.num_rows:
        raise Refused("parquet-groups", f"{name}: its row groups do not add up to its rows; write it anew")
    for group in groups:
        for number in range(len(columns)):
            _check_chunk(group.column(number), group.num_rows, size, name)


def _check_type(column: Any, name: str) -> None:
    kind, logical = column.physical_type, column.logical_type.type
    wanted = KINDS.get(column.name, NUMBERS)
    flat = column.max_repetition_level == 0 and column.max_definition_level <= 1
    if kind not in wanted or logical not in LOGICAL.get(kind, ("NONE",)) or not flat:
        found = f"{name}, column {shown(column.name)}: {kind} {logical}{'' if flat else ', nested'}"
        raise Refused("parquet-type", f"{found}; expected {' or '.join(wanted)}")


def _check_chunk(chunk: Any, rows: int, size: int, name: str) -> None:
    if chunk.compression != "UNCOMPRESSED":
        found = f"{name}: pages packed by {chunk.compression}"
        raise Refused("parquet-codec", f"{found}; expected none (compression=None), for the zip packs them anyway")
    if not set(chunk.encodings) <= set(ENCODINGS):
        raise Refused("parquet-encoding", f"{name}: encodings {shown(chunk.encodings)}; expected plain or dictionary")
    sizes = (chunk.total_uncompressed_size, chunk.total_compressed_size, chunk.data_page_offset)
    if chunk.num_values != rows or not all(0 <= one <= size for one in sizes) or chunk.file_path:
        raise Refused("parquet-size", f"{name}: sizes or places of pages that cannot be; write it anew")


def _rows(table: "pa.Table", name: str) -> Rows:
    text = {column: _strings(table.column(column), column, name) for column in (TEST, ID)}
    seeds = table.column(SEED) if SEED in table.column_names else None
    if seeds is not None and seeds.null_count:
        raise Refused("row-seed", f"{name}: rows without a seed; expected one in each")
    return Rows(
        name=name,
        test=text[TEST],
        id=text[ID],
        seed=None if seeds is None else seeds.to_pylist(),
        values={
            column: table.column(column).to_numpy().astype(np.float64)
            for column in table.column_names
            if column not in KINDS
        },
    )


def _strings(column: "pa.ChunkedArray", which: str, name: str) -> list[str | None]:
    from pyarrow import compute

    found: list[str | None] = []
    for chunk in column.chunks:
        longest = compute.max(compute.binary_length(chunk.dictionary)).as_py()
        if (longest or 0) > TEXT:
            raise Refused("parquet-text", f"{name}, column {which}: {longest:,} bytes in a row; expected under {TEXT}")
        words = chunk.dictionary.to_pylist()
        found += [None if at is None else words[at] for at in chunk.indices.to_pylist()]
    return found
