"""Numbers of contenders at a test set, computed from the predictions that the store holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from shiftbench.comparison.contents import Contender, Contents, Place, Scored
from shiftbench.comparison.measured import Numbers, measure
from shiftbench.errors import ShiftbenchError, Undefined
from shiftbench.nodes import read_sample, wrap
from shiftbench.stated import Cell, Stated
from shiftbench.store import Store
from shiftbench.targets import ALL, TestSet

RESAMPLES = 1000
"""Draws of the clusters of test rows, the same for all contenders."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known at a test set: numbers by cell, contender and world, and why some are missing.

    `scored`: who was scored here at all; `simulated`: whether worlds are draws of a simulator; else several of them are
    folds of one data set, with so many test rows over training rows as `test_share` says.
    """

    place: Place
    numbers: dict[Cell, dict[Contender, dict[int, Numbers]]]
    reasons: dict[Cell, dict[Contender, list[str]]]
    scored: frozenset[Contender]
    simulated: bool
    test_share: float


def evidence(contents: Contents, place: Place, cells: Sequence[Cell], who: Sequence[Contender]) -> Evidence:
    """Numbers of contenders at a place, for each cell; a world is read once and let go of."""
    numbers: dict[Cell, dict[Contender, dict[int, Numbers]]] = {cell: {one: {} for one in who} for cell in cells}
    reasons: dict[Cell, dict[Contender, list[str]]] = {cell: {one: [] for one in who} for cell in cells}
    simulated, share = True, 0.0
    for one in who:
        if one not in contents.scores[place]:
            for cell in cells:
                reasons[cell][one].append(contents.why_absent(place, one))
    found = {one: contents.scores[place][one] for one in who if one in contents.scores[place]}
    for world in sorted({world for worlds in found.values() for world in worlds}):
        scored = {one: worlds[world] for one, worlds in found.items() if world in worlds}
        tests = _tests(contents.store, next(iter(scored.values()))[0])
        simulated = tests.sample.truth is not None
        if not simulated:
            share = _test_share(contents.store, next(iter(scored.values()))[0], len(tests.sample.observed))
        for one, nodes in scored.items():
            stated = [_stated(contents.store, node, tests) for node in nodes]
            for cell in cells:
                if lost := nodes[0].lost:
                    told = f"{lost} of {lost + len(nodes)} trainings have no score"
                    reasons[cell][one].append(f"{one}, world {world}: {told}")
                try:
                    _check(tests, cell)
                    numbers[cell][one][world] = measure(stated, cell, nodes[0].trained)
                except Undefined as reason:
                    reasons[cell][one].append(f"{one}, world {world}: {reason}" if simulated else f"{one}: {reason}")
    return Evidence(place, numbers, reasons, frozenset(found), simulated, share)


def _tests(store: Store, scored: Scored) -> TestSet:
    """The test set that a node scores, with draws of its own name, as in the results of the run."""
    node = scored.node
    return TestSet(read_sample(store.entry(node.test)), node.scored, node.labelled, RESAMPLES, node.test)


def _check(tests: TestSet, cell: Cell) -> None:
    """`Undefined` if the test set has no such target or rows."""
    if (cell.target, cell.stratum) not in tests.targets:
        missing = f"stratum {cell.stratum!r}" if (cell.target, ALL) in tests.targets else f"target {cell.target}"
        raise Undefined(f"the test set has no {missing}")


def _stated(store: Store, scored: Scored, tests: TestSet) -> list[Stated]:
    prediction = wrap(store, scored.node, tests.sample).prediction
    return [Stated(tests, prediction, column) for column in range(len(tests.sample.outputs))]


def _test_share(store: Store, scored: Scored, rows: int) -> float:
    """Test rows over training rows of a fold; 1, which errs on the safe side, if the training set is not there."""
    try:
        return rows / int(store.entry(scored.training).facts["rows"]["train"])
    except (ShiftbenchError, KeyError):
        return 1.0
