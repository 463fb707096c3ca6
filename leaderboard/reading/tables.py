"""Rows of a table of predictions, put where the manifest says that they belong."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leaderboard.answers import Answers
from leaderboard.manifest import Manifest
from leaderboard.questions import Questions
from leaderboard.reading.parse import spans
from leaderboard.reading.text import shown
from leaderboard.refused import Refused
from shiftbench.outside.file import ID, SD, TEST, label, place
from shiftbench.prediction import QUANTILES

SEED = "seed"
QUANTILE = "_q"
"""Between the name of an output and the level of its quantile."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table as it was read: `name` of the file; `test`, `id` text, `seed` whole numbers or None, by row; `values`.

    `values`: float64 (n,) by column; NaN or infinite where the file says so, NaN where it says nothing.
    """

    name: str
    test: Sequence[str | None]
    id: Sequence[str | None]
    seed: Sequence[int] | None
    values: dict[str, NDArray[np.float64]]

    def where(self, row: int) -> str:
        """Words for a row, counted from 0."""
        return place(Path(self.name), row)


def quantile_names(output: str) -> list[str]:
    """Columns of the quantiles of an output, in the order of their levels."""
    return [f"{output}{QUANTILE}{level:g}" for level in QUANTILES]


def check_columns(found: Sequence[str], told: Manifest, name: str) -> int:
    """Number of rows that a table with these columns must have; `Refused` if one is missing, twice or unknown.

    Without a column seed there is one answer a row: of the one seed, or of all joined.
    """
    needed = [TEST, ID, *told.outputs, *(output + SD for output in told.outputs)]
    further = [column for output in told.outputs for column in quantile_names(output)]
    given = set(found)
    wanted = set(needed) | (given & {SEED}) | (set(further) if given & set(further) else set())
    for fault, columns in (("no column", wanted - given), ("an unknown column", given - wanted)):
        if columns:
            raise Refused("table-columns", f"{name}: {fault} {shown(min(columns))}; expected {shown(needed, 160)}")
    if len(found) > len(given):
        raise Refused("table-columns", f"{name}: a column twice; expected each once")
    return sum(test.rows for test in told.tests) * (len(told.seeds) if SEED in given else 1)


def answers(rows: Rows, told: Manifest, asked: Questions) -> Answers:
    """Answers in the order of `told.tests` and of the ids asked; `Refused` for a row unknown, twice or missing."""
    seeds = len(told.seeds) if rows.seed is not None else 1
    total = sum(test.rows for test in told.tests)
    slots = _slots(rows, told, asked, total)
    _check_once(rows, slots, total, seeds, told)
    shape = (seeds, total, len(told.outputs))
    mean, sd = (np.empty(shape, np.float32) for _ in range(2))
    for column, output in enumerate(told.outputs):
        for filled, name in ((mean, output), (sd, output + SD)):
            with np.errstate(over="ignore"):  # what is infinite in float32 is refused with the other numbers
                filled.reshape(-1, len(told.outputs))[slots, column] = rows.values[name]
    return Answers(mean, sd, _quantiles(rows, slots, told, shape), spans(told))


def _slots(rows: Rows, told: Manifest, asked: Questions, total: int) -> NDArray[np.intp]:
    """Place of every row among all answers, seed after seed."""
    sets = {one.digest: one for one in asked.sets}
    known: dict[str | None, dict[str | None, int]] = {}
    start = 0
    for one in told.tests:
        ids = sets[one.digest].ids.tolist()
        known[label(one.label, one.digest)] = dict(zip(ids, range(start, start + len(ids)), strict=True))
        start += len(ids)
    order = {seed: number for number, seed in enumerate(told.seeds)}
    seeds = [told.seeds[0]] * len(rows.test) if rows.seed is None else rows.seed
    slots = np.empty(len(rows.test), np.intp)
    for row, (test, id_, seed) in enumerate(zip(rows.test, rows.id, seeds, strict=True)):
        if test not in known:
            found = f"test {shown(test)}"
            raise Refused("row-test", f"{rows.where(row)}: {found}; expected label@digest of a set in manifest.json")
        if id_ not in known[test]:
            raise Refused("row-id", f"{rows.where(row)}: id {shown(id_)}; expected an id of {shown(test)}")
        if seed not in order:
            raise Refused("row-seed", f"{rows.where(row)}: seed {seed}; expected one of {shown(told.seeds)}")
        slots[row] = order[seed] * total + known[test][id_]
    return slots


def _check_once(rows: Rows, slots: NDArray[np.intp], total: int, seeds: int, told: Manifest) -> None:
    counts = np.bincount(slots, minlength=total * seeds)
    if counts.max() > 1:
        first, again = np.flatnonzero(slots == counts.argmax())[:2]
        told_where = f"{rows.where(int(again))}: the row of {rows.where(int(first))} again"
        raise Refused("row-duplicate", f"{told_where}; expected each test, id and seed once")
    if counts.min() < 1:
        seed = told.seeds[int(counts.argmin()) // total]
        found = f"{int((counts == 0).sum()):,} of {total * seeds:,} rows are missing, the first of seed {seed}"
        raise Refused("rows-missing", f"{rows.name}: {found}; expected every id of every set in manifest.json")


def _quantiles(
    rows: Rows, slots: NDArray[np.intp], told: Manifest, shape: tuple[int, int, int]
) -> NDArray[np.float32] | None:
    """Quantiles on the rows of the first seed; `Refused` if other rows have them too."""
    if quantile_names(told.outputs[0])[0] not in rows.values:
        return None
    first = slots < shape[1]
    found = np.empty((*shape[1:], len(QUANTILES)), np.float32)
    for column, output in enumerate(told.outputs):
        for level, name in enumerate(quantile_names(output)):
            values = rows.values[name]
            if not np.isnan(values[~first]).all():
                row = int(np.flatnonzero(~first & ~np.isnan(values))[0])
                expected = "quantiles of the seed average on the rows of the first seed, none elsewhere"
                raise Refused("quantiles-rows", f"{rows.where(row)}, column {shown(name)}; expected {expected}")
            with np.errstate(over="ignore"):
                found[slots[first], column, level] = values[first]
    return found
