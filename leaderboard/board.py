"""The ranked suite with its truth: every cell of the table, with the rows that answer it and its references."""

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from leaderboard.questions import Asked, Questions
from shiftbench import arrays, run
from shiftbench.catalog import load_suite
from shiftbench.errors import StoreError
from shiftbench.nodes import Context, read_sample
from shiftbench.options import Options
from shiftbench.plan import ORACLES, Plan, plan
from shiftbench.prediction import Prediction
from shiftbench.spec import Score, Suite
from shiftbench.store import Store
from shiftbench.validate import Selection
from simulators.cache import cache_folder
from simulators.contract import Sample

SUITE = "board"
TIER = "core"
"""Sizes at which the references are trained; the test sets are the same at every tier."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One family at one dose in one world.

    `world`: its name; `part`: genome, program or assay, "" at severity 0; `family`, `dose`, `severity`: the shift;
    `question`: number of the set in `Questions.sets` that holds its rows, `rows` intp (n,) their places there;
    `sample`: these rows with what was measured and the truth; `references`: training mean (floor), source oracle
    (source) and oracle (target) on them.
    """

    world: str
    part: str
    family: str
    dose: str
    severity: float
    question: int
    rows: NDArray[np.intp]
    sample: Sample
    references: Mapping[str, Prediction]


@dataclass(frozen=True, slots=True)
class Board:
    """What is asked, and the truth of it."""

    questions: Questions
    cells: tuple[Cell, ...]


def questions(store: Path) -> Questions:
    """What the development table asks; test sets that `store` lacks are drawn into it, nothing is trained.

    Raises `StoreError` if a set cannot be made.
    """
    suite = ranked_suite()
    planned = plan([suite], TIER, Selection())
    tests = [test.test for test, _ in scored_tests(planned)]
    _make(store, planned, tests)
    return _questions(store, suite, planned, tests)


def development(store: Path) -> Board:
    """The development table with its truth: test sets and references, made in `store` where they are not.

    In this process, on the CPU. Raises `StoreError` if one of them cannot be made.
    """
    suite = ranked_suite()
    planned = plan([suite], TIER, Selection())
    tests = list(scored_tests(planned))
    _make(store, planned, [name for test, _ in tests for name in (test.test, *test.references.values())])
    asked = _questions(store, suite, planned, [test.test for test, _ in tests])
    return Board(asked, tuple(_cells(Store(store), tests)))


def ranked_suite() -> Suite:
    """The ranked suite with its floor and ceilings alone."""
    suite = load_suite(SUITE)
    task = msgspec.structs.replace(suite.task[0], recipes=tuple(ORACLES.values()), wrappers=("none",))
    return msgspec.structs.replace(suite, task=(task,))


def scored_tests(planned: Plan) -> Iterator[tuple[Score, dict[str, object]]]:
    """A Score node of every test set of a plan, with what its rows say of the set, in the order of the plan."""
    seen = set()
    for name, row in planned.scores:
        node = planned.nodes[name]
        if isinstance(node, Score) and node.test not in seen:
            seen.add(node.test)
            yield node, row


def _make(store: Path, planned: Plan, names: Collection[str]) -> None:
    """Make nodes of the plan with all that they need; `StoreError` for the first that fails."""
    wanted, left = set[str](), list(names)
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left += planned.needs[name]
    Store(store).prepare()
    context = Context(store=store, cache=cache_folder())
    options = Options(SUITE, TIER, store, context, engine="inprocess", workers=1, quiet=True)
    for name, outcome in run.make(options, planned, wanted, time.time()).items():
        if outcome.state not in ("made", "reused"):
            raise StoreError(f"{planned.labels[name]}: cannot be made ({outcome.reason}); expected every set")


def _questions(store: Path, suite: Suite, planned: Plan, tests: list[str]) -> Questions:
    samples = {name: read_sample(Store(store).entry(name)) for name in tests}
    return Questions(
        suite=suite.name,
        version=suite.version,
        round="",
        outputs=samples[tests[0]].outputs,
        seeds=tuple(range(suite.task[0].tiers[TIER].seeds)),
        sets=tuple(Asked(name, planned.labels[name], sample.id) for name, sample in samples.items()),
    )


def _cells(store: Store, tests: list[tuple[Score, dict[str, object]]]) -> Iterator[Cell]:
    for number, (node, row) in enumerate(tests):
        sample = read_sample(store.entry(node.test))
        severity = float(str(row["severity"]))
        yield Cell(
            world=str(row["world"]),
            part=str(row["part"]) if severity else "",
            family=str(row["shift"]),
            dose=str(row["dose"]),
            severity=severity,
            question=number,
            rows=np.arange(len(sample.id)),
            sample=sample,
            references={role: _reference(store, name, sample) for role, name in node.references.items()},
        )


def _reference(store: Store, name: str, sample: Sample) -> Prediction:
    entry = store.entry(name)
    stored = arrays.load_prediction(entry.file("prediction.npz"))
    return stored.columns([entry.facts["outputs"].index(output) for output in sample.outputs])
