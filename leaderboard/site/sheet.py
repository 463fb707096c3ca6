"""One table with everything that its pages show: who stands where, the numbers behind it, and the record."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from leaderboard.board import Board
from leaderboard.manifest import Manifest
from leaderboard.records.history import State
from leaderboard.records.record import Record
from leaderboard.scoring.averages import averages
from leaderboard.scoring.scored import Scored
from leaderboard.scoring.standing import Interval, Standing, Table
from shiftbench.spec import NULL

PARTS = ("genome", "program", "assay")
Worlds = dict[str, float]
"""Numbers by world."""
ByWorld = tuple[Worlds, dict[str, Worlds], dict[str, Worlds]]
"""Score, parts and families by world."""
Place = tuple[str, str]
"""Family and dose."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """An entry that somebody ran again: who, when, what came out, and the SHA-256 of the new bundle."""

    team: str
    date: str
    note: str
    score: Interval
    sha256: str


@dataclass(frozen=True)
class Shown:
    """An entry as it is shown: its numbers, where it stands, and what the ledger tells of it.

    `by`: id of the entry that took its place, "" if none; `note`: why it was withdrawn; `reruns`: numbers of those who
    ran it again; `records`: its lines of the ledger.
    """

    scored: Scored
    standing: Standing
    state: State = "listed"
    by: str = ""
    note: str = ""
    reruns: tuple[Rerun, ...] = ()
    records: tuple[Record, ...] = ()

    @property
    def id(self) -> str:
        """Entry id."""
        return self.scored.id

    @property
    def manifest(self) -> Manifest:
        """What is declared."""
        return self.scored.manifest

    @cached_property
    def cells(self) -> dict[Place, list[dict[str, Any]]]:
        """Rows of the ranked number by family and dose, in the order of worlds."""
        found: dict[Place, list[dict[str, Any]]] = {}
        rows = crps(self.scored)
        columns = [str(name) for name in rows.columns]
        told = [dict(zip(columns, row, strict=True)) for row in rows.itertuples(index=False, name=None)]
        for row in sorted(told, key=lambda row: str(row["world"])):
            found.setdefault((str(row["family"]), str(row["dose"])), []).append(row)
        return found

    @cached_property
    def held(self) -> dict[Place, dict[float, float]]:
        """Share of measurements that intervals hold by their level, by family and dose."""
        found: dict[Place, dict[float, float]] = {}
        for row in self.scored.reliability.to_dict("records"):
            levels = found.setdefault((str(row["family"]), str(row["dose"])), {})
            levels[round(float(row["level"]), 4)] = float(row["held"])
        return found

    @cached_property
    def worlds(self) -> "ByWorld":
        """Score, parts and families in each world."""
        return by_world(self.scored)


@dataclass(frozen=True, slots=True)
class Cell:
    """Family at a dose, mean over worlds: CRPS of the training mean (floor), source oracle and oracle, log2 units."""

    dose: str
    severity: float
    floor: float
    source: float
    target: float


@dataclass(frozen=True, slots=True)
class Family:
    """A family of shifts in the suite, with its part ("" at severity 0), what it does, and its cells by severity."""

    name: str
    part: str
    text: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one table of the leaderboard holds.

    `kind`: development, round or private; `question`: of the suite; `entries`: by id, also those that stand no more;
    `families`: in the order of the suite, severity 0 first; `records`: all lines of the ledger; `head`: digest of the
    last, "" without a ledger.
    """

    kind: Literal["development", "round", "private"]
    suite: str
    version: int
    round: str
    question: str
    table: Table
    entries: Mapping[str, Shown]
    families: tuple[Family, ...]
    records: tuple[Record, ...] = ()
    head: str = ""

    @property
    def title(self) -> str:
        """Name of the table."""
        named = {"development": "Development table", "round": f"Round {self.round}", "private": "Private board"}
        return named[self.kind]

    @property
    def standing(self) -> list[Shown]:
        """Entries that stand, in the order of the table."""
        return [self.entries[one.id] for one in self.table.standings]

    @property
    def ranked(self) -> list[Shown]:
        """Entries with a place, in its order."""
        return [one for one in self.standing if one.standing.place]


def crps(scored: Scored) -> pd.DataFrame:
    """Rows of the ranked number of an entry: CRPS by cell."""
    return scored.cells[scored.cells["metric"] == "crps"]


def by_world(scored: Scored) -> ByWorld:
    """Score, parts and families of an entry in each world where all of their cells have a number.

    Severity 0 is a family of no part. Cells without a scale are left out, as in the ranks.
    """
    whole: Worlds = {}
    parts: dict[str, Worlds] = {}
    families: dict[str, Worlds] = {}
    for world, rows in crps(scored).groupby("world"):
        shifted = averages(rows[(rows["part"] != "") & rows["scale"].astype(bool)])
        start = averages(rows[rows["part"] == ""])
        for name, values in (start.families | shifted.families).items():
            _keep(families.setdefault(name, {}), str(world), values)
        for name, values in shifted.parts.items():
            _keep(parts.setdefault(name, {}), str(world), values)
        _keep(whole, str(world), shifted.whole)
    return whole, parts, families


def _keep(worlds: Worlds, world: str, values: NDArray[np.float64]) -> None:
    """Note the number of a world, if it has one."""
    if len(values) and not math.isnan(values[0]):
        worlds[world] = float(values[0])


def critical(worlds: int) -> float:
    """How many standard errors a 95 % interval over so many worlds reaches to either side; NaN below two."""
    return float(student.ppf(0.975, worlds - 1)) if worlds > 1 else math.nan


def families(scored: Iterable[Scored], board: Board, told: Mapping[str, str]) -> tuple[Family, ...]:
    """Families of a board, severity 0 first and then by part; `told`: what each does.

    Floor and ceilings come from the numbers of entries, and are NaN where there are none.
    """
    rows = pd.concat([_places(board), *(crps(one) for one in scored)], ignore_index=True)
    found = []
    for name, mine in rows.groupby("family", sort=False):
        cells = [_cell(str(dose), group) for dose, group in mine.groupby("dose", sort=False)]
        cells.sort(key=lambda cell: cell.severity)
        found.append(Family(str(name), str(mine["part"].iloc[0]), told.get(str(name), ""), tuple(cells)))
    order = ("", *PARTS)
    found.sort(key=lambda one: (one.name != NULL, order.index(one.part), one.name))
    return tuple(found)


def _places(board: Board) -> pd.DataFrame:
    """Cells of a board, without numbers."""
    columns = ("world", "part", "family", "dose", "severity")
    rows = [{name: getattr(cell, name) for name in columns} for cell in board.cells]
    return pd.DataFrame(rows).assign(floor=np.nan, source=np.nan, target=np.nan)


def _cell(dose: str, rows: pd.DataFrame) -> Cell:
    """Means over worlds: of each, the numbers that any entry was scored with."""
    means = rows.groupby("world")[["severity", "floor", "source", "target"]].max().mean()
    return Cell(dose, *(float(means[name]) for name in ("severity", "floor", "source", "target")))
