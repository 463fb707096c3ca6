"""`shiftbench leaderboard add`: enter a bundle, or withdraw an entry."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leaderboard.places import ENTRIES, is_checkout
from shiftbench.errors import InputError

if TYPE_CHECKING:
    from leaderboard.board import Board
    from leaderboard.questions import Questions
    from leaderboard.records.record import Record


def add(
    file: Path | None = None,
    *,
    supersedes: str = "",
    challenges: str = "",
    withdraw: str = "",
    note: str = "",
    date: datetime.date | None = None,
    entries: Path = ENTRIES,
    round_file: Annotated[Path | None, Parameter(name="--round")] = None,
    store: Path | None = None,
) -> int:
    """Check and score an entry, and put it beside the others, with a record in their ledger; or nothing at all.

    Nothing is ever taken away: an entry that is superseded, withdrawn or challenged stays to be seen with its number.

    Parameters
    ----------
    file
        The bundle that `shiftbench submit` packed.
    supersedes
        Id of an older entry of the same team that it takes the place of.
    challenges
        Id of an entry that it runs again; both numbers are kept.
    withdraw
        Id of an entry to withdraw, instead of a file; --note says why.
    note
        One line for the ledger.
    date
        Day of the record as YYYY-MM-DD, none to come; default today (UTC).
    entries
        Folder of the entries; made if it is not there. Default that of the checkout.
    round_file
        round.json of a round that the entry is for, on a day on which it is open; nothing is scored before its reveal.
    store
        Folder of finished nodes; default SHIFTBENCH_STORE, else runs/store.
    """
    from leaderboard.records import adding, record, window

    if entries == ENTRIES and not is_checkout():
        raise InputError(f"--entries: none given, and {ENTRIES} is in no checkout; expected the folder of the entries")
    day = date or record.today()
    if withdraw:
        if file is not None or supersedes or challenges or round_file:
            raise InputError("--withdraw: expected no file and no other action beside it; give it alone, with --note")
        _tell(adding.withdraw(entries, withdraw, note, day), entries)
        return 0
    if file is None or (supersedes and challenges):
        raise InputError(
            "add: expected FILE with --supersedes or --challenges or neither, or --withdraw ID without FILE"
        )
    adding.check_writable(entries)
    if round_file is not None and not challenges:  # a re-run takes no place, so it may come later
        window.check_open(round_file, day)
    asked = _asked(round_file, store)
    _tell(adding.add(entries, file, asked, day, supersedes=supersedes, challenges=challenges, note=note), entries)
    return 0


def _asked(round_file: Path | None, store: Path | None) -> "Board | Questions":
    """What the entry answers: of a round only the questions, since nobody knows more."""
    from leaderboard import board, rounds
    from shiftbench.options import default_store

    if round_file is not None:
        return rounds.questions(round_file)
    return board.development(store or default_store())


def _tell(record: "Record", entries: Path) -> None:
    """Say what was recorded, and what to note of it."""
    score = f", score {record.score}" if record.score else ""
    print(f"{entries}: record {record.number}, {record.action} {record.entry} of team {record.team}{score}")  # noqa: T201
    print(f"head {record.digest}")  # noqa: T201
