"""The page of one entry: a verdict, curves over dose, error bars by severity, every score, and how to run it again."""

import math
from dataclasses import dataclass
from typing import Any

import msgspec

from leaderboard.reading.text import plain_link
from leaderboard.scoring.standing import NO_INTERVAL, Interval
from leaderboard.site import charts, curves, overview, sheet, words
from leaderboard.site.sheet import Sheet, Shown, Worlds
from shiftbench.catalog import bundled_recipes
from shiftbench.spec import NULL
from shiftbench.wrappers import WRAPPERS

TIERS = {"cpu": "bench", "full": "core"}
"""Tier of a run that gives an entry of a preset."""


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
        "linked": plain_link(one.manifest.link),
        "tags": overview.tags(one.manifest),
        "verdict": verdict(of, one),
        "curves": curves.errors(one, of.families),
        "legend": curves.LEGEND,
        "numbers": curves.numbers(one, of.families),
        "reliability": curves.reliability(one, of.families),
        "held": curves.held(one, of.families),
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
    reach = (
        f"; places {standing.best} to {standing.worst} are not told apart" if standing.best != standing.worst else ""
    )
    within = f" with {labels} target labels" if labels else ""
    return f"{words.ordinal(standing.place)} of {many}{within}{reach}."


def _weakest(one: Shown) -> str:
    worst = one.standing.families.get(one.standing.worst_family)
    if worst is None or math.isnan(worst.value):
        return ""
    return f", least under {words.inside(one.standing.worst_family)} ({words.share(worst.value)})"


def _lines(of: Sheet, one: Shown) -> list[Score]:
    """Score, parts with their families, and severity 0; intervals as the table has them."""
    standing, unknown = one.standing, NO_INTERVAL
    whole, parts, families = one.worlds
    found = [Score("Score", 1, standing.score, whole)]
    for part in sheet.PARTS:
        members = [family.name for family in of.families if family.part == part]
        if members:
            found.append(Score(words.named(part), 1, standing.parts.get(part, unknown), parts.get(part, {})))
        found += [
            Score(words.named(name), 2, standing.families.get(name, unknown), families.get(name, {}))
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
    found.append(("Train it again:", [f"shiftbench run {what} --tier {tier} --recipes {model.recipe}"]))
    if of.kind == "development" and words.NAME.fullmatch(one.id):
        told = "--team TEAM --title TITLE --authors AUTHORS --training-data DATA --pretraining none --trials 1"
        found.append(
            (
                "Enter what came out beside it; both numbers are kept:",
                [
                    f"shiftbench submit runs/board-{tier} {name} --entry {one.id} {told}",
                    f"shiftbench leaderboard add {one.id}.zip --challenges {one.id} --note WHY",
                ],
            )
        )
    return found
