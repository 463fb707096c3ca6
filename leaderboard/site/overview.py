"""The front page: entries by place and group, those without a place, and what may be filtered."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.manifest import Manifest
from leaderboard.scoring.scored import Flag
from leaderboard.scoring.standing import NO_INTERVAL, Interval, Standing
from leaderboard.site import charts, words
from leaderboard.site.sheet import PARTS, Sheet, Shown

LANE, GAP = 12, 0.018
"""Height of a lane of the strip, and the nearest that two dots of one lane may come, as a share of its width."""
LONG, SHORT, LETTER = 56, 26, 0.0118
"""Letters of a name above the strip, and on a phone, which fit at either place of its anchor; width of one, a share."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    shown: Shown

    @property
    def id(self) -> str:
        """Entry id."""
        return self.shown.id

    @property
    def manifest(self) -> Manifest:
        """What is declared."""
        return self.shown.manifest

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        return self.shown.standing

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What a reader should know."""
        return self.shown.scored.flags

    @property
    def missing(self) -> tuple[str, ...]:
        """Sets without an answer."""
        return self.shown.scored.missing

    @property
    def why(self) -> str:
        """Why it has no place; sets that are missing are listed apart."""
        return self.standing.unranked.replace(f" ({', '.join(self.missing)})", "")

    @property
    def control(self) -> bool:
        """Whether it is a control of the suite."""
        return self.manifest.model.kind == "control"

    @property
    def worst(self) -> Interval:
        """Score of the worst family."""
        return self.standing.families.get(self.standing.worst_family, NO_INTERVAL)

    @property
    def tags(self) -> list[str]:
        """What sets it apart from a single model of full size, trained on the training rows alone."""
        return tags(self.manifest)

    @property
    def filters(self) -> dict[str, str]:
        """Value of every filter."""
        division, model = self.manifest.division, self.manifest.model
        return {
            "fits": "ensemble" if division.ensemble else "single",
            "data": "outside" if division.outside_data else "closed",
            "generator": "aware" if division.generator_aware else "agnostic",
            "inputs": "sees" if division.sees_test_inputs else "blind",
            "labels": str(division.labels),
            "preset": model.preset,
            "controls": "control" if self.control else "entry",
        }

    @property
    def search(self) -> str:
        """Text that the reader's words are looked for in."""
        model = self.manifest.model
        said = (self.manifest.title, self.manifest.team, self.id, model.recipe, model.network, model.wrapper)
        return " ".join(said).lower()

    def part(self, name: str) -> Interval:
        """Score of a part."""
        return self.standing.parts.get(name, NO_INTERVAL)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are not told apart from the first of them."""

    number: int
    text: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Ranked entries of one budget of target labels."""

    labels: int
    heading: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A filter: its key, label, what it says while it is off, and its choices."""

    key: str
    label: str
    all: str
    choices: tuple[tuple[str, str], ...]


FIELDS = (
    Field("fits", "Fits", "all", (("single", "single model"), ("ensemble", "ensemble"))),
    Field("data", "Data", "all", (("closed", "training rows only"), ("outside", "outside data"))),
    Field("generator", "Generator", "all", (("agnostic", "agnostic"), ("aware", "aware"))),
    Field("inputs", "Test inputs", "all", (("blind", "not seen"), ("sees", "seen"))),
    Field("labels", "Target labels", "all", (("0", "none"), ("32", "32"), ("256", "256"))),
    Field("preset", "Size", "all", (("full", "full"), ("cpu", "CPU preset"))),
    Field("controls", "Controls", "shown", (("entry", "hidden"), ("control", "only these"))),
)


def tags(manifest: Manifest) -> list[str]:
    """Divisions in words, only those that set an entry apart."""
    division, model = manifest.division, manifest.model
    told = {
        "control": model.kind == "control",
        "CPU preset": model.preset == "cpu",
        "ensemble": division.ensemble,
        "outside data": division.outside_data,
        "generator-aware": division.generator_aware,
        "sees test inputs": division.sees_test_inputs,
        f"{division.labels} target labels": division.labels > 0,
    }
    return [text for text, holds in told.items() if holds]


def values(sheet: Sheet) -> dict[str, Any]:
    """What the template of the front page asks for."""
    rows = [Row(one) for one in sheet.standing]
    ranked = [row for row in rows if row.standing.place]
    axis = charts.score_axis([row.standing.score for row in ranked])
    return {
        "sections": _sections(ranked),
        "unranked": [row for row in rows if not row.standing.place],
        "retired": [one for one in sheet.entries.values() if one.state != "listed"],
        "parts": [part for part in PARTS if any(one.part == part for one in sheet.families)],
        "filters": FIELDS,
        "axis": axis,
        "strip": _strip(ranked, axis),
    }


def _sections(ranked: Sequence[Row]) -> list[Section]:
    budgets = sorted({row.manifest.division.labels for row in ranked} | {0})
    return [_section(labels, [row for row in ranked if row.manifest.division.labels == labels]) for labels in budgets]


def _section(labels: int, rows: Sequence[Row]) -> Section:
    heading = f"Ranked with {labels} labels of each target" if labels else "Ranked, without labels of the target"
    numbers = sorted({row.standing.group for row in rows})
    groups = [(number, tuple(row for row in rows if row.standing.group == number)) for number in numbers]
    return Section(labels, heading, tuple(Group(number, _told(members), members) for number, members in groups))


def _told(members: Sequence[Row]) -> str:
    if len(members) == 1:
        return "stands alone"
    return f"{len(members)} entries, not told apart from the first of them"


@dataclass(frozen=True, slots=True)
class Dot:
    """A mark of the strip."""

    value: float
    y: float
    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """A name above the strip, and the same for a narrow one."""

    value: float
    text: str
    short: str
    style: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Strip:
    """All ranked scores on one line."""

    axis: charts.Axis
    dots: tuple[Dot, ...]
    labels: tuple[Label, ...]
    height: int
    legend: tuple[tuple[str, str], ...] = (("entry", "entries"), ("control", "controls"))


def _strip(ranked: Sequence[Row], axis: charts.Axis) -> Strip:
    rows = sorted(ranked, key=lambda row: (row.standing.score.value, row.id))
    ends: list[float] = []
    lanes = []
    for row in rows:
        place = axis.at(row.standing.score.value)
        lane = next((number for number, end in enumerate(ends) if place - end >= GAP), len(ends))
        ends[lane : lane + 1] = [place]
        lanes.append(lane)
    deepest = max(lanes, default=0)
    dots = [
        Dot(
            row.standing.score.value,
            36 + LANE * lane,
            "control" if row.control else "entry",
            f"{row.manifest.title}: {words.number(row.standing.score.value)}",
        )
        for row, lane in zip(rows, lanes, strict=True)
    ]
    return Strip(axis, tuple(dots), tuple(_labels(rows, axis)), 36 + LANE * deepest + 12 + 46)


def _labels(rows: Sequence[Row], axis: charts.Axis) -> list[Label]:
    """Names of the best entry, and of the best control if it lies far enough away to be read beside it."""
    found: list[Label] = []
    for control, style in ((False, "entry"), (True, "control")):
        known = [row for row in rows if row.control is control and not math.isnan(row.standing.score.value)]
        if not known:
            continue
        value, title = known[-1].standing.score.value, known[-1].manifest.title
        place = axis.at(value)
        anchor = "start" if place < 1 / 3 else "end" if place > 2 / 3 else "middle"
        label = Label(value, words.cut(title, LONG), words.cut(title, SHORT), style, anchor)
        low, high = _span(label, axis)
        if all(high < start or low > end for start, end in (_span(one, axis) for one in found)):
            found.append(label)
    return found


def _span(label: Label, axis: charts.Axis) -> tuple[float, float]:
    """Where a name begins and ends, as shares of the narrowest strip that shows it in full."""
    width = len(label.text) * LETTER
    low = axis.at(label.value) - {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    return low, low + width
