"""Which wrapper repairs which shift, simulated or real, and with how many labels of the target: coverage and price."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import tables
from shiftbench.report.frame import NOMINAL, Dose, Number, Place
from shiftbench.report.real_families import family
from shiftbench.report.real_tests import tests
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.tables import BLUE, VERMILLION, Entry, Notes, Table, decimal, percent, tint
from shiftbench.spec import NULL

NEAR = 0.02
"""Coverage this near to the nominal level is repaired, whatever its interval."""
FEW = 4
"""Wrappers that a sentence names; more are counted."""
MARKS = {"repaired": "✓", "narrow": "✗", "wide": "✗"}
BROKEN = {"narrow": "too narrow", "wide": "wider than they need be"}
SHADES = {"repaired": tint(BLUE), "narrow": tint(VERMILLION), "wide": tint(VERMILLION, 0.1)}
KEY = ("shift", "dose", "group", "recipe", "wrapper", "budget")
TOLD = {"effective_sample_size": "effective rows", "infinite_share": "infinite", "kept_share": "answered"}
"""Numbers that say what a wrapper's intervals rest on."""
METRICS = ("coverage", "interval_score", "width", "rmse", *TOLD)
CAPTION = (
    f"Coverage of {percent(NOMINAL)} intervals, %, by wrapper and by how many labelled rows of the target calibrate it "
    "(0: rows like the training data); all are scored on the same remaining rows. "
    f"✓ repaired: within {100 * NEAR:g} points of {percent(NOMINAL)}, or its interval holds {percent(NOMINAL)}; "
    "✗ broken: otherwise, paler where intervals are wider than they need be. Small: the price, as the interval score "
    "in multiples of the oracle's (1 is the best there is), or the mean width where there is no oracle; then the "
    f"{BARS}."
)

Mark = Literal["", "repaired", "narrow", "wide"]
Line = tuple[str, int]
"""A wrapper and how many labels of the target it saw."""


@dataclass(frozen=True, slots=True)
class Repairs:
    """Numbers of a task (keys: `KEY`) by metric, and the test sets shown."""

    found: dict[str, read.Scores]
    places: list[Place]

    def at(self, metric: str, place: Place, recipe: str, line: Line = ("none", 0)) -> Number:
        """Number of a wrapper on a test set."""
        wrapper, budget = line
        return self.found[metric].get((*place.key, recipe, wrapper, str(budget)), read.NOT_SCORED)

    def mark(self, place: Place, recipe: str, line: Line = ("none", 0)) -> Mark:
        """Whether a wrapper's coverage is that stated."""
        return mark(self.at("coverage", place, recipe, line))


def budgeted(rows: pd.DataFrame) -> bool:
    """Whether a task asks what labels of the target do for the wrappers."""
    return bool((rows["budget"] > 0).any())


def repaired(task: str, rows: pd.DataFrame, title: str) -> Section:
    """A sentence a test set, and a table a network: wrapper and budget by test set; open is that of `_networks`."""
    rows = read.over_outputs(rows[(rows["stratum"] == "") & rows["target"].isin(["observed", ""])])
    found = _read(task, rows)
    lines = {name: _lines(rows, name) for name in read.networks(rows)}
    names = _networks(found, lines)
    shown = [_table(f"Coverage of {name} by wrapper", found, name, lines[name]) for name in names]
    told = [_told(f"What the intervals of {name} rest on", found, name, lines[name]) for name in names]
    leader = names[0] if names else ""
    return Section(
        f"{task}-repair",
        f"{task}: what repairs what",
        title,
        given([summary(found, leader, lines.get(leader, []))]),
        given([sentence(found, place, leader, lines.get(leader, [])) for place in found.places]),
        caption=CAPTION,
        tables=tuple(table for table in (*shown[:1], *told[:1]) if table.rows),
        hidden=tuple(table for table in (*shown[1:], *told[1:]) if table.rows),
    )


def _read(task: str, rows: pd.DataFrame) -> Repairs:
    by = {name: read.numbers(read.leveled(rows[rows["metric"].isin([name, ""])]), KEY) for name in METRICS}
    return Repairs(by, list(_places(task, rows, by["coverage"])))


