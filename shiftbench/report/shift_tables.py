"""Numbers of a task of shifts, by shift and dose, and the tables that show them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import tables
from shiftbench.report.frame import Dose, Number, Scores
from shiftbench.report.tables import BLUE, SWEEP, VERMILLION, Entry, Notes, Table, decimal, percent, tint
from shiftbench.spec import NULL, PRIOR

LOW = 0.15
"""Severity of the low dose of the heat table."""
METRICS = ("rmse", "coverage", "pearson", "risk_reduction")
"""What the sections of shifts read."""
LEARNERS = ("kmer_ridge", "pwm_ridge", "gc_ridge", "motif_prior")
"""Controls that learn from the training data."""
MANY = 8
"""Columns of recipes from which on controls are folded into the best of them."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Error, coverage, correlation and scaled score of every test of a task (keys: shift, dose, recipe, wrapper).

    `filtered`: share of the squared error that keeping the surer half removes; `ladders`: of each shift the doses that
    have numbers, dose 0 first; `leader`: the network that errs least at dose 0; `rival`: the next of another kind;
    `chance`: how far the null shift moves the leader's error.
    """

    frame: pd.DataFrame
    errors: Scores
    coverage: Scores
    correlation: Scores
    filtered: Scores
    scaled: Scores
    ladders: dict[str, list[Dose]]
    leader: str
    rival: str
    chance: Number

    def top(self, shift: str) -> Dose:
        """Largest dose that a shift reaches."""
        return read.largest(self.ladders[shift])

    def reached(self, shifts: Sequence[str]) -> list[str]:
        """Those of `shifts` that have numbers at any dose but 0."""
        return [shift for shift in shifts if len(self.ladders[shift]) > 1]


def sweep(frame: pd.DataFrame) -> Sweep:
    """Numbers of a task's rows, over seeds, worlds and outputs."""
    frame = frame[frame["metric"].isin([*METRICS, ""])]
    frame = read.over_outputs(read.plainly(frame[frame["group"] == ""]))
    errors, coverage, correlation, filtered = (read.numbers(read.select(frame, metric), SWEEP) for metric in METRICS)
    scaled = read.numbers(read.select(frame, "rmse"), SWEEP, "scaled")
    shifts = [*(shift for found in read.families(frame).values() for shift in found), *read.compounds(frame)]
    ladders = {shift: read.reached(errors, shift, read.doses(frame, shift)) for shift in shifts}
    tested = read.networks(frame) or [
        name for name in ("kmer_ridge", "motif_prior") if name in set(frame["recipe"].unique())
    ]
    order = sorted(tested, key=lambda name: _or_last(read.at(errors, "", "0", name)))
    leader = order[0] if order else ""
    rival = _rival(order, [name for name in LEARNERS if read.at(errors, "", "0", name).defined])
    chance = read.chance(frame, leader)
    return Sweep(frame, errors, coverage, correlation, filtered, scaled, ladders, leader, rival, chance)


def _rival(order: Sequence[str], controls: Sequence[str]) -> str:
    """Best network that is not the leader with or without priors, else its twin, else a control; empty if none."""
    twins = [name for name in order[1:] if name.removesuffix(PRIOR) == order[0].removesuffix(PRIOR)]
    others = [name for name in order[1:] if name not in twins]
    return next(iter([*others, *twins, *controls]), "")


def _or_last(number: Number) -> float:
    return number.value if number.defined else math.inf


def heat(found: Sweep, column: str, title: str, *, folded: bool = False) -> Table:
    """Scaled scores, shifts by recipes, shaded: `column` scaled (source oracle = 1) or scaled_target.

    `folded`: of the controls only the best, named in small print, and no errors or spreads beside the scores.
    """
    rows = read.select(found.frame, "rmse")
    rows = rows[rows["wrapper"] == "none"]
    scores, errors = read.numbers(rows, SWEEP, column), read.numbers(rows, SWEEP)
    recipes = compared(found, column)
    shown = [name for name in recipes if not (folded and name in LEARNERS)]
    notes, body = Notes(), []
    for shift, part, dose in _places(found):
        at = {name: read.at(scores, shift, dose.name, name) for name in recipes}
        if folded:
            fields = [_score_entry(at[name], notes) for name in shown]
            fields.append(_best_entry({name: at[name] for name in LEARNERS if name in at}, notes))
        else:
            fields = [_heat_entry(at[name], read.at(errors, shift, dose.name, name), notes) for name in shown]
        body.append((Entry(shift or "i.i.d.", part), Entry(dose.label), *fields))
    data = "" if folded else tables.tsv(SWEEP, {column: scores})
    heads = ("shift", "dose", *shown, *(["best control"] if folded else []))
    return Table(title, heads, tuple(body), notes.lines(), data, labels=2, dense=True)


