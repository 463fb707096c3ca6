"""Annotation controls of variant effects: mean effect at the position, conservation, and a repeat of the experiment."""

import csv

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks import variant_sample
from shiftbench.tasks.cagi5_variants import Variants
from shiftbench.tasks.files import Files

ANNOTATED = "cagi5_df.csv"
"""Training part of the CAGI5 challenge with conservation scores by position."""
CONSERVATION = "GerpRS"
"""Column used: rejected substitutions of GERP++ (Davydov et al. 2010, PLoS Comput Biol 6:e1001025)."""

Floats = NDArray[np.float64]


def position_mean(variants: Variants) -> Floats:
    """Mean effect of the other substitutions at the position of each variant, float64 (n,); NaN where there is none.

    Substitutions with too few barcodes tell nothing; a variant is never among those that predict it.
    """
    return variant_sample.position_mean(variants.place, variants.effect, variants.counted & ~variants.deletion)


def conservation(variants: Variants, files: Files) -> Floats:
    """Minus the conservation of the position of each variant, float64 (n,); NaN where it is not known.

    A score of the position says nothing of direction: as a predictor of a signed effect it can only say that change
    at a conserved base lowers activity.
    """
    with files.path(ANNOTATED).open(newline="") as file:
        score = {(row["#Chrom"], int(row["Pos"])): float(row[CONSERVATION]) for row in csv.DictReader(file)}
    return np.array([-score.get((variants.chromosome, place), np.nan) for place in variants.position.tolist()])


def repeat(variants: Variants, other: Variants) -> Floats:
    """Effect of each variant in another experiment, float64 (n,); NaN where that lacks it or has too few barcodes."""
    effects = zip(other.names(), other.counted.tolist(), other.effect.tolist(), strict=True)
    known = {key: effect for key, counted, effect in effects if counted}
    return np.array([known.get(key, np.nan) for key in variants.names()])