def _places(task: str, rows: pd.DataFrame, coverage: read.Scores) -> Iterator[Place]:
    """No shift, then shifts by part at their largest dose; of real data the test sets in their order."""
    if read.kind(rows) != "shift":
        known = family(task)
        for test in tests(rows):
            yield Place(known.name(test), ("", "0", test.group), f"on {known.name(test)}")
        return
    start = NULL if NULL in set(rows["shift"].unique()) else ""
    yield Place(start or "i.i.d.", (start, "0", ""), "without a shift")
    for shift in [name for found in read.families(rows).values() for name in found] + read.compounds(rows):
        dose = read.largest(read.reached(coverage, shift, read.doses(rows, shift)) or [Dose("0", 0.0)])
        yield Place(f"{shift}, {dose.label}", (shift, dose.name, ""), f"under {shift} at {dose.label}")


def _lines(rows: pd.DataFrame, recipe: str) -> list[Line]:
    """Wrappers of a network with each of their budgets."""
    own = rows[rows["recipe"] == recipe][["wrapper", "budget"]].drop_duplicates()
    order = read.wrappers(own)
    found = [(str(wrapper), int(budget)) for wrapper, budget in zip(own["wrapper"], own["budget"], strict=True)]
    return sorted((line for line in found if line[0]), key=lambda line: (order.index(line[0]), line[1]))


def _networks(found: Repairs, lines: dict[str, list[Line]]) -> list[str]:
    """Networks with most wrappers first; of those the one that errs least on the first test set."""

    def order(name: str) -> tuple[int, float]:
        error = found.at("rmse", found.places[0], name).value if found.places else math.nan
        return -len(lines[name]), math.inf if math.isnan(error) else error

    return sorted(lines, key=order)


def mark(number: Number) -> Mark:
    """Repaired if within `NEAR` of nominal or if the interval holds it, else broken, too narrow or too wide."""
    if not number.defined:
        return ""
    if abs(number.value - NOMINAL) <= NEAR + 1e-12 or number.low <= NOMINAL <= number.high:
        return "repaired"
    return "narrow" if number.value < NOMINAL else "wide"


def _table(title: str, found: Repairs, recipe: str, lines: Sequence[Line]) -> Table:
    """A row a wrapper and number of labels, a column a test set; of rows without a number only the reason is told."""
    notes, body, unused = Notes(), [], []
    for line in lines:
        held = [found.at("coverage", place, recipe, line) for place in found.places]
        if len({number.reason for number in held}) == 1 and not any(number.defined for number in held):
            unused.append(held[0].reason)
            continue
        fields = [_entry(found, place, recipe, line, notes) for place in found.places]
        body.append((Entry(line[0]), Entry(str(line[1])), *fields))
    if any(found.at("coverage", place, read.ORACLE).defined for place in found.places):
        ends = [_entry(found, place, read.ORACLE, ("none", 0), notes) for place in found.places]
        body.append((Entry(read.ORACLE), Entry("–"), *ends))
    own = {
        name: {key: one for key, one in found.found[name].items() if key[3] in (recipe, read.ORACLE)}
        for name in ("coverage", "interval_score", "width")
    }
    heads = ("wrapper", "labels", *[place.name for place in found.places])
    return Table(title, heads, tuple(body), (*notes.lines(), *dict.fromkeys(unused)), tables.tsv(KEY, own), labels=2)


def _entry(found: Repairs, place: Place, recipe: str, line: Line, notes: Notes) -> Entry:
    """Coverage with its mark, its price and its interval."""
    held = found.at("coverage", place, recipe, line)
    one, judged = tables.entry(held, notes, share=True), mark(held)
    if not judged:
        return one
    price = _price(found, place, recipe, line)
    small = "; ".join(given([price, one.small]))
    return Entry(f"{MARKS[judged]} {one.text}", small, shade=SHADES[judged])


