"""The page of one entry: a verdict, curves over dose, error bars by severity, every score, and how to run it again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pandas as pd

from leaderboard.site import charts, overview, sheet, words
from leaderboard.site.charts import Axis, Line, Panel
from leaderboard.site.sheet import Family, Sheet, Shown, Worlds
from leaderboard.standing import Interval
from shiftbench.catalog import bundled_recipes
from shiftbench.prediction import LEVELS
from shiftbench.spec import NULL
from shiftbench.wrappers import WRAPPERS

TICKS = (0.5, 0.8, 0.95)
TIERS = {"cpu": "bench", "full": "core"}
LEGEND = (
    ("entry", "this entry"),
    ("floor", "training mean, the floor"),
    ("source", "source oracle, the ceiling"),
    ("target", "oracle of the shifted world"),
)


@dataclass(frozen=True, slots=True)
class Score:
    """A row of the table of scores: its name, depth, interval, and numbers by world."""

    name: str
    level: int
    found: Interval
    worlds: Worlds


def values(of: Sheet, one: Shown) -> dict[str, Any]:
    """What the template of the page asks for."""
    lines = _lines(of, one)
    return {
        "one": one,
        "manifest": one.manifest,
        "standing": one.standing,
        "tags": overview.tags(one.manifest),
        "verdict": verdict(of, one),
        "curves": [_curve(one, family, of.families) for family in of.families if family.name != NULL],
        "legend": LEGEND,
        "cells": _cells(one, of.families),
        "reliability": _reliability(one, of.families),
        "held": _held(one),
        "lines": lines,
        "worlds": sorted({world for line in lines for world in line.worlds}, key=lambda name: (len(name), name)),
        "axis": charts.score_axis([line.found for line in lines]),
        "commands": commands(of, one),
        "declared": msgspec.json.format(msgspec.json.encode(one.manifest), indent=2).decode(),
    }


def verdict(of: Sheet, one: Shown) -> str:
    """What there is to say of an entry, in two or three sentences made from its numbers."""
    standing = one.standing
    said = [_placed(of, one)]
    if not math.isnan(standing.score.value):
        ends = standing.score
        between = f" ({words.share(ends.low)} to {words.share(ends.high)})" if not math.isnan(ends.low) else ""
        way = "of the way from the training mean to the source oracle"
        if standing.score.value < 0:
            said.append(f"Over all shifts it does worse than the training mean: {words.number(ends.value)}{between}.")
        else:
            said.append(f"Over all shifts it covers {words.share(ends.value)}{between} {way}{_weakest(one)}.")
    if standing.gate is not None:
        held = f"its 90\u00a0% intervals hold {words.share(standing.coverage, 1)} of the measurements"
        start = "Where nothing shifts, " if standing.gate else "Its error bars fail where nothing shifts: "
        said.append(f"{start}{held}.")
    return " ".join(said)


def _placed(of: Sheet, one: Shown) -> str:
    standing = one.standing
    if one.state == "superseded":
        return "Superseded: it has no place any more."
    if one.state == "withdrawn":
        return f"Withdrawn{f': {one.note}' if one.note else ''}."
    if not standing.place:
        return f"Without a place: {overview.Row(one).why or 'not ranked'}."
    labels = one.manifest.division.labels
    many = sum(other.manifest.division.labels == labels for other in of.ranked)
    reach = f"; places {standing.best} to {standing.worst} are not told apart" if standing.best != standing.worst else ""
    within = f" with {labels} target labels" if labels else ""
    return f"{words.ordinal(standing.place)} of {many}{within}{reach}."


def _weakest(one: Shown) -> str:
    worst = one.standing.families.get(one.standing.worst_family)
    if worst is None or math.isnan(worst.value):
        return ""
    return f", least under {words.title(one.standing.worst_family).lower()} ({words.share(worst.value)})"


def _curve(one: Shown, family: Family, families: Sequence[Family]) -> Panel:
    """CRPS over severity of one family, from severity 0, between floor and oracles; single worlds as faint dots."""
    start = [cell for other in families if other.name == NULL for cell in other.cells]
    cells = [*start, *family.cells]
    rows = sheet.crps(one.scored)
    points = []
    for name, cell in [*((NULL, cell) for cell in start), *((family.name, cell) for cell in family.cells)]:
        mine = rows[(rows["family"] == name) & (rows["dose"] == cell.dose)]
        points.append((cell.severity, [float(value) for value in mine.sort_values("world")["value"]]))
    top = max([value for _, found in points for value in found if value == value] + [cell.floor for cell in cells])
    entry = Line("entry", tuple((x, _mean(found)) for x, found in points))
    floor, source, target = (
        Line(name, tuple((cell.severity, getattr(cell, name)) for cell in cells))
        for name in ("floor", "source", "target")
    )
    dots = Line("world", tuple((x, value) for x, found in points for value in found), dots=True)
    ticks = tuple(cell.severity for cell in cells)
    said = f"{words.title(family.name)}: CRPS of this entry, the training mean and both oracles over severity"
    return Panel(
        words.title(family.name), said, Axis(0, max(0.1, *ticks) * 1.04), Axis(0, top * 1.06), "severity", "CRPS",
        ticks, (floor, target, source, dots, entry), (floor, source), f"../shifts/{words.page_of_family(family.name)}",
    )  # fmt: skip


def _mean(found: Sequence[float]) -> float:
    known = [value for value in found if value == value]
    return sum(known) / len(known) if known else math.nan


def _cells(one: Shown, families: Sequence[Family]) -> list[dict[str, Any]]:
    """Numbers behind the curves: one row a family and dose, means over worlds."""
    rows = sheet.crps(one.scored)
    found = []
    for family in families:
        for cell in family.cells:
            mine = rows[(rows["family"] == family.name) & (rows["dose"] == cell.dose)]
            reasons = sorted({str(text) for text in mine["reason"] if text})
            found.append(
                {
                    "family": family.name,
                    "severity": cell.severity,
                    "value": _mean([float(value) for value in mine["value"]]),
                    "seed_sd": _mean([float(value) for value in mine["seed_sd"]]),
                    "cell": cell,
                    "scaled": _mean([float(value) for value in mine["scaled"]]),
                    "target": _mean([float(value) for value in mine["scaled_target"]]),
                    "reason": "; ".join(reasons),
                }
            )
    return found


def _reliability(one: Shown, families: Sequence[Family]) -> list[Panel]:
    """Share of measurements that intervals hold, over what they promise, at severity 0 and in each family."""
    frame = one.scored.reliability
    low = min([0.4, *[float(value) for value in frame["held"] if value == value]])
    axis = Axis(math.floor(low * 10) / 10, 1.0)
    ideal = Line("ideal", tuple((level, level) for level in (0.45, 1.0)))
    made = []
    for family in families:
        if family.name == NULL:
            continue
        asked = [(NULL, "0", "source"), *zip([family.name] * 2, [cell.dose for cell in family.cells], ("entry", "high"), strict=False)]
        lines = [_held_line(frame, name, dose, style) for name, dose, style in asked]
        said = f"{words.title(family.name)}: share of measurements within intervals over their nominal level, by severity"
        made.append(Panel(words.title(family.name), said, Axis(0.45, 1.0), axis, "nominal", "held", TICKS, (ideal, *lines)))
    return made


def _held_line(frame: pd.DataFrame, family: str, dose: str, style: str) -> Line:
    mine = frame[(frame["family"] == family) & (frame["dose"] == dose)].sort_values("level")
    return Line(style, tuple((float(level), float(held)) for level, held in zip(mine["level"], mine["held"], strict=True)))


def _held(one: Shown) -> list[dict[str, Any]]:
    """Numbers behind the error bars: one row a family and dose, one column a level."""
    found = []
    for (family, dose), mine in one.scored.reliability.groupby(["family", "dose"], sort=False):
        by_level = {round(float(level), 4): float(held) for level, held in zip(mine["level"], mine["held"], strict=True)}
        held = [by_level.get(level, math.nan) for level in LEVELS]
        found.append({"family": str(family), "dose": str(dose), "severity": float(mine["severity"].iloc[0]), "held": held})
    return found


def _lines(of: Sheet, one: Shown) -> list[Score]:
    """Score, parts with their families, and severity 0; intervals as the table has them."""
    standing, unknown = one.standing, sheet.UNKNOWN
    whole, parts, families = sheet.by_world(one.scored)
    found = [Score("Score", 1, standing.score, whole)]
    for part in sheet.PARTS:
        members = [family.name for family in of.families if family.part == part]
        if members:
            found.append(Score(words.title(part), 1, standing.parts.get(part, unknown), parts.get(part, {})))
        found += [
            Score(words.title(name), 2, standing.families.get(name, unknown), families.get(name, {}))
            for name in members
        ]
    found.append(Score("Severity 0, not in the score", 1, standing.source_law, families.get(NULL, {})))
    return found


def commands(of: Sheet, one: Shown) -> list[tuple[str, list[str]]]:
    """What to type to check the entry, to train it again, and to enter what came out; nothing of it is an entrant's."""
    model = one.manifest.model
    found = []
    if of.kind == "development":
        found.append(("Recompute its score, and all others, from the predictions:", ["shiftbench leaderboard verify"]))
    if model.recipe not in bundled_recipes() or model.wrapper not in WRAPPERS:
        return [*found, ("Its recipe does not come with shiftbench: training it again needs the code of its team.", [])]
    tier, what = TIERS[model.preset], "--round round.json" if of.kind == "round" else "--suite board"
    name = model.recipe if model.wrapper == "none" else f"{model.recipe}/{model.wrapper}"
    folder = f"runs/{of.round or 'board'}-{tier}"
    found.append(("Train it again:", [f"shiftbench run {what} --tier {tier} --recipes {model.recipe}"]))
    if of.kind == "development" and words.NAME.fullmatch(one.id):
        told = "--team TEAM --title TITLE --authors AUTHORS --training-data DATA --pretraining none --trials 1"
        found.append(
            (
                "Enter what came out beside it; both numbers are kept:",
                [
                    f"shiftbench submit {folder} {name} --entry {one.id} {told}",
                    f"shiftbench leaderboard add {one.id}.zip --challenges {one.id} --note WHY",
                ],
            )
        )
    return found
