"""A comparison in plain words: a line for each pair at each test set, and small tables for a terminal."""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from shiftbench.comparison.compare import Comparison

SHARED = ("world", "seed", "item", "residual")
"""Parts of a variance."""

Row = dict[str, Any]
"""A row of a table by column."""


class Table(NamedTuple):
    """A small table of text."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def lines(found: "Comparison") -> list[str]:
    """What the comparison says, a line for each pair and number."""
    return [sentence(row) for row in records(found.pairs)]


def records(table: Any) -> list[Row]:
    """Rows of a data frame by column."""
    found: list[Row] = table.astype(object).to_dict("records")
    return found


def sentence(row: Row) -> str:
    """One row of the table of pairs in words."""
    first, second, on = row["first"], row["second"], f"on {_number(row)} at {_test(row)}"
    interval = "" if math.isnan(row["low"]) else f" [{row['low']:.3g}, {row['high']:.3g}]"
    match row["verdict"]:
        case "tie":
            return f"{first} and {second} tie {on}: the same numbers throughout"
        case "undecided":
            known = not math.isnan(row["difference"])
            by = f": {row['difference']:+.3g}{interval} for {row['holds']}, but" * bool(known and row["holds"])
            return f"{first} and {second} {on}{by or ':'} undecided ({row['reason']})"
        case "first" | "second" as better:
            winner, other = (first, second)[:: 1 if better == "first" else -1]
            but = f"; {row['reason']}" if row["reason"] else ""
            return f"{winner} is better than {other} by {_turned(row)} {on} ({_chance(row)}; for {row['holds']}{but})"
    seen = f"would have seen {row['detectable']:.2g} or more"
    return f"{first} and {second} are not separated {on}: {row['difference']:+.3g}{interval} ({_chance(row)}); " + (
        f"{seen}; {_needed(row)}"
    )


def units(found: "Comparison") -> Iterator[str]:
    """For which units results hold, and what was corrected for."""
    yield from found.absent
    rows = records(found.pairs)
    for holds, count in Counter(row["holds"] for row in rows if row["holds"]).items():
        yield f"{count} of {len(rows)} comparisons hold for {holds}"
    families = {(row["suite"], row["family"], row["size"]) for row in rows if row["size"]}
    for suite, family, size in sorted(families):
        of = "the number that the suite named in advance" if family == "Holm" else "all other numbers asked for"
        yield f"{suite}: {family} over {size} tests of {of}; intervals are {100 * found.level:g} % each by itself"


def tables(found: "Comparison") -> list[Table]:
    """Ranks, and the variances behind few differences, or how many of many are separated."""
    return [ranked(found), *(variances(found) if found.few else [summed(found)])]


def ranked(found: "Comparison") -> Table:
    """Numbers of all contenders, with the ranks that they may have and, in brackets, their group."""
    rows = []
    for _, group in groupby(records(found.ranks), key=lambda row: (row["suite"], _test(row), _number(row))):
        by = {row["contender"]: row for row in group}
        first = next(iter(by.values()))
        cells = (_rank(by[name]) if name in by else "" for name in found.contenders)
        rows.append((_test(first), _number(first), *cells))
    return Table("numbers, (group) and ranks from best to worst", ("test set", "number", *found.contenders), rows)


def summed(found: "Comparison") -> Table:
    """On how many test sets each pair is separated, and the mean win probability of the first."""
    rows = []
    every = sorted(records(found.pairs), key=lambda row: (row["first"], row["second"], _number(row)))
    for (first, second, number), group in groupby(every, key=lambda row: (row["first"], row["second"], _number(row))):
        own = list(group)
        count = Counter(row["verdict"] for row in own)
        verdicts = (str(count[name]) for name in ("first", "second", "not separated", "tie", "undecided"))
        wins = [row["win"] for row in own if not math.isnan(row["win"])]
        rows.append((f"{first} | {second}", number, *verdicts, f"{sum(wins) / len(wins):.2f}" if wins else ""))
    head = ("first | second", "number", "first better", "second", "not separated", "tie", "undecided", "first wins")
    return Table("pairs: number of test sets", head, rows)


def variances(found: "Comparison") -> Iterator[Table]:
    """Where the error of each difference comes from, a table a pair: standard deviations, shares of its square."""
    told = [row for row in records(found.ledger) if " - " in row["of"]]
    for of, group in groupby(sorted(told, key=lambda row: str(row["of"])), key=lambda row: row["of"]):
        rows, counts = [], set()
        for row in group:
            shares = _shares(row)
            parts = (_part(row[name], shares[name]) for name in SHARED)
            rows.append((f"{_test(row)} {_number(row)}", *parts))
            counts.add(f"{row['worlds']} x {row['seeds']}")
        title = f"{of}: SD between units (share of the squared error), worlds x seeds: {', '.join(sorted(counts))}"
        yield Table(title, ("test set", "worlds", "seeds", "items", "left"), rows)


def _shares(row: Row) -> dict[str, float]:
    """Share of each part in the squared error of the mean over all units."""
    worlds, seeds, items = row["worlds"], row["seeds"], row["items"]
    counts = {"world": worlds, "seed": worlds * seeds, "item": worlds * items, "residual": worlds * seeds * items}
    parts = {name: 0.0 if math.isnan(row[name]) else row[name] / counts[name] for name in SHARED}
    if row["worlds"] == 1:
        parts["world"] = 0.0
    whole = sum(parts.values())
    return {name: part / whole if whole else math.nan for name, part in parts.items()}


def _part(variance: float, share: float) -> str:
    if math.isnan(variance):
        return "unknown"
    return f"{math.sqrt(variance):.2g}" + ("" if math.isnan(share) else f" ({100 * share:.0f} %)")


def _test(row: Row) -> str:
    return f"{row['task']} {row['test']}"


def _number(row: Row) -> str:
    """Metric with its target, level and stratum where they are not the plain ones."""
    told = "" if row["target"] == "observed" else f"@{row['target']}"
    told += "" if math.isnan(row["level"]) else f"@{row['level']:g}"
    told += f"@{row['stratum']}" if row["stratum"] else ""
    return f"{row['metric']}{told}" + (" (distance from nominal)" if row["better"] == "nominal" else "")


def _chance(row: Row) -> str:
    p = f"{row['adjusted']:.2g}" if row["adjusted"] >= 0.001 else "under .001"
    wins = "" if math.isnan(row["win"]) else f", {row['first']} wins {100 * row['win']:.0f} %"
    return f"{row['family']} p {p}{wins}"


def _turned(row: Row) -> str:
    """Size of a difference with its interval, both from the side of the better one."""
    low, high = (row["low"], row["high"]) if row["difference"] > 0 else (-row["high"], -row["low"])
    return f"{abs(row['difference']):.3g} [{low:.3g}, {high:.3g}]"


def _needed(row: Row) -> str:
    """What would separate two contenders of this difference."""
    named = (("seeds each", row["seeds_needed"]), ("worlds", row["worlds_needed"]))
    told = " or ".join(f"{number:.0f} {name}" for name, number in named if not math.isnan(number))
    if told:
        alone = "; more seeds alone would not do" if math.isnan(row["seeds_needed"]) else ""
        return f"a difference of this size needs {told}{alone}"
    return str(row["reason"]) or "there is no difference to look for"


def _rank(row: Row) -> str:
    interval = f"{row['best']}-{row['worst']}" if row["best"] < row["worst"] else str(row["best"])
    return f"{row['value']:.3f} ({row['group']}) {interval}"
