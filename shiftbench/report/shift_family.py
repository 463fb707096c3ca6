"""Part of the page on one family of shifts: its verdict in words, and four figures in a row."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from shiftbench.report import curves, figures, panels, shift_tables, shift_words, tables
from shiftbench.report import frame as read
from shiftbench.report.curves import Curves
from shiftbench.report.figures import Half, Panel, Series, Style
from shiftbench.report.frame import NOMINAL, Dose, Place, Scores
from shiftbench.report.panels import Row
from shiftbench.report.section import Section, given
from shiftbench.report.shift_tables import Sweep

ARMS = {"full": (0.93, "full"), "reverse": (1.09, "rev.")}
"""Where the named arms stand on the axis of severities, and what stands under them."""
IN_GAPS = ("kmer_ridge",)
"""Controls that stand beside the networks between floor and ceiling."""


def families(task: str, found: Sweep, shifts: Sequence[str], look: dict[str, Style], points: Curves) -> list[Section]:
    """One part of the page a shift of one part of the world; figures share their axes."""
    drawn = _dose_figures(task, found, shifts, look)
    limits = _limits(found.errors, found, shifts, tables.drawn(found.frame, found.leader), False)
    return [
        _family(task, found, shift, [one, _gaps(task, found, shift, limits, look)], look, points)
        for shift, one in zip(shifts, drawn, strict=True)
    ]


def _family(
    task: str, found: Sweep, shift: str, svgs: Sequence[Markup], look: dict[str, Style], points: Curves
) -> Section:
    top = found.top(shift)
    pair = (Place("source", ("", "0", "")), Place(top.label, (shift, top.name, "")))
    names = [name for name in read.networks(found.frame) if curves.drawn(points, pair[1], name)]
    first = [name for name in (found.leader, found.rival) if curves.drawn(points, pair[1], name)]
    every = [*first, *(name for name in names if name not in first)]
    panel = {name: curves.figure(name, points, pair, name, look[name], f"{task}, {shift}") for name in every}
    rest = tuple(panel[name] for name in every if name not in first)
    more = Section(
        f"{task}-{shift}-others", f"{shift}: reliability, PIT and risk of {len(rest)} other networks", "", (),
        figures=rest, narrow=True, closed=True,
    )  # fmt: skip
    hidden = [shift_tables.ladder(f"{task}, {shift}: error and coverage of every recipe by dose", found, shift)]
    if every:
        hidden.append(curves.table(f"{task}, {shift}: reliability, PIT and risk in numbers", points, pair, every))
    return Section(
        f"{task}-{shift}",
        shift,
        _text(shift),
        given([shift_words.dose_effect(shift, top, found)]),
        given(_more(found, shift, top)),
        figures=(*svgs, *(panel[name] for name in first)),
        narrow=True,
        hidden=tuple(hidden),
        parts=(more,) if rest else (),
    )


def _more(found: Sweep, shift: str, top: Dose) -> list[str]:
    """What the oracles say of the largest dose, and which doses some or all worlds do not reach."""
    every = read.worlds(found.frame)
    unreached = [dose for dose in read.doses(found.frame, shift) if dose not in found.ladders[shift]]
    return [
        shift_words.filtering(shift, top, found),
        shift_words.oracle_gap(shift, top, found.leader, found.errors),
        *(
            shift_words.partly_reached(shift, dose, read.worlds(found.frame, shift, dose.name), every)
            for dose in found.ladders[shift][1:]
        ),
        *(shift_words.not_reached(dose, found.errors, shift) for dose in unreached[:1]),
    ]


def _text(shift: str) -> str:
    """What a family does, in its own words."""
    from simulators.shift import FAMILIES

    return f"{FAMILIES[shift].text[:1].upper()}{FAMILIES[shift].text[1:]}." if shift in FAMILIES else ""


def _gaps(task: str, found: Sweep, shift: str, limits: tuple[float, float], look: dict[str, Style]) -> Markup:
    """Errors of floor, k-mer ridge, networks and oracles on one axis: no shift, a low and the largest dose, arms."""
    shown = [*read.networks(found.frame), *(name for name in IN_GAPS if name in set(found.frame["recipe"].unique()))]
    rows = []
    for dose in [found.ladders[shift][0], *shift_tables.low_and_largest(found.ladders[shift])]:
        numbers = [(name, look[name], read.at(found.errors, shift, dose.name, name)) for name in shown]
        ends = (read.at(found.errors, shift, dose.name, name) for name in (read.ORACLE, read.SOURCE, read.FLOOR))
        rows.append(Row(dose.label, numbers, *ends))
    subject = f"{task}, {shift}: errors between the oracles and the training mean"
    return Markup(panels.positions("Where the error comes from", rows, limits, "RMSE, log2 units", subject))


def _dose_figures(task: str, found: Sweep, shifts: Sequence[str], look: dict[str, Style]) -> list[Markup]:
    """Error and coverage of each shift over its severity, on the same axes; wrappers in the coverage only."""
    pairs = tables.drawn(found.frame, found.leader)
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
        drawn.append(Markup(figures.family("Over the doses", halves, ticks, right)))
    return drawn


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
