"""Two entries side by side: numbers by world for the page's script, and how often each beats each as a plain table."""

from typing import Any

from leaderboard.reading.text import visible
from leaderboard.site import sheet, words
from leaderboard.site.sheet import Sheet, Shown
from shiftbench.spec import NULL


def values(of: Sheet) -> dict[str, Any]:
    """What the template asks for."""
    rows = _rows(of)
    found = [(one, _worlds(one, rows)) for one in of.standing]
    known = [(one, worlds) for one, worlds in found if any(worlds.values())]
    most = max((len(row) for _, worlds in known for row in worlds.values()), default=0)
    return {
        "entries": [one for one, _ in known],
        "numbers": {
            "entries": [
                {
                    "id": one.id,
                    "title": visible(one.manifest.title),
                    "labels": one.manifest.division.labels,
                    "ranked": one.standing.place > 0,
                    "worlds": worlds,
                }
                for one, worlds in known
            ],
            "rows": rows,
            "critical": {str(count): round(sheet.critical(count), 9) for count in range(2, most + 1)},
            "wins": of.table.wins,
            "decided": of.table.decided,
        },
        "budgets": _budgets(of),
    }


def _rows(of: Sheet) -> list[dict[str, Any]]:
    """Rows of the comparison: score, parts with their families, severity 0."""
    rows: list[dict[str, Any]] = [{"key": "score", "title": "Score", "level": 1}]
    for part in sheet.PARTS:
        members = [family.name for family in of.families if family.part == part]
        if members:
            rows.append({"key": f"part {part}", "title": words.named(part), "level": 1})
        rows += [{"key": f"family {name}", "title": words.named(name), "level": 2} for name in members]
    return [*rows, {"key": f"family {NULL}", "title": "Severity 0, not in the score", "level": 1}]


def _worlds(one: Shown, rows: list[dict[str, Any]]) -> dict[str, sheet.Worlds]:
    whole, parts, families = one.worlds
    known = {"score": whole}
    known |= {f"part {name}": worlds for name, worlds in parts.items()}
    known |= {f"family {name}": worlds for name, worlds in families.items()}
    found = {row["key"]: known.get(row["key"], {}) for row in rows}
    return {key: {world: round(value, 6) for world, value in worlds.items()} for key, worlds in found.items()}


def _budgets(of: Sheet) -> list[tuple[int, list[Shown]]]:
    """Ranked entries by budget of target labels, within which wins are counted."""
    budgets = sorted({one.manifest.division.labels for one in of.ranked})
    return [(labels, [one for one in of.ranked if one.manifest.division.labels == labels]) for labels in budgets]