def _price(found: Repairs, place: Place, recipe: str, line: Line) -> str:
    """Interval score in multiples of the oracle's, else the mean width or how many are endless; empty if unknown."""
    score, best = found.at("interval_score", place, recipe, line), found.at("interval_score", place, read.ORACLE)
    if score.defined and best.defined and best.value > 0:
        return f"×\u00a0{decimal(score.value / best.value, 2)}"
    width = found.at("width", place, recipe, line)
    if width.defined:
        return f"width {decimal(width.value, 2)}"
    endless = found.at("infinite_share", place, recipe, line)
    return f"∞ in {percent(endless.value)}" if endless.value > 0 else ""


def _told(title: str, found: Repairs, recipe: str, lines: Sequence[Line]) -> Table:
    """Effective sample size, share of infinite intervals and of rows answered, of the wrappers that they tell of."""
    body = []
    for line in lines:
        for name, says in TOLD.items():
            numbers = [found.at(name, place, recipe, line) for place in found.places]
            known = [number.value for number in numbers if number.defined]
            if known and (name != "infinite_share" or max(known) > 0):
                digits = (lambda x: decimal(x, 0)) if name == "effective_sample_size" else percent
                fields = [Entry(digits(number.value) if number.defined else "–") for number in numbers]
                body.append((Entry(line[0]), Entry(f"{says}, {line[1]} labels"), *fields))
    return Table(title, ("wrapper", "number", *[place.name for place in found.places]), tuple(body), labels=2)


def sentence(found: Repairs, place: Place, recipe: str, lines: Sequence[Line]) -> str:
    """What a shift does to the intervals of a network, and which wrappers mend it with how many labels."""
    held, judged = found.at("coverage", place, recipe), found.mark(place, recipe)
    where = f"{place.where[:1].upper()}{place.where[1:]}"
    text = f"{where} the {percent(NOMINAL)} intervals of {recipe} hold {percent(held.value)} as predicted"
    if not judged:
        return ""
    if judged == "repaired":
        spoilt = [line[0] for line in lines if line[1] == 0 and found.mark(place, recipe, line) in BROKEN]
        named = read.listed(spoilt) if len(spoilt) <= FEW else f"{len(spoilt)} of the wrappers"
        more = f"; after {named} they no longer hold what they state" if spoilt else ""
        return f"{text}: nothing to repair{more}."
    parts = []
    for budget in sorted({line[1] for line in lines}):
        tried = [line for line in lines if line[1] == budget and line[0] != "none"]
        names = [line[0] for line in tried if found.mark(place, recipe, line) == "repaired"]
        told = (read.listed(names) or "nothing") if len(names) <= FEW else f"{len(names)} of {len(tried)} wrappers"
        if tried:
            parts.append(f"{_labels(budget)} {told} repair{'s' * (len(names) < 2)} it")
    mended = "; ".join(parts)
    return f"{text}, {BROKEN[judged]}. {mended[:1].upper()}{mended[1:]}."


def _labels(budget: int) -> str:
    return f"with {budget} labels of the target" if budget else "without labels of the target"


def summary(found: Repairs, recipe: str, lines: Sequence[Line]) -> str:
    """Where a network's intervals are too narrow or too wide, and in how many of these cases some wrapper helps."""
    marks = {place.where: judged for place in found.places if (judged := found.mark(place, recipe))}
    broken = [place for place in found.places if marks.get(place.where) in BROKEN]
    start = f"The {percent(NOMINAL)} intervals of {recipe}"
    if not broken:
        return f"{start} hold what they state on all {len(marks)} test sets." if marks else ""
    named = [
        f"{says} {read.listed(names)}"
        for judged, says in BROKEN.items()
        if (names := [where for where, one in marks.items() if one == judged])
    ]
    told: list[str] = []
    for budget in sorted({line[1] for line in lines}):
        own = [line for line in lines if line[1] == budget]
        count = sum(any(found.mark(place, recipe, line) == "repaired" for line in own) for place in broken)
        told.append(f"{count} {_labels(budget) if not told else f'with {budget}'}")
    return f"{start} are {', and '.join(named)}; of these {len(broken)} some wrapper repairs {read.listed(told)}."
