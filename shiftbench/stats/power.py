"""What a comparison could have seen: smallest effects of t tests, and the seeds that two recipes need."""

import math
from collections.abc import Callable
from typing import NamedTuple

from scipy.optimize import brentq
from scipy.special import nctdtr, stdtrit

from shiftbench.errors import Undefined


class Variances(NamedTuple):
    """Variances of one value: between worlds, seeds and items, and of what is left of an item under a seed."""

    world: float = 0.0
    seed: float = 0.0
    item: float = 0.0
    residual: float = 0.0


class Design(NamedTuple):
    """Standard error of a mean and its degrees of freedom, as expected of a design."""

    error: float
    freedom: float


def design(variances: Variances, worlds: int, seeds: int, items: int, arms: int = 1) -> Design:
    """Expected error of a mean over `worlds`, `seeds` in each and `items` in each, which all seeds of a world share.

    Of a difference, whose variances are sums over `arms` recipes, each recipe has so many seeds of its own. Of several
    worlds it is the error of `crossed.nested`; of one world that of `crossed.crossed` over seeds and items, which says
    nothing of other worlds: their variance does not count. `Undefined` if no degree of freedom is left.
    """
    rows = (variances.seed + variances.residual / items) / seeds
    columns = (variances.item + variances.residual / seeds) / items
    residual = variances.residual / (seeds * items)
    inside = rows + columns - residual
    if worlds > 1:
        return Design(math.sqrt((variances.world + inside) / worlds), worlds - 1)
    if seeds > 1 and items > 1:
        of_seeds = arms * (seeds - 1)
        parts = ((rows, of_seeds), (columns, items - 1), (residual, of_seeds * (items - 1)))
        spread = sum(part**2 / freedom for part, freedom in parts)
        fewest = min(of_seeds, items - 1)
        return Design(math.sqrt(inside), max(inside**2 / spread, fewest) if spread else fewest)
    if seeds * items == 1:
        raise Undefined("no degree of freedom, a standard error needs two units")
    return Design(math.sqrt(rows if seeds > 1 else columns), seeds * items - 1)


def power(effect: float, error: float, freedom: float, level: float = 0.95) -> float:
    """Chance 0..1 that a two-sided t test finds an `effect` of a mean with standard error `error`, by noncentral t."""
    edge = float(stdtrit(freedom, (1 + level) / 2))
    away = abs(effect) / error
    below, wrong = (float(nctdtr(freedom, away, end)) for end in (edge, -edge))
    return 1 - _tail(below) + _tail(wrong)


def smallest_effect(error: float, freedom: float, level: float = 0.95, chance: float = 0.8) -> float:
    """Effect, in the unit of `error`, that a two-sided t test finds with `chance`; 0 if there is no error."""
    edge = float(stdtrit(freedom, (1 + level) / 2))
    found = brentq(lambda away: power(away, 1.0, freedom, level) - chance, 0, 20 * edge + 20)
    return error * float(found)


def smallest_difference(sd: float, seeds: int, level: float = 0.95, chance: float = 0.8) -> float:
    """Difference of two recipes found with `chance`, each trained with so many `seeds` of its own of spread `sd`."""
    if seeds < 2:
        raise Undefined("no degree of freedom, a standard error needs two units")
    return smallest_effect(sd * math.sqrt(2 / seeds), 2 * (seeds - 1), level, chance)


def seeds_needed(effect: float, sd: float, level: float = 0.95, chance: float = 0.8) -> int:
    """Seeds of each of two recipes with which a difference of `effect` is found with `chance`; at least 2.

    `Undefined` for an effect of 0, or one that a million seeds would not find.
    """
    return _fewest(lambda seeds: smallest_difference(sd, seeds, level, chance), effect, "seeds")


def seeds_of(
    effect: float, variances: Variances, worlds: int, items: int, arms: int, level: float = 0.95, chance: float = 0.8
) -> int:
    """Seeds of each of `arms` recipes with which `design` finds an `effect` with `chance`; at least 2.

    `Undefined` if no number does: more seeds say nothing of further worlds or items.
    """
    return _fewest(
        lambda seeds: smallest_effect(*design(variances, worlds, seeds, items, arms), level, chance), effect, "seeds"
    )


def worlds_of(
    effect: float, variances: Variances, seeds: int, items: int, level: float = 0.95, chance: float = 0.8
) -> int:
    """Worlds, each with `seeds` and `items`, with which `design` finds an `effect` with `chance`; at least 2."""
    return _fewest(
        lambda worlds: smallest_effect(*design(variances, worlds, seeds, items), level, chance), effect, "worlds"
    )


def _fewest(smallest: Callable[[int], float], effect: float, units: str) -> int:
    """Least number of units, at least 2, whose `smallest` effect is no more than `effect`; `Undefined` above 2^20."""
    low, high = 1, 2
    while not smallest(high) <= abs(effect):
        low, high = high, 2 * high
        if high > 2**20:
            raise Undefined(f"more than a million {units}")
    while high - low > 1:
        middle = (low + high) // 2
        if smallest(middle) > abs(effect):
            low = middle
        else:
            high = middle
    return high


def _tail(chance: float) -> float:
    """A chance, 0 where SciPy gives NaN: there it is below 1e-15."""
    return 0.0 if math.isnan(chance) else chance
