"""The table as a file for a spreadsheet or a program: every number, and no text that is taken for a formula."""

import math
from collections.abc import Sequence
from pathlib import Path

from leaderboard.reading.text import field
from leaderboard.records.history import State
from leaderboard.scoring.scored import Scored
from leaderboard.scoring.standing import NO_INTERVAL, Standing
from shiftbench.errors import StoreError
from shiftbench.whole import whole

Line = tuple[Scored, Standing, State]
"""An entry, where it stands, and whether it does so still."""


def write(lines: Sequence[Line], path: Path) -> None:
    """Write the table of these entries; `StoreError` if the file cannot be written."""
    try:
        with whole(path) as partial:
            partial.write_text(tsv(lines), encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoreError(f"{path}: cannot write ({error.strerror}); give another --output") from error


def tsv(lines: Sequence[Line]) -> str:
    """A row an entry, tab-separated, in the order given; empty where there is no number."""
    standings = [standing for _, standing, _ in lines]
    parts = sorted({part for one in standings for part in one.parts})
    families = list(dict.fromkeys(name for one in standings for name in one.families))
    heads = [
        "place", "best", "worst", "group", "entry", "team", "title", "state", "unranked", "recipe", "wrapper", "kind",
        "preset", "ensemble", "outside_data", "generator_aware", "sees_test_inputs", "labels", "parameters", "trials",
        "seconds", "coverage_90", "gate", "clipped", "undefined", "counted", "copies", "flags", "worst_family",
        "sha256",
    ]  # fmt: skip
    heads += [f"place_{part}" for part in parts]
    heads += [f"{name}{end}" for name in ("score", "severity_0", *parts, *families) for end in ("", "_low", "_high")]
    rows = [heads, *(_fields(line, parts, families) for line in lines)]
    return "".join("\t".join(row) + "\n" for row in rows)


def _fields(line: Line, parts: Sequence[str], families: Sequence[str]) -> list[str]:
    scored, standing, state = line
    model, division, manifest = scored.manifest.model, scored.manifest.division, scored.manifest
    places = (standing.place, standing.best, standing.worst, standing.group)
    switches = (division.ensemble, division.outside_data, division.generator_aware, division.sees_test_inputs)
    intervals = [standing.score, standing.source_law]
    intervals += [standing.parts.get(part, NO_INTERVAL) for part in parts]
    intervals += [standing.families.get(name, NO_INTERVAL) for name in families]
    said = (standing.id, manifest.team, manifest.title, state, standing.unranked)
    return [
        *map(_place, places),
        *map(field, (*said, model.recipe, model.wrapper, model.kind, model.preset)),
        *map(_switch, switches),
        *map(str, (division.labels, model.parameters, model.trials)),
        *map(_number, (manifest.cost.seconds, standing.coverage)),
        {None: "", True: "holds", False: "fails"}[standing.gate],
        *map(str, (standing.clipped, standing.undefined)),
        _switch(standing.counted),
        *map(field, (" ".join(standing.copies), " ".join(standing.flags), standing.worst_family, scored.sha256)),
        *(_place(standing.part_places.get(part, 0)) for part in parts),
        *(_number(end) for found in intervals for end in (found.value, found.low, found.high)),
    ]


def _place(place: int) -> str:
    return str(place) if place else ""


def _switch(holds: bool) -> str:
    return "yes" if holds else "no"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"
