"""`shiftbench leaderboard check`: whether files would be taken as entries."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from leaderboard.questions import Questions


def check(
    *files: Path,
    round_file: Annotated[Path | None, Parameter(name="--round")] = None,
    store: Path | None = None,
) -> int:
    """Check entries as the leaderboard does: one line a file, exit code 2 if one is refused.

    Parameters
    ----------
    files
        Entries as `shiftbench submit` writes them.
    round_file
        round.json of the round that they answer; default the development table.
    store
        Folder of finished nodes, for the ids that are asked; default SHIFTBENCH_STORE, else runs/store.
    """
    from leaderboard import checks
    from leaderboard.reading.text import shown
    from leaderboard.refused import Refused
    from shiftbench.errors import InputError

    if not files:
        raise InputError("no file; expected one or more entries (.zip)")
    questions = _questions(round_file, store)
    refused = 0
    for path in files:
        name = shown(str(path), 200)[1:-1]
        try:
            print(f"{name}: accepted: {checks.facts(checks.check(path, questions), questions)}")  # noqa: T201
        except Refused as reason:
            print(f"{name}: refused: {reason}")  # noqa: T201
            refused += 1
    return 2 if refused else 0


def _questions(round_file: Path | None, store: Path | None) -> "Questions":
    from leaderboard import board
    from leaderboard.rounds import questions
    from shiftbench.options import default_store

    return questions(round_file) if round_file else board.questions(store or default_store())