def compared(found: Sweep, column: str) -> list[str]:
    """Recipes between floor and ceiling, which `column` scales by."""
    one = read.SOURCE if column == "scaled" else read.ORACLE
    return [name for name in read.recipes(found.frame) if name not in (read.FLOOR, one)]


def _best_entry(scores: dict[str, Number], notes: Notes) -> Entry:
    """Highest score of the controls, and whose it is."""
    defined = {name: number for name, number in scores.items() if number.defined}
    if not defined:
        return _score_entry(next(iter(scores.values()), read.NOT_SCORED), notes)
    best = max(defined, key=lambda name: defined[name].value)
    return _score_entry(defined[best], notes)._replace(small=best)


def _score_entry(score: Number, notes: Notes) -> Entry:
    """A scaled score by itself, shaded."""
    if not score.defined:
        return Entry("–", mark=notes.mark(score.reason))
    return Entry(decimal(score.value, 2), shade=shade(score.value))


def _places(found: Sweep) -> list[tuple[str, str, Dose]]:
    """Rows of the heat table as shift, its part and dose: no shift, the null shift, families by part."""
    null = [(NULL, "second draw", Dose("0", 0.0))] if NULL in set(found.frame["shift"].unique()) else []
    doses = [
        (shift, part, dose)
        for part, shifts in read.families(found.frame).items()
        for shift in shifts
        for dose in low_and_largest(found.ladders[shift])
    ]
    return [("", "", Dose("0", 0.0)), *null, *doses]


def low_and_largest(ladder: Sequence[Dose]) -> list[Dose]:
    """Doses of a family that stand for all, without 0: the one nearest to `LOW`, the largest, and the arms."""
    numbered = [dose for dose in ladder[1:] if not dose.arm]
    low = min(numbered[:-1], key=lambda dose: abs(dose.severity - LOW), default=None)
    low_and_largest = [*([low] if low else []), *numbered[-1:]]
    return [*low_and_largest, *(dose for dose in ladder if dose.arm)]


def _heat_entry(score: Number, error: Number, notes: Notes) -> Entry:
    """A scaled score with its spread and the error that it is made of."""
    raw = decimal(error.value) if error.defined else ""
    one = _score_entry(score, notes)
    if not score.defined:
        return one._replace(small=raw)
    spread = f" ± {decimal(score.sd, 2)}" if score.fits > 1 else ""
    clipped = f", {score.clipped} clipped" if score.clipped else ""
    return one._replace(text=one.text + spread, small=raw + clipped)


def shade(score: float) -> str:
    """Inline style of a scaled score: white at 0, blue at 1, vermillion at -1, light enough for dark ink."""
    return tint(BLUE if score >= 0 else VERMILLION, min(abs(score), 1.0) * 0.7)


def harm(title: str, found: Sweep, shifts: Sequence[str]) -> Table:
    """What the leader loses at the largest dose of each shift: to noise, to not knowing of the shift, and by itself."""
    notes, body = Notes(), []
    for shift in shifts:
        dose = found.top(shift)
        error, source, oracle = (
            read.at(found.errors, shift, dose.name, name) for name in (found.leader, read.SOURCE, read.ORACLE)
        )
        fields = (
            tables.entry(error, notes),
            _percent_change(read.at(found.errors, "", "0", found.leader), error),
            _less(oracle, None, notes),
            _less(source, oracle, notes),
            _less(error, source, notes),
            _from(
                read.at(found.correlation, "", "0", found.leader),
                read.at(found.correlation, shift, dose.name, found.leader),
                notes,
            ),
            tables.entry(read.at(found.coverage, shift, dose.name, found.leader), notes, share=True),
        )
        body.append((Entry(shift), Entry(dose.label, f"severity {dose.severity:.2f}"), *fields))
    heads = (
        "shift", "largest dose", "RMSE", "against dose 0", "noise alone (oracle)", "+ not knowing of the shift",
        f"+ {found.leader} itself", tables.HEADS["pearson"], tables.HEADS["coverage"],
    )  # fmt: skip
    return Table(title, heads, tuple(body), notes.lines(), labels=2)


