"""Shifts by name and severity: a family replaces exactly one part of a world; severity 0 gives the same world."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from simulators import concept, covariate, measurement
from simulators.contract import World
from simulators.severity import Solved, Unreachable

__all__ = ["FAMILIES", "Family", "Shifted", "Unreachable", "apply"]


@dataclass(frozen=True, slots=True)
class Family:
    """One way to shift a world: the `part` that it replaces, what it does in one line, and how it is solved."""

    name: str
    part: str
    text: str
    solve: Callable[[World, float], Solved]


@dataclass(frozen=True, slots=True)
class Shifted:
    """A shifted world, the part that differs, the severity reached and the parameters that reach it."""

    world: World
    family: str
    part: str
    severity: float
    parameter: dict[str, float] = field(default_factory=dict)


FAMILIES = {
    family.name: family
    for family in (
        Family("gc", "genome", "the mean GC of the background letters rises", covariate.gc),
        Family(
            "rewiring",
            "program",
            "motif and pair effects rotate: an independent draw near dose 5, nearly reversed in the arm full",
            concept.rewiring,
        ),
        Family("depth", "assay", "fewer DNA and RNA reads a barcode", measurement.depth),
    )
}
"""Every family by name."""


def apply(world: World, family: str, severity: float) -> Shifted:
    """`world` shifted to `severity` in 0..1; at 0 the same object.

    `Unreachable` if the family ends before that; `ValueError` for an unknown family or a severity outside 0..1.
    """
    if family not in FAMILIES:
        raise ValueError(f"shift {family!r}: unknown; expected one of {', '.join(FAMILIES)}")
    if not 0 <= severity <= 1:
        raise ValueError(f"shift {family}: severity {severity}; expected 0 to 1")
    part = FAMILIES[family].part
    if severity == 0:
        return Shifted(world, family, part, 0.0)
    new, reached, parameter = FAMILIES[family].solve(world, severity)
    if type(new) is not type(getattr(world, part)):
        raise TypeError(f"shift {family}: gave a {type(new).__name__}; expected a new {part}")
    return Shifted(msgspec.structs.replace(world, **{part: new}), family, part, reached, parameter)
