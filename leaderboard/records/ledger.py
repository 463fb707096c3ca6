"""The record of the leaderboard: JSON Lines that only grow, each line bound to the one before by its digest.

A line is the JSON of one `Record`: fields in the order of the class, no spaces, UTF-8, a newline. Its `digest` is the
SHA-256 of that line without `,"digest":"..."` and the newline, `previous` the digest of the line before (`FIRST` in the
first line), so whoever holds one digest, the head, holds everything up to it.

What a chain cannot show by itself: its first n lines are a valid chain too. Lines that were cut off are seen by the
bundles that nobody lists, or, if these were removed with them, only by a head that somebody noted: on the pages, in a
clone, in a mail. The same holds for a ledger that was written anew from the start.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from leaderboard.reading import text
from leaderboard.reading.text import shown
from leaderboard.records.history import History
from leaderboard.records.record import FIRST, Event, Record, check_past, digest, head
from leaderboard.refused import Refused
from shiftbench.whole import whole

if sys.platform != "win32":
    import fcntl

NAME = "ledger.jsonl"
"""The ledger of a folder of entries."""
LARGEST = 2**25
"""Bytes of a ledger that are read: some 30,000 records."""


def read(folder: Path) -> tuple[Record, ...]:
    """All records of a folder of entries, checked one after another; none where there is no ledger yet.

    `Refused` for the first record that breaks the chain or a rule of `history`.
    """
    path = folder / NAME
    if not path.exists():
        return ()
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Refused("ledger-size", f"{path}: over {LARGEST} bytes; expected at most that")
    return parse(data, str(path))


def parse(data: bytes, name: str = NAME) -> tuple[Record, ...]:
    """The records of a ledger as bytes; `Refused` with number of the line."""
    if data and not data.endswith(b"\n"):
        raise Refused("ledger-line", f"{name}: the last line has no end; expected whole lines")
    records: list[Record] = []
    history = History()
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        place = f"{name}, line {number}"
        record = _record(line, place)
        _check_chain(record, number, head(records[-1:]), place)
        history.take(record, place)
        records.append(record)
    return tuple(records)


def _record(line: bytes, place: str) -> Record:
    try:
        record = msgspec.json.decode(line, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("ledger-line", f"{place}: {shown(str(error), 160)}; expected one record as JSON") from None
    text.check({"note": record.note, "round": record.round, "suite": record.suite}, place)
    if msgspec.json.encode(record) != line:
        raise Refused("ledger-line", f"{place}: not written as its record is; expected every field once, in order")
    return record


def _check_chain(record: Record, number: int, previous: str, place: str) -> None:
    if record.number != number:
        raise Refused("ledger-order", f"{place}: number {record.number}; expected {number}: none missing, none moved")
    if record.previous != previous:
        raise Refused("ledger-chain", f"{place}: previous is {record.previous[:12]}...; expected {previous[:12]}...")
    if record.digest != (found := digest(record)):
        raise Refused("ledger-digest", f"{place}: digest {record.digest[:12]}...; its content has {found[:12]}...")


def extended(folder: Path, event: Event) -> tuple[Record, bytes]:
    """The record that an event would be in the ledger of `folder`, and the bytes of that ledger.

    `Refused` if the ledger or the event breaks a rule.
    """
    path = folder / NAME
    check_past(event, str(path))
    old = path.read_bytes() if path.exists() else b""
    records = parse(old)
    place = {"number": len(records) + 1, "previous": head(records), "digest": FIRST}
    record = Record(**msgspec.structs.asdict(event) | place)
    record = msgspec.structs.replace(record, digest=digest(record))
    grown = old + msgspec.json.encode(record) + b"\n"
    parse(grown)  # what will be written obeys what will be asked of it
    return record, grown


def write(folder: Path, grown: bytes) -> None:
    """Replace the ledger of `folder` by one that goes on, whole or not at all; under `alone(folder)`."""
    with whole(folder / NAME) as path:
        path.write_bytes(grown)


def append(folder: Path, event: Event) -> Record:
    """Put an event at the end of the ledger of `folder`; `Refused` if it breaks a rule, and nothing is written then."""
    with alone(folder):
        record, grown = extended(folder, event)
        write(folder, grown)
    return record


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else adds to `folder` meanwhile; others wait. On Windows nothing is held."""
    if sys.platform == "win32":
        yield
        return
    path = folder / ".adding"
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Who held it before has removed the file: then this lock guards nothing, and another may hold the new one.
        if _is(path, handle):
            break
        os.close(handle)
    try:
        yield
    finally:
        path.unlink()
        os.close(handle)


def _is(path: Path, handle: int) -> bool:
    """Whether an open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
