"""`shiftbench compare`: recipes of a finished run against each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from shiftbench import summary
from shiftbench.commands.arguments import Names

if TYPE_CHECKING:
    from shiftbench.comparison.compare import Comparison


def compare(
    run: Path,
    *recipes: str,
    metrics: Annotated[Names, Parameter(name=["--metrics", "--metric"])] = (),
    tasks: Annotated[Names, Parameter(name=["--tasks", "--task"])] = (),
    tests: Annotated[Names, Parameter(name=["--tests", "--test", "--shifts", "--shift"])] = (),
    level: float = 0.95,
    store: Path | None = None,
    output: Path | None = None,
) -> int:
    """Compare recipes of a finished run: which is better beyond chance, and what it would take to tell.

    Pairs are compared on the same worlds and test rows; training seeds count as independent draws. Without --metrics,
    the number that each suite named in advance, with Holm's correction; all others after Benjamini and Hochberg.

    Parameters
    ----------
    run
        Folder of the run, such as runs/shift-bench.
    recipes
        Two or more: recipe, recipe/wrapper or recipe/wrapper/budget.
    metrics
        Other numbers: metric, metric@target (f), metric@level (0.9), metric@stratum (HC), or all.
    tasks
        Only these tasks.
    tests
        Only these test sets: gc:5, gc for all of its doses, or a subset of real data.
    level
        Confidence level.
    store
        Folder of finished nodes, if it is not where the run says.
    output
        Table of all comparisons (.tsv or .parquet).
    """
    from shiftbench.comparison.compare import check_output
    from shiftbench.comparison.compare import compare as examine

    if output is not None:
        check_output(output)
    found = examine(run, recipes, metrics=metrics, tasks=tasks, tests=tests, level=level, store=store)
    _print(found)
    if output is not None:
        found.write(output)
        print(f"{output}: {len(found.pairs)} comparisons")  # noqa: T201
    return 0


def _print(found: "Comparison") -> None:
    """Print numbers with ranks, variances of the differences, and what each pair says, line by line or summed up."""
    from rich.console import Console

    from shiftbench.comparison import words
    from shiftbench.report.terminal import Compact

    for table in words.tables(found):
        summary.print_compact(Compact(table.title, table.head, tuple(table.rows), frozenset()), Console())
    for line in [*(words.lines(found) if found.few else ()), *words.units(found)]:
        print(line)  # noqa: T201
    if not found.few:
        print("a line each for fewer pairs: --tasks, --tests; all of them: --output FILE.tsv")  # noqa: T201
