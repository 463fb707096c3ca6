"""Elements of a variant task: what was measured where, and means over them that weigh every element alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from shiftbench.report import real_tests as real
from shiftbench.report.frame import Number, Scores
from shiftbench.report.real_tests import Facts, Test
from shiftbench.report.tables import decimal
from shiftbench.tasks.cagi5_elements import EXPERIMENTS

PAPER = ("GP1BB", "HBB", "HBG1", "PKLR")
"""The four elements of earlier work, told apart from the others."""
UNKNOWN = "leakage not told"
OWN = "own"
"""Part of elements that a user brought: no work before knows them, whatever their names."""


@dataclass(frozen=True, slots=True)
class Element:
    """One experiment: the element it is of, its test set, and what the provider says of it."""

    name: str
    element: str
    test: Test
    part: str = UNKNOWN
    cell: str = ""
    vector: str = ""
    output: str = ""
    match: str = ""
    replicates: str = ""
    confident: int = 0
    variants: int = 0

    @property
    def clean(self) -> bool:
        """Whether no training sequence lies in the element."""
        return self.part == "clean"

    @property
    def own(self) -> bool:
        """Whether a user brought it."""
        return self.part == OWN

    @property
    def known(self) -> bool:
        """Whether it is one of the four of earlier work."""
        return self.name in PAPER and not self.own

    def within(self, stratum: str) -> "Element":
        """The same element, of its variants those in a stratum."""
        return replace(self, test=self.test.within(stratum))

    def under(self, task: str) -> "Element":
        """The same element in another task."""
        return replace(self, test=replace(self.test, task=task))


def elements(suite: str, frame: pd.DataFrame, facts: Facts) -> list[Element]:
    """Experiments of a task: clean ones first, each in the order of the task."""
    found = []
    for test in real.tests(frame):
        known = real.told(facts, suite, test)
        experiment = None if known.get("leakage") == OWN else EXPERIMENTS.get(test.group)
        correlation = known.get("replicate_correlation")
        found.append(
            Element(
                test.group,
                experiment.element if experiment else test.group,
                test,
                str(known.get("leakage", UNKNOWN)),
                str(known.get("cell", "")),
                str(known.get("vector", "")),
                str(known.get("predicted_by", test.output)),
                str(known.get("match", "")),
                "–" if correlation is None else decimal(float(correlation), 2),
                int(known.get("high_confidence", 0)),
                int(known.get("variants", 0)),
            )
        )
    return sorted(found, key=lambda one: (not one.clean, one.part))


def named(which: Sequence[Element]) -> list[str]:
    """Names of experiments."""
    return [one.name for one in which]


def mean(which: Sequence[Element], scores: Scores, recipe: str) -> Number:
    """Mean over elements without weights, experiments on one element being averaged first; `fits` counts elements."""
    by_element: dict[str, list[float]] = {}
    for one in which:
        number = one.test.number(scores, recipe)
        if number.defined:
            by_element.setdefault(one.element, []).append(number.value)
    if not by_element:
        return Number(float("nan"), reason="defined for none of these elements")
    values = [sum(values) / len(values) for values in by_element.values()]
    return Number(sum(values) / len(values), fits=len(values))


@dataclass(frozen=True, slots=True)
class Means:
    """Groups of experiments over which means are given, by title; groups that say the same are given once."""

    groups: dict[str, list[Element]]

    def first(self) -> "Means":
        """The first group alone."""
        return Means(dict(list(self.groups.items())[:1]))


def grouped(found: Sequence[Element]) -> Means:
    """The four of earlier work, the clean elements, those with a training sequence inside, and all."""
    four = [one for one in found if one.known]
    title = "the four of earlier work" if len(four) == len(PAPER) else f"{len(four)} of earlier work"
    parts = {part: [one for one in found if one.part == part] for part in dict.fromkeys(one.part for one in found)}
    groups = {title: four} | {f"{part} ({_count(which)} elements)": which for part, which in parts.items()}
    groups[f"all {_count(found)} elements"] = list(found)
    kept: dict[str, list[Element]] = {}
    for name, which in groups.items():
        if which and which not in kept.values():
            kept[name] = which
    return Means(kept)


def _count(which: Sequence[Element]) -> int:
    return len({one.element for one in which})