def _percent_change(before: Number, after: Number) -> Entry:
    if not (before.defined and after.defined and before.value > 0):
        return Entry("–")
    share = after.value / before.value - 1
    return Entry(("+" if share >= 0 else "") + percent(share))


def _from(before: Number, after: Number, notes: Notes) -> Entry:
    """A number, and in small print what it was at dose 0."""
    found = tables.entry(after, notes)
    return found._replace(small=f"from {decimal(before.value)}") if before.defined and after.defined else found


def _less(number: Number, other: Number | None, notes: Notes) -> Entry:
    """A number, or how far it is above another."""
    undefined = [one for one in (number, other) if one is not None and not one.defined]
    if undefined:
        return Entry("–", mark=notes.mark(undefined[0].reason))
    return Entry(decimal(number.value - (other.value if other else 0.0)))


def ladder(title: str, found: Sweep, shift: str) -> Table:
    """Error and coverage of every recipe and wrapper over the doses of a shift, those without numbers as well."""
    doses, notes, body = read.doses(found.frame, shift), Notes(), []
    for recipe, wrapper in tables.pairs(found.frame):
        numbers = [
            [read.at(scores, shift, dose.name, recipe, wrapper) for dose in doses]
            for scores in (found.errors, found.coverage)
        ]
        if not any(number.defined for row in numbers for number in row):
            continue
        fields = [
            tables.entry(number, notes, share=share)
            for row, share in zip(numbers, (False, True), strict=True)
            for number in row
        ]
        body.append((Entry(tables.named(recipe, wrapper)), *fields))
    columns = 2 * [dose.label for dose in doses]
    parts = {"rmse": found.errors, "coverage": found.coverage}
    data = tables.tsv(SWEEP, {name: _of(scores, (shift,)) for name, scores in parts.items()})
    groups = (("", 1), ("RMSE, log2 units", len(doses)), (tables.HEADS["coverage"], len(doses)))
    return Table(title, ("recipe", *columns), tuple(body), notes.lines(), data, groups)


def _of(scores: Scores, shifts: Sequence[str]) -> Scores:
    return {key: number for key, number in scores.items() if key[0] in ("", *shifts)}


def joint(title: str, found: Sweep) -> Table:
    """Errors of the leader without a shift, under the null one, and under two shifts at once beside each alone."""
    notes, body = Notes(), []
    places: list[tuple[str, Dose]] = [("", Dose("0", 0.0))]
    places += [(NULL, Dose("0", 0.0))] if NULL in set(found.frame["shift"].unique()) else []
    places += [(shift, dose) for shift in read.compounds(found.frame) for dose in found.ladders[shift][1:]]
    for shift, dose in places:
        both = read.at(found.errors, shift, dose.name, found.leader)
        alone = [read.at(found.errors, name, dose.name, found.leader) for name in shift.split("+") if "+" in shift]
        fields = [tables.entry(number, notes) for number in alone] or [Entry("")] * 2
        held = tables.entry(read.at(found.coverage, shift, dose.name, found.leader), notes, share=True)
        together = Entry("") if not alone else _added(read.at(found.errors, "", "0", found.leader), alone, notes)
        body.append((Entry(shift or "i.i.d."), Entry(dose.label), *fields, together, tables.entry(both, notes), held))
    heads = ("shift", "dose", "RMSE, first alone", "second alone", "if harms add", "found", tables.HEADS["coverage"])
    shifts = [shift for shift, _ in places if shift]
    data = tables.tsv(SWEEP, {"rmse": _of(found.errors, shifts), "coverage": _of(found.coverage, shifts)})
    return Table(title, heads, tuple(body), notes.lines(), data, labels=2)


def _added(start: Number, alone: Sequence[Number], notes: Notes) -> Entry:
    """Root of the mean square error at dose 0 and of what each shift alone adds to it."""
    undefined = [number for number in (start, *alone) if not number.defined]
    if undefined:
        return Entry("–", mark=notes.mark(undefined[0].reason))
    square = start.value**2 + sum(number.value**2 - start.value**2 for number in alone)
    return Entry(decimal(math.sqrt(max(square, 0.0))))
