"""Sections of a task of shifts: between floor and ceiling, one section a part of the world, and two shifts at once."""

import math
from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from shiftbench.report import doses, figures, sentences, tables
from shiftbench.report import frame as read
from shiftbench.report.doses import Sweep
from shiftbench.report.figures import Half, Panel, Series, Style
from shiftbench.report.frame import NOMINAL, Dose, Scores
from shiftbench.report.section import BARS, Section, given

HEATS = {
    "scaled": "Scaled scores of the error (RMSE): 0 = training mean, 1 = source oracle",
    "scaled_target": "The same against the oracle of the world tested (= 1), which knows the shift",
}
HEAT_CAPTION = (
    "Of each shift: a low dose, the largest dose reached, and the named arms; the sections below give every dose. "
    "0 is what the training mean does, 1 what the oracle of the world trained on does; blue is better, orange is worse "
    "than the training mean. Small: the error itself. ± is the SD over fits; averages clip each score to [−1, 1]."
)
DOSE_CAPTION = (
    "Error and coverage over the doses of each shift; scales are the same in all figures of a part, and a dose lies at "
    "its severity. Black lines: the oracle of the world tested (dashed) and of the world trained on (solid). The grey "
    "band between them cannot be won back without data from the shifted world; what lies above it is the model's own "
    f"failure. Dotted grey: the training mean. Bars of the networks, and small print in the tables: {BARS}. Named "
    "arms (hollow, right of the doses) are shown, never averaged."
)
JOINT_CAPTION = (
    "Two shifts at once, each at the dose told, beside each of them alone. If harms add: the root of the mean square "
    "error at dose 0 and of what each shift alone adds to it. The null shift is a second draw of the training law."
)
ARMS = {"full": (0.93, "full"), "reverse": (1.09, "rev.")}
"""Where the named arms stand on the axis of severities, and what stands under them."""


def shifted(task: str, rows: pd.DataFrame, title: str, look: dict[str, Style]) -> list[Section]:
    """Scaled scores over all shifts, then a section for each part, and one for compounds and the null shift."""
    found = doses.sweep(rows)
    families = {part: found.reached(names) for part, names in read.families(found.frame).items()}
    parts = [_part(task, found, part, names, look) for part, names in families.items() if names]
    return [_heat(task, found, families, title), *parts, _joint(task, found)]


def _tops(found: Sweep, shifts: Sequence[str]) -> dict[str, Dose]:
    return {shift: found.top(shift) for shift in shifts}


def _heat(task: str, found: Sweep, families: dict[str, list[str]], title: str) -> Section:
    tops = _tops(found, [shift for names in families.values() for shift in names])
    heats = [doses.heat(found, column, text) for column, text in HEATS.items()]
    return Section(
        f"{task}-scaled",
        f"{task}: between floor and ceiling",
        title,
        given(
            (
                sentences.tally(tops, found.leader, found.errors, found.coverage, found.correlation),
                sentences.heat(found.scaled, found.leader, tops),
            )
        ),
        caption=HEAT_CAPTION,
        tables=tuple(heats[:1]),
        hidden=tuple(heats[1:]),
    )


def _part(task: str, found: Sweep, part: str, shifts: list[str], look: dict[str, Style]) -> Section:
    """Every family of a part: a sentence, a figure and a table each, and what its largest dose takes."""
    tops, leader = _tops(found, shifts), found.leader
    more = []
    for shift, top in tops.items():
        more.append(
            _text(shift) + sentences.dose_effect(shift, top, leader, found.errors, found.coverage, found.correlation)
        )
        more += [
            sentences.partly_reached(shift, dose, read.worlds(found.frame, shift, dose.name), read.worlds(found.frame))
            for dose in found.ladders[shift][1:]
        ]
        unreached = [dose for dose in read.doses(found.frame, shift) if dose not in found.ladders[shift]]
        more += [sentences.not_reached(dose, found.errors, shift) for dose in unreached[:1]]
    ladders = [
        doses.ladder(f"{task}, {shift}: error and coverage of every recipe by dose", found, shift) for shift in shifts
    ]
    pairs = tables.drawn(found.frame, leader)
    return Section(
        f"{task}-{part}",
        f"{task}: shifts of the {part}",
        sentences.PARTS.get(part, ""),
        given([sentences.worst(part, tops, leader, found.errors) or more[0]]),
        given(more if len(shifts) > 1 else more[1:]),
        tuple((Markup(figures.swatch(*one)), one[0]) for one in _key(pairs, look)),
        _figures(task, found, shifts, pairs, look),
        True,
        DOSE_CAPTION,
        (doses.harm(f"What the largest dose of each shift does to {leader}", found, shifts),),
        tuple(ladders),
    )


