"""`python -m shiftbench.findings FOLDERS`: what finished runs found, as Markdown tables for a document."""

import argparse
import math
import sys
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shiftbench import marks, results
from shiftbench.errors import InputError, ShiftbenchError

NETWORKS = ("cnn", "bilstm", "transformer", "cnn_prior", "bilstm_prior", "transformer_prior")
RIVALS = ("training_mean", "gc_ridge", "kmer_ridge", "pwm_ridge")
MARK = "findings"
PLAIN = "none"
"""The wrapper that changes nothing."""
SIGNS = {"out": "out", "not out": "**not out**", "undecided": "undecided"}


def tables(claims: pd.DataFrame, numbers: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Titles and tables: verdicts, their checks, real data by test set, variant effects, and what repairs what.

    `claims` and `numbers` have the columns of claims.parquet and results.parquet; what was not run has no table.
    """
    if len(claims):
        yield "Verdicts on the claims", _verdicts(claims)
        yield "Checks behind them: number with its 95 % interval", _checks(claims)
    plain = numbers[(numbers.wrapper == "none") & (numbers.stratum == "")]
    real = plain[plain.task.str.startswith(("lentimpra", "turnover")) & (plain.task != "lentimpra_repair")]
    for metric, level, title in (
        ("pearson", None, "Pearson correlation on real data, ceiling where known"),
        ("coverage", 0.9, "Share of real measurements inside 90 % intervals"),
    ):
        if len(chosen := _of(real, metric, level)):
            yield title, _by_test(chosen, ceiling=metric == "pearson")
    both = numbers[(numbers.wrapper == "none") & (numbers.view == "strands")]
    for task, rows in _of(both[both.suite == "cagi5"], "spearman", None).groupby("task", sort=False):
        yield f"Variant effects, {task}: Spearman, both strands", _by_element(rows)
    if len(chosen := _of(both[(both.suite == "cagi4") & (both.stratum == "")], "auroc", None)):
        title = "Natural variants: AUROC of |effect| for variants that change expression, both strands"
        yield title, _by_test(chosen, ceiling=False)
    repair = numbers[numbers.task.isin(["repair", "lentimpra_repair"]) & (numbers.stratum == "")]
    yield from _repairs(repair[repair.recipe == "cnn"])


def _verdicts(claims: pd.DataFrame) -> str:
    records = claims.astype(object).to_dict("records")
    found = {(row["claim"], row["recipe"]): SIGNS[row["recipe_verdict"]] for row in records}
    heads = {row["claim"]: (row["text"], SIGNS[row["verdict"]]) for row in records}
    rows = [
        [claim, text, *(found.get((claim, name), "") for name in NETWORKS), whole]
        for claim, (text, whole) in heads.items()
    ]
    return marks.markdown(["claim", "says", *NETWORKS, "as a whole"], rows)


def _checks(claims: pd.DataFrame) -> str:
    records = claims.astype(object).to_dict("records")
    found = {(row["claim"], row["says"], row["recipe"]): _check(row) for row in records}
    rows = [
        [claim, says, *(found.get((claim, says, name), "") for name in NETWORKS)]
        for claim, says in dict.fromkeys((row["claim"], row["says"]) for row in records)
    ]
    return marks.markdown(["claim", "check", *NETWORKS], rows)


def _check(row: dict[Hashable, Any]) -> str:
    if math.isnan(row["value"]):
        return str(row["reason"])
    if math.isnan(row["low"]):
        return f"{row['value']:.2f} ({row['reason']})"
    told: str = f"{row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f}) {SIGNS[row['check_verdict']]}"
    return told if row["check_verdict"] != "undecided" else f"{told}, {row['detectable']:.2f} could be seen"


def _of(rows: pd.DataFrame, metric: str, level: float | None) -> pd.DataFrame:
    """Rows of a metric against the observed value that have one, mean over outputs where there are several."""
    kept = (rows.metric == metric) & (rows.target == "observed")
    kept &= rows.level.isna() if level is None else rows.level == level
    found = rows[kept]
    several = found.groupby(["suite", "task", "group"]).output.transform(lambda outputs: (outputs == "mean").any())
    return found[((found.output == "mean") | ~several) & (found.status == "ok")]


def _means(rows: pd.DataFrame, *by: str) -> dict[tuple[Any, ...], float]:
    """Mean over worlds and seeds for each of the values of the columns `by`, in the order of the rows."""
    return {key: float(group.value.mean()) for key, group in rows.groupby(list(by), sort=False)}  # type: ignore[misc]


def _by_test(rows: pd.DataFrame, ceiling: bool) -> str:
    """A line a test set, a column a recipe."""
    shown = [name for name in (*RIVALS, *NETWORKS) if name in set(rows.recipe)]
    means = _means(rows, "task", "group", "recipe")
    tops = _means(rows.assign(value=rows.ceiling_target), "task", "group") if ceiling else {}
    lines = [
        [*key, *(_number(means.get((*key, name))) for name in shown), *([_number(tops[key])] if ceiling else [])]
        for key in dict.fromkeys((task, group) for task, group, _ in means)
    ]
    return marks.markdown(["task", "test set", *shown, *(["ceiling"] if ceiling else [])], lines)


def _by_element(rows: pd.DataFrame) -> str:
    """A line an element with all of its variants; means over elements also of confident and of other variants."""
    shown = [name for name in (*RIVALS, "position_mean", "repeat", *NETWORKS) if name in set(rows.recipe)]
    means = _means(rows[rows.stratum.isin(["", "HC", "LC"])], "stratum", "group", "recipe")
    lines = []
    for stratum in sorted({key[0] for key in means}):
        groups = list(dict.fromkeys(key[1] for key in means if key[0] == stratum))
        found = {name: [means.get((stratum, group, name), math.nan) for group in groups] for name in shown}
        for i, group in enumerate(groups if not stratum else ()):
            lines.append([group, "all", *(_number(found[name][i]) for name in shown)])
        whole = [_number(float(np.mean(found[name]))) for name in shown]
        lines.append([f"mean of {len(groups)}", stratum or "all", *whole])
    return marks.markdown(["element", "variants", *shown], lines)


def _repairs(rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """For each number of labels: share of measurements inside 90 % intervals, then their score, by wrapper."""
    for metric, what in (
        ("coverage", "Share of measurements inside 90 % intervals"),
        ("interval_score", "Interval score (width and misses, lower is better) over that without a wrapper"),
    ):
        found = _of(rows, metric, 0.9)
        test = found["group"].where(found["shift"] == "", found["shift"] + " " + found["dose"])
        means = _means(found.assign(test=test), "budget", "task", "test", "wrapper")
        for budget in sorted({key[0] for key in means}):
            yield f"{what}, CNN, {budget} labels of the target", _by_wrapper(means, budget, metric == "interval_score")


def _by_wrapper(means: dict[tuple[Any, ...], float], budget: int, ratio: bool) -> str:
    """A line a test set, a column a wrapper; `ratio`: over the same without one."""
    own = {key[1:]: value for key, value in means.items() if key[0] == budget}
    wrappers = list(dict.fromkeys(wrapper for _, _, wrapper in own if not (ratio and wrapper == PLAIN)))
    lines = []
    for test in dict.fromkeys(key[:-1] for key in own):
        plain = means.get((0, *test, PLAIN), math.nan) if ratio else 1.0
        lines.append([*test, *(_number(own.get((*test, name), math.nan) / plain) for name in wrappers)])
    return marks.markdown(["task", "test set", *(name.replace("_", " ") for name in wrappers)], lines)


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3f}"


def read(folders: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Claims and numbers of several runs, one after the other; `InputError` names what is missing."""
    for folder in folders:
        for name in ("claims.parquet", "results.parquet"):
            if not (folder / name).is_file():
                raise InputError(f"{folder / name}: not there; expected the folder of a finished run")
    every = [pd.read_parquet(folder / "claims.parquet").assign(run=str(folder)) for folder in folders]
    claims = pd.concat(every, ignore_index=True)
    # Runs of other tasks of a suite have its claims too, without a number.
    judged = claims.groupby(["run", "suite", "claim"])["value"].transform("count") > 0
    elsewhere = judged.groupby([claims["suite"], claims["claim"]]).transform("any")
    claims = claims[judged | ~elsewhere].drop(columns="run")
    numbers = pd.concat([results.read(folder / "results.parquet") for folder in folders], ignore_index=True)
    return claims, numbers


def main() -> int:
    """Exit status of the command."""
    parser = argparse.ArgumentParser(prog="python -m shiftbench.findings", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="folders of finished runs")
    parser.add_argument("--write", type=Path, help=f"file in which the tables replace what is between the marks {MARK}")
    given = parser.parse_args()
    try:
        text = "".join(f"\n**{title}**\n\n{table}" for title, table in tables(*read(given.folders)))
        if given.write:
            marks.write(given.write, MARK, text + "\n")
    except (ShiftbenchError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
