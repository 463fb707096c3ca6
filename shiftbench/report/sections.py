"""Sections of the page: what a task asks, what its numbers say, and the figures and tables that show it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from shiftbench.report import figures, sentences, tables
from shiftbench.report import frame as read
from shiftbench.report.figures import Panel, Series, Style
from shiftbench.report.frame import NOMINAL, Dose, Number, Scores
from shiftbench.report.tables import Table

HEATS = {
    "scaled": "Scaled scores of the error (RMSE): 0 = training mean, 1 = source oracle",
    "scaled_target": "The same against the oracle of the world tested (= 1), which knows the shift",
}
HEAT_CAPTION = (
    "Of each shift: a low dose, the largest dose reached, and the named arms; the sections below give every dose. "
    "0 is what the training mean does, 1 what the oracle of the world trained on does; blue is better, orange is worse "
    "than the training mean. ± is the SD over fits; averages clip each score to [−1, 1]."
)
BARS = "95\u00a0% intervals of one fit, mean over fits"
DOSE_CAPTION = (
    "Black lines: the oracle of the world tested (dashed) and of the world trained on (solid). The grey band between "
    "them cannot be won back without data from the shifted world; what lies above it is the model's own failure. "
    f"Dotted grey: the training mean. Bars of the networks, and small print in the table: {BARS}. "
    "Named arms are shown, never averaged."
)
CEILINGS = {"measured": "ceiling", "variants": "repeat"}
"""What a black bar is called: only where noise is taken out of the replicates' correlation is it a ceiling."""
PLACE_CAPTIONS = {
    "measured": "Black bars: the correlation of a perfect model (root of the measurement's reliability), where known.",
    "variants": "Black bars: what a repeat of the experiment reaches (correlation of two replicates); "
    "a model that knew the truth could pass it.",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page: what it asks, what the numbers say (`said`, also told at the top) and `more` of it.

    `figures` are SVG; `hidden` tables open on a click.
    """

    key: str
    title: str
    gloss: str
    said: tuple[str, ...]
    more: tuple[str, ...] = ()
    figures: tuple[Markup, ...] = ()
    caption: str = ""
    tables: tuple[Table, ...] = ()
    hidden: tuple[Table, ...] = ()


def sections(frame: pd.DataFrame, titles: dict[str, str]) -> list[Section]:
    """Sections of all tasks in their order in the frame; those without a number do not appear."""
    look = figures.styles(read.recipes(frame))
    parts: list[Section] = []
    for task, rows in frame.groupby("task", sort=False):
        shown = rows[rows["view"] == read.primary_view(rows)]
        kind, title = read.kind(shown), titles.get(str(task), "")
        if kind == "shift":
            parts += _shifted(str(task), shown, title, look)
        else:
            parts.append(_placed(str(task), rows, kind, title, look))
    return [part for part in parts if any(table.rows for table in part.tables)]


def _shifted(task: str, frame: pd.DataFrame, title: str, look: dict[str, Style]) -> list[Section]:
    """Scaled scores over all shifts, then one section a shift."""
    frame = read.over_outputs(frame[frame["group"] == ""])
    errors, coverage = (read.numbers(read.select(frame, metric), tables.SWEEP) for metric in ("rmse", "coverage"))
    scaled = read.numbers(read.select(frame, "rmse"), tables.SWEEP, "scaled")
    ladders = {shift: read.reached(errors, shift, read.doses(frame, shift)) for shift in tables.shifts(frame)}
    tops = {shift: read.largest(ladder) for shift, ladder in ladders.items() if len(ladder) > 1}
    tested = read.networks(frame) or [name for name in ("kmer_ridge", "motif_prior") if name in set(frame["recipe"])]
    leader = min(tested, key=lambda name: _or_last(read.at(errors, "", "0", name)), default="")
    heats = [tables.heat(frame, column, text) for column, text in HEATS.items()]
    said = [sentences.heat(scaled, leader, tops)]
    parts = [
        Section(
            f"{task}-scaled",
            f"{task}: between floor and ceiling",
            title,
            _said(said),
            caption=HEAT_CAPTION,
            tables=tuple(heats[:1]),
            hidden=tuple(heats[1:]),
        )
    ]
    for shift, top in tops.items():
        ladder = read.doses(frame, shift)
        part = str(frame.loc[frame["shift"] == shift, "part"].iloc[0])
        said = [sentences.dose_effect(shift, top, leader, errors, coverage)]
        more = [sentences.oracle_gap(shift, top, leader, errors), sentences.spread(shift, top, tested, errors)]
        more += [sentences.not_reached(dose, errors, shift) for dose in ladder if dose not in ladders[shift]]
        drawn = _dose_figures(task, shift, ladders[shift], errors, coverage, _drawn(frame, leader), look)
        table = tables.ladder(f"{task}, {shift}: error and coverage by dose", frame, shift, ladder, errors, coverage)
        parts.append(
            Section(
                f"{task}-{shift}",
                f"{task}: shift {shift}",
                _gloss(shift, part),
                _said(said),
                _said(more),
                drawn,
                DOSE_CAPTION,
                (table,),
            )
        )
    return parts


def _or_last(number: Number) -> float:
    return number.value if number.defined else math.inf


def _gloss(shift: str, part: str) -> str:
    """What a family does, in its own words, and which kind of shift that is."""
    from simulators.shift import FAMILIES

    text = FAMILIES[shift].text if shift in FAMILIES else ""
    return (f"{text[0].upper()}{text[1:]}. " if text else "") + sentences.PARTS.get(part, "")


def _drawn(frame: pd.DataFrame, leader: str) -> list[tuple[str, str]]:
    """Recipes and wrappers that a figure has room for: every recipe as it is, and the wrappers of one."""
    return [pair for pair in tables.pairs(frame) if pair[1] == "none" or pair[0] == leader]


def _dose_figures(
    task: str,
    shift: str,
    ladder: Sequence[Dose],
    errors: Scores,
    coverage: Scores,
    pairs: Sequence[tuple[str, str]],
    look: dict[str, Style],
) -> tuple[Markup, ...]:
    """Error and coverage over the severity of a shift; wrappers are drawn in the coverage panel only."""
    ticks = [(dose.severity, "i.i.d." if dose.name == "0" else f"{dose.name}\n{dose.severity:.2f}") for dose in ladder]
    drawn = []
    for title, scores, share in (
        ("Error: RMSE, log2 units", errors, False),
        (tables.HEADS["coverage"], coverage, True),
    ):
        series = [
            Series(
                tables.named(recipe, wrapper),
                figures.wrapped(look[recipe], wrapper),
                tuple(dose.severity for dose in ladder),
                tuple(read.at(scores, shift, dose.name, recipe, wrapper) for dose in ladder),
            )
            for recipe, wrapper in pairs
            if share or wrapper == "none"
        ]
        panel = Panel(title, f"{task}, {shift}", share, NOMINAL if share else None)
        if any(number.defined for one in series for number in one.numbers):
            drawn.append(Markup(figures.lines(panel, series, ticks, "dose, and its severity below")))
    return tuple(drawn)


def _placed(task: str, rows: pd.DataFrame, kind: read.Kind, title: str, look: dict[str, Style]) -> Section:
    """Correlations (and error, coverage) by cell type or by element, with a figure for each of two metrics."""
    frame = rows[rows["view"] == read.primary_view(rows)]
    where, what = ("group", "element") if kind == "variants" else ("output", "cell type")
    wanted = ("spearman", "pearson") if kind == "variants" else ("pearson", "spearman", "rmse", "coverage")
    by = (where, "recipe", "wrapper")
    controls = [name for name in read.CONTROLS if name not in (read.ORACLE, read.SOURCE)]
    splits = sorted(frame["split"].unique())
    svgs, shown, said = [], [], []
    for split in splits:
        part = frame[frame["split"] == split]
        part = read.over_outputs(part) if kind == "variants" else part
        metrics = {name: read.numbers(read.select(part, name), by) for name in wanted}
        metrics = {name: scores for name, scores in metrics.items() if any(one.defined for one in scores.values())}
        tops = {name: _ceilings(part, name, where) for name in metrics if name in ("pearson", "spearman")}
        note = f", {split}" if len(splits) > 1 else ""
        shown.append(tables.places(f"{task}{note}: by {what}", what, part, metrics, tops, CEILINGS[kind]))
        first, top = metrics.get(wanted[0], {}), tops.get(wanted[0], {})
        rival = sentences.best(first, controls)
        leader = sentences.best(first, read.networks(part)) or rival
        said.append(
            sentences.places(tables.HEADS[wanted[0]], what, leader, first, top, kind, rival if rival != leader else "")
        )
        pairs = _drawn(part, leader)
        drawn = ("spearman", "pearson") if kind == "variants" else ("pearson", "coverage")
        svgs += [
            _place_figure(
                task,
                f"{tables.HEADS[name]}{note}",
                name,
                pairs,
                metrics[name],
                tops.get(name, {}),
                CEILINGS[kind],
                look,
            )
            for name in drawn
            if name in metrics
        ]
    return Section(
        f"{task}-by-{where}",
        f"{task}: by {what}",
        title,
        _said(said),
        (),
        tuple(svgs),
        f"{PLACE_CAPTIONS[kind]} Vertical bars, and small print in the table: {BARS}.",
        tuple(table for table in shown if table.rows),
        _views(rows, wanted[0], by, what),
    )


def _ceilings(frame: pd.DataFrame, metric: str, where: str) -> Scores:
    rows = read.select(frame, metric)
    for column in ("ceiling_target", "ceiling"):
        found = {key: number for key, number in read.numbers(rows, (where,), column).items() if number.defined}
        if found:
            return found
    return {}


def _place_figure(
    task: str,
    title: str,
    metric: str,
    pairs: Sequence[tuple[str, str]],
    scores: Scores,
    tops: Scores,
    ceiling: str,
    look: dict[str, Style],
) -> Markup:
    """One metric by place; wrappers are drawn for coverage only."""
    share = metric == "coverage"
    names = tables.ordered(scores)
    series = []
    for recipe, wrapper in pairs:
        found = tuple(scores.get((name, recipe, wrapper), read.NOT_SCORED) for name in names)
        if (share or wrapper == "none") and any(number.defined for number in found):
            label, style = tables.named(recipe, wrapper), figures.wrapped(look[recipe], wrapper)
            series.append(Series(label, style, tuple(range(len(names))), found))
    panel = Panel(title, task, share, NOMINAL if share else None)
    bars = [tops.get((name,), read.NOT_SCORED) for name in names]
    return Markup(figures.dots(panel, series, names, bars, ceiling))


def _views(rows: pd.DataFrame, metric: str, by: Sequence[str], what: str) -> tuple[Table, ...]:
    """One table of the other strand views, where there are any."""
    views = sorted(rows["view"].unique())
    if len(views) < 2:
        return ()
    found = {view: read.numbers(read.select(rows[rows["view"] == view], metric), by) for view in views}
    keys = sorted({key for scores in found.values() for key, number in scores.items() if number.defined})
    body = [
        (
            key[0],
            tables.named(*key[1:]),
            *[tables.decimal(found[view].get(key, read.NOT_SCORED).value) for view in views],
        )
        for key in keys
    ]
    return (tables.plain(f"{tables.HEADS[metric]} by strand view", (what, "recipe", *views), body),)


def _said(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if line)
