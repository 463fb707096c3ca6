"""Curves of one entry: error over severity between floor and oracles, and what its intervals hold."""

import math
from collections.abc import Sequence
from typing import Any

from leaderboard.site import words
from leaderboard.site.charts import Axis, Line, Panel, known, mean
from leaderboard.site.sheet import Family, Shown
from shiftbench.prediction import LEVELS
from shiftbench.spec import NULL

LEGEND = (
    ("entry", "this entry"),
    ("floor", "training mean, the floor"),
    ("source", "source oracle, the ceiling"),
    ("target", "oracle of the shifted world"),
)
TICKS = (0.5, 0.8, 0.95)
"""Levels that are named below a panel; .9 and .95 would touch."""
STYLES = ("entry", "high")
"""Of the doses of a family, in their order."""


def errors(one: Shown, families: Sequence[Family]) -> list[Panel]:
    """A panel a family: CRPS over severity."""
    start = [family for family in families if family.name == NULL]
    return [_error(one, [*start, family]) for family in families if family.name != NULL]


def _error(one: Shown, families: Sequence[Family]) -> Panel:
    """CRPS from severity 0 to the doses of the last family, between floor and oracles; single worlds as dots."""
    doses = [(family.name, cell) for family in families for cell in family.cells]
    cells = [cell for _, cell in doses]
    points = [(cell.severity, _values(one, name, cell.dose, "value")) for name, cell in doses]
    top = max(known([*(value for _, found in points for value in found), *(cell.floor for cell in cells), 0.1]))
    floor, source, target = (
        Line(name, tuple((cell.severity, getattr(cell, name)) for cell in cells))
        for name in ("floor", "source", "target")
    )
    entry = Line("entry", tuple((x, mean(found)) for x, found in points))
    dots = Line("world", tuple((x, value) for x, found in points for value in found), dots=True)
    last = families[-1].name
    return Panel(
        title=words.named(last),
        said=f"{words.named(last)}: CRPS of this entry, the training mean and both oracles over severity",
        x=Axis(0, max(0.1, *(cell.severity for cell in cells)) * 1.04),
        y=Axis(0, top * 1.06),
        x_name="severity",
        y_name="CRPS",
        x_ticks=tuple(cell.severity for cell in cells),
        lines=(floor, target, source, dots, entry),
        band=(floor, source),
        link=f"../shifts/{words.page_of_family(last)}",
    )


def numbers(one: Shown, families: Sequence[Family]) -> list[dict[str, Any]]:
    """Numbers behind the curves: one row a family and dose, means over worlds."""
    found = []
    for family in families:
        for cell in family.cells:
            place = (family.name, cell.dose)
            means = {name: mean(_values(one, *place, name)) for name in ("value", "seed_sd", "scaled", "scaled_target")}
            reasons = sorted({str(row["reason"]) for row in one.cells.get(place, []) if row["reason"]})
            found.append({"family": family.name, "cell": cell, "reason": "; ".join(reasons)} | means)
    return found


def reliability(one: Shown, families: Sequence[Family]) -> list[Panel]:
    """A panel a family: the share of measurements that intervals hold over what they promise."""
    held = [share for levels in one.held.values() for share in levels.values()]
    low = math.floor(min(known([0.4, *held])) * 10) / 10
    ideal = Line("ideal", ((0.45, 0.45), (1.0, 1.0)))
    return [
        Panel(
            title=words.named(family.name),
            said=f"{words.named(family.name)}: share of measurements that intervals hold over their nominal level",
            x=Axis(0.45, 1.0),
            y=Axis(low, 1.0),
            x_name="nominal",
            y_name="held",
            x_ticks=TICKS,
            lines=(ideal, _held(one, NULL, "0", "source"), *_by_dose(one, family)),
        )
        for family in families
        if family.name != NULL
    ]


def _by_dose(one: Shown, family: Family) -> list[Line]:
    shown = zip(family.cells, STYLES, strict=False)
    return [_held(one, family.name, cell.dose, style) for cell, style in shown]


def _held(one: Shown, family: str, dose: str, style: str) -> Line:
    return Line(style, tuple(sorted(one.held.get((family, dose), {}).items())))


def held(one: Shown, families: Sequence[Family]) -> list[dict[str, Any]]:
    """Numbers behind the error bars: one row a family and dose, `held` at each of `LEVELS`."""
    return [
        {"family": family.name, "severity": cell.severity, "held": [levels.get(level, math.nan) for level in LEVELS]}
        for family in families
        for cell in family.cells
        if (levels := one.held.get((family.name, cell.dose)))
    ]


def _values(one: Shown, family: str, dose: str, name: str) -> list[float]:
    """Numbers of a column at a family and dose, one a world."""
    return [float(row[name]) for row in one.cells.get((family, dose), [])]
