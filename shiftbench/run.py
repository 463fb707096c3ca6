"""The main job: plan, make what is missing, and gather every number into one table."""

import json
import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from shiftbench import results
from shiftbench.catalog import expand, load_suite
from shiftbench.errors import InputError, StoreError
from shiftbench.estimate import larger_tiers
from shiftbench.execute import Outcome, drive, engine
from shiftbench.nodes import ROWS, Context, Maker
from shiftbench.plan import Plan, Selection, plan
from shiftbench.provenance import provenance
from shiftbench.registry import NETWORKS, TASKS
from shiftbench.spec import TIERS, Data, Suite
from shiftbench.store import Store

Json = dict[str, Any]

log = logging.getLogger("shiftbench.run")


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, where, and with what."""

    suite: str
    tier: str
    output: Path
    context: Context
    selection: Selection = field(default_factory=Selection)
    engine: str = "processes"
    workers: int = 1
    max_minutes: float = 0.0
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished run: its manifest, and the state of every node by digest."""

    manifest: Json
    outcomes: dict[str, Outcome]

    @property
    def failed(self) -> int:
        """Number of nodes that failed."""
        return sum(outcome.state == "failed" for outcome in self.outcomes.values())

    @property
    def skipped(self) -> int:
        """Number of nodes that could not be made here."""
        return sum(outcome.state == "skipped" for outcome in self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do with one node; `difference` names the field that changed since the last run here."""

    label: str
    state: str
    difference: str = ""


def preview(options: Options) -> list[Preview]:
    """Every node as reused, stale (another was made under its label) or missing; nothing is made."""
    planned, store = plan(_suites(options), options.tier, options.selection), Store(options.context.store)
    last = _last_plan(options.output)
    found = []
    for name, label in planned.labels.items():
        if store.folder(name).exists():
            found.append(Preview(label, "reused"))
        elif label in last and last[label]["digest"] != name:
            found.append(
                Preview(label, "stale", _difference(last[label]["node"], msgspec.to_builtins(planned.nodes[name])))
            )
        else:
            found.append(Preview(label, "missing"))
    return found


def run(options: Options) -> Ran:
    """Make what is missing, write `results.parquet`, `cost.parquet` and `manifest.json` into the output folder.

    Raises `InputError` for unknown names and `StoreError` for a folder that cannot be written; a node that fails does
    not stop the others.
    """
    start = time.time()
    suites = _suites(options)
    planned = plan(suites, options.tier, options.selection)
    _writable(options.output)
    _announce(options, planned)
    store = Store(options.context.store)
    store.prepare()
    ordered = planned.ordered()
    reused = {name: Outcome("reused") for name in ordered if store.intact(name)}
    missing = {
        name: tuple(need for need in needs if need not in reused)
        for name, needs in ordered.items()
        if name not in reused
    }
    outcomes = reused | _make(options, planned, missing, start)
    manifest = _manifest(options, suites, planned, store, outcomes, start)
    _write(options.output, planned, store, outcomes, manifest)
    return Ran(manifest, outcomes)


def _suites(options: Options) -> list[Suite]:
    return expand(load_suite(options.suite))


def _announce(options: Options, planned: Plan) -> None:
    """Say which public files are not here before anything is made."""
    tasks = {node.task for node in planned.nodes.values() if isinstance(node, Data)}
    needed = {name for task in tasks for name in TASKS.get(task)().files}
    for status in options.context.files().status() if needed else []:
        if status.name in needed and status.state != "present":
            log.warning("%s: %s; %s", status.name, status.state, status.problem or f"looked for at {status.where}")


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise StoreError(f"{folder}: cannot write ({error.strerror}); give another folder with --output") from error


def _make(options: Options, planned: Plan, missing: dict[str, tuple[str, ...]], start: float) -> dict[str, Outcome]:
    if not missing:
        return {}
    local = [name for name in options.selection.recipes if NETWORKS.local(name)]
    if local and options.engine != "inprocess":
        raise InputError(
            f"recipe {local[0]!r} is known to this script only; expected --engine inprocess, or path.py:name"
        )
    inline = options.engine == "inprocess"
    maker = Maker(options.context, {name: planned.nodes[name] for name in missing})
    with _progress(len(missing), options.quiet) as advance, engine(options.engine, options.workers) as executor:
        try:
            return drive(
                missing,
                maker,
                executor,
                width=1 if inline else options.workers,
                report=lambda name, outcome: advance(planned.labels[name], outcome),
                expired=lambda: bool(options.max_minutes) and time.time() - start > 60 * options.max_minutes,
            )
        except KeyboardInterrupt:
            executor.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[str, Outcome], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("", total=total)

        def advance(label: str, outcome: Outcome) -> None:
            bar.update(task, advance=1, description=label)
            if outcome.state == "failed":
                console.print(f"failed: {label}: {outcome.reason}", markup=False, highlight=False, soft_wrap=True)

        yield advance


def _manifest(
    options: Options, suites: list[Suite], planned: Plan, store: Store, outcomes: dict[str, Outcome], start: float
) -> Json:
    states = Counter(outcome.state for outcome in outcomes.values())
    return {
        "suite": options.suite,
        "tier": options.tier,
        "suites": {suite.name: suite.version for suite in suites},
        "tasks": {task.name: f"{suite.title}: {suite.question}" for suite in suites for task in suite.task},
        "schema_version": results.SCHEMA_VERSION,
        "nodes": dict(states),
        "skipped": _troubles(planned, outcomes, "skipped"),
        "failed": _troubles(planned, outcomes, "failed"),
        "facts": _facts(planned, outcomes, store),
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
    """Core-hours of the larger tiers that every task of the suite has."""
    tasks = [task for suite in suites for task in suite.task if task.tiers]
    larger = [tier for tier in TIERS[TIERS.index(options.tier) + 1 :] if all(tier in task.tiers for task in tasks)]
    return larger_tiers(suites, larger, options.selection, planned, store)


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


def _write(folder: Path, planned: Plan, store: Store, outcomes: dict[str, Outcome], manifest: Json) -> None:
    done = {name for name, outcome in outcomes.items() if outcome.state in ("made", "reused")}
    rows = []
    for name, columns in planned.scores:
        if name in done:
            rows += [row | columns for row in msgspec.msgpack.decode(store.entry(name).file(ROWS).read_bytes())]
        else:
            rows.append(results.absent(outcomes[name].state, outcomes[name].reason) | columns)
    results.write(rows, folder / "results.parquet")
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


def _replace(path: Path, value: Json) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value, indent=1, sort_keys=True))
    os.replace(partial, path)


def _last_plan(folder: Path) -> dict[str, Json]:
    path = folder / "plan.json"
    found: dict[str, Json] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def _difference(old: Any, new: Any, where: str = "") -> str:
    """First field in which two nodes differ, as path: old -> new."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                return _difference(old.get(key), new.get(key), f"{where}.{key}" if where else key)
    return f"{where}: {old} -> {new}"
