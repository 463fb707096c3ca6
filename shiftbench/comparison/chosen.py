"""Which numbers are compared: the family that each suite named in advance, and what else is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shiftbench.comparison.contents import Contents, Place
from shiftbench.errors import InputError
from shiftbench.metrics.metric import ALL_TARGETS, Metric
from shiftbench.metrics.robustness import LONGEST
from shiftbench.metrics.table import METRICS
from shiftbench.registry import CONTROLS
from shiftbench.spec import NULL, did_you_mean
from shiftbench.stated import Cell
from shiftbench.targets import ALL

EVERY = "all"
"""Name that asks for all metrics of a task that have a direction."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wants to see; empty: all of it, of metrics those named in advance."""

    metrics: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    def shows(self, place: Place) -> bool:
        """Whether a test set is asked for: by name, or all doses of a family by that of the family."""
        task = not self.tasks or place.task in self.tasks or f"{place.suite}/{place.task}" in self.tasks
        return task and (not self.tests or place.test in self.tests or place.test.partition(":")[0] in self.tests)


class Choice(NamedTuple):
    """A number to compare; `primary`: the suite named it in advance, `shown`: it is asked for."""

    cell: Cell
    primary: bool
    shown: bool


def chosen(contents: Contents, asked: Asked) -> dict[Place, list[Choice]]:
    """What is compared at each place: the families named in advance, and what else is asked for.

    A family is there as a whole if any of it is shown, for its tests are corrected for each other.
    """
    _check(contents, asked)
    found: dict[Place, list[Choice]] = {}
    for suite, text in contents.primary.items():
        metric = primary_metric(text)
        own = {place: _asked(contents, asked, place) for place in contents.scores if place.suite == suite}
        family: list[Place] = []
        if metric in METRICS:
            first = Cell(METRICS[metric], "observed", None, ALL)
            family = [*_family(contents, suite, metric, text)]
        shown = {place: asked.shows(place) and (not asked.metrics or first in own[place]) for place in family}
        for place in family if any(shown.values()) else []:
            found[place] = [Choice(first, True, shown[place])]
        for place, cells in own.items():
            further = [cell for cell in cells if place not in family or cell != first]
            if further and asked.shows(place):
                found.setdefault(place, []).extend(Choice(cell, False, True) for cell in further)
    return found


def primary_metric(text: str) -> str:
    """Name of the metric with which the text of a suite begins."""
    return text.partition(" ")[0]


def cells(text: str, metrics: Sequence[str]) -> Iterator[Cell]:
    """Cells that `metric`, or `metric@more`, asks for; more: a target, a level, a stratum, each after its own @.

    Against the observed value, on all rows and at all levels unless told otherwise. `InputError` for an unknown metric,
    or one that says nothing of better and worse; `metrics` are those of the task, for `all`.
    """
    name, *more = text.split("@")
    names = [metric for metric in metrics if _directed(metric)] if name == EVERY else [name]
    for one in names:
        if one not in METRICS:
            raise InputError(f"--metrics: no {one!r}{did_you_mean(one, [*METRICS, EVERY])}")
        if not _directed(one):
            raise InputError(f"--metrics: {one} tells of no prediction whether it is better; expected one that does")
        metric = METRICS[one]
        if name != EVERY:
            _check_parts(text, metric, more)
        levels: list[float | None] = [float(part) for part in more if _number(part)] or list(metric.levels) or [None]
        targets = [part for part in more if part in ALL_TARGETS] or [next(iter(metric.targets))]
        strata = [part for part in more if part not in ALL_TARGETS and not _number(part)] or [ALL]
        yield from (
            Cell(metric, target, level if metric.levels else None, stratum)
            for target in targets
            for level in levels
            for stratum in strata
        )


def _check_parts(text: str, metric: Metric, more: Sequence[str]) -> None:
    """Refuse a target or level that the metric has not."""
    for part in more:
        if part in ALL_TARGETS and part not in metric.targets:
            raise InputError(f"--metrics {text}: {metric.name} is of {', '.join(metric.targets)}")
        if _number(part) and float(part) not in metric.levels:
            levels = ", ".join(map(str, metric.levels)) or "no level"
            raise InputError(f"--metrics {text}: {metric.name} has {levels}")


def _check(contents: Contents, asked: Asked) -> None:
    """Refuse names of tasks and test sets that the run has not."""
    places = list(contents.planned)
    tasks = {place.task for place in places} | {f"{place.suite}/{place.task}" for place in places}
    tests = {place.test for place in places} | {place.test.partition(":")[0] for place in places}
    for option, names, known in (("--tasks", asked.tasks, tasks), ("--tests", asked.tests, tests)):
        for name in names:
            if name not in known:
                raise InputError(f"{option}: the run has no {name!r}{did_you_mean(name, sorted(known))}")


def _family(contents: Contents, suite: str, metric: str, text: str) -> Iterator[Place]:
    """Test sets of the primary metric: of each family of shifts its worst dose, of real data all subsets.

    Where the text names some of the subsets of a task, those alone. The worst dose is that of the run, its mean over
    all networks: it does not hang on who is compared.
    """
    words = set(text.replace(",", " ").split())
    here = [place for place in contents.scores if place.suite == suite and metric in _metrics(contents, place)]
    for task in dict.fromkeys(place.task for place in here):
        places = [place for place in here if place.task == task]
        plain = [place for place in places if ":" not in place.test]
        yield from [place for place in plain if place.test in words] or plain
        if len(plain) < len(places):
            worst = _worst_doses(contents, suite, task, metric)
            yield from (place for place in places if place.test in worst)


def _worst_doses(contents: Contents, suite: str, task: str, metric: str) -> set[str]:
    """Of each family of shifts the test set where networks are worst on average; arms beyond the longest dose, and the
    null shift, which is as good as no shift, do not count.
    """
    rows = contents.of_metric(suite, metric)
    rows = rows[(rows.task == task) & ~rows["shift"].isin(["", NULL]) & (rows.severity <= LONGEST)]
    networks = rows[~rows.recipe.isin(CONTROLS.names())]
    means = (networks if len(networks) else rows).groupby(["shift", "test"]).value.mean()
    if METRICS[metric].better == "higher":
        means = -means
    worst = means.groupby(level="shift").idxmax()
    return {test for _, test in worst.dropna()}


def _asked(contents: Contents, asked: Asked, place: Place) -> list[Cell]:
    """Cells asked for at a place.

    Without a metric: the primary one if tasks or test sets are asked for; where the suite named none, the first.
    """
    own = _metrics(contents, place)
    if asked.metrics:
        return list(dict.fromkeys(cell for text in asked.metrics for cell in cells(text, own)))
    primary = primary_metric(contents.primary.get(place.suite, ""))
    if primary in METRICS and not (asked.tasks or asked.tests):
        return []
    return [*cells(primary if primary in own else next((name for name in own if _directed(name)), EVERY), own)]


def _metrics(contents: Contents, place: Place) -> tuple[str, ...]:
    """Metrics that the task asks for."""
    return next(scored[0].node.metrics for worlds in contents.scores[place].values() for scored in worlds.values())


def _directed(metric: str) -> bool:
    found = METRICS.get(metric)
    return found is not None and found.better != "none" and found.compute is not None


def _number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
