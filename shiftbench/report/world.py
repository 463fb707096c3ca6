"""Pictures of the first world of a run: its motifs, its pairs by distance, its laws, and the ladder of each shift."""

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import numpy as np
from markupsafe import Markup

from shiftbench.report import tables, world_drawings
from shiftbench.report.section import Section
from shiftbench.report.tables import Table, decimal
from shiftbench.report.world_drawings import Curve
from simulators import grammar, motif
from simulators.contract import Program, World
from simulators.shift import FAMILIES

MOTIFS, PAIRS = 8, 4
"""How many of the strongest are drawn."""
SCALE = 5
"""Parameters of a shift whose sizes differ by more than this factor are not drawn on one axis."""
Rung = tuple[str, float, dict[str, float]]
"""Dose, severity reached and parameters."""
MOTIF_CAPTION = (
    "The motifs of largest mean weight, of those that a feature may use; a letter is as high as its share of the "
    "information of its column. Bars: weight in each cell type, blue raises activity, orange lowers it. Weights are "
    "relative: every part of a program is scaled to its share of the variance."
)
PAIR_CAPTION = (
    "Joint effect of two sites by the distance of their centers, for the pairs of largest mean weight: a best "
    "distance, a floor up to the reach, and the phase of the double helix."
)
LAW_CAPTION = (
    "Of the plain test set: GC of the inserts with their adapters, activity f without noise, and the SD of the "
    "measurement of each insert."
)
LADDER_CAPTION = (
    "What each shift turns to reach the severity of its doses in this world: its first parameter by name and those of "
    "its size; arms and the other parameters are in the table."
)


def pictures(manifest: dict[str, Any]) -> list[Section]:
    """A section for the first world of each simulated task that the manifest holds; it opens on a click."""
    return [_pictures(task, World.from_json(text), manifest) for task, text in manifest.get("worlds", {}).items()]


def _pictures(task: str, world: World, manifest: dict[str, Any]) -> Section:
    parts = [_motifs(world.program), _pairs(world.program), _laws(task, manifest), _ladders(task, manifest)]
    return Section(
        f"{task}-world",
        f"{task}: pictures of one world",
        "World 0 of this run, as the simulator knows it and no model is told.",
        (),
        parts=tuple(part for part in parts if any(table.rows for table in part.tables)),
        closed=True,
    )


def _motifs(program: Program) -> Section:
    weight = np.array(program.motif_weights)
    strongest = np.argsort(-np.abs(weight).mean(axis=0), kind="stable")[:MOTIFS]
    found = motif.load([program.public[k] for k in strongest], program.release)
    shapes = [found.probability[turn, : found.width[turn]] for turn in range(len(strongest))]
    named = [f"{name} {id_}" for name, id_ in zip(found.names, found.ids, strict=True)]
    weights = [dict(zip(program.cells, weight[:, k].tolist(), strict=True)) for k in strongest]
    body = [
        (name, world_drawings.consensus(shape), decimal(bits, 1), *[decimal(x, 2) for x in row.values()])
        for name, shape, bits, row in zip(named, shapes, motif.information(found).tolist(), weights, strict=True)
    ]
    heads = ("motif", "most likely letters", "bits", *_weight_heads(program))
    return Section(
        "motifs",
        "Strongest motifs",
        "",
        (),
        figures=tuple(Markup(world_drawings.logo(*one)) for one in zip(named, shapes, weights, strict=True)),
        narrow=True,
        caption=MOTIF_CAPTION,
        tables=(tables.plain(f"The {len(body)} strongest of {len(program.public)} public motifs", heads, body),),
    )


def _weight_heads(program: Program) -> list[str]:
    return [f"weight, {cell}" for cell in program.cells]


def _pairs(program: Program) -> Section:
    names = dict(zip(program.public, motif.load(program.public, program.release).names, strict=True))
    named = [" and ".join(names[program.public[k]] for k in pair) for pair in program.pairs]
    weight = np.array(program.pair_weights)
    order = np.argsort(-np.abs(weight).mean(axis=0), kind="stable")
    distance = np.arange(4.0, program.pair_reach + 10)
    drawn = [
        Curve(named[k], tuple(distance.tolist()), tuple(grammar.spacing_law(program, int(k), distance).tolist()))
        for k in order[:PAIRS]
    ]
    rule = program.rules[0]
    body = [
        (
            named[k],
            *[decimal(values[k], 1) for values in (rule.spacing, rule.spread)],
            decimal(rule.strand[k], 2),
            *[decimal(x, 2) for x in weight[:, k].tolist()],
        )
        for k in order
    ]
    heads = ("pair", "best distance, letters", "SD, letters", "one strand (+) or two (−)", *_weight_heads(program))
    return Section(
        "pairs",
        "Pairs of motifs by distance",
        "",
        (),
        figures=tuple(
            Markup(world_drawings.curves(one.name, [one], "distance of centers, letters", "joint effect"))
            for one in drawn
        ),
        narrow=True,
        caption=PAIR_CAPTION,
        tables=(tables.plain("Pairs of this world", heads, body),),
    )


