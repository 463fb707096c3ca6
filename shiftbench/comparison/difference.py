"""Whether two contenders differ: the test of a difference, paired by worlds and test rows, over seeds of their own.

Worlds and clusters of test rows are the same for both contenders, training seeds are not: seed 0 of one network has
nothing to do with seed 0 of another, so the variances over seeds add, as in Welch's test. Wrappers of one recipe are
paired by seeds as well, for they rest on the same trainings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftbench.comparison.measured import Numbers
from shiftbench.errors import Undefined
from shiftbench.stats.crossed import Squares, combined, folds, nested, squares
from shiftbench.stats.student import Mean, student

MIN_CLUSTERS = 5
"""Fewer clusters tell nothing of further ones."""

Floats = NDArray[np.float64]


class Parts(NamedTuple):
    """Difference of contenders in one world (or the number of one), and what its squared error is made of.

    `rows`: of each contender, the variance of its mean over seeds; NaN of a single seed where training leaves things to
    chance, 0 where it does not; `columns`: of the clusters, which all seeds share; `residuals`: of each contender, what
    both of these hold of what a seed makes of a cluster; `seeds` of each; `trained`: of each; `clusters`.
    """

    value: float
    rows: tuple[float, ...]
    columns: float
    residuals: tuple[float, ...]
    seeds: tuple[int, ...]
    trained: tuple[bool, ...]
    clusters: int

    @property
    def untold(self) -> bool:
        """Whether a contender was trained only once, so that nothing is known of another training."""
        return bool(np.isnan(self.rows).any())

    @property
    def squares(self) -> Squares:
        """Mean squares with degrees of freedom: those of the seeds by Welch's rule. Not if `untold`."""
        rows = float(sum(self.rows))
        spread = sum(row**2 / (seeds - 1) for row, seeds in zip(self.rows, self.seeds, strict=True) if seeds > 1)
        free = [seeds - 1 for seeds in self.seeds if seeds > 1]
        of_rows = rows**2 / spread if spread else min(free)
        return Squares(rows, self.columns, float(sum(self.residuals)), of_rows, self.clusters - 1)


@dataclass(frozen=True, slots=True)
class Difference:
    """First contender less the second, by world, with its error and test if there is one; `holds` for which units.

    `reason`: why there is no test, "" if there is; where the interval stands nevertheless, it is for the fits at hand.
    `tie`: both state the same numbers throughout.
    """

    parts: dict[int, Parts]
    value: float
    mean: Mean | None
    holds: str
    tie: bool = False
    reason: str = ""


def difference(
    first: Mapping[int, Numbers],
    second: Mapping[int, Numbers],
    *,
    simulated: bool,
    test_share: float = 0.0,
    level: float = 0.95,
    paired: bool = False,
) -> Difference:
    """Difference over the worlds that both have, and its t test.

    Several simulated worlds: t over worlds. Several folds of one real data set (`simulated` false): the same, corrected
    for what their training sets share, with `test_share` = test rows over training rows. One data set: crossed t over
    seeds and clusters; of contenders that are not trained, over clusters. `paired`: both rest on the same trainings.
    `Undefined` without a world in common, or where they answer for different rows.
    """
    worlds = [world for world in first if world in second]
    if not worlds:
        raise Undefined("no world that both were scored in")
    if any(first[world].rows != second[world].rows for world in worlds):
        raise Undefined("one answers a part of the rows alone")
    by_world = {
        world: parts((_between(first[world], second[world]),) if paired else (first[world], second[world]))
        for world in worlds
    }
    value = float(np.mean([one.value for one in by_world.values()]))
    if all(_alike(first[world], second[world]) for world in worlds):
        return Difference(by_world, 0.0, None, _holds(by_world, simulated), tie=True)
    try:
        if len(worlds) > 1:
            values = [one.value for one in by_world.values()]
            mean = nested(np.array(values)[:, None], level) if simulated else folds(values, test_share, level)
        else:
            mean = _inside(by_world[worlds[0]], level)
    except Undefined as error:
        return Difference(by_world, value, None, "", reason=str(error))
    if len(worlds) == 1 and by_world[worlds[0]].untold:
        why = "a single fit or ensemble: what training leaves to chance is unknown"
        return Difference(by_world, value, mean, "these very fits, new clusters", reason=why)
    return Difference(by_world, value, mean, _holds(by_world, simulated))


