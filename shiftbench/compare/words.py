"""A comparison in plain words: one line a pair and test set, and small tables for a terminal."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from shiftbench.compare.comparison import Comparison

FEW = 60
"""So many lines are read; above, pairs are summed up."""
SHOWN = 12
"""Columns of contenders that a terminal has room for."""
PAIRS = ("first", "second", "number", "better", "worse", "not separated", "tie", "undecided", "win")
"""Head of the table of pairs."""
LEDGER = ("test", "of", "world", "seed", "item", "residual", "seeds", "worlds")
"""Head of the table of variances."""

Row = Any
"""A named row of a table."""


def lines(found: Comparison) -> Iterator[str]:
    """What the comparison says, a line for each pair and number."""
    yield from (sentence(row, found.level) for row in found.pairs.itertuples())


def sentence(row: Row, level: float) -> str:
    """One row of the table of pairs in words."""
    on = f"on {named(row)} at {row.task} {row.test}"
    percent = f"{100 * level:g} %"
    if row.verdict == "tie":
        return f"{row.first} and {row.second} tie {on}: the same numbers throughout"
    interval = "" if math.isnan(row.low) else f" [{_ends(row)}]"
    if row.verdict == "undecided":
        by = (
            ""
            if math.isnan(row.difference)
            else f" {row.difference:+.3g}{interval} (for {row.holds})" * bool(row.holds)
        )
        return f"{row.first} - {row.second}{by} {on}: undecided; {row.reason}"
    p = f"{row.family} p = {_p(row.adjusted)} of {row.size}"
    if row.verdict in ("first", "second"):
        winner, other = (row.first, row.second)[:: 1 if row.verdict == "first" else -1]
        return f"{winner} is better than {other} by {_size(row, percent)} {on} ({p}; for {row.holds})"
    seen = f"would have seen {row.detectable:.2g} or more; {_needed(row)}"
    return f"{row.first} and {row.second} are not separated {on}: {row.difference:+.3g}{interval} ({p}); {seen}"


def named(row: Row) -> str:
    """Metric of a row with its target, level and stratum where they are not the plain ones."""
    level = "" if math.isnan(row.level) else f"@{row.level:g}"
    target = "" if row.target == "observed" else f"@{row.target}"
    distance = ", distance from its nominal value," if row.better == "nominal" else ""
    return f"{row.metric}{target}{level}{'@' + row.stratum if row.stratum else ''}{distance}"


def holds(found: Comparison) -> Iterator[str]:
    """For which units the results hold, each once, with the number of test sets."""
    for text, count in Counter(found.pairs.holds[found.pairs.holds != ""]).items():
        yield f"{count} of {len(found.pairs)} comparisons hold for {text}"


def summed(found: Comparison) -> Iterator[tuple[str, ...]]:
    """Pair, and on how many test sets the first is better, worse, not separated, tied or undecided; win probability."""
    for (first, second, metric), rows in found.pairs.groupby(["first", "second", "metric"], sort=False):
        count = Counter(rows.verdict)
        verdicts = (count["first"], count["second"], count["not separated"], count["tie"], count["undecided"])
        yield (str(first), str(second), str(metric), *map(str, verdicts), _number(rows.win.mean(), 2))


def ranked(found: Comparison) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of the table of ranks: a row a number, best to worst rank and (group) of each contender."""
    shown = found.contenders[:SHOWN]
    rows = []
    for _, group in found.ranks.groupby(
        ["task", "test", "metric", "target", "level", "stratum"], dropna=False, sort=False
    ):
        by = {row.contender: row for row in group.itertuples()}
        first = next(iter(by.values()))
        cells = (_rank(by[name]) if name in by else "" for name in shown)
        rows.append((f"{first.task} {first.test}", named(first), *cells))
    return ("test set", "number", *shown), rows


def variances(found: Comparison) -> list[tuple[str, ...]]:
    """Rows of the table of variances, as standard deviations, with what would separate a pair."""
    return [
        (
            f"{row.task} {row.test}",
            row.of,
            *(
                _number(math.sqrt(part) if part >= 0 else math.nan, 4)
                for part in (row.world, row.seed, row.item, row.residual)
            ),
            str(row.seeds),
            str(row.worlds),
        )
        for row in found.ledger.itertuples()
    ]


def _rank(row: Row) -> str:
    interval = f"{row.best}-{row.worst}" if row.best < row.worst else str(row.best)
    return f"{row.value:.3f}  {interval} ({row.group})"


def _size(row: Row, percent: str) -> str:
    """Size of a difference, without its sign, with the interval turned likewise."""
    low, high = sorted((abs(row.low), abs(row.high))) if row.low * row.high > 0 else (row.low, row.high)
    if row.low * row.high <= 0 and row.difference < 0:
        low, high = -row.high, -row.low
    return f"{abs(row.difference):.3g} [{low:.3g}, {high:.3g}]"


def _ends(row: Row) -> str:
    return f"{row.low:.3g}, {row.high:.3g}"


def _needed(row: Row) -> str:
    """What would separate two contenders of this difference."""
    units = [
        f"{number:.0f} {name}"
        for name, number in (("seeds each", row.seeds_needed), ("worlds", row.worlds_needed))
        if not math.isnan(number)
    ]
    if units:
        return f"a difference of this size needs {' or '.join(units)}"
    return row.reason if row.reason else "no difference to look for"


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 0.001 else "under .001"


def _number(value: float, digits: int) -> str:
    return "" if pd.isna(value) else f"{value:.{digits}f}"
