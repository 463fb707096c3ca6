"""Entering what happened: a bundle beside the others and its record in the ledger, both or neither."""

import datetime
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leaderboard import bundle as bundles
from leaderboard.board import Board
from leaderboard.questions import Questions
from leaderboard.records import ledger
from leaderboard.records.entries import Load
from leaderboard.records.history import History
from leaderboard.records.record import Event, Record
from leaderboard.records.recorded import numbers
from leaderboard.refused import Refused
from shiftbench.errors import InputError
from shiftbench.whole import whole


def add(
    folder: Path,
    source: Path,
    board: Board | Questions,
    date: datetime.date,
    *,
    supersedes: str = "",
    challenges: str = "",
    note: str = "",
    load: Load = bundles.load,
) -> Record:
    """Check a bundle, score it, copy it to `folder` and put it into the ledger there; its record.

    With `Questions` alone, as in a round before its reveal, nothing is scored. `supersedes`: entry of the same team
    that it takes the place of. `challenges`: entry that it runs again; both stay. `Refused` if the bundle or the ledger
    says no; nothing is changed then. `InputError` if the folder cannot be written, before anything is scored.
    """
    check_writable(folder)
    questions = board.questions if isinstance(board, Board) else board
    bundle = load(source, questions)
    data = bundles.content(source)
    if hashlib.sha256(data).hexdigest() != bundle.sha256:
        raise InputError(f"{source}: changed while it was read; add it again")
    manifest = bundle.manifest
    if challenges and manifest.entry != challenges:
        raise Refused(
            "ledger-rerun", f"{source}: its manifest names {manifest.entry}; a re-run of {challenges} has that entry id"
        )
    event = Event(
        date=date,
        action="supersede" if supersedes else "challenge" if challenges else "add",
        entry=manifest.entry,
        supersedes=supersedes,
        team=manifest.team,
        sha256=bundle.sha256,
        size=bundle.size,
        suite=manifest.suite,
        version=manifest.suite_version,
        round=manifest.round,
        score=numbers([bundle], board)[0] if isinstance(board, Board) else "",
        note=note,
    )
    with _in_words(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with ledger.alone(folder):
            return _enter(folder, event, data)


def check_writable(folder: Path) -> None:
    """`InputError` if `folder`, or the one that it would be made in, is no folder that can be written."""
    near = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
        raise InputError(f"{folder}: {near} is no folder that can be written; expected one, for --entries")


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    """What the file system says no to is one line."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{folder}: cannot write ({error.strerror or error}); nothing was recorded") from None


def _enter(folder: Path, event: Event, data: bytes) -> Record:
    """Copy first, record then: a stop in between leaves a bundle that nobody lists, which the same command mends."""
    record, grown = ledger.extended(folder, event)
    name = next(file for file, one in History.of(ledger.parse(grown)).bundles().items() if one.digest == record.digest)
    with _copied(folder / name, data):
        ledger.write(folder, grown)
    return record


@contextmanager
def _copied(path: Path, data: bytes) -> Iterator[None]:
    """The bundle is at `path`; it is taken away again if what follows fails."""
    if path.exists():
        if path.read_bytes() != data:
            raise Refused("ledger-stray", f"{path}: other bytes are there, which no record lists; remove it first")
        yield
        return
    with whole(path) as partial:
        partial.write_bytes(data)
    try:
        yield
    except BaseException:
        # What is recorded stays, however late it failed.
        if path.name not in History.of(ledger.read(path.parent)).bundles():
            path.unlink()
        raise


def withdraw(folder: Path, entry: str, note: str, date: datetime.date) -> Record:
    """Put into the ledger of `folder` that an entry is withdrawn; its bundle and its record stay."""
    check_writable(folder)
    past = History.of(ledger.read(folder)).entries.get(entry)
    if past is None:
        raise Refused("ledger-unknown", f"{folder / ledger.NAME}: withdraw of {entry!r}; no such entry was added")
    kept = {name: getattr(past.entered, name) for name in Event.__struct_fields__}
    event = Event(**kept | {"date": date, "action": "withdraw", "supersedes": "", "note": note})
    with _in_words(folder):
        return ledger.append(folder, event)
