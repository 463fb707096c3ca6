"""Means of the scaled score: over doses, then families, then parts, all with equal weight, within each world."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Key = tuple[Any, ...]
"""World, or world and seed; then part and family."""


@dataclass(frozen=True, slots=True)
class Averages:
    """Scores by unit, a world or a training in a world: `whole` (u,) of `units`; by part and by family (up to u,).

    NaN where a cell has no number; a unit without any cell of a part or family is not among its scores.
    """

    units: tuple[Key, ...]
    whole: Floats
    parts: dict[str, Floats]
    families: dict[str, Floats]


def averages(cells: pd.DataFrame, by: Sequence[str] = ("world",)) -> Averages:
    """Averages of the column `scaled`, clipped to -1..1; `cells` has a row a cell and unit, units named by `by`."""
    names = [cells[name].tolist() for name in (*by, "part", "family")]
    rows = zip(*names, range(len(cells)), strict=True)
    families = _means(dict(zip(rows, cells["scaled"].clip(-1, 1).tolist(), strict=True)))
    parts = _means(families)
    whole = _means(parts)
    units = sorted(whole)
    return Averages(
        tuple(units),
        np.array([whole[unit] for unit in units], np.float64),
        _by_name(parts, len(by)),
        _by_name(families, len(by)),
    )


def _means(values: Mapping[Key, float]) -> dict[Key, float]:
    """Means of the values whose keys agree but for the last name, the same in any order."""
    lists: dict[Key, list[float]] = {}
    for key, value in values.items():
        lists.setdefault(key[:-1], []).append(value)
    return {key: math.fsum(known) / len(known) for key, known in lists.items()}


def _by_name(means: Mapping[Key, float], names: int) -> dict[str, Floats]:
    """Means by the last name of their keys, in the order of units, which are the first `names` of a key."""
    lists: dict[str, list[float]] = {}
    for key in sorted(means, key=lambda key: key[:names]):
        lists.setdefault(str(key[-1]), []).append(means[key])
    return {name: np.array(values, np.float64) for name, values in lists.items()}
