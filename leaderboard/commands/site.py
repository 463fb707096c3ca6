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
    entries: Path | None = None,
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
    entries
        Folder of the entries, with their ledger; default the project's.
    results
        Folder of your own bundles instead, for a private board; no account, no server, a ledger is not needed.
    output
        Folder to write: new, empty, or holding older pages, which are replaced.
    rounds
        round.json of every round that was revealed; a table of its own each. Its plausibility line, if it has one, lies
        beside it in the folder line.
    line
        Folder with the plausibility line, entries of the reference learner with three times the data; default the
        project's.
    store
        Folder of finished nodes; default SHIFTBENCH_STORE, else runs/store.
    """
    from leaderboard import board
    from leaderboard.records import entries as folders
    from leaderboard.site.build import build, check_output
    from shiftbench.options import default_store

    if results and entries:
        raise InputError("--results and --entries are both given; expected one of them")
    check_output(output)
    folder = results or entries or ENTRIES
    known = board.development(store or default_store())
    lines = folders.read(line, known.questions).standing
    tables = [table_of_round(one, folder) for one in rounds]
    first = build(folder, output, known, kind="private" if results else "development", rounds=tables, line=lines)
    print(first)  # noqa: T201
    return 0


def table_of_round(file: Path, folder: Path) -> "Source":
    """Table of a round that was revealed, with the flags of its canaries and of its own plausibility line."""
    from leaderboard.rounds import revealed, scoring, secret
    from leaderboard.site.build import Source
    from shiftbench.tasks.round import located

    public = Path(located(file).file).parent / secret.REVEAL
    if not public.is_file():
        raise InputError(
            f"{public}: not there; nothing is shown before the reveal (shiftbench leaderboard round reveal)"
        )
    opened = secret.read(public)
    above = public.with_name(LINE.name)
    found = scoring.score(file, opened, folder, above if above.is_dir() else None)
    return Source(folder, revealed(file, opened), "round", found.scored)
