"""Which wrapper repairs which simulated shift, and with how many labels of the target: coverage, and at what price."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import tables
from shiftbench.report.doses import BLUE, VERMILLION, tint
from shiftbench.report.frame import NOMINAL, Dose, Number
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.tables import Entry, Notes, Table, decimal, percent
from shiftbench.spec import NULL

NEAR = 0.02
"""Coverage this near to the nominal level is repaired, whatever its interval."""
FEW = 4
"""Wrappers that a sentence names; more are counted."""
MARKS = {"repaired": "✓", "broken": "✗"}
KEY = ("shift", "dose", "recipe", "wrapper", "budget")
TOLD = {"effective_sample_size": "effective rows", "infinite_share": "infinite", "kept_share": "answered"}
"""Numbers that say what a wrapper's intervals rest on."""
CAPTION = (
    f"Coverage of {percent(NOMINAL)} intervals at the largest dose, %, by wrapper and by how many labelled rows of the "
    "target calibrate it (0: rows of the law trained on); all are scored on the same remaining rows. "
    f"✓ repaired: within {100 * NEAR:g} points of {percent(NOMINAL)}, or its interval holds {percent(NOMINAL)}; "
    "✗ broken: otherwise, paler where they hold more than stated. Small: the interval score as a multiple of the "
    f"oracle's (1 is the best there is; wide intervals cover at a price), then the {BARS}."
)

Mark = Literal["", "repaired", "broken"]
Line = tuple[str, int]
"""A wrapper and how many labels of the target it saw."""


@dataclass(frozen=True, slots=True)
class Repairs:
    """Numbers of a task by shift, dose, recipe, wrapper and budget, and the dose shown of each shift."""

    coverage: read.Scores
    score: read.Scores
    told: dict[str, read.Scores]
    tests: dict[str, Dose]

    def at(self, scores: read.Scores, shift: str, recipe: str, line: Line = ("none", 0)) -> Number:
        """Number of a wrapper at the dose shown of a shift."""
        wrapper, budget = line
        return scores.get((shift, self.tests[shift].name, recipe, wrapper, str(budget)), read.NOT_SCORED)

    def mark(self, shift: str, recipe: str, line: Line = ("none", 0)) -> Mark:
        """Whether a wrapper's coverage is that stated."""
        return mark(self.at(self.coverage, shift, recipe, line))


def budgeted(rows: pd.DataFrame) -> bool:
    """Whether a task asks what labels of the target do for the wrappers."""
    return bool((rows["budget"] > 0).any())


def repaired(task: str, rows: pd.DataFrame, title: str) -> Section:
    """A sentence a shift, and a table a network: wrapper and budget by shift; open is the network that errs least."""
    rows = read.over_outputs(rows[(rows["group"] == "") & (rows["stratum"] == "")])
    found = _read(rows)
    names = sorted(read.networks(rows), key=lambda name: _error(rows, name))
    lines = {name: _lines(rows, name) for name in names}
    shown = [_table(f"Coverage of {name} by wrapper and shift", found, name, lines[name]) for name in names]
    told = [_told(f"What the intervals of {name} rest on", found, name, lines[name]) for name in names]
    leader = names[0] if names else ""
    return Section(
        f"{task}-repair",
        f"{task}: what repairs what",
        title,
        given([summary(found, leader, lines.get(leader, []))]),
        given([sentence(found, shift, leader, lines.get(leader, [])) for shift in found.tests]),
        caption=CAPTION,
        tables=tuple(table for table in (*shown[:1], *told[:1]) if table.rows),
        hidden=tuple(table for table in (*shown[1:], *told[1:]) if table.rows),
    )


def _read(rows: pd.DataFrame) -> Repairs:
    at_level = rows["level"].isna() | ((rows["level"] - NOMINAL).abs() < 1e-6)
    rows = rows[at_level & rows["target"].isin(["observed", ""])]
    by = {name: read.numbers(rows[rows["metric"] == name], KEY) for name in ("coverage", "interval_score", *TOLD)}
    coverage, score = by.pop("coverage"), by.pop("interval_score")
    shifts = [NULL if NULL in set(rows["shift"].unique()) else ""]
    shifts += [name for found in read.families(rows).values() for name in found] + read.compounds(rows)
    return Repairs(coverage, score, by, {shift: _dose(rows, coverage, shift) for shift in shifts})


def _dose(rows: pd.DataFrame, coverage: read.Scores, shift: str) -> Dose:
    return read.largest(read.reached(coverage, shift, read.doses(rows, shift)) or [Dose("0", 0.0)])


def _lines(rows: pd.DataFrame, recipe: str) -> list[Line]:
    """Wrappers of a network with each of their budgets."""
    own = rows[rows["recipe"] == recipe][["wrapper", "budget"]].drop_duplicates()
    order = read.wrappers(own)
    found = [(str(wrapper), int(budget)) for wrapper, budget in zip(own["wrapper"], own["budget"], strict=True)]
    return sorted(found, key=lambda line: (order.index(line[0]), line[1]))


def _error(rows: pd.DataFrame, recipe: str) -> float:
    """Mean error of a network as predicted, without a shift; infinite where it has none."""
    own = read.plainly(rows)
    own = own[(own["recipe"] == recipe) & (own["wrapper"] == "none") & (own["metric"] == "rmse") & (own["shift"] == "")]
    error = float(own["value"].mean())
    return math.inf if math.isnan(error) else error


