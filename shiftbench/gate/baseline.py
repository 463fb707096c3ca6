"""The file of a baseline: what a recipe reached with ten or more training seeds, and with what it may be compared."""

import math
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from msgspec import Struct

from shiftbench.catalog import expand, load_recipe, load_suite
from shiftbench.errors import InputError
from shiftbench.gate.measure import Measured, measure
from shiftbench.metrics.table import VERSION as METRICS_VERSION
from shiftbench.provenance import provenance
from shiftbench.whole import whole

SCHEMA = 1
"""Raised when a field of the file is added, removed or means something else."""
MINIMUM = 10
"""Training seeds from which a repeatability is told; fewer tell too little of it."""


class TaskBaseline(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A task: its metric, digest of the data, test sets, and a value a training seed: the mean over test sets."""

    metric: str
    data: str
    tests: tuple[str, ...]
    values: tuple[float, ...]


class Baseline(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a recipe reached, by suite/task, with which training `seeds` (one alone: it does not depend on any).

    `suites` are the versions of the suite and of those that it includes, `metrics` that of the metrics; `only` tells of
    tasks, shifts, worlds or a metric that were asked for by name; `device` and `made_with` where the numbers are from.
    """

    schema: int
    recipe: str
    suite: str
    suites: dict[str, int]
    tier: str
    metrics: int
    only: dict[str, Any]
    seeds: tuple[int, ...]
    device: str
    made_with: dict[str, str]
    tasks: dict[str, TaskBaseline]

    def command(self, suite: str, path: Path) -> str:
        """The command that makes this file anew; `suite` as the caller names it."""
        narrowed = "".join(
            f" --{name} {' '.join(map(str, value)) if isinstance(value, (list, tuple)) else value}"
            for name, value in self.only.items()
        )
        seeds = max(len(self.seeds), MINIMUM)
        return f"shiftbench baseline {self.recipe} --suite {suite} --tier {self.tier}{narrowed} --seeds {seeds} --output {path}"  # noqa: E501


def write_baseline(
    recipe: str,
    suite: str = "shift",
    tier: str = "smoke",
    *,
    output: Path,
    seeds: int = MINIMUM,
    folder: Path | None = None,
    **more: Any,
) -> tuple[Baseline, Measured]:
    """Train `recipe` with `seeds` training seeds and write what it reached to `output`, as JSON; then both are given.

    All is made anew in `folder`, a temporary one if that is None: a store does not know that code has changed, and
    `folder` is taken as it is. `more`: tasks, shifts, worlds, metric, and the options of a run. Raises `InputError` for
    fewer than `MINIMUM` seeds, unknown names, or a task without numbers; nothing is written then.
    """
    if seeds < MINIMUM:
        raise InputError(f"--seeds: {seeds}; expected at least {MINIMUM}, fewer tell too little of repeatability")
    only = {name: more[name] for name in ("metric", "tasks", "shifts", "worlds") if more.get(name)}
    loaded = load_suite(suite)
    with workplace(folder) as place:
        measured = measure(recipe, suite, tier, folder=place, seeds=seeds, **more)
    for task, reason in measured.troubles.items():
        raise InputError(f"{task}: {reason}; mend it, or leave the task out with --tasks")
    found = Baseline(
        schema=SCHEMA,
        recipe=load_recipe(recipe).name,
        suite=loaded.name,
        suites={part.name: part.version for part in expand(loaded)},
        tier=tier,
        metrics=METRICS_VERSION,
        only=only,
        seeds=tuple(next(iter(measured.tasks.values())).values),
        device=measured.device,
        made_with=made_with(),
        tasks={
            name: TaskBaseline(
                metric=numbers.metric, data=numbers.data, tests=numbers.tests, values=tuple(numbers.values.values())
            )
            for name, numbers in measured.tasks.items()
        },
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    with whole(output) as partial:
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    return found, measured


def read_baseline(path: Path) -> Baseline:
    """The baseline at `path`; `InputError` if it is not there, or is none that can be compared with."""
    again = "write it with `shiftbench baseline`"
    try:
        text = path.read_bytes()
        schema = msgspec.json.decode(text)["schema"]
        if schema != SCHEMA:
            raise InputError(f"{path}: schema {schema}; expected {SCHEMA}; {again}")
        found = msgspec.json.decode(text, type=Baseline)
    except OSError as error:
        raise InputError(f"{path}: cannot read ({error.strerror}); expected a baseline; {again}") from None
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a baseline ({error}); {again}") from None
    if len(found.seeds) != 1 and len(set(found.seeds)) < MINIMUM:
        raise InputError(f"{path}: {len(set(found.seeds))} training seeds; expected at least {MINIMUM}; {again}")
    for name, task in found.tasks.items():
        if len(task.values) != len(found.seeds) or not all(map(math.isfinite, task.values)):
            raise InputError(f"{path}: {name}: expected a finite value for each of {len(found.seeds)} seeds; {again}")
    return found


def refuse(known: Baseline, path: Path, recipe: str, suite: str, tier: str) -> None:
    """`InputError` if numbers of `recipe` at this suite and tier, by this code, are no others of the same kind."""
    loaded = load_suite(suite)
    here = {
        "recipe": load_recipe(recipe).name,
        "suite": loaded.name,
        "tier": tier,
        "suites": {part.name: part.version for part in expand(loaded)},
        "metrics": METRICS_VERSION,
    }
    for field, value in here.items():
        if getattr(known, field) != value:
            command = msgspec.structs.replace(known, recipe=recipe, tier=tier).command(suite, path)
            raise InputError(f"{path}: {field} {_told(getattr(known, field))} there, {_told(value)} here; {command}")


def refuse_data(known: Baseline, path: Path, measured: Measured, suite: str) -> None:
    """`InputError` if a task was measured by another metric or on other data than in the baseline."""
    for name, numbers in measured.tasks.items():
        if (before := known.tasks.get(name)) is None:
            continue
        where = f" (made on {known.made_with.get('platform', '?')}, here {made_with()['platform']})"
        for field, more in (("metric", ""), ("data", where)):
            there, here = getattr(before, field), getattr(numbers, field)
            if there != here and before.tests == numbers.tests:
                raise InputError(
                    f"{path}: {name}: {field} {there} there, {here} here{more}; {known.command(suite, path)}"
                )


@contextmanager
def workplace(folder: Path | None) -> Iterator[Path]:
    """`folder`, or one that is gone afterwards."""
    if folder is not None:
        yield folder
    else:
        with TemporaryDirectory(prefix="shiftbench-gate-") as name:
            yield Path(name)


def made_with() -> dict[str, str]:
    """Versions and platform that numbers hang on, by name."""
    told = provenance()
    machine = f"{platform.system()} {platform.machine()}"
    return {"shiftbench": told["shiftbench"], "python": told["python"], "platform": machine, **told["packages"]}


def _told(value: Any) -> str:
    return ", ".join(f"{name} {version}" for name, version in value.items()) if isinstance(value, dict) else str(value)
