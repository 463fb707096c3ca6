"""The numbers that a gate compares: one primary metric a task and training seed, trained here and now."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from shiftbench import results
from shiftbench.catalog import expand, load_recipe, load_suite
from shiftbench.errors import InputError
from shiftbench.metrics.metric import Metric
from shiftbench.metrics.table import METRICS
from shiftbench.options import options
from shiftbench.run import Ran, run
from shiftbench.score import MEAN
from shiftbench.spec import Data, Fit, Predict, Recipe, Score, Suite, Task, Tier, did_you_mean
from shiftbench.store import Store
from shiftbench.validate import FLOOR, Selection

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 2
"""Bootstrap draws of each score: a gate reads no interval."""
INTERVAL = 0.9
"""Level of a metric of intervals."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A task: its primary metric, digest of the data, test sets, and by training seed the mean over them."""

    metric: str
    data: str
    tests: tuple[str, ...]
    values: dict[int, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a recipe reached: by suite/task its numbers, or why there are none; `skipped` test sets with the reason."""

    tasks: dict[str, Numbers]
    troubles: dict[str, str]
    skipped: dict[str, str]
    device: str
    folder: Path


def measure(
    recipe: str,
    suite: str,
    tier: str,
    *,
    folder: Path,
    seeds: int,
    first_seed: int = 0,
    metric: str = "",
    tasks: tuple[str, ...] = (),
    shifts: tuple[str, ...] = (),
    worlds: int = 0,
    **more: Any,
) -> Measured:
    """Train `recipe` with `seeds` training seeds from `first_seed` on, and score the primary metric of every task.

    `metric` is taken instead of the primary one of every task; `more` are further options of a run. What is made goes
    into `folder`; fits that lie there are taken as they are. Raises `InputError` for unknown names, or a metric without
    a worse side.
    """
    trained = load_recipe(recipe)
    suites = expand(load_suite(suite))
    chosen = {
        f"{part.name}/{task.name}": _primary(part, task, metric)
        for part in suites
        for task in part.task
        if not tasks or task.name in tasks
    }
    selection = Selection(tasks, shifts, (recipe,), seeds, worlds, first_seed)
    asked = options(suite, tier, selection=selection, store=folder / "store", output=folder / "run", **more)
    ran = run(asked, [_lean(part, trained, chosen) for part in suites])
    frame = _of_recipe(results.read(ran.output / "results.parquet"), trained.name)
    reasons = [outcome.reason for outcome in ran.outcomes.values() if outcome.state == "failed"]
    frame.loc[frame["reason"].isin(reasons), "status"] = "failed"  # what hangs on a failed node is said to be skipped
    contents = _contents(ran, Store(asked.context.store))
    found: dict[str, Numbers] = {}
    troubles: dict[str, str] = {}
    for name, rows in frame.groupby("where", sort=False):
        try:
            tests, values = _values(rows, chosen[str(name)])
            found[str(name)] = Numbers(chosen[str(name)].name, contents[str(name)], tests, values)
        except InputError as reason:
            troubles[str(name)] = str(reason)
    absent = frame[frame["status"] == "skipped"]
    skipped = dict(zip(absent["where"] + " " + absent["test"], absent["reason"], strict=True))
    return Measured(found, troubles, skipped, asked.context.device, ran.output)


def _primary(suite: Suite, task: Task, asked: str) -> Metric:
    """The metric asked for; else that which the suite names first as its primary one, else the first of the task."""
    named = asked or suite.primary.partition(" ")[0]
    if asked and asked not in task.metrics:
        raise InputError(f"--metric: task {suite.name}/{task.name} has no {asked!r}{did_you_mean(asked, task.metrics)}")
    metric = METRICS[named if named in task.metrics else task.metrics[0]]
    if metric.better not in ("lower", "higher"):
        raise InputError(f"--metric: {metric.name} of {suite.name}/{task.name} has no worse side; choose another one")
    return metric


def _lean(suite: Suite, recipe: Recipe, chosen: dict[str, Metric]) -> Suite:
    """The suite with what a gate reads of it: this recipe, one metric a task, the first view, no wrapper, no claim."""

    def tier(size: Tier) -> Tier:
        return msgspec.structs.replace(size, recipes=(), seeds_of={}, resamples=RESAMPLES)

    def task(whole: Task) -> Task:
        metric = chosen.get(f"{suite.name}/{whole.name}")
        return msgspec.structs.replace(
            whole,
            recipes=tuple(dict.fromkeys((FLOOR, recipe.name) if recipe.kind == "control" else (FLOOR,))),
            wrappers=("none",),
            budgets=(0,),
            views=whole.views[:1],
            arms=(),
            metrics=(metric.name,) if metric else whole.metrics,
            tiers={name: tier(size) for name, size in whole.tiers.items()},
        )

    return msgspec.structs.replace(suite, task=tuple(task(each) for each in suite.task), claim=())


def _of_recipe(frame: "pd.DataFrame", recipe: str) -> "pd.DataFrame":
    """Rows of the fits of a recipe, with the name of their task, `where`, and of their test set, `test`."""
    rows = frame[(frame["recipe"] == recipe) & (frame["wrapper"] == "none") & (frame["seed"] >= 0)]
    tests = [
        f"world{row['world']} "
        + (f"{row['shift']}:{row['dose']}" if row["shift"] else row["group"].removeprefix("all") or "iid")
        for row in rows[["world", "shift", "dose", "group"]].to_dict("records")
    ]
    return rows.assign(where=rows["suite"] + "/" + rows["task"], test=tests)


def _values(rows: "pd.DataFrame", metric: Metric) -> tuple[tuple[str, ...], dict[int, float]]:
    """Test sets of a task, and by seed the mean over them; `InputError` says why there are no such numbers."""
    if not (failed := rows[rows["status"] == "failed"]).empty:
        raise InputError(f"failed at {_first(failed)}")
    target = "observed" if "observed" in metric.targets else metric.targets[0]
    scored = rows[(rows["metric"] == metric.name) & (rows["target"] == target) & (rows["stratum"] == "")]
    if metric.levels:
        scored = scored[scored["level"] == (INTERVAL if INTERVAL in metric.levels else metric.levels[0])]
    if (scored["output"] == MEAN).any():
        scored = scored[scored["output"] == MEAN]
    if not (undefined := scored[scored["status"] != "ok"]).empty:
        raise InputError(f"{metric.name} is undefined at {_first(undefined)}")
    if scored.empty:
        raise InputError("no test set could be scored" + (f": {_first(rows)}" if len(rows) else ""))
    table = scored.pivot(index="seed", columns="test", values="value")
    lacking = rows[(rows["status"] == "skipped") & rows["test"].isin(table.columns)]
    if not lacking.empty:
        raise InputError(f"skipped at {_first(lacking)}")
    tests, means = tuple(sorted(map(str, table.columns))), table.mean(axis=1)
    return tests, dict(zip(means.index.astype(int).tolist(), means.tolist(), strict=True))


def _first(rows: "pd.DataFrame") -> str:
    row = rows.iloc[0]
    others = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
    return f"{row['test']}, seed {row['seed']}{others}: {row['reason'] or row['status']}"


def _contents(ran: Ran, store: Store) -> dict[str, str]:
    """Digest of what the training and test sets of each task hold, 16 hex digits."""
    nodes, held = ran.plan.nodes, dict[str, set[str]]()
    for name, row in ran.plan.scores:
        score = nodes[name]
        assert isinstance(score, Score)
        sets = {score.test, *(_training(nodes, prediction) for prediction in score.predictions)}
        held.setdefault(f"{row['suite']}/{row['task']}", set()).update(sets)
    return {task: _digest(store, sorted(sets)) for task, sets in held.items()}


def _training(nodes: "dict[str, Data | Fit | Predict | Score]", prediction: str) -> str:
    predict = nodes[prediction]
    assert isinstance(predict, Predict)
    fit = nodes[predict.fit]
    assert isinstance(fit, Fit)
    return fit.training


def _digest(store: Store, sets: Sequence[str]) -> str:
    files = sorted(sorted(store.entry(name).files.values()) for name in sets if store.folder(name).exists())
    return hashlib.blake2b(json.dumps(files).encode(), digest_size=8).hexdigest()
