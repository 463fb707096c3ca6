"""Two contenders at one number: their difference with all that is told of it, as a row of the table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from shiftbench.comparison.contents import Contender, Place
from shiftbench.comparison.difference import Difference, difference
from shiftbench.comparison.evidence import Evidence
from shiftbench.comparison.families import Correction, Family, family
from shiftbench.comparison.ledger import Ledger, ledger, needs
from shiftbench.comparison.measured import Numbers
from shiftbench.comparison.winning import win_probability
from shiftbench.errors import Undefined
from shiftbench.stated import Cell
from shiftbench.stats.power import smallest_effect

Row = dict[str, Any]
KEYS = dict.fromkeys(("suite", "task", "test", "metric", "target"), "str") | {
    "level": "float64",
    "stratum": "str",
    "better": "str",
}
"""Columns that name a number, with their dtypes."""
COLUMNS = (
    KEYS
    | dict.fromkeys(("first", "second"), "str")
    | dict.fromkeys(
        ("first_value", "second_value", "difference", "low", "high", "error", "freedom", "p", "adjusted"), "float64"
    )
    | {"family": "str", "size": "int64", "verdict": "str", "holds": "str", "detectable": "float64", "win": "float64"}
    | dict.fromkeys(("worlds", "first_seeds", "second_seeds", "clusters"), "int64")
    | {"seeds_needed": "float64", "worlds_needed": "float64", "reason": "str"}
)
"""Columns of the table of pairs in order, with their dtypes."""


def key(place: Place, cell: Cell) -> Row:
    """Columns that name a number."""
    level = math.nan if cell.level is None else cell.level
    named = (*place, cell.metric.name, cell.target, level, cell.stratum, cell.metric.better)
    return dict(zip(KEYS, named, strict=True))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contenders at a number: value of each, difference, variances, and share of draws that the first wins.

    `difference` None: there is none, for the `reason`; `seeds`: fewest of each in a world; `better`: 1 if more is.
    """

    key: Row
    first: Contender
    second: Contender
    values: tuple[float, float]
    seeds: tuple[int, int]
    difference: Difference | None
    ledger: Ledger | None
    win: float
    reason: str

    @property
    def p(self) -> float:
        """The p value of the test, NaN where there is none."""
        found = self.difference
        return math.nan if found is None or found.mean is None or found.reason else found.mean.p


def pairs(found: Evidence, cell: Cell, who: Sequence[Contender], level: float) -> list[Pair]:
    """All pairs of contenders at a number; those of which none was scored there are left out."""
    return [_pair(found, cell, pair, level) for pair in combinations(who, 2) if found.scored.intersection(pair)]


def _pair(found: Evidence, cell: Cell, pair: tuple[Contender, Contender], level: float) -> Pair:
    first, second = (found.numbers[cell][one] for one in pair)
    reasons = [reason for one in pair for reason in found.reasons[cell][one]]
    reasons += _unpaired(pair, first, second)
    both = set(first) & set(second)
    shared = [{world: of[world] for world in of if world in both or not both} for of in (first, second)]
    values, seeds = (mean_value(shared[0]), mean_value(shared[1])), (_seeds(first), _seeds(second))
    paired = _paired(pair, first, second)
    told, account, win = None, None, math.nan
    try:
        told = difference(
            first, second, simulated=found.simulated, test_share=found.test_share, level=level, paired=paired
        )
        account = ledger(told.parts)
        reasons += [told.reason] if told.reason else []
        win = win_probability(first, second, higher=cell.metric.better == "higher", paired=paired)
    except Undefined as reason:
        reasons.append(str(reason))
    return Pair(key(found.place, cell), *pair, values, seeds, told, account, win, "; ".join(dict.fromkeys(reasons)))


def _paired(pair: tuple[Contender, Contender], first: Mapping[int, Numbers], second: Mapping[int, Numbers]) -> bool:
    """Whether both are wrappers of the same trainings, each of one at a time or both of all together."""
    return pair[0].recipe == pair[1].recipe and all(
        first[world].seeds == second[world].seeds for world in first if world in second
    )


def _unpaired(
    pair: tuple[Contender, Contender], first: Mapping[int, Numbers], second: Mapping[int, Numbers]
) -> list[str]:
    """Worlds that one of the two lacks, where both have others."""
    both = set(first) & set(second)
    alone = {one: sorted(set(of) - both) for one, of in zip(pair, (first, second), strict=True)}
    return [f"worlds {', '.join(map(str, left))} of {one} alone" for one, left in alone.items() if left and both]


def rows(every: Sequence[Pair], correction: Correction, level: float) -> list[Row]:
    """Rows (`COLUMNS`) of the pairs of one family, in their order."""
    of = family([pair.p for pair in every], correction, level)
    return [_row(pair, of, number, correction, level) for number, pair in enumerate(every)]


def _row(pair: Pair, of: Family, number: int, correction: Correction, level: float) -> Row:
    told, reason = pair.difference, pair.reason
    test = told.mean if told is not None else None
    detectable, seeds_needed, worlds_needed = math.nan, math.nan, math.nan
    if told is not None and test is not None and not math.isnan(pair.p):
        detectable = smallest_effect(test.error, test.freedom, 1 - of.threshold)
        if not of.rejected[number] and told.value and pair.ledger is not None:
            needed = needs(pair.ledger, told.value, 1 - of.threshold)
            seeds_needed, worlds_needed = (math.nan if n is None else n for n in (needed.seeds, needed.worlds))
            reason = "; ".join(filter(None, (reason, needed.reason)))
    return pair.key | {
        "first": str(pair.first),
        "second": str(pair.second),
        "first_value": pair.values[0],
        "second_value": pair.values[1],
        "difference": math.nan if told is None else told.value,
        "low": math.nan if test is None else test.low,
        "high": math.nan if test is None else test.high,
        "error": math.nan if test is None else test.error,
        "freedom": math.nan if test is None else test.freedom,
        "p": pair.p,
        "adjusted": float(of.adjusted[number]),
        "family": correction,
        "size": of.size,
        "verdict": _verdict(pair, bool(of.rejected[number])),
        "holds": "" if told is None else told.holds,
        "detectable": detectable,
        "win": pair.win,
        "worlds": 0 if told is None else len(told.parts),
        "first_seeds": pair.seeds[0],
        "second_seeds": pair.seeds[1],
        "clusters": 0 if told is None else min(one.clusters for one in told.parts.values()),
        "seeds_needed": seeds_needed,
        "worlds_needed": worlds_needed,
        "reason": reason,
    }


def _verdict(pair: Pair, rejected: bool) -> str:
    if pair.difference is not None and pair.difference.tie:
        return "tie"
    if math.isnan(pair.p) or pair.difference is None:
        return "undecided"
    if not rejected:
        return "not separated"
    higher = pair.key["better"] == "higher"
    return "first" if (pair.difference.value > 0) == higher else "second"


def mean_value(numbers: Mapping[int, Numbers]) -> float:
    """Mean over worlds of the mean over seeds, NaN of none."""
    return float(np.mean([one.values.mean() for one in numbers.values()])) if numbers else math.nan


def _seeds(numbers: Mapping[int, Numbers]) -> int:
    return min((one.seeds for one in numbers.values()), default=0)
