"""Tables of robustness over dose within a part of the world: areas, the worst shift, and numbers at equal harm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import tables
from shiftbench.report.frame import Number
from shiftbench.report.section import Section
from shiftbench.report.shift_tables import LEARNERS, MANY
from shiftbench.report.tables import Entry, Notes, Table, decimal

METRICS = {"rmse": "RMSE", "coverage": "coverage"}
"""What is told over dose, and its name in the rows; coverage is that of the intervals of the nominal level."""
AREA, GAP, HARM = "area", "worst_gap", "at_harm"
CAPTION = (
    "Area: mean over severities 0 to .75, less for a shift that stops before; compared within a part only. Harm: rise "
    "of the error to f of the k-mer ridge of the run, in SDs of f; at equal harm shifts of all parts compare. ±: half "
    "of the 95\u00a0% t interval over worlds, over seeds where there is one world."
)
Values = dict[tuple[str, str, str, str], Number]
"""Numbers by measure, dose, shift and recipe."""


@dataclass(frozen=True, slots=True)
class _Found:
    values: Values
    severity: dict[tuple[str, str, str], float]
    """Where a measure of a shift was taken, by measure, dose and shift."""


def section(task: str, rows: pd.DataFrame, measures: pd.DataFrame | None) -> Section:
    """Errors over dose, a table a part of the world; coverage on a click."""
    found = []
    for part, shifts in read.families(rows).items():
        found.append(tables_of(measures, task, part, shifts, read.recipes(rows)))
    return Section(
        f"{task}-robustness",
        f"{task}: over all doses, and at equal harm",
        "",
        (),
        caption=CAPTION,
        tables=tuple(table for made in found for table in made[:1]),
        hidden=tuple(table for made in found for table in made[1:]),
    )


def tables_of(
    measures: pd.DataFrame | None, task: str, part: str, shifts: Sequence[str], recipes: Sequence[str]
) -> list[Table]:
    """One table a metric, error first: a row a measure and shift, a column a recipe; none without numbers."""
    if measures is None or not len(measures):
        return []
    rows = measures[(measures["task"] == task) & (measures["part"] == part) & (measures["wrapper"] == "none")]
    rows = rows[rows["measure"].isin([AREA, GAP, HARM]) & rows["metric"].isin(METRICS) & (rows["target"] == "observed")]
    rows = read.plainly(read.leveled(rows[rows["group"].isin(["", "all"])]))
    if not len(rows):
        return []
    rows = rows[rows["view"] == read.primary_view(rows)]
    made = [
        _table(name, part, shifts, recipes, _read(rows[rows["metric"] == metric]))
        for metric, name in METRICS.items()
        if (rows["metric"] == metric).any()
    ]
    return [table for table in made if table.rows]


def _read(rows: pd.DataFrame) -> _Found:
    names = ["measure", "dose", "shift", "recipe", "value", "low", "high", "severity", "worlds", "reason"]
    values, severity = {}, {}
    for measure, dose, shift, recipe, value, low, high, where, worlds, reason in zip(
        *(rows[name].tolist() for name in names), strict=True
    ):
        at = "" if measure == GAP else str(dose)
        values[measure, at, shift, recipe] = Number(value, low, high, fits=worlds, reason=reason)
        severity[measure, at, shift] = where
    return _Found(values, severity)


def _table(name: str, part: str, shifts: Sequence[str], recipes: Sequence[str], found: _Found) -> Table:
    folded, first = len(recipes) > MANY, name == METRICS["rmse"]
    shown = [one for one in recipes if not (folded and one in (*LEARNERS, read.FLOOR, read.ORACLE))]
    notes, body, never = Notes(), [], []
    for measure, dose, title in _measures(found, name):
        absent = []
        for shift in shifts:
            numbers = {one: found.values.get((measure, dose, shift, one), read.NOT_SCORED) for one in recipes}
            if not any(number.defined for number in numbers.values()):
                absent.append(shift)
                continue
            where = f"severity {found.severity[measure, dose, shift]:.2f}"
            fields = [_entry(numbers[one], notes) for one in shown]
            body.append((Entry(title), Entry(shift, where), *fields, *([_best(numbers, name)] if folded else [])))
        if absent and measure == HARM:
            never.append(f"never at harm {dose}: {', '.join(absent)}")
    worst = [_worst(found, shifts, one, name) for one in shown]
    if any(one.text != "–" for one in worst) and len(shifts) > 1:
        body.insert(
            len(shifts),
            (
                Entry("worst shift"),
                Entry("", "rise from severity 0" if first else "change from severity 0"),
                *worst,
                *[Entry("")] * folded,
            ),
        )
    heads = ("measure", "shift", *shown, *(["best control"] if folded else []))
    title = f"Shifts of the {part} over dose: {name if first else tables.HEADS['coverage'].removesuffix(', %').lower()}"
    return Table(title, heads, tuple(body), (*notes.lines(), *never), labels=2)


def _entry(number: Number, notes: Notes) -> Entry:
    """Value with half of its interval, which is symmetric, or a blank with its reason."""
    half = (number.high - number.low) / 2
    return tables.entry(number, notes)._replace(small="" if math.isnan(half) else f"± {decimal(half)}")


def _measures(found: _Found, name: str) -> list[tuple[str, str, str]]:
    """Measures present, as measure, dose and what they are called."""
    harms = sorted({key[1] for key in found.values if key[0] == HARM})
    return [(AREA, "", f"area under {name}"), *((HARM, harm, f"{name} at harm {harm}") for harm in harms)]


def _best(numbers: dict[str, Number], name: str) -> Entry:
    """Lowest error of the controls that learn, or the coverage nearest to nominal, and whose it is."""
    known = {one: numbers[one].value for one in LEARNERS if one in numbers and numbers[one].defined}
    if not known:
        return Entry("–")
    best = min(known, key=lambda one: known[one] if name == METRICS["rmse"] else abs(known[one] - read.NOMINAL))
    return Entry(decimal(known[best]), best)


def _worst(found: _Found, shifts: Sequence[str], recipe: str, name: str) -> Entry:
    """Shift whose worst dose raises the error most, or moves the coverage farthest."""
    gaps = {shift: found.values.get((GAP, "", shift, recipe), read.NOT_SCORED) for shift in shifts}
    known = {shift: number.value for shift, number in gaps.items() if number.defined}
    if not known:
        return Entry("–")
    worst = max(known, key=lambda shift: known[shift] if name == METRICS["rmse"] else abs(known[shift]))
    return Entry(f"{'+' if known[worst] > 0 else ''}{decimal(known[worst])}", worst)
