"""`shiftbench submit`: pack an entry from a finished run, and check it as the leaderboard will."""

import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leaderboard.declaration import Declaration


def submit(
    folder: Path,
    recipe: str,
    *,
    declaration: Declaration,
    output: Path = Path(),
    round_file: Annotated[Path | None, Parameter(name="--round")] = None,
    store: Path | None = None,
) -> int:
    """Pack what a finished run of the suite board predicts as an entry, and run the checks of the leaderboard on it.

    Parameters
    ----------
    folder
        Folder of the run, such as runs/board-bench.
    recipe
        RECIPE or RECIPE/WRAPPER of that run.
    output
        Folder to write ENTRY.zip into; default here.
    round_file
        round.json of the round that was run; default the development table.
    store
        Folder of finished nodes; default that of the run.
    """
    from leaderboard import board, bundle, checks, rounds
    from leaderboard.pack import pack
    from shiftbench.comparison.contents import contender, read

    contents = read(folder, store)
    asked = rounds.questions(round_file) if round_file else board.questions(contents.store.root)
    manifest, answers = pack(contents, contender(recipe, contents.contenders()), declaration, asked)
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{manifest.entry}.zip"
    with tempfile.TemporaryDirectory(prefix=".", dir=output) as beside:  # a file that is refused is not left behind
        partial = Path(beside) / path.name
        bundle.write(partial, manifest, answers)
        found = checks.check(partial, asked)
        partial.replace(path)
    print(f"{path}: accepted, {checks.facts(found, asked)}")  # noqa: T201
    if round_file:
        print(f"nothing is scored before the reveal; hand it in as entry of team {manifest.team}, once")  # noqa: T201
    return 0