def _between(first: Numbers, second: Numbers) -> Numbers:
    """Differences of two contenders seed by seed, as if they were numbers of one."""
    if first.seeds != second.seeds:
        raise Undefined("scores of some trainings are missing")
    cells = None if first.cells is None or second.cells is None else first.cells - second.cells
    values, replicates = first.values - second.values, first.replicates - second.replicates
    return Numbers(values, replicates, cells, first.clusters, first.trained, first.rows)


def parts(arms: Sequence[Numbers]) -> Parts:
    """Parts of the first contender less the second, or of one alone, in one world."""
    signs = (1.0, -1.0)[: len(arms)]
    value = float(sum(sign * arm.values.mean() for sign, arm in zip(signs, arms, strict=True)))
    rows = tuple(_rows(arm) for arm in arms)
    shared = all(np.array_equal(arm.clusters, arms[0].clusters) for arm in arms)
    clusters = len(arms[0].clusters) if shared else min(len(arm.clusters) for arm in arms)
    tables = [arm.cells for arm in arms if arm.cells is not None]
    if shared and len(tables) == len(arms):
        together = sum(sign * table.mean(axis=0) for sign, table in zip(signs, tables, strict=True))
        columns = float(np.var(together, ddof=1)) / clusters if clusters > 1 else np.nan
        residuals = tuple(squares(table).residual if min(table.shape) > 1 else 0.0 for table in tables)
    else:
        narrow = clusters / (clusters - 1) if clusters > 1 else np.nan
        drawn = sum(sign * arm.replicates.mean(axis=0) for sign, arm in zip(signs, arms, strict=True))
        columns = narrow * float(np.var(drawn, ddof=1))
        residuals = tuple(narrow * _apart(arm.replicates) for arm in arms)
    seeds, trained = tuple(arm.seeds for arm in arms), tuple(arm.trained for arm in arms)
    return Parts(value, rows, columns, residuals, seeds, trained, clusters)


def _rows(arm: Numbers) -> float:
    if arm.seeds > 1:
        return float(arm.values.var(ddof=1)) / arm.seeds
    return np.nan if arm.trained else 0.0


def _apart(replicates: Floats) -> float:
    """Variance of what a draw of clusters does to one seed and not to the others, over the number of seeds."""
    seeds = len(replicates)
    if seeds < 2:
        return 0.0
    return float((replicates - replicates.mean(axis=0)).var(axis=1, ddof=1).sum()) / (seeds - 1) / seeds


def _inside(one: Parts, level: float) -> Mean:
    """The test in one data set: over seeds and clusters, or over clusters where there are no seeds to tell."""
    if one.clusters < MIN_CLUSTERS:
        raise Undefined(f"{one.clusters} clusters of test rows, {MIN_CLUSTERS} needed")
    if not np.isfinite([one.columns, *one.residuals]).all():
        raise Undefined("undefined in some resamples")
    if one.untold or max(one.seeds) == 1:
        return student(one.value, float(np.sqrt(one.columns)), one.clusters - 1, level)
    return combined(one.value, one.squares, level)


def _alike(first: Numbers, second: Numbers) -> bool:
    """Whether all numbers of both are the same, on all rows and under all draws."""
    tables = [arm.replicates if arm.cells is None else arm.cells for arm in (first, second)]
    if first.values.shape == second.values.shape and np.array_equal(first.values, second.values):
        return bool(np.array_equal(tables[0], tables[1]))
    return bool(
        np.ptp(np.concatenate([first.values, second.values])) == 0
        and tables[0].shape[1] == tables[1].shape[1]
        and all(np.array_equal(row, tables[0][0]) for table in tables for row in table)
    )


def _holds(by_world: Mapping[int, Parts], simulated: bool) -> str:
    """For which units the result holds, in words."""
    one = next(iter(by_world.values()))
    if len(by_world) > 1:
        return "new worlds" if simulated else "new folds of this data set"
    of = "of this one world" if simulated else "of this data set"
    return f"new training seeds and new clusters {of}" if any(one.trained) else f"these very models, new clusters {of}"