def mark(number: Number) -> Mark:
    """Repaired if within `NEAR` of nominal or if the interval holds it, else broken; nothing where undefined."""
    if not number.defined:
        return ""
    near = abs(number.value - NOMINAL) <= NEAR + 1e-12
    return "repaired" if near or number.low <= NOMINAL <= number.high else "broken"


def _table(title: str, found: Repairs, recipe: str, lines: Sequence[Line]) -> Table:
    notes, body = Notes(), []
    for line in lines:
        fields = [_entry(found, shift, recipe, line, notes) for shift in found.tests]
        body.append((Entry(line[0]), Entry(str(line[1])), *fields))
    if any(found.at(found.coverage, shift, read.ORACLE).defined for shift in found.tests):
        ends = [_entry(found, shift, read.ORACLE, ("none", 0), notes) for shift in found.tests]
        body.append((Entry(read.ORACLE), Entry("–"), *ends))
    parts = {"coverage": found.coverage, "interval_score": found.score}
    own = {
        name: {key: one for key, one in scores.items() if key[2] in (recipe, read.ORACLE)}
        for name, scores in parts.items()
    }
    return Table(
        title, ("wrapper", "labels", *_heads(found)), tuple(body), notes.lines(), tables.tsv(KEY, own), labels=2
    )


def _heads(found: Repairs) -> list[str]:
    return [_where(shift) + (f", {dose.label}" if dose.name != "0" else "") for shift, dose in found.tests.items()]


def _where(shift: str) -> str:
    return shift or "i.i.d."


def _entry(found: Repairs, shift: str, recipe: str, line: Line, notes: Notes) -> Entry:
    """Coverage with its mark and interval, and the interval score against the oracle's."""
    held = found.at(found.coverage, shift, recipe, line)
    one, judged = tables.entry(held, notes, share=True), mark(held)
    if not judged:
        return one
    score, best = found.at(found.score, shift, recipe, line), found.at(found.score, shift, read.ORACLE)
    small, why = one.small, ""
    if score.defined and best.defined and best.value > 0:
        small = f"×\u00a0{decimal(score.value / best.value, 2)}" + (f"; {small}" if small else "")
    elif best.defined:
        why = notes.mark(score.reason)
    weight = 0.1 if judged == "broken" and held.value > NOMINAL else 0.25
    return Entry(f"{MARKS[judged]} {one.text}", small, why, tint(BLUE if judged == "repaired" else VERMILLION, weight))


def _told(title: str, found: Repairs, recipe: str, lines: Sequence[Line]) -> Table:
    """Effective sample size, share of infinite intervals and of rows answered, of the wrappers that they tell of."""
    body = []
    for line in lines:
        for name, says in TOLD.items():
            numbers = [found.at(found.told[name], shift, recipe, line) for shift in found.tests]
            known = [number.value for number in numbers if number.defined]
            if known and (name != "infinite_share" or max(known) > 0):
                digits = (lambda x: decimal(x, 0)) if name == "effective_sample_size" else percent
                fields = [Entry(digits(number.value) if number.defined else "–") for number in numbers]
                body.append((Entry(line[0]), Entry(f"{says}, {line[1]} labels"), *fields))
    return Table(title, ("wrapper", "number", *_heads(found)), tuple(body), labels=2)


def sentence(found: Repairs, shift: str, recipe: str, lines: Sequence[Line]) -> str:
    """What a shift does to the intervals of a network, and which wrappers mend it with how many labels."""
    held = found.at(found.coverage, shift, recipe)
    if not held.defined:
        return ""
    where = f"Under {shift} at {found.tests[shift].label}" if shift not in ("", NULL) else "Without a shift"
    text = f"{where} the {percent(NOMINAL)} intervals of {recipe} hold {percent(held.value)} as predicted"
    if mark(held) == "repaired":
        spoilt = [line[0] for line in lines if line[1] == 0 and found.mark(shift, recipe, line) == "broken"]
        named = read.listed(spoilt) if len(spoilt) <= FEW else f"{len(spoilt)} of the wrappers"
        more = f"; after {named} they no longer hold what they state" if spoilt else ""
        return f"{text}: nothing to repair{more}."
    text += ", too few" if held.value < NOMINAL else ", wider than they need be"
    parts = []
    for budget in sorted({line[1] for line in lines}):
        tried = [line for line in lines if line[1] == budget and line[0] != "none"]
        names = [line[0] for line in tried if found.mark(shift, recipe, line) == "repaired"]
        told = read.listed(names) or "nothing"
        told = told if len(names) <= FEW else f"{len(names)} of {len(tried)} wrappers"
        with_ = f"with {budget} labels of the target" if budget else "without labels of the target"
        parts.append(f"{with_} {told} repair{'s' * (len(names) < 2)} it")
    mended = "; ".join(parts)
    return f"{text}. {mended[:1].upper()}{mended[1:]}."


def summary(found: Repairs, recipe: str, lines: Sequence[Line]) -> str:
    """How many of the shifts that break a network's intervals are repaired, by number of labels; empty if none is."""
    broken = [shift for shift in found.tests if found.mark(shift, recipe) == "broken"]
    if not broken:
        return ""
    counts = {}
    for budget in sorted({line[1] for line in lines}):
        own = [line for line in lines if line[1] == budget]
        counts[budget] = sum(any(found.mark(shift, recipe, line) == "repaired" for line in own) for shift in broken)
    told = [f"{count} with {budget} labels of the target" for budget, count in counts.items()]
    names = read.listed([_where(name) for name in broken])
    return (
        f"The {percent(NOMINAL)} intervals of {recipe} do not hold what they state under {names}; of these "
        f"{len(broken)} some wrapper repairs {read.listed(told)}."
    )
