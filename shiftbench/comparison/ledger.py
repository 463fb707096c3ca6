"""Where the variance of a number, or of a difference, lies: worlds, training seeds, test rows; and what would help."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from shiftbench.comparison.difference import Parts
from shiftbench.errors import Undefined
from shiftbench.stats.power import Variances, seeds_of, worlds_of


@dataclass(frozen=True, slots=True)
class Ledger:
    """Variances of one value, in the square of its unit, each 0 or more; NaN where the run cannot tell it.

    `world`: between worlds; `seed`: between trainings, of a difference the sum over both contenders; `item`: between
    clusters of test rows, which all seeds share; `residual`: what one seed makes of one cluster. `arms`: how many of
    the contenders are trained; `reason`: what cannot be told, and why.
    """

    world: float
    seed: float
    item: float
    residual: float
    worlds: int
    seeds: int
    items: int
    arms: int
    reason: str = ""


class Needs(NamedTuple):
    """What would separate two contenders whose difference is the one seen, with a chance of .8.

    `seeds` of each in the worlds and on the rows at hand; `worlds` with the seeds at hand; None, with a `reason`, where
    no number would or none can be told.
    """

    seeds: int | None
    worlds: int | None
    reason: str


def ledger(by_world: Mapping[int, Parts]) -> Ledger:
    """Variances from the mean squares of each world, averaged over worlds; a negative one is 0."""
    every = list(by_world.values())
    told = [one for one in every if not one.untold]
    worlds, seeds = len(every), min(min(one.seeds) if not any(one.trained) else _seeds(one) for one in every)
    items = round(float(np.mean([one.clusters for one in every])))
    reasons = []
    if len(told) < len(every):
        reasons.append("a single fit or ensemble: what training leaves to chance is " + _host(worlds))
    seed = float(np.mean([_seed(one) for one in every])) if len(told) == len(every) else math.nan
    residual = float(np.mean([_residual(one) for one in every]))
    item = float(np.mean([max(one.columns - sum(one.residuals), 0.0) * one.clusters for one in every]))
    world = math.nan
    if worlds > 1:
        inside = [np.nansum(one.rows) + one.columns - sum(one.residuals) for one in every]
        world = max(float(np.var([one.value for one in every], ddof=1)) - float(np.mean(inside)), 0.0)
    else:
        reasons.append("one world or data set: how others differ is unknown")
    return Ledger(world, seed, item, residual, worlds, seeds, items, sum(every[0].trained), "; ".join(reasons))


def needs(of: Ledger, effect: float, level: float) -> Needs:
    """Seeds and worlds that would find `effect` at `level`."""
    if math.isnan(of.seed):
        return Needs(None, None, "a single fit or ensemble: nobody can tell how many seeds would do")
    if math.isnan(of.item + of.residual):
        return Needs(None, None, "undefined in some resamples: nobody can tell what would do")
    variances = Variances(0.0 if math.isnan(of.world) else of.world, of.seed, of.item, of.residual)
    seeds = worlds = None
    reasons = []
    try:
        if of.arms == 0:
            raise Undefined("none is trained, seeds do not help")
        seeds = seeds_of(effect, variances, of.worlds, of.items, of.arms, level)
    except Undefined as reason:
        more = "worlds" if of.worlds > 1 else "test rows"
        reasons.append(str(reason) if of.arms == 0 else f"no number of seeds would, for lack of {more}")
    if of.worlds > 1:
        try:
            worlds = worlds_of(effect, variances, of.seeds, of.items, level)
        except Undefined as reason:
            reasons.append(str(reason))
    return Needs(seeds, worlds, "; ".join(reasons))


def _seeds(one: Parts) -> int:
    """Least number of seeds of those that are trained."""
    return min(seeds for seeds, trained in zip(one.seeds, one.trained, strict=True) if trained)


def _seed(one: Parts) -> float:
    each = zip(one.rows, one.residuals, one.seeds, strict=True)
    return float(sum(max(row - residual, 0.0) * seeds for row, residual, seeds in each))


def _residual(one: Parts) -> float:
    return float(sum(part * seeds for part, seeds in zip(one.residuals, one.seeds, strict=True))) * one.clusters


def _host(worlds: int) -> str:
    return "counted with the worlds" if worlds > 1 else "unknown"
