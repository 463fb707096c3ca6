"""What the test sets of the real tasks are, in plain words, and which of them is like the training data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shiftbench.report.real_tests import Test

ALIKE = "held-out elements, "
GC = {
    "middle": "middle three fifths (trained on)",
    "low": "lowest fifth",
    "high": "highest fifth",
    "lowest5": "lowest 5\u00a0%",
    "highest5": "highest 5\u00a0%",
    "low_matched": "lowest fifth, matched on source",
    "high_matched": "highest fifth, matched on source",
}
SOURCES = {name: f"enhancers of {name}" for name in ("HepG2", "K562", "WTC11")} | {"promoter": "promoters"}
SPECIES = {"human": "human elements (trained on)", "mouse": "mouse orthologs", "pairs": "mouse less human, by pair"}
THIRDS = tuple(f"identity {which} third" for which in ("lowest", "middle", "highest"))
LABELS = (("orientation:", "reverse less forward, "), ("large:", "inserts of the large library, "))
"""Beginnings of names of test sets, in words."""


@dataclass(frozen=True, slots=True)
class Family:
    """Test sets of one task: its title, its set that is `like` the training data, and names of sets and parts shown.

    `far`: the set of which curves are drawn beside it; `home`: task and group of a set that is like the training data
    output by output, for sets of one output.
    """

    title: str
    like: str = ""
    far: str = ""
    home: tuple[str, str] = ("", "")
    names: Mapping[str, str] = field(default_factory=dict)
    strata: tuple[str, ...] = ()

    def name(self, test: Test) -> str:
        """A test set in words."""
        group = self.names.get(test.group) or _words(test.group) or f"{ALIKE}{test.output}"
        return f"{group}, {test.stratum}" if test.stratum else group

    def baseline(self, test: Test) -> Test | None:
        """The test set like the training data that a test set is held against; None where there is none."""
        if self.home[0]:
            return Test(*self.home, test.output)
        return Test(test.task, self.like, test.output) if self.like and not test.stratum else None


def _words(group: str) -> str:
    predicted, arrow, measured = group.partition("->")
    if arrow:
        return f"output {predicted} against {measured}"
    return next((words + group.removeprefix(start) for start, words in LABELS if group.startswith(start)), group)


def _source(name: str) -> Family:
    return Family("source", name, "promoter", names=SOURCES | {name: f"{SOURCES[name]} (trained on)"})


FAMILIES = {
    **dict.fromkeys(("lentimpra_gc", "lentimpra_repair"), Family("GC content", "middle", "highest5", names=GC)),
    "lentimpra_source": _source("HepG2"),
    "lentimpra_source_wtc11": _source("WTC11"),
    "lentimpra_cells": Family("cell type", home=("lentimpra", "")),
    "lentimpra_large": Family("cloned anew", home=("lentimpra", "")),
    "lentimpra_orientation": Family("orientation"),
    "turnover": Family("species", "human", "mouse", names=SPECIES, strata=THIRDS),
    "turnover_pairs": Family("change between species", names=SPECIES, strata=THIRDS),
    "turnover_cells": Family("cell type", home=("turnover", "human")),
}


def family(task: str) -> Family:
    """What is known of a task; of any other its own names."""
    return FAMILIES.get(task, Family(task))
