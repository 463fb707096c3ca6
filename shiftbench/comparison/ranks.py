"""Ranks of contenders with what is not decided about them: intervals, groups, and ties that stay ties."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Rank(Generic[Name]):
    """Rank of a contender, 1 best.

    `place`: by its number alone, equal ones share the best of their places; `best` = 1 + how many are better beyond
    chance, `worst` = how many are not worse beyond chance (itself among them); `group`: runs of places, a new one
    begins with whoever is worse beyond chance than the first of the last. Who is not separated from somebody in a
    better group still stands in that of its place: the interval tells the rest.
    """

    name: Name
    place: int
    best: int
    worst: int
    group: int


def ranks(values: Mapping[Name, float], better: Sequence[tuple[Name, Name]], *, higher: bool) -> list[Rank[Name]]:
    """Ranks from numbers and from the decided pairs (better, worse), in the order of places; NaN has no rank."""
    known = {name: -value if higher else value for name, value in values.items() if not np.isnan(value)}
    decided = {(good, bad) for good, bad in better if good in known and bad in known}
    order = sorted(known, key=lambda name: (known[name], str(name)))
    groups: dict[Name, int] = {}
    number, first = 0, None
    for name in order:
        if first is None or (first, name) in decided:
            number, first = number + 1, name
        groups[name] = number
    return [
        Rank(
            name,
            place=1 + sum(known[other] < known[name] for other in known),
            best=1 + sum((other, name) in decided for other in known),
            worst=len(known) - sum((name, other) in decided for other in known),
            group=groups[name],
        )
        for name in order
    ]
