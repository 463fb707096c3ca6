"""Means of the scaled score: over doses, then families, then parts, all with equal weight, within each world."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Unit = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Averages:
    """Scores by unit, a world or a training in a world: `whole` (u,) of `units`; by part and by family (up to u,).

    NaN where a cell has no number; a unit without any cell of a part or family is not among its scores.
    """

    units: tuple[Unit, ...]
    whole: Floats
    parts: dict[str, Floats]
    families: dict[str, Floats]


def averages(cells: pd.DataFrame, by: Sequence[str] = ("world",)) -> Averages:
    """Averages of the column `scaled`, clipped to -1..1; `cells` has a row a cell and unit, units named by `by`."""
    tree: dict[Unit, dict[str, dict[str, list[float]]]] = {}
    columns = [cells[name].tolist() for name in (*by, "part", "family")]
    for *unit, part, family, value in zip(*columns, cells["scaled"].clip(-1, 1).tolist(), strict=True):
        tree.setdefault(tuple(unit), {}).setdefault(part, {}).setdefault(family, []).append(value)
    whole, parts, families = {}, dict[str, list[float]](), dict[str, list[float]]()
    for unit in sorted(tree, key=str):
        of_part = {}
        for part, of_unit in tree[unit].items():
            of_family = {family: _mean(values) for family, values in of_unit.items()}
            of_part[part] = _mean(of_family.values())
            for name, value in of_family.items():
                families.setdefault(name, []).append(value)
        for name, value in of_part.items():
            parts.setdefault(name, []).append(value)
        whole[unit] = _mean(of_part.values())
    return Averages(tuple(whole), np.array([*whole.values()], np.float64), _arrays(parts), _arrays(families))


def _mean(values: Iterable[float]) -> float:
    """Mean, the same in any order."""
    known = list(values)
    return math.fsum(known) / len(known)


def _arrays(lists: dict[str, list[float]]) -> dict[str, Floats]:
    return {name: np.array(values, np.float64) for name, values in lists.items()}
