"""The page of a family of shifts: what it does, how hard it is, and who stands it best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.scoring.standing import NO_INTERVAL, Interval
from leaderboard.site import charts, overview, words
from leaderboard.site.charts import Axis
from leaderboard.site.sheet import Cell, Family, Sheet, Shown
from shiftbench.report.shift_words import PARTS as MEANINGS
from shiftbench.spec import NULL
from simulators.shift import FAMILIES

RIDGE = "_ridge"
"""Ending of the recipes of linear controls."""
TEXTS = {name: family.text for name, family in FAMILIES.items()}


@dataclass(frozen=True, slots=True)
class Tried:
    """An entry under this family: its score, and its CRPS by dose, mean over worlds."""

    shown: Shown
    found: Interval
    raw: dict[str, float]

    @property
    def control(self) -> bool:
        """Whether it is a control of the suite."""
        return self.shown.manifest.model.kind == "control"

    @property
    def tags(self) -> list[str]:
        """What sets it apart."""
        return overview.tags(self.shown.manifest)


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is to say of a family in one card."""

    family: Family
    tried: tuple[Tried, ...]
    ridge: Tried | None
    above: int
    rivals: int

    @property
    def best(self) -> Tried | None:
        """The entry that stands it best, controls aside."""
        return next((one for one in self.tried if not one.control), None)

    @property
    def said(self) -> str:
        """Who does best, and how many score above the best ridge."""
        if self.best is None:
            return "No entry has answered it yet."
        text = f"Best: {self.best.shown.manifest.title}, {words.number(self.best.found.value, 2)}."
        if self.ridge is None:
            return text
        ridge = f"{self.ridge.shown.manifest.title}, {words.number(self.ridge.found.value, 2)}"
        return f"{text} {self.above} of {self.rivals} score above the best ridge ({ridge})."


def summaries(of: Sheet) -> list[Summary]:
    """All families of the suite with those who tried them, best first."""
    return [_summary(of, family) for family in of.families]


def shifts(found: Sequence[Summary]) -> dict[str, Any]:
    """What the template of the page of all families asks for."""
    return {
        "summaries": found,
        "hardest": hardest(found),
        "axis": charts.score_axis([tried.found for one in found for tried in one.tried]),
        "meanings": MEANINGS | {one.family.part: meaning(one.family) for one in found},
    }


def values(one: Summary) -> dict[str, Any]:
    """What the template of a family's page asks for."""
    family = one.family
    raw = [value for tried in one.tried for value in tried.raw.values()]
    known = [value for value in [*raw, *(cell.floor for cell in family.cells), 0.1] if not math.isnan(value)]
    return {
        "one": one,
        "family": family,
        "meaning": meaning(family),
        "axis": charts.score_axis([tried.found for tried in one.tried]),
        "raw": Axis(0, max(known) * 1.05),
        "rungs": [(cell, _rung(cell)) for cell in family.cells],
        "labels": sorted({tried.shown.manifest.division.labels for tried in one.tried}),
    }


def meaning(family: Family) -> str:
    """What the part of a family says of the kind of shift."""
    if family.name == NULL:
        return "A new draw of the law that was trained on. It shows what chance alone does, and gates the error bars."
    return MEANINGS.get(family.part, "")


def _rung(cell: Cell) -> str:
    """What floor and oracles say of a dose, in words."""
    won = (cell.floor - cell.source) / cell.floor if cell.floor > 0 else math.nan
    lost = (cell.source - cell.target) / cell.floor if cell.floor > 0 else math.nan
    text = f"Knowing the world that was trained on takes {words.share(won)} off the error of the training mean"
    if lost >= 0.005:
        return f"{text}; another {words.share(lost)} only who knows the shifted world."
    return f"{text}; knowing the shifted world adds nothing that could be seen."


def _summary(of: Sheet, family: Family) -> Summary:
    tried = [_tried(one, family) for one in of.standing]
    known = [one for one in tried if not math.isnan(one.found.value)]
    known.sort(key=lambda one: (-one.found.value, one.shown.id))
    ridges = [one for one in known if one.control and one.shown.manifest.model.recipe.endswith(RIDGE)]
    ridge = ridges[0] if ridges else None
    rivals = [one for one in known if not one.control]
    above = sum(one.found.value > ridge.found.value for one in rivals) if ridge else 0
    return Summary(family, tuple(known), ridge, above, len(rivals))


def _tried(one: Shown, family: Family) -> Tried:
    standing = one.standing
    found = standing.source_law if family.name == NULL else standing.families.get(family.name, NO_INTERVAL)
    rows = {cell.dose: one.cells.get((family.name, cell.dose), []) for cell in family.cells}
    raw = {dose: charts.mean([row["value"] for row in mine]) for dose, mine in rows.items()}
    return Tried(one, found, raw)


def hardest(found: Sequence[Summary]) -> str:
    """Which family leaves the least to the best entries, in a sentence; empty without entries."""
    known = [one for one in found if one.best is not None and one.family.name != NULL]
    if not known:
        return ""
    worst = min(known, key=lambda one: (one.best.found.value if one.best else 0.0, one.family.name))
    assert worst.best is not None
    return (
        f"Hardest is {words.inside(worst.family.name)}: the best entry covers "
        f"{words.share(worst.best.found.value)} of the way from the training mean to the source oracle."
    )
