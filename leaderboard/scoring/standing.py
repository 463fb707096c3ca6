"""Where an entry stands in the table."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with the ends of its 95 % interval; NaN where there is none."""

    value: float
    low: float
    high: float


NO_INTERVAL = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of the table.

    `score`: mean clipped scaled CRPS over parts, families and worlds, NaN if incomplete; `parts`, `families`: the same
    by part and by family (value NaN if a cell is missing); `source_law`: at severity 0; `worst_family`: the lowest of
    them by name, "" if unknown; `coverage`: of the 90 % intervals at severity 0, `gate`: whether it is within .05 of
    nominal, None if unknown; `place`, `best`, `worst`, `group`: rank with its interval and group among those that are
    ranked, 0 if not; `part_places`: place within each part that is complete; `clipped`, `undefined`: numbers of cells;
    `unranked`: why there is no rank, "" if there is one; `labels`: label budget, within which places are given;
    `copies`: ids of earlier entries of which this is a near-copy; `counted`: False for the later of two near-copies
    that are ranked, which moves nobody's rank and is given the one that it would have instead of the other.
    """

    id: str
    score: Interval
    parts: dict[str, Interval]
    families: dict[str, Interval]
    source_law: Interval
    worst_family: str
    coverage: float
    gate: bool | None
    place: int
    best: int
    worst: int
    group: int
    part_places: dict[str, int]
    clipped: int
    undefined: int
    unranked: str
    labels: int = 0
    copies: tuple[str, ...] = ()
    counted: bool = True
    flags: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Table:
    """All standings in order (ranked first, then the others by id), and how often one beats another.

    `wins[a][b]`: share of single trainings and worlds in which a has the higher score than b, ties half; of all that
    are ranked within one label budget. `decided`: pairs (better, worse) of them that are told apart beyond chance,
    from which places have their intervals and groups.
    """

    standings: tuple[Standing, ...]
    wins: dict[str, dict[str, float]]
    decided: tuple[tuple[str, str], ...] = ()
