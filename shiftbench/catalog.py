"""Suites and recipes as records: bundled ones by name, others by path of their TOML file."""

from functools import cache
from pathlib import Path

from msgspec import Struct

import suites
from shiftbench.errors import InputError
from shiftbench.registry import NETWORKS
from shiftbench.spec import Recipe, Suite, Task, decode, did_you_mean


class _Recipes(Struct, frozen=True, forbid_unknown_fields=True):
    recipe: tuple[Recipe, ...]


def load_suite(name: str) -> Suite:
    """Suite of a bundled name or of a path ending in .toml; `InputError` names the file and what is wrong."""
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
    return suite


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
    """Recipe of a bundled name, or default settings around a registered network, `path.py:name` or `module:name`."""
    if name in bundled_recipes():
        return bundled_recipes()[name]
    if name not in NETWORKS.names() and ":" not in name:
        known = [*bundled_recipes(), *NETWORKS.names()]
        raise InputError(f"no recipe {name!r}{did_you_mean(name, known)}, or path.py:name, or module:name")
    return Recipe(name=name.rpartition(":")[2], network=NETWORKS.locator(name), code=NETWORKS.code(name))
