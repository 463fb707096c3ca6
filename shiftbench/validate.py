"""What suites and selections may name: every wrong name is found before anything is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shiftbench.errors import InputError
from shiftbench.metrics.table import METRICS
from shiftbench.prediction import VIEWS
from shiftbench.registry import PROVIDERS
from shiftbench.spec import PRIOR, SEVERITIES, Check, Recipe, Suite, Task, did_you_mean
from shiftbench.wrappers import WRAPPERS

FLOOR = "training_mean"
"""The control that no suite can do without: the zero of every scaled score."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a suite is run; empty means all. Controls are always run. Training seeds count from `first_seed`."""

    tasks: tuple[str, ...] = ()
    shifts: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    seeds: int = 0
    worlds: int = 0
    first_seed: int = 0


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
    for field in ("recipes", "wrappers", "metrics"):
        if not getattr(task, field) and not (field == "metrics" and task.round):  # a round has no labels to score by
            raise InputError(f"{where}: no {field}; expected one or more")
    _known(where, "tier", [tier], list(teacher.tiers))
    _known(f"{where}, sizes", "tier", task.sizes, list(teacher.tiers))
    _known(where, "wrapper", task.wrappers, list(WRAPPERS))
    _known(where, "metric", task.metrics, [name for name, metric in METRICS.items() if metric.compute])
    _known(where, "view", task.views, list(VIEWS))
    if task.shifts:
        from simulators.shift import FAMILIES

        _known(where, "shift", task.shifts, list(FAMILIES))
    _known(where, "dose", map(str, teacher.tiers[tier].doses), list(SEVERITIES))
    size = teacher.tiers[tier]
    _known(f"{where}, tier {tier}", "shift", size.shifts, list(teacher.shifts))
    _known(f"{where}, tier {tier}", "recipe", [*size.recipes, *size.seeds_of], list(teacher.recipes))
    _known(f"{where}, fewer", "tier", task.fewer, list(teacher.tiers))
    _known(f"{where}, fewer", "subset", [name for names in task.fewer.values() for name in names], list(task.subsets))
    _known(f"{where}, at", "tier", task.at, list(teacher.tiers))
    if (most := max(task.budgets, default=0)) > task.labelled:
        raise InputError(f"{where}: labelled is {task.labelled}; expected at least the largest of budgets, {most}")
    for name in task.wrappers:
        if WRAPPERS[name].calibrated and not {*WRAPPERS[name].budgets} & {*task.budgets}:
            found, usable = (", ".join(map(str, numbers)) for numbers in (task.budgets, WRAPPERS[name].budgets))
            raise InputError(f"{where}: budgets are {found}; wrapper {name} expected one of {usable}")
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


def check_claims(suite: Suite) -> None:
    """Refuse claims that speak of what their suite does not have, or that bound nothing."""
    tasks = {task.name: task for task in suite.task}
    for claim in suite.claim:
        where = f"suite {suite.name}, claim {claim.name}"
        for check in claim.check:
            _known(where, "task", [check.task], list(tasks))
            task = tasks[check.task]
            if len(task.views) > 1:
                raise InputError(f"{where}: task {task.name} has {len(task.views)} views; expected one to judge")
            _known(where, "metric", [check.metric], list(task.metrics))
            _known(where, "recipe", [name + PRIOR * check.prior for name in claim.recipes], list(task.recipes))
            for test in filter(None, (check.at, check.against)):
                shift, colon, _ = test.partition(":")
                if not colon or shift not in task.shifts:
                    _known(where, "test set", [test], [*(f"{name}:" for name in task.shifts), *task.subsets])
            if (check.above is None) == (check.below is None):
                raise InputError(f"{where}: {check.says!r} has {_bounds(check)}; expected either above or below")
            if (check.compare != "") != (check.prior or check.against != ""):
                raise InputError(f"{where}: {check.says!r}; expected compare together with against, or with prior")


def _bounds(check: Check) -> str:
    return "no bound" if check.above is None else "two bounds"


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
