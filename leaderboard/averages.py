"""Means of the scaled score: over doses, then families, then parts, all with equal weight, within each world."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Averages:
    """Scores by unit: `whole` (u,), by part and by family; NaN where a cell has no number.

    `units`: world of each, or world and training.
    """

    units: tuple[tuple[object, ...], ...]
    whole: Floats
    parts: dict[str, Floats]
    families: dict[str, Floats]


def averages(cells: pd.DataFrame, by: tuple[str, ...] = ("world",)) -> Averages:
    """Averages of the column `scaled`, clipped to -1..1; `cells` has a row a cell and unit, units named by `by`."""
    clipped = cells.assign(scaled=cells["scaled"].clip(-1, 1))
    keys = [*by, "part", "family"]
    families = clipped.groupby(keys)["scaled"].mean(skipna=False).reset_index()
    parts = families.groupby(keys[:-1])["scaled"].mean(skipna=False).reset_index()
    whole = parts.groupby([*by])["scaled"].mean(skipna=False).sort_index()
    units = tuple(unit if isinstance(unit, tuple) else (unit,) for unit in whole.index)
    return Averages(
        units, whole.to_numpy(np.float64), _columns(parts, by, "part", whole), _columns(families, by, "family", whole)
    )


def _columns(means: pd.DataFrame, by: tuple[str, ...], name: str, whole: "pd.Series[float]") -> dict[str, Floats]:
    """Scores by the values of column `name`, in their first order, units in the order of `whole`."""
    wide = means.set_index([*by, name])["scaled"].unstack(name).reindex(whole.index)
    return {str(column): wide[column].to_numpy(np.float64) for column in means[name].unique()}
