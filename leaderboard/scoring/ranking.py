"""Ranks of entries: who is better beyond chance over worlds, who is not ranked and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboard.scoring.averages import Averages, averages
from leaderboard.scoring.scored import Scored
from leaderboard.scoring.standing import NO_INTERVAL, Interval, Standing, Table
from shiftbench.comparison.families import family
from shiftbench.comparison.ranks import Rank, ranks
from shiftbench.errors import InputError, Undefined
from shiftbench.stats.crossed import nested

LEVEL = 0.95
GATE_LEVEL, GATE_WIDTH = 0.9, 0.05
"""Nominal level of the intervals whose coverage at severity 0 is the gate, and how far it may be off."""
CELL = ("world", "part", "family", "dose")

Floats = NDArray[np.float64]
Pair = tuple[str, str]


def rank(scored: Sequence[Scored]) -> Table:
    """The table of these entries; in any order, the same.

    `InputError` if two of them have the same id.
    """
    names = [one.id for one in scored]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"entry {min(twice)}: given twice; expected every entry once")
    left_out = _left_out(scored)
    rows = {one.id: _Row(one, left_out) for one in sorted(scored, key=lambda one: one.id)}
    standings: list[Standing] = []
    sure: list[Pair] = []
    wins: dict[str, dict[str, float]] = {}
    for labels in sorted({row.labels for row in rows.values()}):
        within = {name: row for name, row in rows.items() if row.labels == labels}
        found, pairs = _standings(within)
        standings += found
        sure += pairs
        wins |= _wins({name: row for name, row in within.items() if not row.unranked})
    standings.sort(key=lambda one: (one.place == 0, one.labels, one.place, one.id))
    return Table(tuple(standings), wins, tuple(sorted(sure)))


def decided(tests: Mapping[Pair, tuple[float, float]], names: Sequence[str]) -> list[Pair]:
    """Pairs (better, worse) of `names` that are told apart: at most 5 % of them wrongly, as Benjamini and Hochberg say.

    Holm's promise, no wrong pair at all, would with few worlds and many entries tell nobody apart.
    """
    pairs = list(combinations(sorted(names), 2))
    rejected = family([tests[pair][1] for pair in pairs], "Benjamini-Hochberg", LEVEL).rejected
    found = [pair for pair, sure in zip(pairs, rejected, strict=True) if sure]
    return [pair if tests[pair][0] > 0 else pair[::-1] for pair in found]


def paired(scores: Mapping[str, Floats]) -> dict[Pair, tuple[float, float]]:
    """Of every pair of entries, by name in order, the difference of `scores` (w,) and the p value of its paired t.

    Worlds are the units; p is NaN where the difference is the same in all of them.
    """
    return {(one, other): _paired(scores[one] - scores[other]) for one, other in combinations(sorted(scores), 2)}


def _paired(difference: Floats) -> tuple[float, float]:
    try:
        found = nested(difference[:, None], LEVEL)
    except Undefined:
        return float(difference.mean()), np.nan
    return found.value, found.p


def _left_out(scored: Sequence[Scored]) -> set[tuple[str, ...]]:
    """Shifted cells that have no scale: this hangs on the references, so they leave the table for everybody."""
    cells = pd.concat([_primary(one.cells) for one in scored]) if scored else pd.DataFrame(columns=[*CELL, "scale"])
    return set(cells.loc[~cells["scale"].astype(bool), [*CELL]].itertuples(index=False, name=None))


def _primary(cells: pd.DataFrame) -> pd.DataFrame:
    return cells[(cells["metric"] == "crps") & (cells["part"] != "")]


def _within(cells: pd.DataFrame, left_out: set[tuple[str, ...]]) -> pd.DataFrame:
    """Cells that are ranked."""
    shifted = cells[cells["part"] != ""]
    kept = [cell not in left_out for cell in shifted[[*CELL]].itertuples(index=False, name=None)]
    return shifted[kept]


class _Row:
    """Everything of an entry that does not hang on the others."""

    def __init__(self, scored: Scored, left_out: set[tuple[str, ...]]) -> None:
        self.scored, self.labels, self.undefined = scored, scored.manifest.division.labels, len(left_out)
        cells = _within(_primary(scored.cells), left_out)
        self.clipped = int((cells["scaled"].abs() > 1).sum())
        self.scores: Averages = averages(cells)
        self.trainings = averages(_within(scored.trainings, left_out), ("world", "seed"))
        source = scored.cells[(scored.cells["part"] == "") & (scored.cells["metric"] == "crps")]
        self.source_law = source.groupby("world")["scaled"].mean(skipna=False).clip(-1, 1).to_numpy(np.float64)
        self.coverage = self._coverage()
        known = not np.isnan(self.coverage)
        self.gate = round(abs(self.coverage - GATE_LEVEL), 9) <= GATE_WIDTH if known else None
        self.unranked = "; ".join(self._reasons())

    def _coverage(self) -> float:
        cells = self.scored.cells
        own = cells[(cells["part"] == "") & (cells["metric"] == "coverage") & (cells["level"] == GATE_LEVEL)]
        return float(own.groupby("world")["value"].mean(skipna=False).mean(skipna=False))

    def _reasons(self) -> list[str]:
        """Why there is no rank."""
        reasons, missing = [], self.scored.missing
        if missing:
            reasons.append(f"incomplete: no answer to {len(missing)} sets ({', '.join(missing)})")
        elif np.isnan(self.scores.whole).any() or not self.scores.whole.size:
            reasons.append("no score: a number is undefined")
        if self.gate is False:
            reasons.append(
                f"gate: {self.coverage:.3f} of the {GATE_LEVEL:.0%} intervals hold at severity 0; "
                f"expected {GATE_LEVEL - GATE_WIDTH:.2f} to {GATE_LEVEL + GATE_WIDTH:.2f}"
            )
        return reasons

    def by_world(self) -> list[Floats]:
        """Scores of single trainings, one array a world."""
        worlds = np.array([unit[0] for unit in self.trainings.units])
        return [self.trainings.whole[worlds == world] for world in sorted(set(worlds.tolist()))]

    def counted(self, entered: Mapping[str, "_Row"]) -> bool:
        """Whether no earlier entry of those `entered`, counted itself, is a near-copy of this."""
        return not any(name in entered and entered[name].counted(entered) for name in self.scored.copies)


def _standings(rows: Mapping[str, _Row]) -> tuple[list[Standing], list[Pair]]:
    """Standings of the entries of one label budget, and which of them are told apart."""
    ranked = {name: row.scores.whole for name, row in rows.items() if not row.unranked}
    known = paired(ranked)
    places = _placed(ranked, rows, lambda names: decided(known, names))
    parts = dict.fromkeys(part for row in rows.values() for part in row.scores.parts)
    part_places = {part: _placed(_of_part(rows, part), rows, lambda names: []) for part in parts}
    entered = {name: rows[name] for name in ranked}
    among = _among(ranked, rows)
    # Of a copy only what is told of itself: the others are told apart without it.
    sure = {pair for name, names in among.items() for pair in decided(known, names) if name in pair}
    standings = [
        _standing(
            name,
            row,
            places.get(name),
            {part: of[name].place for part, of in part_places.items() if name in of},
            counted=name not in entered or row.counted(entered),
        )
        for name, row in rows.items()
    ]
    return standings, sorted(sure)


def _of_part(rows: Mapping[str, _Row], part: str) -> dict[str, Floats]:
    """Scores of the entries that pass the gate and answer the whole part."""
    found = {name: row.scores.parts[part] for name, row in rows.items() if row.gate and part in row.scores.parts}
    return {name: scores for name, scores in found.items() if not np.isnan(scores).any()}


def _placed(
    scores: Mapping[str, Floats], rows: Mapping[str, _Row], better: Callable[[list[str]], list[Pair]]
) -> dict[str, Rank[str]]:
    """Rank of each entry; a copy has the one that it would have instead of its originals."""
    found: dict[str, Rank[str]] = {}
    for name, names in _among(scores, rows).items():
        means = {one: float(scores[one].mean()) for one in names}
        (found[name],) = [one for one in ranks(means, better(names), higher=True) if one.name == name]
    return found


def _among(names: Iterable[str], rows: Mapping[str, _Row]) -> dict[str, list[str]]:
    """Among whom each entry is placed: those that count; a copy stands there instead of its originals."""
    entered = {name: rows[name] for name in names}
    counted = [name for name in entered if rows[name].counted(entered)]
    return {
        name: counted
        if name in counted
        else [*(other for other in counted if other not in rows[name].scored.copies), name]
        for name in entered
    }


def _standing(name: str, row: _Row, rank: Rank[str] | None, part_places: dict[str, int], *, counted: bool) -> Standing:
    families = {family: _interval(values) for family, values in row.scores.families.items()}
    known = [family for family in families if not np.isnan(families[family].value)]
    complete = len(known) == len(families) > 0
    return Standing(
        id=name,
        score=_interval(row.scores.whole),
        parts={part: _interval(values) for part, values in row.scores.parts.items()},
        families=families,
        source_law=_interval(row.source_law),
        worst_family=min(known, key=lambda family: (families[family].value, family)) if complete else "",
        coverage=row.coverage,
        gate=row.gate,
        place=rank.place if rank else 0,
        best=rank.best if rank else 0,
        worst=rank.worst if rank else 0,
        group=rank.group if rank else 0,
        part_places=part_places,
        clipped=row.clipped,
        undefined=row.undefined,
        unranked=row.unranked,
        labels=row.labels,
        copies=row.scored.copies,
        counted=counted,
        flags=tuple(dict.fromkeys(flag.code for flag in row.scored.flags)),
    )


def _interval(values: Floats) -> Interval:
    """Mean over worlds with its t interval; without one where there is one world, or no variation."""
    if not values.size or np.isnan(values).any():
        return NO_INTERVAL
    try:
        found = nested(values[:, None], LEVEL)
    except Undefined:
        return Interval(float(values.mean()), np.nan, np.nan)
    return Interval(found.value, found.low, found.high)


def _wins(rows: Mapping[str, _Row]) -> dict[str, dict[str, float]]:
    """Share of worlds and pairs of single trainings in which the first has the higher score than the second."""
    scores = {name: row.by_world() for name, row in rows.items()}
    return {one: {other: _win(scores[one], scores[other]) for other in scores if other != one} for one in scores}


def _win(first: Sequence[Floats], second: Sequence[Floats]) -> float:
    shares = [(np.sign(a[:, None] - b[None]) + 1).mean() / 2 for a, b in zip(first, second, strict=True)]
    return float(np.mean(shares))
