"""What a task asks: its training sequences and test sets, from the store or anew, and what was predicted of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftbench import arrays
from shiftbench.compare.contents import Contender, Contents, Place, Scored, read
from shiftbench.errors import InputError, MissingData
from shiftbench.nodes import Context, read_sample, wrap
from shiftbench.plan import Plan, plan
from shiftbench.registry import PROVIDERS
from shiftbench.spec import TIERS, Data, Suite, Task, did_you_mean
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


def largest(suite: Suite, teacher: Task) -> str:
    """The largest tier that a task has; `InputError` if it has none."""
    tiers = [tier for tier in TIERS if tier in teacher.tiers]
    if not tiers:
        raise InputError(f"suite {suite.name}, task {teacher.name}: no tiers; expected one of {', '.join(TIERS)}")
    return tiers[-1]


def planned(suite: Suite, task: Task, tier: str, context: Context) -> tuple[Training, list[Asked]]:
    """Training sequences and test sets of the first world at a tier; made here where the store lacks them."""
    made = _plan(suite, task, tier, context)
    data = {made.labels[name]: (name, node) for name, node in made.nodes.items() if isinstance(node, Data)}
    first = {label: found for label, found in data.items() if found[1].world == 0}
    training = next(_samples(*found, context) for found in first.values() if found[1].role == "training")
    prefix = f"{suite.name}/{task.name}/world0/"
    tests = {
        label.removeprefix(prefix).removesuffix("/test"): (name, _samples(name, node, context)["test"])
        for label, (name, node) in first.items()
        if node.role == "test"
    }
    asked = [
        Asked(name, TestSet(sample, task.scored, task.labelled, RESAMPLES, digest))
        for name, (digest, sample) in tests.items()
    ]
    return _joined([training[role] for role in ROLES]), asked


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


def _joined(samples: Sequence[Sample]) -> Training:
    parts = [(sample.id, sample.sequence, sample.observed) for sample in samples]
    return Training(*(np.concatenate(columns) for columns in zip(*parts, strict=True)), samples[0].outputs)


def ran(
    folder: Path, suite: str, task: str, recipes: Sequence[str], store: Path | None
) -> tuple[Training, list[Asked]]:
    """Likewise of a finished run, with what its recipes (none named: all) predicted, each as it is.

    `InputError` for a task or recipe that the run does not have.
    """
    contents = read(folder, store)
    places = [place for place in contents.scores if (place.suite, place.task) == (suite, task)]
    if not places:
        known = sorted({f"{place.suite}/{place.task}" for place in contents.scores})
        raise InputError(f"{folder}: no task {suite + '/' + task!r}{did_you_mean(f'{suite}/{task}', known)}")
    known = sorted({who.recipe for place in places for who in contents.scores[place]})
    for recipe in recipes:
        if recipe not in known:
            raise InputError(f"{folder}: no recipe {recipe!r}{did_you_mean(recipe, known)}")
    training = _stored(contents.store.entry(_first(contents, places[0]).training))
    asked = [_predicted(contents, place, recipes or known) for place in places]
    return _joined([training[role] for role in ROLES]), asked


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
