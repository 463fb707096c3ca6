"""`shiftbench audit`: what training gives away of the test sets of a task."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from shiftbench import summary
from shiftbench.commands.arguments import PLACES, Names, Places
from shiftbench.commands.own import TableOptions, own_suites
from shiftbench.commands.own_variants import VariantOptions
from shiftbench.errors import InputError

DETAILED = 3
"""Test sets whose subsets are shown in the terminal; of more, name some with --tests."""


def audit(
    task: str = "",
    *,
    table: TableOptions | None = None,
    variants: VariantOptions | None = None,
    tier: str = "",
    run: Path | None = None,
    recipes: Annotated[Names, Parameter(name=["--recipes", "--recipe"])] = (),
    tests: Annotated[Names, Parameter(name=["--tests", "--test"])] = (),
    far: float = 0.5,
    output: Path | None = None,
    rows: Path | None = None,
    places: Places = PLACES,
) -> int:
    """Audit a task for leakage: duplicates of training sequences on either strand, near ones, and what they score.

    Without a run, the label of the nearest training sequence is scored; with one, what its recipes predicted as well:
    by identity of the nearest training sequence, and on the rows that are far from all of them.

    Parameters
    ----------
    task
        suite/task, or path.toml/task of a suite of your own; a suite alone for all of its tasks. Not needed with a run
        or with your own files.
    tier
        Sizes of the training and test sets; default the largest of each task.
    run
        Folder of a finished run: its sets and its predictions.
    recipes
        Only these recipes of the run.
    tests
        Only these test sets: gc:5, or a subset of real data.
    far
        Identity to the nearest training sequence below which a test row is far from training.
    output
        Table of all shares and scores (.tsv).
    rows
        Table of the test rows with their nearest training sequences (.tsv), to leave rows out by.
    """
    from shiftbench.leakage.audit import audit as examine

    own = own_suites(task, table, variants)
    if not task and not own and run is None:
        raise InputError("audit: nothing named; expected suite/task, --table FILE or --run FOLDER")
    found = examine(
        own[0] if own else task,
        tier=tier,
        run=run,
        recipes=recipes,
        tests=tests,
        far=far,
        **asdict(places),
    )
    clean = [told["clean"] for facts in found.facts.values() for told in facts["tests"].values()]
    few = len(clean) <= DETAILED
    for title, frame in found.tables(subsets=few):
        summary.table(title, list(frame.columns), frame.itertuples(index=False))
    for sentence in found.said(clean=few):
        print(sentence)  # noqa: T201
    if not few:
        print(f"{sum(clean)} of {len(clean)} test sets are clean: no duplicate, near duplicate or shared 50 bases")  # noqa: T201
    found.write(output, rows)
    for path, frame in ((output, found.scores), (rows, found.rows)):
        if path is not None:
            print(f"{path}: {len(frame):,} rows")  # noqa: T201
    return 0
