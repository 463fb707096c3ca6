"""What a run leaves behind: the table of numbers, the table of costs, the plan and the manifest."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from shiftbench import claims, results, robustness
from shiftbench.estimate import above, larger_tiers
from shiftbench.execute import Outcome
from shiftbench.nodes import CURVES, ROWS
from shiftbench.options import Options
from shiftbench.plan import Plan
from shiftbench.provenance import provenance
from shiftbench.spec import Data, Fit, Suite
from shiftbench.store import Store
from shiftbench.whole import whole

Json = dict[str, Any]


def manifest(
    options: Options, suites: list[Suite], planned: Plan, store: Store, outcomes: dict[str, Outcome], start: float
) -> Json:
    """What was run with what, what was skipped or failed, and what larger tiers would cost (JSON values)."""
    states = Counter(outcome.state for outcome in outcomes.values())
    return {
        "suite": options.suite,
        "tier": options.tier,
        "suites": {suite.name: suite.version for suite in suites},
        "primary": {suite.name: suite.primary for suite in suites},
        "store": str(store.root.resolve()),
        "tasks": {task.name: f"{suite.title}: {suite.question}" for suite in suites for task in suite.task},
        "schema_version": results.SCHEMA_VERSION,
        "nodes": dict(states),
        "skipped": _troubles(planned, outcomes, "skipped"),
        "failed": _troubles(planned, outcomes, "failed"),
        "own_files": _own_files(planned),
        "facts": _facts(planned, outcomes, store),
        "worlds": _worlds(planned, outcomes, store),
        "models": _models(planned, outcomes, store),
        "estimated_core_hours": _estimate(options, suites, planned, store),
        "engine": options.engine,
        "workers": options.workers,
        "device": options.context.device,
        "threads_per_fit": 1,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start)),
        "seconds": round(time.time() - start, 1),
        "provenance": provenance(),
    }


def _estimate(options: Options, suites: list[Suite], planned: Plan, store: Store) -> dict[str, float]:
    """Core-hours of the larger tiers that every task run at them has."""
    return larger_tiers(suites, above(suites, options.tier), options.selection, planned, store)


def _troubles(planned: Plan, outcomes: dict[str, Outcome], state: str) -> list[Json]:
    """Each reason once, under the first node that had it: what hangs on that node adds nothing."""
    first: dict[str, Json] = {}
    for name, outcome in outcomes.items():
        if outcome.state == state:
            entry = {"node": planned.labels[name], "reason": outcome.reason, "command": outcome.command, "nodes": 0}
            first.setdefault(outcome.reason, entry)["nodes"] += 1
    return list(first.values())


def _facts(planned: Plan, outcomes: dict[str, Outcome], store: Store) -> Json:
    """What the providers say of the data, by label; worlds are left to their own nodes."""
    made = [
        name
        for name, node in planned.nodes.items()
        if isinstance(node, Data) and outcomes[name].state in ("made", "reused")
    ]
    told = {planned.labels[name]: store.entry(name).facts for name in made}
    return {
        label: {key: value for key, value in facts.items() if not key.endswith("world")}
        for label, facts in told.items()
    }


def _models(planned: Plan, outcomes: dict[str, Outcome], store: Store) -> Json:
    """What is told of models from outside that were not trained here, by label: outputs, scale, error bars."""
    made = [
        name
        for name, node in planned.nodes.items()
        if isinstance(node, Fit)
        and node.recipe.kind not in ("network", "control")
        and outcomes[name].state in ("made", "reused")
    ]
    return {planned.labels[name]: store.entry(name).facts for name in made}


def _own_files(planned: Plan) -> dict[str, str]:
    """Digest of the content of every file that a user brought, by its name without folders."""
    records = [own for node in planned.nodes.values() if isinstance(node, Data) for own in (node.table, node.variants)]
    return {Path(own.file).name: own.digest for own in records if own}


def _worlds(planned: Plan, outcomes: dict[str, Outcome], store: Store) -> dict[str, str]:
    """JSON of the first world of each simulated task, of which the report shows pictures."""
    found: dict[str, str] = {}
    for name, node in planned.nodes.items():
        made = outcomes[name].state in ("made", "reused")
        if made and isinstance(node, Data) and node.role == "training":
            world = store.entry(name).facts.get("source_world")
            if world:
                found.setdefault(planned.labels[name].split("/")[0], world)
    return found


def write(
    folder: Path,
    suites: list[Suite],
    planned: Plan,
    store: Store,
    outcomes: dict[str, Outcome],
    manifest: Json,
) -> None:
    """Write the tables and JSON files of a run: numbers, curves, robustness, claims, costs, plan and manifest.

    A score that was not made has a row in results.parquet as well, with the reason.
    """
    done = {name for name, outcome in outcomes.items() if outcome.state in ("made", "reused")}
    results.write(_rows(planned, store, outcomes, done), folder / "results.parquet")
    results.write_curves(_curves(planned, store, done), folder / "curves.parquet")
    table = results.read(folder / "results.parquet")
    results.write_frame(robustness.table(table), folder / "robustness.parquet")
    results.write_frame(claims.table(table, suites), folder / "claims.parquet")
    costs = [
        {
            "node": name,
            "label": planned.labels[name],
            "kind": type(planned.nodes[name]).__name__,
            "state": outcomes[name].state,
        }
        | store.entry(name).cost()
        for name in planned.nodes
        if name in done
    ]
    results.write_cost(costs, folder / "cost.parquet")
    nodes = {
        label: {"digest": name, "node": msgspec.to_builtins(planned.nodes[name])}
        for name, label in planned.labels.items()
    }
    _replace(folder / "plan.json", nodes)
    _replace(folder / "manifest.json", manifest)


def _rows(planned: Plan, store: Store, outcomes: dict[str, Outcome], done: set[str]) -> Iterator[Json]:
    for name, columns in planned.scores:
        if name in done:
            for row in msgspec.msgpack.decode(store.entry(name).file(ROWS).read_bytes()):
                yield row | columns
        else:
            yield results.absent(outcomes[name].state, outcomes[name].reason) | columns
    for reason, columns in planned.unplanned:
        yield results.absent("skipped", reason) | columns


def _curves(planned: Plan, store: Store, done: set[str]) -> Iterator[Json]:
    for name, columns in planned.scores:
        if name in done:
            for point in msgspec.msgpack.decode(store.entry(name).file(CURVES).read_bytes()):
                yield {"group": "all"} | point | columns


def _replace(path: Path, value: Json) -> None:
    with whole(path) as partial:
        partial.write_text(json.dumps(value, indent=1, sort_keys=True))
