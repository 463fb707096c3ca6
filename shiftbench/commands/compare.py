"""`shiftbench compare`: recipes of a finished run against each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from shiftbench import summary
from shiftbench.commands.arguments import Names

if TYPE_CHECKING:
    from shiftbench.compare.comparison import Comparison


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
    """Compare recipes of a finished run: is one better, is it chance, and what would it take to tell?

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
    from shiftbench.compare.comparison import check_output, compare_recipes

    if output is not None:
        check_output(output)
    found = compare_recipes(run, recipes, metrics=metrics, tasks=tasks, tests=tests, level=level, store=store)
    _print(found)
    if output is not None:
        found.write(output)
        print(f"{output}: {len(found.pairs)} comparisons")  # noqa: T201
    return 0


def _print(found: "Comparison") -> None:
    """Print ranks, variances and, line by line or summed up, what each pair says."""
    from shiftbench.compare import words

    head, rows = words.ranked(found)
    summary.table("numbers, ranks from best to worst, (group)", head, rows)
    if len(found.pairs) <= words.FEW:
        summary.table("standard deviations between worlds, seeds, test items", words.LEDGER, words.variances(found))
        print("\n".join(words.lines(found)))  # noqa: T201
    else:
        summary.table("pairs", words.PAIRS, words.summed(found))
    print("\n".join(words.holds(found)))  # noqa: T201
