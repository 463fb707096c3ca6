"""The main job: plan, make what is missing, and gather every number into one table."""

import json
import logging
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from shiftbench import gather, results
from shiftbench.catalog import expand, load_suite
from shiftbench.errors import InputError, MissingData, StoreError
from shiftbench.execute import Outcome, drive, engine, width
from shiftbench.nodes import Maker
from shiftbench.options import Options, options
from shiftbench.outside.file import check_tests
from shiftbench.plan import Plan, plan
from shiftbench.progress import progress
from shiftbench.registry import MODELS, PROVIDERS
from shiftbench.report import finished, notebook
from shiftbench.report.html import fragment
from shiftbench.spec import Data, Fit, Suite
from shiftbench.store import Store
from shiftbench.tasks.files import Files
from shiftbench.validate import Selection

log = logging.getLogger("shiftbench.run")


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished run: its folder, its manifest, the outcome of every node by digest, and its plan."""

    output: Path
    manifest: dict[str, Any]
    outcomes: dict[str, Outcome]
    plan: Plan

    @property
    def report(self) -> Path:
        """The page of the run; there is none of a round, whose tests have no labels."""
        return self.output / finished.PAGE

    @property
    def failed(self) -> int:
        """Number of nodes that failed."""
        return sum(outcome.state == "failed" for outcome in self.outcomes.values())

    @property
    def missing(self) -> int:
        """Number of nodes that lack public files."""
        return sum(outcome.missing for outcome in self.outcomes.values())

    def _repr_html_(self) -> str:
        tables = notebook.shown(results.read(self.output / "results.parquet"), self.manifest["facts"])
        nodes = ", ".join(f"{count} {state}" for state, count in sorted(self.manifest["nodes"].items()))
        said = f"{', '.join(self.manifest['suites'])}, {self.manifest['tier']}: {nodes}"
        return fragment(tables, [said], self.report)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do with one node; `difference` names the field that changed since the last run here."""

    label: str
    state: str
    difference: str = ""


def run_suite(suite: str = "all", tier: str = "smoke", *, recipes: tuple[str, ...] = (), **more: Any) -> Ran:
    """Run a suite from Python, with networks by name as `recipes`; `more` are the other options of the command line.

    A network entered by a decorator in a script or notebook needs `engine="inprocess"`. Raises `InputError` for unknown
    names and `StoreError` for a folder that cannot be written.
    """
    fields = {name: more.pop(name) for name in ("tasks", "shifts", "seeds", "worlds") if name in more}
    return run(options(suite, tier, selection=Selection(recipes=recipes, **fields), **more))


def preview(options: Options, suites: list[Suite] | None = None) -> list[Preview]:
    """Every node as reused, stale (another was made under its label) or missing; nothing is made. `suites` as `run`."""
    suites, files = suites or expand(load_suite(options.suite)), options.context.files()
    present = {status.name for status in files.status() if status.state == "present"}
    planned, store = plan(suites, options.tier, options.selection, present), Store(options.context.store)
    last = _last_plan(options.output)
    found = []
    for name, label in planned.labels.items():
        if store.folder(name).exists():
            found.append(Preview(label, "reused"))
        elif label in last and last[label]["digest"] != name:
            new = msgspec.to_builtins(planned.nodes[name])
            found.append(Preview(label, "stale", _difference(last[label]["node"], new)))
        else:
            found.append(Preview(label, "missing"))
    return found


def run(options: Options, suites: list[Suite] | None = None) -> Ran:
    """Make what is missing, write tables, manifest and report into the output folder.

    `suites` are run instead of those that the options name. Raises `InputError` for unknown names and `StoreError` for
    a folder that cannot be written; a node that fails does not stop the others.
    """
    start = time.time()
    suites = suites or expand(load_suite(options.suite))
    options, planned = ready(options, suites)
    store, outcomes = Store(options.context.store), make(options, planned, planned.nodes, start)
    manifest = gather.manifest(options, suites, planned, store, outcomes, start)
    gather.write(options.output, suites, planned, store, outcomes, manifest)
    if any(task.metrics for suite in suites for task in suite.task):
        finished.write(options.output)
    return Ran(options.output, manifest, outcomes, planned)


