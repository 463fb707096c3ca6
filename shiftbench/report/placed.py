"""Section of measured data on test sequences like those trained on: correlation, error and coverage by cell type."""

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from shiftbench.report import figures, sentences, tables
from shiftbench.report import frame as read
from shiftbench.report import real_rows as real
from shiftbench.report.figures import Panel, Series, Style
from shiftbench.report.frame import NOMINAL, Scores
from shiftbench.report.real_rows import Facts, Line
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.tables import Entry, Notes, Table

BY = ("output", "recipe", "wrapper")
WANTED = ("pearson", "spearman", "rmse", "coverage")
PLACE_CAPTIONS = {
    True: "Black bars: what the oracle of the world trained on reaches.",
    False: "Black bars: the correlation of a perfect model (root of the measurement's reliability), where known.",
}


def placed(task: str, rows: pd.DataFrame, facts: Facts, look: dict[str, Style]) -> Section:
    """Recipes by cell type, with a figure of the correlation and one of the coverage; wrappers and parts on a click."""
    frame = real.shown(rows)
    metrics = {name: read.numbers(read.select(frame, name), BY) for name in WANTED}
    metrics = {name: scores for name, scores in metrics.items() if any(one.defined for one in scores.values())}
    tops = {name: _ceilings(frame, name) for name in metrics if name in ("pearson", "spearman")}
    first, top = metrics.get("pearson", {}), tops.get("pearson", {})
    rival = sentences.best(first, [name for name in real.LETTERS if name in set(frame["recipe"])])
    leader = sentences.best(first, read.networks(frame)) or rival
    said = sentences.places("Pearson", "cell type", leader, first, top, "measured", rival if rival != leader else "")
    plain, wrapped = frame[frame["wrapper"].isin(["none", ""])], frame[frame["recipe"].isin(read.networks(frame))]
    shown = _table(f"{task}: every recipe by cell type", plain, metrics, top)
    hidden = [
        tables.places(f"{task}: every metric, by cell type", "cell type", plain, metrics, tops, "ceiling"),
        tables.places(f"{task}: wrappers, by cell type", "cell type", wrapped, metrics, {}, ""),
        *_parts(task, frame),
        real.text("What to know of these data", real.notes(facts, str(frame["suite"].iloc[0]), [task])),
    ]
    return Section(
        f"{task}-by-output",
        f"{task}: by cell type",
        "",
        given([said]),
        figures=tuple(
            _place_figure(task, name, read.recipes(frame), metrics[name], tops.get(name, {}), look)
            for name in ("pearson", "coverage")
            if name in metrics
        ),
        caption=f"{PLACE_CAPTIONS[read.ORACLE in set(frame['recipe'])]} Vertical bars, and small print in the table: "
        f"{BARS}.",
        tables=(shown,) if shown.rows else (),
        hidden=tuple(table for table in hidden if table.rows),
    )


def _table(title: str, frame: pd.DataFrame, metrics: dict[str, Scores], tops: Scores) -> Table:
    """A row a recipe, with correlation and coverage cell by cell; last what the measurement allows."""
    marks, body = Notes(), []
    found = {name: metrics[name] for name in ("pearson", "coverage") if name in metrics}
    cells = {name: tables.ordered(scores) for name, scores in found.items()}
    for recipe in read.recipes(frame):
        numbers = [
            (name, found[name].get((cell, recipe, "none"), read.NOT_SCORED)) for name in found for cell in cells[name]
        ]
        if any(number.defined for _, number in numbers):
            fields = [real.brief(number, marks, share=name == "coverage") for name, number in numbers]
            body.append((Entry(recipe), *fields))
    if tops and body:
        ceilings = [tops.get((cell,), read.NOT_SCORED) for cell in cells["pearson"]]
        fields = [Entry(tables.decimal(top.value, 2) if top.defined else "–") for top in ceilings]
        body.append((Entry("ceiling"), *fields, *[Entry("")] * len(cells.get("coverage", []))))
    heads = ("recipe", *[cell for name in found for cell in cells[name]])
    groups = (("", 1), *[(tables.HEADS[name], len(cells[name])) for name in found])
    return Table(title, heads, tuple(body), marks.lines(), groups=groups)


def _ceilings(frame: pd.DataFrame, metric: str) -> Scores:
    found = {key[3:]: number for key, number in real.ceilings(frame, metric).items()}
    return {key: number for key, number in found.items() if number.defined}


def _parts(task: str, frame: pd.DataFrame) -> list[Table]:
    """Correlation on parts of the rows (sources, fifths of GC), of every recipe."""
    strata = [name for name in frame["stratum"].unique() if name]
    found = real.scores(frame, "pearson", strata)
    recipes = [(name, "none") for name in [*read.networks(frame), *real.LETTERS] if name in set(frame["recipe"])]
    lines = [Line(test.output, name, test.within(name)) for test in real.tests(frame) for name in strata]
    return [real.grid("Pearson on parts of the test set", ("cell type", "part"), lines, recipes, found)]


def _place_figure(
    task: str, metric: str, recipes: Sequence[str], scores: Scores, tops: Scores, look: dict[str, Style]
) -> Markup:
    """One metric by cell type."""
    share = metric == "coverage"
    names = tables.ordered(scores)
    series = []
    for recipe in recipes:
        found = tuple(scores.get((name, recipe, "none"), read.NOT_SCORED) for name in names)
        if any(number.defined for number in found):
            series.append(Series(recipe, look[recipe], tuple(range(len(names))), found))
    panel = Panel(tables.HEADS[metric], task, share, NOMINAL if share else None)
    bars = [tops.get((name,), read.NOT_SCORED) for name in names]
    return Markup(figures.dots(panel, series, names, bars, "ceiling"))
