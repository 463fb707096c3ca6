"""Sections of a task of shifts: between floor and ceiling, one section a part of the world, and two shifts at once."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
from markupsafe import Markup

from shiftbench.report import figures, shift_tables, shift_words, tables
from shiftbench.report import frame as read
from shiftbench.report.curves import Curves
from shiftbench.report.figures import Style
from shiftbench.report.frame import Dose
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.shift_family import families
from shiftbench.report.shift_tables import Sweep

HEATS = {
    "scaled": "Scaled scores of the error (RMSE): 0 = training mean, 1 = source oracle",
    "scaled_target": "The same against the oracle of the world tested (= 1), which knows the shift",
}
HEAT_CAPTION = (
    "Of each shift: a low dose, the largest dose reached, and the named arms; the sections below give every dose. "
    "Blue is better, orange worse than the training mean. Averages clip each score to [−1, 1]. In full tables, ±: SD "
    "over fits; small: the error itself."
)
DOSE_CAPTION = (
    "Figures of a part share their scales. Over the doses: error and coverage, a dose at its severity, named arms "
    "(hollow) right of the doses and never averaged. Where the error comes from: the same errors on one axis. Black: "
    "the oracle of the world tested (dashed) and of the world trained on (solid); the grey band between them cannot be "
    "closed without data from the shifted world; what a model errs more than the source oracle is its own failure. "
    f"Dotted grey: the training mean. Bars of the networks, and small print in the tables: {BARS}. "
)
CURVE_CAPTION = (
    "The last two figures, of the network that errs least and its best rival: grey on the law trained on, coloured at "
    "the largest dose. Reliability: share of measurements at or below the predicted quantile of each level, right on "
    "the dotted diagonal. PIT: right at 1 everywhere; high ends mean too narrow, a high middle too wide. Risk: mean "
    "squared error, to the measurement and to the true f, of the share kept, surest first; where the line does not "
    "fall to the left, filtering by the stated SD does not help."
)
JOINT_CAPTION = (
    "Two shifts at once, each at the dose told, beside each of them alone. If harms add: the root of the mean square "
    "error at dose 0 and of what each shift alone adds to it. The null shift is a second draw of the training law."
)


def shifted(task: str, rows: pd.DataFrame, title: str, look: dict[str, Style], points: Curves) -> list[Section]:
    """Scaled scores over all shifts, then a section for each part, and one for compounds and the null shift.

    The first part tells how to read the figures of all.
    """
    found = shift_tables.sweep(rows)
    parts = {part: found.reached(names) for part, names in read.families(found.frame).items()}
    shown = [_part(task, found, part, names, look, points) for part, names in parts.items() if names]
    if shown:
        shown[0] = replace(shown[0], caption=DOSE_CAPTION + (CURVE_CAPTION if points else ""))
    return [_heat(task, found, parts, title), *shown, _joint(task, found)]


def _tops(found: Sweep, shifts: Sequence[str]) -> dict[str, Dose]:
    return {shift: found.top(shift) for shift in shifts}


def _heat(task: str, found: Sweep, families: dict[str, list[str]], title: str) -> Section:
    tops = _tops(found, [shift for names in families.values() for shift in names])
    full = [shift_tables.heat(found, column, text) for column, text in HEATS.items()]
    first = full[0]
    if len(shift_tables.compared(found, "scaled")) > shift_tables.MANY:
        first = shift_tables.heat(found, "scaled", HEATS["scaled"], folded=True)
        full[0] = replace(full[0], title=f"{HEATS['scaled']}; every control, with errors")
    return Section(
        f"{task}-scaled",
        f"{task}: between floor and ceiling",
        title,
        given((shift_words.tally(tops, found), shift_words.heat(found.scaled, found.leader, tops))),
        caption=HEAT_CAPTION,
        tables=(first,),
        hidden=tuple(table for table in full if table is not first),
    )


def _part(
    task: str, found: Sweep, part: str, shifts: list[str], look: dict[str, Style], points: Curves
) -> Section:  # fmt: skip
    """What the shifts of a part take at their largest doses, then each family by itself."""
    tops, leader = _tops(found, shifts), found.leader
    return Section(
        f"{task}-{part}",
        f"{task}: shifts of the {part}",
        shift_words.PARTS.get(part, ""),
        given(
            [
                shift_words.worst(part, tops, leader, found.errors)
                or shift_words.dose_effect(*next(iter(tops.items())), found)
            ]
        ),
        key=tuple((Markup(figures.swatch(*one)), one[0]) for one in _key(tables.drawn(found.frame, leader), look)),
        tables=(shift_tables.harm(f"What the largest dose of each shift does to {leader}", found, shifts),),
        parts=tuple(families(task, found, shifts, look, points)),
    )


def _key(pairs: Sequence[tuple[str, str]], look: dict[str, Style]) -> list[tuple[str, Style]]:
    return [(tables.named(recipe, wrapper), figures.wrapped(look[recipe], wrapper)) for recipe, wrapper in pairs]


def _joint(task: str, found: Sweep) -> Section:
    """Two shifts at once, and what chance alone does."""
    table = shift_tables.joint(f"What two shifts at once do to {found.leader}", found)
    return Section(
        f"{task}-joint",
        f"{task}: two causes at once, and none",
        "",
        given([shift_words.chance(found.leader, found.chance)]),
        caption=JOINT_CAPTION,
        tables=(table,) if len(table.rows) > 1 else (),
    )