def _laws(task: str, manifest: dict[str, Any]) -> Section:
    found: dict[str, Any] = {}
    for _, dose, facts in _tests(task, manifest):
        if not dose:
            found = facts.get("laws", {})
    kinds: dict[str, list[Curve]] = {}
    for name, law in found.items():
        kind, _, output = name.partition(", ")
        count = np.array(law["count"])
        edges = np.linspace(law["low"], law["high"], len(count) + 1)
        share = (100 * count / max(count.sum(), 1)).tolist()
        curve = Curve(output or kind, tuple(((edges[1:] + edges[:-1]) / 2).tolist()), tuple(share), steps=True)
        kinds.setdefault(kind, []).append(curve)
    units = {"GC": "GC", "f": "f, log2 units", "SD": "SD, log2 units"}
    titles = {"GC": "GC", "f": "Activity", "SD": "Noise"}
    return Section(
        "laws",
        "Laws of GC, activity and noise",
        "",
        (),
        figures=tuple(
            Markup(world_drawings.curves(titles.get(kind, kind), shown, units.get(kind, kind), "inserts a bin, %"))
            for kind, shown in kinds.items()
        ),
        narrow=True,
        caption=LAW_CAPTION,
        tables=(_law_table(found),),
    )


def _law_table(found: dict[str, Any]) -> Table:
    """Ends and quantiles, to a bin, of every law."""
    heads, body = ("law", "lowest", "5\u00a0%", "median", "95\u00a0%", "highest", "inserts"), []
    for name, law in found.items():
        total = np.cumsum(law["count"]) / max(sum(law["count"]), 1)
        at = [int(np.searchsorted(total, share)) for share in (0.05, 0.5, 0.95)]
        step = (law["high"] - law["low"]) / len(law["count"])
        middle = [law["low"] + (bin_ + 0.5) * step for bin_ in at]
        row = [decimal(value) for value in (law["low"], *middle, law["high"])]
        body.append((name, *row, sum(law["count"])))
    return tables.plain("Quantiles, to a bin", heads, body)


def _ladders(task: str, manifest: dict[str, Any]) -> Section:
    """Parameters against severity, a figure a family; compounds turn what their families do."""
    rungs: dict[str, list[Rung]] = {name: [] for name in FAMILIES}
    for shift, dose, facts in _tests(task, manifest):
        if facts.get("parameter") and "+" not in shift:
            rungs.setdefault(shift, []).append((dose, facts["severity"], facts["parameter"]))
    rungs = {shift: ladder for shift, ladder in rungs.items() if ladder}
    body = [
        (shift, dose, decimal(severity), ", ".join(f"{name} {value:.3g}" for name, value in parameter.items()))
        for shift, ladder in rungs.items()
        for dose, severity, parameter in ladder
    ]
    drawn = {shift: [rung for rung in ladder if rung[0].isdigit()] for shift, ladder in rungs.items()}
    figures = [Markup(_rungs(shift, ladder)) for shift, ladder in drawn.items() if ladder]
    return Section(
        "ladders",
        "Dose ladders",
        "",
        (),
        figures=tuple(figures),
        narrow=True,
        caption=LADDER_CAPTION,
        tables=(tables.plain("Parameters by dose", ("shift", "dose", "severity reached", "parameters"), body),),
    )


def _rungs(shift: str, ladder: list[Rung]) -> str:
    """Figure of a family: its parameters over the severity of its doses."""
    shown = _rung_curves(sorted(((severity, parameter) for _, severity, parameter in ladder), key=itemgetter(0)))
    return world_drawings.curves(shift, shown, "severity", shown[0].name if len(shown) == 1 else "", (0.0, 0.8))


def _rung_curves(ladder: list[tuple[float, dict[str, float]]]) -> list[Curve]:
    """The first parameter, and those whose largest value is of its size."""
    sizes = {name: max(abs(parameter[name]) for _, parameter in ladder) for name in ladder[0][1]}
    first = next(iter(sizes.values()))
    x = tuple(severity for severity, _ in ladder)
    return [
        Curve(name, x, tuple(parameter[name] for _, parameter in ladder), marks=True)
        for name, size in sizes.items()
        if first <= SCALE * size and size <= SCALE * first
    ]


def _tests(task: str, manifest: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Shift, dose and facts of every test set of the first world; shift and dose are empty without a shift."""
    for label, facts in manifest.get("facts", {}).items():
        found = re.fullmatch(rf"[^/]+/{re.escape(task)}/world0/(?:iid|([^:/]+):([^:/]+))/test", label)
        if found:
            yield found[1] or "", found[2] or "", facts
