"""Everything that a folder of entries claims, found again: bundles, scores, the chain, and the pages.

A fault is one line. What cannot be seen without a noted head is told in `ledger`.
"""

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leaderboard import bundle as bundles
from leaderboard.board import Board
from leaderboard.bundle import Bundle
from leaderboard.questions import Questions
from leaderboard.reading.text import shown
from leaderboard.records import ledger
from leaderboard.records.entries import Load, asked, check_bytes, opened, read, strays
from leaderboard.records.history import History
from leaderboard.records.record import FIRST, Record, check_past, head
from leaderboard.records.recorded import numbers
from leaderboard.records.window import check_day
from leaderboard.refused import Refused
from shiftbench.errors import InputError
from shiftbench.tasks.round import Terms

TOLERANCE = 1e-5
"""Largest difference between a recorded and a recomputed score that platforms may make."""


@dataclass(slots=True)
class Verdict:
    """What was found: one line a fault, number of bundles that were `read`, head and number of the records.

    `difference`: the largest between a recorded and a recomputed score; `untold`: bundles of other tables, of which
    only the bytes were compared.
    """

    faults: list[str] = field(default_factory=list)
    read: int = 0
    difference: float = 0.0
    head: str = FIRST
    records: int = 0
    untold: int = 0


def verify(
    folder: Path,
    board: Board,
    noted: str = "",
    rounds: Sequence[Questions] = (),
    windows: Sequence[Terms] = (),
    load: Load = bundles.load,
    *,
    private: bool = False,
) -> Verdict:
    """Read every bundle of `folder` again, recompute every score, and compare both with the ledger.

    `noted`: a head that was seen before, or how it begins; a digest of the chain must still do so. `rounds`: whose
    entries are read too; no scores of them are recorded; `windows`: rounds whose entries must have come while they were
    open. `private`: a folder without a ledger is not at fault.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected the folder of the entries")
    verdict = Verdict()
    try:
        records = ledger.read(folder)
    except Refused as fault:
        verdict.faults.append(str(fault))
        return verdict
    verdict.head, verdict.records = head(records), len(records)
    if not any(one.startswith(noted) for one in (FIRST, *(record.digest for record in records))):
        verdict.faults.append(
            f"ledger-head: {noted} was noted, and no record has such a digest; records were removed from the end, or "
            "the ledger was written anew"
        )
    if private and not (folder / ledger.NAME).exists():
        _read_unlisted(folder, (board.questions, *rounds), load, verdict)
        return verdict
    history = History.of(records)
    verdict.faults += [str(fault) for fault in (*strays(folder, history), *_dated(folder, records, windows))]
    found = _read(folder, history, (board.questions, *rounds), load, verdict)
    _rescore([one for one in found if asked(one[1], board.questions)], board, verdict)
    return verdict


def _read_unlisted(folder: Path, tables: Sequence[Questions], load: Load, verdict: Verdict) -> None:
    """Count the bundles of a folder without a ledger, by which they could be judged; a fault for what breaks a rule."""
    try:
        found = [read(folder, one, load) for one in tables]
    except Refused as fault:
        verdict.faults.append(str(fault))
        return
    verdict.read = sum(len(one.entries) for one in found)
    verdict.untold = len(set.intersection(*(set(one.others) for one in found)))


def _dated(folder: Path, records: Sequence[Record], windows: Sequence[Terms]) -> Iterator[Refused]:
    """A fault for each record of a day that is still to come, or of an entry that came when its round was not open."""
    for record in records:
        place = f"{folder / ledger.NAME}, line {record.number}"
        try:
            check_past(record, place)
            if record.action == "add":
                for told in windows:
                    if (record.suite, record.version, record.round) == (told.suite, told.suite_version, told.id):
                        check_day(told, record.date, place)
        except Refused as fault:
            yield fault


def _read(
    folder: Path, history: History, tables: Sequence[Questions], load: Load, verdict: Verdict
) -> list[tuple[Path, Record, Bundle]]:
    """Bundles of these tables with their records; a fault for each that is not what was entered."""
    found = []
    for name, record in history.bundles().items():
        table = next((one for one in tables if asked(record, one)), None)
        try:
            if table is None:
                check_bytes(folder / name, record)
                verdict.untold += 1
            else:
                found.append((folder / name, record, opened(folder / name, record, table, load)))
        except Refused as fault:
            verdict.faults.append(str(fault))
    verdict.read = len(found)
    return found


def _rescore(found: list[tuple[Path, Record, Bundle]], board: Board, verdict: Verdict) -> None:
    """Compare recorded scores with recomputed ones; a fault for each that differs."""
    for (path, record, _), score in zip(found, numbers([bundle for *_, bundle in found], board), strict=True):
        if "" in {score, record.score}:
            difference = 0.0 if score == record.score else math.inf
        else:
            difference = abs(float(score) - float(record.score))
        verdict.difference = max(verdict.difference, difference)
        if difference > TOLERANCE:
            verdict.faults.append(
                f"ledger-score: {path}: score {score or 'none'}; record {record.number} of the ledger has "
                f"{record.score or 'none'}, a difference of {difference:.6f}; expected at most {TOLERANCE}"
            )


def pages(site: Path, build: Callable[[Path], object]) -> list[str]:
    """Differences between the pages in `site` and those that `build` makes in an empty folder, one line each."""
    with tempfile.TemporaryDirectory() as made:
        build(Path(made))
        return list(differences(Path(made), site))


def differences(expected: Path, found: Path) -> Iterator[str]:
    """Files that are not byte for byte the same in two folders, one line each."""
    names = [{str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} for root in (expected, found)]
    for name in sorted(names[0] | names[1]):
        if name not in names[1]:
            yield f"site-page: {found / name}: missing; the entries and the ledger give such a file"
        elif name not in names[0]:
            yield f"site-page: {found}: {shown(name)}: nothing in the entries and the ledger gives such a file"
        elif (expected / name).read_bytes() != (found / name).read_bytes():
            yield f"site-page: {found / name}: differs from what the entries and the ledger give; build the pages again"
