"""Strata of variants: by p value (which selects on the effect itself) and by barcodes (which does not)."""

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks.cagi5_variants import Variants

CONFIDENT = 1e-5
"""Largest p value of a high-confidence variant: confidence 0.1 of the CAGI5 challenge, min(50, -log10 p) / 50."""
SWEEP = {"p 1e-3": 1e-3, "p 1e-4": 1e-4, "p 1e-6": 1e-6, "p 1e-8": 1e-8}
"""Other cuts: largest p value by name of the stratum."""


def standard_error(variants: Variants) -> NDArray[np.float64]:
    """Standard error of each effect from its two-sided p value, normal law, float64 (n,); NaN where p is 0 or 1."""
    from scipy.special import ndtri

    inside = (variants.p_value > 0) & (variants.p_value < 1)
    z = -ndtri(np.where(inside, variants.p_value, 0.5) / 2)
    return np.where(inside, np.abs(variants.effect) / z, np.nan)


def strata(variants: Variants, rows: NDArray[np.intp], *, sweep: bool) -> dict[str, NDArray[np.bool_]]:
    """Strata of the variants `rows` by name, each bool (len(rows),).

    HC and LC: p at most or above 1e-5, which selects on the effect itself. With `sweep` also the other cuts, and
    `many barcodes`: barcodes at or above the median of these variants. The published standard errors are a constant of
    the experiment over the square root of the barcodes, so these have the smaller errors, whatever their effects.
    """
    p_value, barcodes = variants.p_value[rows], variants.barcodes[rows]
    found = {"HC": p_value <= CONFIDENT, "LC": p_value > CONFIDENT}
    if sweep:
        found |= {name: p_value <= cut for name, cut in SWEEP.items()}
        found |= {"many barcodes": barcodes >= np.median(barcodes)}
    return {name: np.asarray(stratum) for name, stratum in found.items()}
