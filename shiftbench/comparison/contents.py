"""What a finished run has to compare: its scored predictions by test set, world, contender and seed."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from shiftbench import results
from shiftbench.catalog import load_suite
from shiftbench.errors import InputError
from shiftbench.options import default_store
from shiftbench.spec import Score, did_you_mean
from shiftbench.store import Store
from shiftbench.wrappers import WRAPPERS

if TYPE_CHECKING:
    import pandas as pd

VIEWS = ("strands", "plain")
"""Views in the order of preference: numbers are compared under one."""


class Contender(NamedTuple):
    """A recipe, under a wrapper, with so many labelled rows of the target."""

    recipe: str
    wrapper: str = "none"
    budget: int = 0

    def __str__(self) -> str:
        parts = [self.recipe, self.wrapper, str(self.budget)]
        return "/".join(parts[: 3 if self.budget else 2 if self.wrapper != "none" else 1])


class Place(NamedTuple):
    """A test set of a task: shift:dose, a subset of real rows, or iid."""

    suite: str
    task: str
    test: str

    def __str__(self) -> str:
        return f"{self.task} {self.test}"


class Scored(NamedTuple):
    """A Score node with its digest, the training seed (-1: over seeds), and whether training leaves things to chance.

    `training`: digest of the training set; `lost`: how many other trainings of its world have no score.
    """

    digest: str
    node: Score
    seed: int
    trained: bool
    training: str
    lost: int = 0


Worlds = dict[int, list[Scored]]
"""Scores of one contender at one place, by world."""


@dataclass(frozen=True)
class Contents:
    """What the folder of a run tells; `scores` holds those whose node is in the store."""

    folder: Path
    store: Store
    primary: dict[str, str]
    scores: dict[Place, dict[Contender, Worlds]]
    planned: dict[Place, set[Contender]]

    @cached_property
    def numbers(self) -> "pd.DataFrame":
        """The results of the run."""
        return results.read(self.folder / "results.parquet")

    def contenders(self) -> list[Contender]:
        """All that the run planned to score."""
        return sorted({contender for planned in self.planned.values() for contender in planned})

    def why_absent(self, place: Place, contender: Contender) -> str:
        """Why a contender that was planned has no score at a place."""
        rows = self.numbers
        of = (rows.suite == place.suite) & (rows.task == place.task) & (rows.recipe == contender.recipe)
        of &= (rows.metric == "") & (rows.wrapper == contender.wrapper) & (rows.budget == contender.budget)
        reasons = rows.reason[of & (_test(rows) == place.test)]
        return f"{contender}: {reasons.iloc[0] if len(reasons) else f'its scores are not in {self.store.root}'}"

    def of_metric(self, suite: str, metric: str) -> "pd.DataFrame":
        """Numbers of a metric against the observed value over whole test sets, as predicted, and the `test` of each."""
        rows = self.numbers
        kept = rows[
            (rows.suite == suite)
            & (rows.metric == metric)
            & (rows.target == "observed")
            & (rows.wrapper == "none")
            & (rows.stratum == "")
            & (rows.seed >= 0)
        ]
        several = kept.groupby(["task", "shift", "group"]).output.transform(lambda outputs: (outputs == "mean").any())
        kept = kept[(kept.output == "mean") | ~several]
        return kept.assign(test=_test(kept))


def contender(text: str, known: Sequence[Contender]) -> Contender:
    """The contender that `recipe`, `recipe/wrapper` or `recipe/wrapper/budget` names; `InputError` if none is known."""
    recipe, *more = text.split("/")
    wrapper, budget = [*more, *("none", "0")[len(more) :]][:2]
    recipes = sorted({one.recipe for one in known})
    if recipe not in recipes:
        raise InputError(f"compare: the run has no recipe {recipe!r}{did_you_mean(recipe, recipes)}")
    if not more:
        return Contender(recipe)
    wrappers = sorted({one.wrapper for one in known if one.recipe == recipe})
    if wrapper not in wrappers:
        raise InputError(f"compare {text}: the run has no wrapper {wrapper!r}{did_you_mean(wrapper, wrappers)}")
    budgets = sorted({one.budget for one in known if one[:2] == (recipe, wrapper)})
    if len(more) > 2 or not budget.isdigit() or int(budget) not in budgets:
        expected = ", ".join(f"{recipe}/{wrapper}/{number}" for number in budgets)
        raise InputError(f"compare {text}: expected {expected}")
    return Contender(recipe, wrapper, int(budget))


def read(folder: Path, store: Path | None = None) -> Contents:
    """Contents of the folder of a run; `InputError` names the file that is not there, or cannot be read.

    `store`: that of the run if it is known and still there, else the default one.
    """
    plan, manifest = (_json(folder / name) for name in ("plan.json", "manifest.json"))
    told = Path(manifest["store"]) if "store" in manifest else None
    nodes = Store(store or (told if told is not None and told.is_dir() else default_store()))
    primary = {suite: _primary(manifest, suite) for suite in manifest["suites"]}
    fits = {entry["digest"]: entry["node"] for entry in plan.values() if entry["node"]["type"] == "fit"}
    read_by = {
        entry["digest"]: entry["node"]["fit"] for entry in plan.values() if entry["node"]["type"] == "prediction"
    }
    found: dict[Place, dict[str, dict[Contender, Worlds]]] = {}
    for label, entry in plan.items():
        if entry["node"]["type"] == "score":
            place, world, who, view, seed = _label(label)
            views = found.setdefault(place, {})
            worlds = views.setdefault(_view(view, who), {}).setdefault(who, {})
            node: Score = msgspec.convert(entry["node"], Score)
            fit = fits[read_by[node.predictions[0]]]
            trained = fit["recipe"].get("kind", "network") == "network"
            scored = Scored(entry["digest"], node, seed, trained, fit["training"])
            worlds.setdefault(world, []).append(scored)
    chosen = {place: _viewed(views) for place, views in found.items()}
    made = {place: _present(contenders, nodes) for place, contenders in chosen.items()}
    here = {place: contenders for place, contenders in made.items() if contenders}
    if not here:
        raise InputError(f"{nodes.root}: holds no score of {folder}; expected the store of that run (--store)")
    return Contents(folder, nodes, primary, here, {place: set(contenders) for place, contenders in chosen.items()})


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the folder of a run, such as runs/shift-bench") from None
    except ValueError as error:
        raise InputError(f"{path}: cannot read ({error}); run the same command again") from None
    return found


def _primary(manifest: dict[str, Any], suite: str) -> str:
    """Text of what the suite named in advance, "" if nobody knows."""
    told = manifest.get("primary", {})
    try:
        return str(told[suite] if suite in told else load_suite(suite).primary)
    except InputError:
        return ""


def _label(label: str) -> tuple[Place, int, Contender, str, int]:
    """Place, world, contender, view and seed of the label of a Score node, as `plan` writes it."""
    where, what = label.split("/score/", 1)
    suite, task, world, test = re.split(r"^(.+?)/([^/]+)/world(\d+)/", where)[1:]
    recipe, wrapper, view, budget, seed = what.rsplit("/", 4)
    who = Contender(recipe, wrapper, int(budget.removeprefix("budget")))
    return Place(suite, task, test), int(world), who, view, int(seed.removeprefix("seed"))


def _view(view: str, who: Contender) -> str:
    """A wrapper with a view of its own is compared whatever the others are seen through."""
    return "" if WRAPPERS[who.wrapper].view else view


def _viewed(views: dict[str, dict[Contender, Worlds]]) -> dict[Contender, Worlds]:
    """Contenders under the preferred view."""
    name = next(view for view in (*VIEWS, *sorted(views)) if view in views)
    return views[name] | views.get("", {})


def _present(contenders: dict[Contender, Worlds], store: Store) -> dict[Contender, Worlds]:
    """Those whose scores were made."""
    kept: dict[Contender, Worlds] = {}
    for who, worlds in contenders.items():
        for world, scored in worlds.items():
            if made := [one for one in scored if store.folder(one.digest).is_dir()]:
                lost = len(scored) - len(made)
                found = sorted(made, key=lambda one: one.seed)
                kept.setdefault(who, {})[world] = [one._replace(lost=lost) for one in found]
    return kept


def _test(rows: "pd.DataFrame") -> "pd.Series[str]":
    """Name of the test set of each row, as in labels; `all` rows of a real data set without subsets are iid."""
    shifted = rows["shift"] + ":" + rows["dose"]
    plain = rows["group"].where(~rows["group"].isin(["all", ""]), "iid")
    return shifted.where(rows["shift"] != "", plain)
