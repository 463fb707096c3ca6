"""Shifts by name and severity: a family replaces exactly one part of a world, a compound two; 0 is the same world."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from simulators import concept, covariate, measurement
from simulators.contract import World
from simulators.severity import REVERSE, Part, Solved, Unreachable

__all__ = ["FAMILIES", "REVERSE", "Family", "Shifted", "Unreachable", "apply"]


@dataclass(frozen=True, slots=True)
class Family:
    """One way to shift a world: the `part` that it replaces, what it does in one line, and how it is solved.

    The part of a compound is two, joined by a plus sign; that of `null` is none. A `reversible` family has the arm
    `reverse`, severity 2.
    """

    name: str
    part: str
    text: str
    solve: Callable[[World, float], Solved]
    reversible: bool = False


@dataclass(frozen=True, slots=True)
class Shifted:
    """A shifted world, the part that differs, the severity reached and the parameters that reach it.

    Of a compound the severity is the mean of its two; each is among the parameters, named by family.
    """

    world: World
    family: str
    part: str
    severity: float
    parameter: dict[str, float] = field(default_factory=dict)


def _null(world: World, severity: float) -> Solved:
    """Nothing differs from the source but the draw: how far two test sets of one law lie apart."""
    raise ValueError(f"shift null: severity {severity:g}; expected 0, for it changes nothing")


_SINGLE = {
    family.name: family
    for family in (
        Family("gc", "genome", "the mean GC of the background letters rises", covariate.gc),
        Family("motif_density", "genome", "more sites are planted, single and in pairs", covariate.motif_density),
        Family("grammar_use", "genome", "sites are planted in pairs, arranged as preferred", covariate.grammar_use),
        Family("turnover_sites", "genome", "planted sites decay letter by letter", covariate.turnover_sites),
        Family("turnover_pwm", "program", "public motifs blend with motifs of permuted columns", concept.turnover_pwm),
        Family(
            "grammar_rule",
            "program",
            "pairs act by another rule of spacing and strands, sites by another of orientation and position",
            concept.grammar_rule,
            reversible=True,
        ),
        Family(
            "rewiring",
            "program",
            "motif and pair effects rotate: an independent draw near dose 5, nearly reversed in the arm full",
            concept.rewiring,
            reversible=True,
        ),
        Family(
            "cell_type",
            "program",
            "what a cell type has of its own turns into what others have that were never seen",
            concept.cell_type,
            reversible=True,
        ),
        Family("depth", "assay", "fewer DNA and RNA reads a barcode", measurement.depth),
        Family("batch", "assay", "batches that were never seen, farther apart", measurement.batch),
        Family("pcr_gc", "assay", "amplification reads GC-rich inserts as less active", measurement.pcr_gc),
        Family("heteroscedastic", "assay", "dispersion grows, most at extreme GC", measurement.heteroscedastic),
        Family("heavy_tail", "assay", "jackpots of amplification, more and larger", measurement.heavy_tail),
        Family("protocol", "assay", "another promoter: less gain, more leak", measurement.protocol),
        Family("dropout", "assay", "barcodes are lost, inserts go unmeasured", measurement.dropout),
    )
}


def _compound(one: Family, two: Family) -> Family:
    def solve(world: World, severity: float) -> Solved:
        """Both parts are replaced, each solved by itself in the source world at the severity asked."""
        solved = {family.name: family.solve(world, severity) for family in (one, two)}
        parts = tuple(part for new, _, _ in solved.values() for part in new)
        parameter = {f"{name}.{key}": x for name, (_, _, found) in solved.items() for key, x in found.items()}
        reached = {f"{name}.severity": reached for name, (_, reached, _) in solved.items()}
        return parts, sum(reached.values()) / 2, reached | parameter

    return Family(f"{one.name}+{two.name}", f"{one.part}+{two.part}", f"{one.text}; and {two.text}", solve)


COMPOUNDS = (
    ("gc", "batch"),
    ("motif_density", "heteroscedastic"),
    ("rewiring", "heteroscedastic"),
    ("cell_type", "batch"),
    ("gc", "rewiring"),
    ("turnover_sites", "turnover_pwm"),
)
"""Families that are applied together, meant for severities .15 and .30."""
FAMILIES = (
    _SINGLE
    | {f"{one}+{two}": _compound(_SINGLE[one], _SINGLE[two]) for one, two in COMPOUNDS}
    | {"null": Family("null", "none", "a new draw of the source", _null)}
)
"""Every family by name."""


def apply(world: World, family: str, severity: float) -> Shifted:
    """`world` shifted to `severity` in 0..1; at 0 the same object, at 2 the arm `reverse` of a family that has it.

    `Unreachable` if the family ends before that; `ValueError` for an unknown family or a severity that it does not
    take.
    """
    if family not in FAMILIES:
        raise ValueError(f"shift {family!r}: unknown; expected one of {', '.join(FAMILIES)}")
    found = FAMILIES[family]
    if severity == REVERSE and not found.reversible:
        raise ValueError(f"shift {family}: severity 2; it has no arm reverse, expected 0 to 1")
    if not (0 <= severity <= 1 or severity == REVERSE):
        raise ValueError(f"shift {family}: severity {severity}; expected 0 to 1{', or 2' * found.reversible}")
    if severity == 0:
        return Shifted(world, family, found.part, 0.0)
    new, reached, parameter = found.solve(world, severity)
    return Shifted(_replaced(world, found, new), family, found.part, reached, parameter)


def _replaced(world: World, family: Family, new: tuple[Part, ...]) -> World:
    """World with the new parts, which must be those that the family declares."""
    names = family.part.split("+")
    if [type(part) for part in new] != [type(getattr(world, name)) for name in names]:
        given = ", ".join(type(part).__name__ for part in new)
        raise TypeError(f"shift {family.name}: gave a new {given}; expected a new {family.part}")
    return msgspec.structs.replace(world, **dict(zip(names, new, strict=True)))