def ready(options: Options, suites: list[Suite]) -> tuple[Options, Plan]:
    """What is to be made, with the files fetched that can be and the store prepared; errors as of `run`."""
    options = replace(options, workers=width(options.engine, options.workers, options.scheduler))
    sketch = plan(suites, options.tier, options.selection)  # names are checked before anything is fetched
    writable(options.output)
    Store(options.context.store).prepare()
    present, failed = _fetch(sketch, options.context.files())
    planned = plan(suites, options.tier, options.selection, present)
    _check_predictions(options, suites, planned, present)
    return replace(options, context=replace(options.context, failed=failed)), planned


def _check_predictions(options: Options, suites: list[Suite], planned: Plan, present: set[str]) -> None:
    """Refuse files of predictions of sets that the suites do not have, whether or not they are among those chosen."""
    fits = [node.recipe for node in planned.nodes.values() if isinstance(node, Fit)]
    files = {recipe.network for recipe in fits if recipe.kind == "predictions"}
    if not files:
        return
    chosen = Selection(recipes=options.selection.recipes, worlds=options.selection.worlds)
    whole = plan(suites, options.tier, chosen, present)
    labels = {name: label for name, label in whole.labels.items() if isinstance(whole.nodes[name], Data)}
    for file in sorted(files):
        check_tests(Path(file), labels)


def _fetch(sketch: Plan, files: Files) -> tuple[set[str], dict[str, str]]:
    """Names of the public files at hand, and why the others are not: a line each; small ones are fetched here."""
    names = {node.provider for node in sketch.nodes.values() if isinstance(node, Data)}
    providers = [PROVIDERS.get(name) for name in names]
    wanted = {name for each in providers for name in (*each.files, *getattr(each, "optional", ()))}
    present, failed = set(), {}
    for name in sorted(wanted):
        try:
            files.path(name)
            present.add(name)
        except MissingData as error:
            failed[name] = str(error)
            log.warning("%s%s", error, f" -> {error.command}" if error.command else "")
    return present, failed


def writable(folder: Path) -> None:
    """Make a folder and see that files can be written there; `StoreError` if not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise StoreError(f"{folder}: cannot write ({error.strerror}); give another folder with --output") from error


def make(options: Options, planned: Plan, names: Collection[str], start: float) -> dict[str, Outcome]:
    """Outcome of each of `names`, nodes of the plan with all that they need: made, or reused if they are there."""
    store = Store(options.context.store)
    ordered = {name: needs for name, needs in planned.ordered().items() if name in names}
    reused = {name: Outcome("reused") for name in ordered if store.intact(name)}
    missing = {
        name: tuple(need for need in needs if need not in reused)
        for name, needs in ordered.items()
        if name not in reused
    }
    return reused | _make(options, planned, missing, start)


def _make(options: Options, planned: Plan, missing: dict[str, tuple[str, ...]], start: float) -> dict[str, Outcome]:
    if not missing:
        return {}
    local = [name for name in options.selection.recipes if any(known.local(name) for known in MODELS.values())]
    if local and options.engine != "inprocess":
        raise InputError(
            f"recipe {local[0]!r} is known to this script only; expected the engine inprocess, or path.py:name"
        )
    maker = Maker(options.context, planned.nodes)
    with progress(len(missing), options.quiet) as advance:
        return drive(
            missing,
            maker,
            partial(engine, options.engine, scheduler=options.scheduler),
            width=min(options.workers, len(missing)),
            report=lambda name, outcome: advance(planned.labels[name], outcome),
            expired=lambda: bool(options.max_minutes) and time.time() - start > 60 * options.max_minutes,
        )


def _last_plan(folder: Path) -> dict[str, Any]:
    """Nodes of the last run into this folder by label; none if there was none that can be read."""
    try:
        found: dict[str, Any] = json.loads((folder / "plan.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def _difference(old: Any, new: Any, where: str = "") -> str:
    """First field in which two nodes differ, as path: old -> new."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                return _difference(old.get(key), new.get(key), f"{where}.{key}" if where else key)
    return f"{where}: {old} -> {new}"
