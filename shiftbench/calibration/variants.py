"""Statistics of saturation mutagenesis, one value an element, alike for simulated and real columns."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shiftbench.calibration.quantity import Found, correlation
from shiftbench.metrics.correlation import spearman
from shiftbench.tasks import cagi5_strata, cagi5_variants
from shiftbench.tasks.files import Files
from simulators import satmut
from simulators.contract import Sample, World

REPEATS = (("LDLR", "LDLR.2"), ("SORT1", "SORT1.2"), ("PKLR-48h", "PKLR-24h"), ("TERT-GBM", "TERT-GSc"))
"""Experiments of one element in one cell line (the last two: other hours, another background)."""
FEWEST = 10
"""Variants of high confidence that a correlation among them needs."""
ROUNDED = 0.9
"""P value above which the error no longer follows from it."""


@dataclass(frozen=True, slots=True)
class Variants:
    """Substitutions of one experiment: `effect` log2, two-sided `p_value` and `barcodes`, each (n,)."""

    effect: NDArray[np.float64]
    p_value: NDArray[np.float64]
    barcodes: NDArray[np.int64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Those with an effect and enough barcodes for the real task."""
        return np.isfinite(self.effect) & (self.barcodes >= cagi5_variants.MIN_BARCODES)


def simulated(world: World, elements: int) -> Found:
    """Every statistic from `elements` elements of a world, each measured twice in its first cell type."""
    first, second = (
        _by_element(satmut.draw(world, elements, seed=0, split="calibration", experiment=k)) for k in range(2)
    )
    return summary(first) | repeated(list(zip(first, second, strict=True)))


def real(files: Files) -> Found:
    """Every statistic from the experiments of Kircher et al. 2019; `MissingData` without the file."""
    table = pd.read_csv(files.path(cagi5_variants.VARIANTS), sep="\t", dtype={"Chrom": str})
    table = table[(table.Release == cagi5_variants.RELEASE) & table.Pos.notna() & (table.Alt != "-")]
    table = table.set_index(["Pos", "Alt"])
    of = dict(iter(table.groupby("Element")))
    shared = [(of[a].index.intersection(of[b].index), of[a], of[b]) for a, b in REPEATS]
    return summary([_variants(rows) for rows in of.values()]) | repeated(
        [(_variants(one.loc[both]), _variants(two.loc[both])) for both, one, two in shared]
    )


def summary(experiments: list[Variants]) -> Found:
    """Sizes of effects, shares of confident ones, noise and barcodes."""
    rows = [_one(each.effect[each.known], each.p_value[each.known], each.barcodes[each.known]) for each in experiments]
    return {name: [row[name] for row in rows if name in row] for name in rows[0]}


def repeated(pairs: list[tuple[Variants, Variants]]) -> Found:
    """How a repeat of the experiment agrees; the first one says what is of high confidence."""
    found: Found = {f"repeat of effects, {name}": [] for name in ("r", "Spearman, high confidence", "Spearman, low")}
    for one, two in pairs:
        known = one.known & two.known
        confident = one.p_value <= cagi5_strata.CONFIDENT
        numbers = [correlation(one.effect[known], two.effect[known]), np.nan, np.nan]
        for place, kept in enumerate((known & confident, known & ~confident), start=1):
            if kept.sum() >= FEWEST:
                numbers[place] = float(spearman(one.effect[kept], two.effect[kept]))
        for values, number in zip(found.values(), numbers, strict=True):
            values.extend([] if np.isnan(number) else [number])
    return found


def _one(effect: NDArray[np.float64], p_value: NDArray[np.float64], barcodes: NDArray[np.int64]) -> dict[str, float]:
    from scipy.special import ndtri

    size, confident = np.abs(effect), p_value <= cagi5_strata.CONFIDENT
    told = (p_value > 0) & (p_value < ROUNDED)
    error = size[told] / -ndtri(p_value[told] / 2)
    found = {
        "SD of effects": float(effect.std()),
        **{f"{q} % quantile of absolute effects": float(np.quantile(size, q / 100)) for q in (50, 90, 99)},
        "effects of high confidence": float(confident.mean()),
        "stated SE of an effect x sqrt(barcodes)": float(np.median(error * np.sqrt(barcodes[told]))),
        "median barcodes of a variant": float(np.median(barcodes)),
        "SD of log2 barcodes of a variant": float(np.log2(barcodes).std()),
    }
    return found | ({"high confidence, negative": float((effect[confident] < 0).mean())} if confident.any() else {})


def _by_element(sample: Sample) -> list[Variants]:
    element = np.where(sample.reference >= 0, sample.table["element"], -1)
    p_value = sample.table[f"p_value_{sample.outputs[0]}"]
    return [
        Variants(sample.observed[rows, 0].astype(np.float64), p_value[rows], sample.table["barcodes"][rows])
        for rows in (element == e for e in np.unique(element[element >= 0]))
    ]


def _variants(rows: pd.DataFrame) -> Variants:
    return Variants(*(rows[name].to_numpy() for name in ("Coefficient", "pValue", "Barcodes")))
