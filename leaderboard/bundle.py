"""An entry as one file: read in memory, checked, and nothing of it executed or written."""

import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from leaderboard.answers import Answers
from leaderboard.manifest import Manifest
from leaderboard.questions import Questions
from leaderboard.reading import archive, caged, delimited, npy, parquet, parse, tables, values
from leaderboard.reading.archive import PACKED, Member
from leaderboard.reading.text import shown
from leaderboard.refused import Refused
from shiftbench.prediction import QUANTILES

DATE = (2000, 1, 1, 0, 0, 0)
"""Of every member, so that equal entries are equal bytes."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """An entry that was read: what it declares, what it answers, SHA-256 and number of its bytes."""

    manifest: Manifest
    answers: Answers
    sha256: str
    size: int


def read(data: bytes, questions: Questions) -> Bundle:
    """The entry that `data`, the bytes of a zip file, holds; `Refused` if it breaks a rule.

    Pure: nothing is written, extracted or executed. A forged Parquet file may end the process that reads it, or take
    its memory; `load` has one to spare.
    """
    try:
        told, said = _read(data, questions)
    except MemoryError:
        raise Refused("bundle-memory", "reading takes more memory than there is; expected a few MB") from None
    return Bundle(told, said, hashlib.sha256(data).hexdigest(), len(data))


def _read(data: bytes, questions: Questions) -> tuple[Manifest, Answers]:
    members = archive.members(data)
    if parse.NAME not in members:
        raise Refused("manifest-missing", f"no {parse.NAME} in the archive; expected one")
    told = parse.manifest(archive.unpack(members.pop(parse.NAME)), questions)
    parse.check_names(told, frozenset(members))
    said = _arrays(members, told) if "mean.npy" in members else _table(members, told, questions)
    _check_seeds(said, told)
    values.check(said)
    return told, said


def _arrays(members: Mapping[str, Member], told: Manifest) -> Answers:
    size = (sum(test.rows for test in told.tests), len(told.outputs))
    laws = tuple((seeds, *size) for seeds in sorted({len(told.seeds), 1}, reverse=True))
    shapes = {"mean.npy": laws, "sd.npy": laws, "quantiles.npy": ((*size, len(QUANTILES)),)}
    for name, member in members.items():
        if not any(npy.fits(member.size, shape) for shape in shapes[name]):
            wanted = " or ".join(map(str, shapes[name]))
            raise Refused("npy-size", f"{name}: {member.size:,} bytes; expected those of float32 {wanted}")
    contents = {name: archive.unpack(member) for name, member in members.items()}
    parse.check_files(told, contents)
    found = {name: npy.read(content, shapes[name], name) for name, content in contents.items()}
    mean, sd = found["mean.npy"], found["sd.npy"]
    if mean.shape != sd.shape:
        raise Refused("npy-shape", f"sd.npy: shape {sd.shape}; expected {mean.shape}, as mean.npy")
    return Answers(mean, sd, found.get("quantiles.npy"), parse.spans(told))


def _table(members: Mapping[str, Member], told: Manifest, questions: Questions) -> Answers:
    ((name, member),) = members.items()
    content = archive.unpack(member)
    parse.check_files(told, {name: content})
    reader = parquet if name.endswith(".parquet") else delimited
    return tables.answers(reader.read(content, told, name), told, questions)


def _check_seeds(said: Answers, told: Manifest) -> None:
    if len(said.mean) < len(told.seeds) and not told.division.ensemble:
        found = f"one answer for {len(told.seeds)} seeds"
        raise Refused("seeds-joined", f"{found}; expected one a seed, or division.ensemble true if they were joined")


def load(path: Path, questions: Questions) -> Bundle:
    """The entry in a file, parsed by a process with limits; `Refused` as `read`, or for a link, a pipe or a giant."""
    data = content(path)
    told, said = caged.parse(data, questions)
    return Bundle(told, said, hashlib.sha256(data).hexdigest(), len(data))


def content(path: Path) -> bytes:
    """Bytes of a regular file, at most one more than the cap is read; `Refused` for a link, a pipe or a larger file."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Refused("file-kind", f"{shown(str(path))}: no regular file; expected a zip file")
            data = file.read(PACKED + 1)
    except OSError as error:
        raise Refused("file-kind", f"{shown(str(path))}: {error.strerror}; expected a zip file, no link") from None
    if len(data) > PACKED:
        raise Refused("bundle-size", f"{shown(str(path))}: over {PACKED:,} bytes; expected at most {PACKED:,}")
    return data


def write(path: Path, manifest: Manifest, answers: Answers) -> None:
    """Write an entry with its predictions as NPY; `manifest.files` is filled in; equal entries give equal bytes."""
    parts = {"mean.npy": answers.mean, "sd.npy": answers.sd, "quantiles.npy": answers.quantiles}
    contents: dict[str, bytes] = {}
    for name, array in parts.items():
        if array is not None:
            held = io.BytesIO()
            np.lib.format.write_array(held, np.ascontiguousarray(array, "<f4"), (1, 0), allow_pickle=False)
            contents[name] = held.getvalue()
    files = {name: hashlib.sha256(part).hexdigest() for name, part in contents.items()}
    told = msgspec.structs.replace(manifest, files=files)
    contents[parse.NAME] = msgspec.json.format(msgspec.json.encode(told, order="sorted"), indent=1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            entry.create_system = 3  # the same bytes on every system
            file.writestr(entry, contents[name])
    path.write_bytes(packed.getvalue())
