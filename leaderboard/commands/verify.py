"""`shiftbench leaderboard verify`: find everything again that the folder of entries claims."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leaderboard.places import ENTRIES, LINE
from shiftbench.commands.arguments import Flag
from shiftbench.errors import InputError

if TYPE_CHECKING:
    from leaderboard.board import Board


def verify(
    *,
    entries: Path = ENTRIES,
    head: str = "",
    site: Path | None = None,
    rounds: Annotated[tuple[Path, ...], Parameter(name="--round", consume_multiple=True, negative=())] = (),
    line: Path = LINE,
    private: Flag = False,
    store: Path | None = None,
) -> int:
    """Read every bundle again, recompute every score, and check the ledger; exit code 1 and a line a fault if any.

    Parameters
    ----------
    entries
        Folder of the entries.
    head
        Digest of the ledger as you noted it at any time, or its first 16 digits, as the pages tell it; without one,
        records that were removed from the end with their bundles cannot be seen.
    site
        Folder of pages to compare, byte for byte, with those that entries and ledger give.
    rounds
        round.json of every round whose entries are read too; no scores of them are recorded, and none came when the
        round was not open.
    line
        Folder with the plausibility line that the pages were built with; default the project's.
    private
        The folder is that of a private board: a ledger is not needed, and the pages are those of such a board.
    store
        Folder of finished nodes; default SHIFTBENCH_STORE, else runs/store.
    """
    from leaderboard import board
    from leaderboard.records import window
    from leaderboard.records.verify import TOLERANCE, pages
    from leaderboard.records.verify import verify as find
    from leaderboard.rounds import questions
    from shiftbench.options import default_store

    if head and not re.fullmatch("[0-9a-f]{16,64}", head):
        raise InputError(f"--head {head!r}; expected 16 to 64 hex digits")
    truth = board.development(store or default_store())
    windows = [window.terms(one) for one in rounds]
    found = find(entries, truth, head, [questions(one) for one in rounds], windows, private=private)
    faults = found.faults
    if site is not None and not faults:
        faults = pages(site, lambda output: _build(entries, output, truth, rounds, line, private=private))
    for fault in faults:
        print(fault)  # noqa: T201
    print(  # noqa: T201
        f"{entries}: {found.records} records, {found.read} bundles read, scores differ by at most "
        f"{found.difference:.6f} (allowed {TOLERANCE}), {found.untold} of other tables compared by their bytes, "
        f"{len(faults)} faults"
    )
    print(f"head {found.head}")  # noqa: T201
    return 1 if faults else 0


def _build(folder: Path, output: Path, truth: "Board", rounds: tuple[Path, ...], line: Path, *, private: bool) -> None:
    """Pages as `shiftbench leaderboard site` writes them."""
    from leaderboard.commands.site import table_of_round
    from leaderboard.records import entries
    from leaderboard.site.build import build

    lines = entries.read(line, truth.questions).standing
    tables = [table_of_round(one, folder) for one in rounds]
    build(folder, output, truth, kind="private" if private else "development", rounds=tables, line=lines)
