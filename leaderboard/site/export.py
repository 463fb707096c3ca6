"""The table as a file for a spreadsheet or a program: every number, and no text that is taken for a formula."""

import math
import unicodedata

from leaderboard.scoring.standing import Interval
from leaderboard.site.sheet import Sheet, Shown

FORMULA = "=+-@|%\t\r"
"""What a spreadsheet may take for the start of a formula or a command, at the head of a field."""


def text(value: str) -> str:
    """Text of an entrant as one field: no tab, line break, control or bidi character; a formula is quoted."""
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in value)
    quoted = kept.strip().replace('"', "'")
    normal = unicodedata.normalize("NFKC", quoted[:1])
    return f"'{quoted}" if normal and normal in FORMULA else quoted


def tsv(of: Sheet) -> str:
    """A row an entry, in the order of the table; those that stand no more come last."""
    parts = sorted({part for one in of.entries.values() for part in one.standing.parts})
    families = [family.name for family in of.families if family.part]
    numbers = ["score", "severity_0", *parts, *families]
    heads = [
        "place", "best", "worst", "group", "entry", "team", "title", "state", "unranked", "recipe", "wrapper", "kind",
        "preset", "ensemble", "outside_data", "generator_aware", "sees_test_inputs", "labels", "parameters", "trials",
        "seconds", "coverage_90", "gate", "flags", "sha256",
    ]  # fmt: skip
    heads += [f"{name}{end}" for name in numbers for end in ("", "_low", "_high")]
    rest = [one for one in of.entries.values() if one.state in ("superseded", "withdrawn")]
    lines = [heads, *(_fields(one, parts, families) for one in [*of.standing, *rest])]
    return "".join("\t".join(line) + "\n" for line in lines)


def _fields(one: Shown, parts: list[str], families: list[str]) -> list[str]:
    standing, manifest = one.standing, one.manifest
    model, division = manifest.model, manifest.division
    unknown = Interval(math.nan, math.nan, math.nan)
    places = (standing.place, standing.best, standing.worst, standing.group)
    known = one.state in ("listed", "challenged")
    said = (one.id, manifest.team, manifest.title, one.state, standing.unranked)
    plain = (model.recipe, model.wrapper, model.kind, model.preset)
    switches = (division.ensemble, division.outside_data, division.generator_aware, division.sees_test_inputs)
    intervals = [standing.score, standing.source_law]
    intervals += [standing.parts.get(part, unknown) for part in parts]
    intervals += [standing.families.get(name, unknown) for name in families]
    return [
        *(str(place) if place and known else "" for place in places),
        *map(text, (*said, *plain)),
        *("yes" if holds else "no" for holds in switches),
        *map(str, (division.labels, model.parameters, model.trials)),
        *map(_number, (manifest.cost.seconds, standing.coverage)),
        {None: "", True: "holds", False: "fails"}[standing.gate],
        text(" ".join(standing.flags)),
        text(one.scored.sha256),
        *(_number(end) for found in intervals for end in (found.value, found.low, found.high)),
    ]


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"