def _text(shift: str) -> str:
    """What a family does, in its own words."""
    from simulators.shift import FAMILIES

    return f"{shift}: {FAMILIES[shift].text}. " if shift in FAMILIES else ""


def _key(pairs: Sequence[tuple[str, str]], look: dict[str, Style]) -> list[tuple[str, Style]]:
    return [(tables.named(recipe, wrapper), figures.wrapped(look[recipe], wrapper)) for recipe, wrapper in pairs]


def _figures(
    task: str, found: Sweep, shifts: Sequence[str], pairs: Sequence[tuple[str, str]], look: dict[str, Style]
) -> tuple[Markup, ...]:
    """Error and coverage of each shift over its severity, on the same axes; wrappers in the coverage only."""
    kinds = (("RMSE, log2 units", found.errors, False), (tables.HEADS["coverage"], found.coverage, True))
    limits = [_limits(scores, found, shifts, pairs, share) for _, scores, share in kinds]
    right = max((_at(dose) for shift in shifts for dose in found.ladders[shift]), default=0) + 0.07
    drawn = []
    for shift in shifts:
        ladder = found.ladders[shift]
        halves = [
            Half(
                Panel(title, f"{task}, {shift}", share, NOMINAL if share else None),
                _series(scores, shift, ladder, pairs, look, share, arm=False),
                _series(scores, shift, ladder, pairs, look, share, arm=True),
                ends,
            )
            for (title, scores, share), ends in zip(kinds, limits, strict=True)
        ]
        ticks = [(_at(dose), ARMS.get(dose.name, (0, dose.name))[1]) for dose in ladder]
        drawn.append(Markup(figures.family(shift, halves, ticks, right)))
    return tuple(drawn)


def _at(dose: Dose) -> float:
    """Place of a dose on the axis: its severity, or that of its arm beyond the last dose."""
    return ARMS.get(dose.name, (dose.severity, ""))[0]


def _series(
    scores: Scores, shift: str, ladder: Sequence[Dose], pairs: Sequence[tuple[str, str]], look: dict[str, Style],
    share: bool, *, arm: bool,
) -> list[Series]:  # fmt: skip
    shown = [dose for dose in ladder if dose.arm == arm]
    return [
        Series(
            tables.named(recipe, wrapper) + (", arms" if arm else ""),
            figures.wrapped(look[recipe], wrapper),
            tuple(_at(dose) for dose in shown),
            tuple(read.at(scores, shift, dose.name, recipe, wrapper) for dose in shown),
        )
        for recipe, wrapper in pairs
        if shown and (share or wrapper == "none")
    ]


def _limits(
    scores: Scores, found: Sweep, shifts: Sequence[str], pairs: Sequence[tuple[str, str]], share: bool
) -> tuple[float, float]:
    """Ends of the axis that holds every number drawn for these shifts."""
    values = [
        read.at(scores, shift, dose.name, *pair).value
        for shift in shifts
        for dose in found.ladders[shift]
        for pair in pairs
    ]
    finite = [value for value in values if math.isfinite(value)] + ([NOMINAL] if share else [])
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    room, scale = 0.05 * (high - low or 1.0), 100 if share else 1
    return scale * (low - room), scale * (high + room)


def _joint(task: str, found: Sweep) -> Section:
    """Two shifts at once, and what chance alone does."""
    table = doses.joint(f"What two shifts at once do to {found.leader}", found)
    return Section(
        f"{task}-joint",
        f"{task}: two causes at once, and none",
        "",
        given([sentences.chance(found.leader, read.chance(found.frame, found.leader))]),
        caption=JOINT_CAPTION,
        tables=(table,) if len(table.rows) > 1 else (),
    )
