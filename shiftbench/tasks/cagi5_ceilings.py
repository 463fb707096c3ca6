"""How well an experiment agrees with itself: with its repeat on the same variants, else between its replicates."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr

from shiftbench.tasks.cagi5_elements import EXPERIMENTS
from shiftbench.tasks.files import Files

HANDOUT = "Tables.xlsx"
FEWEST = 10
"""Variants that a correlation needs."""
_STATED = {"MYC": "MYC (rs6983267)", "TERT-GBM": "TERT (GBM)", "TERT-HEK293T": "TERT (HEK293T)"}
"""Names of the handout where they are not those of the challenge."""


def of_repeat(
    effect: NDArray[np.float32], repeat: NDArray[np.float64], strata: Mapping[str, NDArray[np.bool_]]
) -> dict[str, float]:
    """Pearson and Spearman of the effects (n,) with those of the repeat, NaN where none, on all and on each stratum.

    Keys `pearson`, `spearman@HC`, ...; a stratum is of the experiment, not of the repeat. Fewer than 10 variants, or
    effects without spread, give none.
    """
    found = {}
    for name, stratum in {"": np.ones(len(effect), bool), **strata}.items():
        rows = np.isfinite(repeat) & stratum
        if rows.sum() >= FEWEST and min(np.ptp(effect[rows]), np.ptp(repeat[rows])) > 0:
            where = f"@{name}" if name else ""
            found[f"pearson{where}"] = float(pearsonr(effect[rows], repeat[rows])[0])
            found[f"spearman{where}"] = float(spearmanr(effect[rows], repeat[rows])[0])
    return found


def of_replicates(name: str, files: Files) -> float | None:
    """Mean Pearson correlation of the substitution effects between replicates, as the challenge's handout states it.

    None for an experiment that had no part in the challenge; `MissingData` without the handout.
    """
    from openpyxl import load_workbook

    challenge = EXPERIMENTS[name].challenge
    if not challenge:
        return None
    sheet = load_workbook(files.path(HANDOUT), read_only=True)["Table3"]
    stated: dict[str, Any] = {str(row[0]).strip(): row[1] for row in sheet.iter_rows(min_row=3, values_only=True)}
    return float(stated[_STATED.get(challenge, challenge)])
