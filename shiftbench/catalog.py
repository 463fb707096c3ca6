"""Suites and recipes as records: bundled ones by name, others by path of their TOML file."""

from functools import cache
from pathlib import Path

from msgspec import Struct

import suites
from shiftbench import kinds
from shiftbench.errors import InputError
from shiftbench.own.suite import completed
from shiftbench.own.variants_suite import with_variants
from shiftbench.registry import MODELS, NETWORKS, content
from shiftbench.spec import Recipe, Suite, Task, decode, did_you_mean

FILES = (".tsv", ".tsv.gz", ".csv", ".csv.gz", ".parquet")
"""Endings of files of predictions."""


class _Recipes(Struct, frozen=True, forbid_unknown_fields=True):
    recipe: tuple[Recipe, ...]


def load_suite(name: str) -> Suite:
    """Suite of a bundled name or of a path ending in .toml, with the tasks that a user's own files give.

    `InputError` names the file and what is wrong.
    """
    if name.endswith(".toml"):
        try:
            text = Path(name).read_bytes()
        except OSError as error:
            raise InputError(f"{name}: cannot read ({error.strerror}); expected a suite file") from error
    elif name in suites.names():
        text = suites.read(name)
    else:
        raise InputError(f"no suite {name!r}{did_you_mean(name, suites.names())}")
    suite: Suite = decode(text, Suite, f"suite {name}")
    return with_variants(completed(suite, Path(name).parent), Path(name).parent, find_task)


def expand(suite: Suite) -> list[Suite]:
    """The suite with those that it includes, each once."""
    found = {suite.name: suite} if suite.task else {}
    for name in suite.include:
        found |= {part.name: part for part in expand(load_suite(name))}
    return list(found.values())


def find_task(where: str, suite: Suite) -> Task:
    """Task by `suite/name`, looked for in `suite` first if that is its name."""
    suite_name, _, name = where.rpartition("/")
    known = {task.name: task for task in (suite if suite_name == suite.name else load_suite(suite_name)).task}
    if name not in known:
        raise InputError(f"suite {suite_name}: no task {name!r}{did_you_mean(name, list(known))}")
    return known[name]


@cache
def bundled_recipes() -> dict[str, Recipe]:
    """All recipes that come with the suites."""
    listed: _Recipes = decode(suites.read(suites.RECIPES), _Recipes, "suites/recipes.toml")
    return {recipe.name: recipe for recipe in listed.recipe}


def load_recipe(name: str) -> Recipe:
    """Recipe of a bundled name, or default settings around a model from outside.

    That is a registered name, `path.py:name` or `module:name` of a network, predictor or embedding, or a file of
    predictions. `InputError` for a name that is not known, or of more than one thing.
    """
    owners = {kind: registry.origin(name) for kind, registry in MODELS.items() if name in registry.names()}
    bundled = bundled_recipes().get(name)
    strangers = [origin for origin in owners.values() if not origin.startswith("shiftbench.")]
    if len(strangers) > (0 if bundled else 1):
        others = " and ".join(["a bundled recipe"] * bool(bundled) + strangers)
        raise InputError(f"recipe {name!r}: the name of {others}; rename yours")
    if bundled:
        return bundled
    for ending in FILES:
        if name.lower().endswith(ending):
            file, code = Path(name).resolve(), content(Path(name)).hex()
            return Recipe(name=file.name[: -len(ending)], network=str(file), kind="predictions", code=code)
    if not owners and ":" not in name:
        known = [*bundled_recipes(), *(name for registry in MODELS.values() for name in registry.names())]
        further = "or path.py:name, module:name, or a file of predictions (.tsv, .csv, .parquet)"
        raise InputError(f"no recipe {name!r}{did_you_mean(name, list(dict.fromkeys(known)))}, {further}")
    kind = next(iter(owners), None) or kinds.kind(NETWORKS.get(name), name)
    registry = MODELS[kind]
    return Recipe(name=name.rpartition(":")[2], network=registry.locator(name), kind=kind, code=registry.code(name))
