"""Which tasks an audit is asked for: of suites by name or as records, or of a finished run."""

from collections.abc import Sequence

from shiftbench.catalog import expand, find_task, load_suite
from shiftbench.comparison.contents import Contents
from shiftbench.errors import InputError
from shiftbench.spec import TIERS, Suite, Task, did_you_mean


def tasks(task: str | Suite, tier: str) -> dict[str, tuple[Suite, Task, str]]:
    """Suite, task and tier by the name of each task that is asked for; no `tier` means the largest."""
    if isinstance(task, Suite):
        chosen = [(task, one) for one in task.task]
    elif task.endswith(".toml") or "/" not in task:
        chosen = [(suite, one) for suite in expand(load_suite(task)) for one in suite.task]
    else:
        suite_name, _, name = task.rpartition("/")
        suite = load_suite(suite_name)
        chosen = [(suite, find_task(f"{suite.name}/{name}", suite))]
    found = {}
    for suite, one in chosen:
        if tier and len(chosen) > 1 and one.at and tier not in one.at:
            continue  # a whole suite is audited as a run at this tier reads it
        teacher = find_task(one.trained_on, suite) if one.trained_on else one
        found[f"{suite.name}/{one.name}"] = suite, one, tier or _largest(one, teacher)
    return found


def tasks_of(contents: Contents, task: str | Suite, recipes: Sequence[str]) -> list[tuple[str, str]]:
    """Tasks of a run that are asked for, as suite and task."""
    name = task.name if isinstance(task, Suite) else task
    tasks = list(dict.fromkeys((place.suite, place.task) for place in contents.scores))
    chosen = [(suite, one) for suite, one in tasks if name in ("", suite, f"{suite}/{one}")]
    if not chosen:
        raise InputError(f"{contents.folder}: no task {name!r}{did_you_mean(name, ['/'.join(one) for one in tasks])}")
    known = sorted({who.recipe for who in contents.contenders()})
    for recipe in recipes:
        if recipe not in known:
            raise InputError(f"{contents.folder}: no recipe {recipe!r}{did_you_mean(recipe, known)}")
    return chosen


def _largest(task: Task, teacher: Task) -> str:
    """The largest tier at which a task is run; `InputError` if there is none."""
    tiers = [tier for tier in TIERS if tier in teacher.tiers and (not task.at or tier in task.at)]
    if not tiers:
        raise InputError(f"task {task.name}: it has no tiers; expected one of {', '.join(TIERS)}")
    return tiers[-1]
