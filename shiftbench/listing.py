"""What `list` and `show` say: names of every kind, and one thing described."""

import inspect
from collections.abc import Callable

from msgspec import Struct

import suites
from shiftbench import catalog
from shiftbench.errors import InputError
from shiftbench.metrics.metric import Metric
from shiftbench.metrics.table import METRICS
from shiftbench.registry import EMBEDDINGS, NETWORKS, PREDICTORS, PROVIDERS, Registry
from shiftbench.spec import TIERS, Task, did_you_mean
from shiftbench.tasks.files import sources
from shiftbench.wrappers import WRAPPERS

Rows = list[tuple[str, str]]


def names(kind: str) -> Rows:
    """Name and one line for everything of a kind (`suites`, `tasks`, `recipes`, ...)."""
    return _LISTED[kind]()


def describe(name: str) -> str:
    """Text about the suite, task, recipe, simulator, shift, metric or the like of that name; else `InputError`.

    Of a suite file: its tasks, also those that follow from a user's own table.
    """
    if name.endswith(".toml"):
        suite = catalog.load_suite(name)
        tasks = ["\n".join([f"task {task.name}", *_fields(task)]) for task in suite.task]
        return "\n\n".join([f"suite {suite.name}: {suite.title}", *tasks])
    known = {kind: [found for found, _ in names(kind)] for kind in _TOLD}
    told = [_TOLD[kind](name) for kind in _TOLD if name in known[kind]]
    if not told:
        raise InputError(
            f"nothing is called {name!r}{did_you_mean(name, [found for group in known.values() for found in group])}"
        )
    return "\n\n".join(told)


def _all_tasks() -> list[tuple[str, Task]]:
    return [(f"{name}/{task.name}", task) for name in suites.names() for task in catalog.load_suite(name).task]


def _suites() -> Rows:
    loaded = [catalog.load_suite(name) for name in suites.names()]
    return [(suite.name, f"{suite.title}: {suite.question}") for suite in loaded]


def _tasks() -> Rows:
    return [(name, f"data {task.data}, recipes {', '.join(task.recipes)}") for name, task in _all_tasks()]


def _recipes() -> Rows:
    return [(recipe.name, f"{recipe.network}, {recipe.kind}") for recipe in catalog.bundled_recipes().values()]


def _shifts() -> Rows:
    from simulators.shift import FAMILIES

    return [(family.name, f"{family.part}: {family.text}") for family in FAMILIES.values()]


def _simulators() -> Rows:
    from simulators import mpra, satmut

    told = {"mpra": mpra, "satmut": satmut}
    return [(name, (inspect.getdoc(module) or "").splitlines()[0]) for name, module in told.items()]


def _simulator(name: str) -> str:
    """What a simulator is, and the law of its worlds: each of which is one draw of every parameter."""
    from simulators.prior import PRIOR

    told = dict(_simulators())[name]
    drawn = [f"  {parameter} = {low:g} to {high:g}: {text}" for parameter, (low, high, text) in PRIOR.items()]
    return "\n".join([f"simulator {name}: {told}", "hyper-prior: a world draws each uniformly, by its number", *drawn])


def _tiers() -> Rows:
    return [
        (tier, "; ".join(_sizes(name, task, tier) for name, task in _all_tasks() if tier in task.tiers))
        for tier in TIERS
    ]


def _sizes(name: str, task: Task, tier: str) -> str:
    sizes = task.tiers[tier]
    rows = f"{sizes.rows or 'all'} training rows"
    return f"{name}: {rows}, {sizes.worlds} worlds, {sizes.seeds} seeds, {sizes.epochs} epochs"


def _suite(name: str) -> str:
    return f"suite {name}\n" + suites.read(name).decode().strip()


def _task(name: str) -> str:
    task = dict(_all_tasks())[name]
    provider = inspect.getdoc(PROVIDERS.get(task.data)) or ""
    return f"task {name}\n" + "\n".join([*_fields(task), "  " + _text(provider)])


def _recipe(name: str) -> str:
    return f"recipe {name}\n" + "\n".join(_fields(catalog.bundled_recipes()[name]))


def _registered(registry: Registry) -> Rows:
    """Names of models, and where each comes from."""
    return [(name, f"{registry.kind}, {registry.origin(name)}") for name in registry.names()]


def _fields(record: Struct) -> list[str]:
    """Every field of a record that is not empty, a line each."""
    shown = {field: getattr(record, field) for field in record.__struct_fields__ if field != "tiers"}
    return [f"  {field} = {_text(value)}" for field, value in shown.items() if value not in ("", (), None)]


def _wrapper(name: str) -> str:
    return f"wrapper {name}: {WRAPPERS[name].title}\n  {WRAPPERS[name].text}"


def _metric(name: str) -> str:
    """A metric with its formula, its direction, an example that runs, and its source."""
    metric = METRICS[name]
    told = {
        "formula": metric.formula,
        "better": _direction(metric),
        "targets": metric.targets,
        "levels": metric.levels,
        "example": metric.example,
        "source": metric.source,
    }
    return f"metric {name}: {metric.title}\n" + "\n".join(
        f"  {field}: {_text(value)}" for field, value in told.items() if value != ()
    )


def _direction(metric: Metric) -> str:
    if metric.better == "nominal":
        return f"nearer to {'the stated level' if metric.nominal is None else f'{metric.nominal:g}'}"
    return "neither, it describes" if metric.better == "none" else metric.better


def _text(value: object) -> str:
    if isinstance(value, Struct):
        return "\n  ".join(_fields(value))
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text.replace("\n", "\n  ")


def _shift(name: str) -> str:
    from simulators.shift import FAMILIES

    family = FAMILIES[name]
    return f"shift {name} (part: {family.part}): {family.text}\n  {_text(inspect.getdoc(family.solve) or '')}"


_LISTED: dict[str, Callable[[], Rows]] = {
    "suites": _suites,
    "tasks": _tasks,
    "recipes": _recipes,
    "networks": lambda: _registered(NETWORKS),
    "predictors": lambda: _registered(PREDICTORS),
    "embeddings": lambda: _registered(EMBEDDINGS),
    "providers": lambda: [(name, "provider of data") for name in PROVIDERS.names()],
    "wrappers": lambda: [(wrapper.name, wrapper.title) for wrapper in WRAPPERS.values()],
    "metrics": lambda: [(metric.name, metric.title) for metric in METRICS.values()],
    "simulators": _simulators,
    "shifts": _shifts,
    "files": lambda: [(source.name, source.title) for source in sources().values()],
    "tiers": _tiers,
}
_TOLD: dict[str, Callable[[str], str]] = {
    "suites": _suite,
    "tasks": _task,
    "recipes": _recipe,
    "wrappers": _wrapper,
    "metrics": _metric,
    "simulators": _simulator,
    "shifts": _shift,
    "files": lambda name: f"file {name}\n" + "\n".join(_fields(sources()[name])),
}
