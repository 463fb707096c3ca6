"""`python -m leaderboard.real FOLDERS --write FILE`: real data beside the table, from finished runs; never ranked."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from shiftbench import results
from shiftbench.whole import whole

FILE = Path(__file__).parent / "real.tsv"
COLUMNS = ("recipe", "task", "test", "metric", "value", "low", "high", "ceiling")
"""`value`: mean over training seeds (and over the elements of a set); `low`, `high`: least and largest of the seeds."""
SHOWN = {
    "lentimpra": "pearson",
    "lentimpra_gc": "pearson",
    "lentimpra_source": "pearson",
    "lentimpra_cells": "pearson",
    "turnover": "pearson",
    "cagi5": "spearman",
    "cagi4": "auroc",
}
"""Tasks that are shown, with their metric."""
CLEAN = ("GP1BB", "HBB", "HBG1", "PKLR")
"""Elements of saturation mutagenesis of which nothing is in training."""


def table(numbers: pd.DataFrame) -> pd.DataFrame:
    """Columns `COLUMNS` from those of results.parquet: one row a recipe and test set, as predicted, on whole sets."""
    kept = numbers[
        (numbers.wrapper == "none")
        & (numbers.budget == 0)
        & (numbers.stratum == "")
        & (numbers.target == "observed")
        & (numbers.status == "ok")
        & (numbers.metric == numbers.task.map(SHOWN))
        & (numbers.view == numbers.suite.map({"cagi5": "strands", "cagi4": "strands"}).fillna("plain"))
    ]
    several = kept.groupby(["task", "group"]).output.transform(lambda outputs: (outputs == "mean").any())
    kept = kept[(kept.output == "mean") | ~several]
    kept = kept[(kept.task != "cagi5") | kept.group.isin(CLEAN)]
    test = kept.group.where(kept.task != "cagi5", "four clean elements").replace("all", "held-out")
    seeds = kept.assign(test=test).groupby(["task", "test", "recipe", "metric", "seed"], sort=False)
    return pd.DataFrame([*_rows(seeds[["value", "ceiling"]].mean().reset_index())], columns=[*COLUMNS])


def _rows(seeds: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    for (task, test, recipe, metric), rows in seeds.groupby(["task", "test", "recipe", "metric"], sort=False):
        value = rows["value"]
        yield recipe, task, test, metric, value.mean(), value.min(), value.max(), rows["ceiling"].mean()


def main() -> None:
    """Read the runs named on the command line and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--write", type=Path, default=FILE)
    given = parser.parse_args()
    found = table(pd.concat([results.read(folder / "results.parquet") for folder in given.folder]))
    with whole(given.write) as partial:
        found.to_csv(partial, sep="\t", index=False, float_format="%.4f")


if __name__ == "__main__":
    main()
