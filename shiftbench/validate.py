"""What suites and selections may name: every wrong name is found before anything is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shiftbench.errors import InputError
from shiftbench.metrics.table import METRICS
from shiftbench.prediction import VIEWS
from shiftbench.registry import PROVIDERS
from shiftbench.spec import SEVERITIES, Recipe, Suite, Task, did_you_mean
from shiftbench.wrappers import WRAPPERS

FLOOR = "training_mean"
"""The control that no suite can do without: the zero of every scaled score."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a suite is run; empty means all. Controls are always run."""

    tasks: tuple[str, ...] = ()
    shifts: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    seeds: int = 0
    worlds: int = 0


def check_selection(suites: list[Suite], selection: Selection) -> None:
    """Refuse a selection that names what the suites do not have."""
    tasks = [task for suite in suites for task in suite.task]
    _known("--tasks", "task", selection.tasks, [task.name for task in tasks])
    _known("--shifts", "shift", selection.shifts, [shift for task in tasks for shift in task.shifts])
    for name in ("seeds", "worlds"):
        if (number := getattr(selection, name)) < 0:
            raise InputError(f"--{name}: {number}; expected at least 1, or 0 for the {name} of the tier")


def check_task(suite: str, task: Task, teacher: Task, tier: str) -> None:
    """Refuse a task that names what does not exist, lacks the tier, or has no floor."""
    where = f"suite {suite}, task {task.name}"
    _known(where, "tier", [tier], list(teacher.tiers))
    _known(f"{where}, sizes", "tier", task.sizes, list(teacher.tiers))
    _known(where, "wrapper", task.wrappers, list(WRAPPERS))
    _known(where, "metric", task.metrics, list(METRICS))
    _known(where, "view", task.views, list(VIEWS))
    if task.shifts:
        from simulators.shift import FAMILIES

        _known(where, "shift", task.shifts, list(FAMILIES))
    _known(where, "dose", map(str, teacher.tiers[tier].doses), list(SEVERITIES))
    _known(f"{where}, tier {tier}", "shift", teacher.tiers[tier].shifts, list(teacher.shifts))
    for arm in task.arms:
        family, _, dose = arm.partition(":")
        _known(f"{where}, arm {arm}", "shift", [family], list(task.shifts))
        _known(f"{where}, arm {arm}", "dose", [dose], _arms(family))
    if FLOOR not in task.recipes:
        raise InputError(f"{where}: recipes lack {FLOOR}; expected it among them, since it is the floor of every score")
    for name in (task.data, teacher.data):
        provider = PROVIDERS.get(name)
        lacking = [field for field in ("version", "files", "build") if not hasattr(provider, field)]
        if lacking:
            raise InputError(f"{where}: provider {name} has no {', '.join(lacking)}; expected version, files and build")


def _arms(family: str) -> list[str]:
    """Doses that a family can be asked for by name."""
    from simulators.shift import FAMILIES

    return [dose for dose in SEVERITIES if dose != "reverse" or FAMILIES[family].reversible]


def check_recipes(recipes: Sequence[Recipe]) -> None:
    """Refuse two recipes of one name: their numbers could not be told apart."""
    seen: dict[str, Recipe] = {}
    for recipe in recipes:
        other = seen.setdefault(recipe.name, recipe)
        if other is not recipe:
            raise InputError(f"two recipes are called {recipe.name!r} ({other.network}, {recipe.network}); rename one")


def _known(where: str, kind: str, asked: Iterable[str], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            raise InputError(f"{where}: no {kind} {name!r}{did_you_mean(name, list(dict.fromkeys(known)))}")
