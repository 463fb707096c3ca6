"""`shiftbench leaderboard rank`: score and rank the entries of a folder."""

from pathlib import Path

from leaderboard.places import ENTRIES, LINE
from shiftbench import summary
from shiftbench.errors import InputError

ENDING = ".tsv"


def rank(
    *,
    entries: Path = ENTRIES,
    line: Path = LINE,
    output: Path | None = None,
    store: Path | None = None,
) -> int:
    """Score and rank the entries of a folder on the development table, all from their predictions.

    Places are given within one budget of target labels; who is not ranked comes last, with the reason.

    Parameters
    ----------
    entries
        Folder of the entries; default the project's.
    line
        Folder with the plausibility line, entries of the reference learner with three times the data; default the
        project's.
    output
        The table as a file (.tsv).
    store
        Folder of finished nodes; default SHIFTBENCH_STORE, else runs/store.
    """
    from rich.console import Console

    from leaderboard import board
    from leaderboard.records import entries as folders
    from leaderboard.scoring import export, ranking, scores
    from leaderboard.scoring.listed import COLUMNS, rows
    from shiftbench.options import default_store
    from shiftbench.report.terminal import Compact

    if output is not None and output.suffix != ENDING:
        raise InputError(f"--output: {output}; expected a name that ends in {ENDING}")
    known = board.development(store or default_store())
    found = folders.read(entries, known.questions)
    if not found.standing:
        raise InputError(f"{entries}: no entry of this table; expected .zip bundles, or another folder with --entries")
    lines = folders.read(line, known.questions).standing
    scored = {one.id: one for one in scores.scored(found.standing, known, lines)}
    table = ranking.rank(list(scored.values()))
    # Text in cells is never taken for markup there.
    summary.print_compact(Compact("entries", COLUMNS, tuple(rows(table)), frozenset()), Console())
    if output is not None:
        states = {one.id: one.state for one in found.entries.values()}
        export.write([(scored[one.id], one, states[one.id]) for one in table.standings], output)
        print(f"{output}: {len(table.standings)} entries")  # noqa: T201
    return 0
