"""Bundles made by hand, byte by byte: right ones in every format, and what is needed to make wrong ones."""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from dataclasses import dataclass, field

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from leaderboard.answers import Answers
from leaderboard.reading.tables import quantile_names
from shiftbench.outside.file import label
from tests.leaderboard import made

BOARD = made.board(worlds=1, rows=4, outputs=2, seeds=2)
QUESTIONS = BOARD.questions
LOCAL = struct.Struct("<4sHHHHHIIIHH")
CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
END = struct.Struct("<4sHHHHIIH")
NAMES = ("need", "flags", "method", "time", "date", "crc", "packed", "size", "name_length", "extra_length")


@dataclass
class Part:
    """A member; `local` and `central` replace fields of its two headers, `both` of each; `offset` where it lies."""

    name: bytes
    content: bytes
    method: int = 8
    packed: bytes | None = None
    both: dict = field(default_factory=dict)
    local: dict = field(default_factory=dict)
    central: dict = field(default_factory=dict)
    extra: bytes = b""
    comment: bytes = b""
    local_name: bytes | None = None


def zipped(parts, *, before=b"", between=b"", gap=b"", after=b"", comment=b"", end=None):
    """Bytes of an archive, with more `before`, `between` members, in a `gap` before the directory, `after` the end."""
    body, directory = bytearray(before), bytearray()
    for number, part in enumerate(parts):
        body += between * bool(number)
        packed = _packed(part) if part.packed is None else part.packed
        facts = {
            "need": 20, "flags": 0, "method": part.method, "time": 0, "date": 33, "crc": zlib.crc32(part.content),
            "packed": len(packed), "size": len(part.content), "name_length": len(part.name),
            "extra_length": len(part.extra),
        } | part.both  # fmt: skip
        offset = part.central.get("offset", len(body))
        name = part.name if part.local_name is None else part.local_name
        own = facts | {"name_length": len(name)} | part.local
        body += (
            LOCAL.pack(own.get("signature", b"PK\x03\x04"), *(own[one] for one in NAMES)) + name + part.extra + packed
        )
        told = {"made": 0x314, "disk": 0, "inside": 0, "outside": 0o100644 << 16} | facts | part.central
        directory += CENTRAL.pack(
            told.get("signature", b"PK\x01\x02"), told["made"], *(told[one] for one in NAMES), len(part.comment),
            told["disk"], told["inside"], told["outside"], offset,
        )  # fmt: skip
        directory += part.name + part.extra + part.comment
    body += gap
    last = {"disk": 0, "first": 0, "here": len(parts), "count": len(parts), "size": len(directory), "start": len(body)}
    last |= end or {}
    return bytes(body + directory + END.pack(b"PK\x05\x06", *last.values(), len(comment)) + comment + after)


def _packed(part):
    if part.method != 8:
        return part.content
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    return stream.compress(part.content) + stream.flush()


def parts(contents, **changes):
    """Members for `zipped` from contents by name."""
    return [Part(name.encode(), content, **changes) for name, content in contents.items()]


def told(of=BOARD, **changes):
    """A right manifest as plain objects."""
    return msgspec.to_builtins(made.manifest(of, **changes))


def sealed(manifest, files):
    """Contents of a bundle by name: the manifest, with the digests of `files`, and these."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {"manifest.json": json.dumps(manifest | {"files": digests}).encode()} | files


def npy(array):
    held = io.BytesIO()
    np.lib.format.write_array(held, array, (1, 0))
    return held.getvalue()


def arrays(said):
    """NPY members of answers."""
    files = {"mean.npy": npy(said.mean), "sd.npy": npy(said.sd)}
    return files if said.quantiles is None else files | {"quantiles.npy": npy(said.quantiles)}


def frame(said, manifest, of=BOARD):
    """Answers as a table in canonical order, a row a test, id and seed; no column seed if they were joined."""
    asked = {one.digest: one for one in of.questions.sets}
    ids = [(label(one["label"], one["digest"]), id_) for one in manifest["tests"] for id_ in asked[one["digest"]].ids]
    seeds = manifest["seeds"] if len(said.mean) == len(manifest["seeds"]) else [None]
    table = {"test": [test for test, _ in ids] * len(seeds), "id": [str(id_) for _, id_ in ids] * len(seeds)}
    if seeds[0] is not None:
        table["seed"] = np.repeat(np.array(seeds, np.int64), len(ids))
    for column, output in enumerate(manifest["outputs"]):
        table[output], table[f"{output}_sd"] = said.mean[..., column].ravel(), said.sd[..., column].ravel()
    if said.quantiles is not None:
        rest = np.full(len(ids) * (len(seeds) - 1), np.nan, np.float32)
        for column, output in enumerate(manifest["outputs"]):
            for level, name in enumerate(quantile_names(output)):
                table[name] = np.concatenate([said.quantiles[:, column, level], rest])
    return pd.DataFrame(table)


def csv(table, **options):
    """Bytes of a table, float32 spelled so that it comes back the same."""
    text = table.to_csv(index=False, float_format="%.9g", lineterminator="\n", **options)
    return text.encode()


def parquet_bytes(table, **options):
    held = io.BytesIO()
    arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
    parquet.write_table(arrow, held, **({"compression": None} | options))
    return held.getvalue()


def contents(form="npy", manifest=None, said=None, of=BOARD, **options):
    """Contents of a right bundle in a format: npy, csv or parquet."""
    manifest = told(of) if manifest is None else manifest
    said = made.answers(of) if said is None else said
    if form == "npy":
        return sealed(manifest, arrays(said))
    table = frame(said, manifest, of)
    content = csv(table, **options) if form == "csv" else parquet_bytes(table, **options)
    return sealed(manifest, {f"predictions.{form}": content})


def bundle(form="npy", **options):
    """Bytes of a right bundle."""
    return zipped(parts(contents(form, **options)))


def unpacked(data):
    """Contents by name, as the standard library reads them."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def same(one: Answers, other: Answers):
    """Whether two answers are equal, number by number."""
    laws = (one.quantiles, other.quantiles)
    equal = all(law is None for law in laws) or (all(law is not None for law in laws) and np.array_equal(*laws))
    return (
        equal
        and np.array_equal(one.mean, other.mean)
        and np.array_equal(one.sd, other.sd)
        and dict(one.rows) == dict(other.rows)
    )
