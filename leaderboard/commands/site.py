"""`shiftbench leaderboard site`: the pages of the entries of a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leaderboard.places import ENTRIES, LINE
from shiftbench.errors import InputError

if TYPE_CHECKING:
    from leaderboard.site.build import Source


def site(
    *,
    results: Path | None = None,
    output: Path = Path("site"),
    rounds: Annotated[tuple[Path, ...], Parameter(name=["--round"], consume_multiple=True, negative=())] = (),
    line: Path = LINE,
    store: Path | None = None,
) -> int:
    """Write the pages of the leaderboard, or of a private board; they open from disk and load nothing.

    Every number is recomputed from the predictions. The same entries give the same bytes.

    Parameters
    ----------
    results
        Folder of your own bundles, for a private board; no account, no server, a ledger is not needed. Default the
        entries of the leaderboard.
    output
        Folder to write: new, empty, or holding older pages, which are replaced.
    rounds
        round.json of every round that was revealed; a table of its own each.
    line
        Folder with the plausibility line, entries of the reference learner with three times the data; default the
        project's.
    store
        Folder of finished nodes; default SHIFTBENCH_STORE, else runs/store.
    """
    from leaderboard import board
    from leaderboard.records import entries
    from leaderboard.site.build import build, check_output
    from shiftbench.options import default_store

    check_output(output)
    folder = results or ENTRIES
    known = board.development(store or default_store())
    lines = entries.read(line, known.questions).standing
    tables = [table_of_round(one, folder) for one in rounds]
    first = build(folder, output, known, kind="private" if results else "development", rounds=tables, line=lines)
    print(first)  # noqa: T201
    return 0


def table_of_round(file: Path, folder: Path) -> "Source":
    """Table of a round that was revealed, with the flags of its canaries."""
    from leaderboard.rounds import revealed, scoring, secret
    from leaderboard.site.build import Source
    from shiftbench.tasks.round import located

    public = Path(located(file).file).parent / secret.REVEAL
    if not public.is_file():
        raise InputError(
            f"{public}: not there; nothing is shown before the reveal (shiftbench leaderboard round reveal)"
        )
    opened = secret.read(public)
    return Source(folder, revealed(file, opened), "round", scoring.score(file, opened, folder).scored)
