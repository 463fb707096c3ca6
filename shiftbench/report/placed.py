"""Sections of measured data: correlation, error and coverage by cell type or by element."""

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from shiftbench.report import figures, sentences, tables
from shiftbench.report import frame as read
from shiftbench.report.figures import Panel, Series, Style
from shiftbench.report.frame import NOMINAL, Scores
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.tables import Table

CEILINGS = {"measured": "ceiling", "variants": "repeat"}
"""What a black bar is called: only where noise is taken out of the replicates' correlation is it a ceiling."""
PLACE_CAPTIONS = {
    "simulated": "Black bars: what the oracle of the world trained on reaches.",
    "measured": "Black bars: the correlation of a perfect model (root of the measurement's reliability), where known.",
    "variants": "Black bars: what a repeat of the experiment reaches (correlation of two replicates); "
    "a model that knew the truth could pass it.",
}


def placed(task: str, rows: pd.DataFrame, kind: read.Kind, title: str, look: dict[str, Style]) -> Section:
    """Correlations (and error, coverage) by cell type or by element, with a figure for each of two metrics."""
    frame = rows[rows["view"] == read.primary_view(rows)]
    top_is = "simulated" if read.ORACLE in set(frame["recipe"]) else kind
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
        pairs = tables.drawn(part, leader)
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
        given(said),
        figures=tuple(svgs),
        caption=f"{PLACE_CAPTIONS[top_is]} Vertical bars, and small print in the table: {BARS}.",
        tables=tuple(table for table in shown if table.rows),
        hidden=_views(rows, wanted[0], by, what),
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
