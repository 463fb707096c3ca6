"""What a task asks: its training sequences and test sets, from the store or anew, and what was predicted of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftbench import arrays
from shiftbench.comparison.contents import Contender, Contents, Place, Scored
from shiftbench.errors import InputError, MissingData, Skipped
from shiftbench.nodes import Context, read_sample, wrap
from shiftbench.plan import Plan, plan
from shiftbench.registry import PROVIDERS
from shiftbench.spec import Data, Suite, Task
from shiftbench.store import Entry, Store
from shiftbench.targets import TestSet
from shiftbench.validate import Selection
from simulators.contract import Sample

RESAMPLES = 500
"""Draws of the clusters of test rows."""
ROLES = ("train", "validation")
"""Samples that a model is fitted or chosen on."""

Means = tuple[NDArray[np.float32], ...]


class Training(NamedTuple):
    """Training and validation rows: `id` (n,), `sequence` uint8 (n, length), `observed` float32 (n, outputs)."""

    id: NDArray[np.str_]
    sequence: NDArray[np.uint8]
    observed: NDArray[np.float32]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A test set by name, with the predicted means of each recipe, (n, outputs) a training seed."""

    name: str
    tests: TestSet
    predicted: dict[str, Means] = field(default_factory=dict)


class Sets(NamedTuple):
    """Training sequences and test sets of a task; `absent`: why other test sets could not be made, by name."""

    training: Training
    asked: list[Asked]
    absent: dict[str, str]


def planned(suite: Suite, task: Task, tier: str, context: Context) -> Sets:
    """Sets of the first world at a tier; made here where the store lacks them.

    `InputError` for a tier that the task does not have or is not run at.
    """
    if task.at and tier not in task.at:
        raise InputError(f"task {task.name}: not run at tier {tier}; expected one of {', '.join(task.at)}")
    made = _plan(suite, task, tier, context)
    data = {label: (name, node) for name, label in made.labels.items() if isinstance(node := made.nodes[name], Data)}
    first = {label: found for label, found in data.items() if found[1].world == 0}
    training = next(_samples(*found, context) for found in first.values() if found[1].role == "training")
    prefix = f"{suite.name}/{task.name}/world0/"
    asked, absent = [], {}
    for label, (digest, node) in first.items():
        if node.role == "test":
            name = label.removeprefix(prefix).removesuffix("/test")
            try:
                sample = _samples(digest, node, context)["test"]
            except Skipped as reason:
                absent[name] = str(reason)
            else:
                asked.append(Asked(name, TestSet(sample, task.scored, task.labelled, RESAMPLES, digest)))
    return Sets(_joined(training), asked, absent)


def _plan(suite: Suite, task: Task, tier: str, context: Context) -> Plan:
    files, optional = context.files(), getattr(PROVIDERS.get(task.data), "optional", ())
    present = []
    for name in optional:
        try:
            files.path(name)
        except MissingData:
            continue
        present.append(name)
    return plan([suite], tier, Selection(tasks=(task.name,)), present)


def _samples(digest: str, node: Data, context: Context) -> dict[str, Sample]:
    """Samples of a node by role; what the store holds is read, nothing is written to it."""
    store = Store(context.store)
    if store.intact(digest):
        return _stored(store.entry(digest))
    return PROVIDERS.get(node.provider)().build(node, context.files()).samples  # type: ignore[no-any-return]


def _stored(entry: Entry) -> dict[str, Sample]:
    return {Path(name).stem: arrays.load_sample(entry.file(name)) for name in entry.files if name.endswith(".npz")}


def _joined(samples: dict[str, Sample]) -> Training:
    fitted = [samples[role] for role in ROLES]
    return Training(
        id=np.concatenate([sample.id for sample in fitted]),
        sequence=np.concatenate([sample.sequence for sample in fitted]),
        observed=np.concatenate([sample.observed for sample in fitted]),
        outputs=fitted[0].outputs,
    )


def ran(contents: Contents, suite: str, task: str, recipes: Sequence[str]) -> Sets:
    """Likewise of a finished run, with what its recipes (none named: all) predicted, each as it is."""
    places = [place for place in contents.scores if (place.suite, place.task) == (suite, task)]
    known = sorted({who.recipe for place in places for who in contents.scores[place]})
    training = _stored(contents.store.entry(_first(contents, places[0]).training))
    return Sets(_joined(training), [_predicted(contents, place, recipes or known) for place in places], {})


def _first(contents: Contents, place: Place) -> Scored:
    """A score of the first world, whoever's."""
    worlds = next(iter(contents.scores[place].values()))
    return worlds[min(worlds)][0]


def _predicted(contents: Contents, place: Place, recipes: Sequence[str]) -> Asked:
    """A test set with what each recipe by itself predicted of it in the first world."""
    node = _first(contents, place).node
    sample = read_sample(contents.store.entry(node.test))
    tests = TestSet(sample, node.scored, node.labelled, RESAMPLES, node.test)
    predicted: dict[str, Means] = {}
    for recipe in recipes:
        worlds = contents.scores[place].get(Contender(recipe), {})
        scored = [one for one in worlds.get(min(worlds, default=0), ()) if one.node.test == node.test]
        predicted[recipe] = tuple(wrap(contents.store, one.node, sample).prediction.mean for one in scored)
    return Asked(place.test, tests, predicted)
