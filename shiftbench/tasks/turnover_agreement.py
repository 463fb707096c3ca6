"""How well the cis/trans MPRA agrees with itself, between cells and orthologs, and with what was published."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shiftbench.tasks.turnover_library import CELLS, Elements
from shiftbench.tasks.turnover_sets import Pairs, Strata

Ceilings = dict[str, dict[str, float]]

FEWEST = 30
"""Rows that a ceiling needs."""
MATCH, MISMATCH, OPEN, EXTEND = 2.0, -3.0, -5.0, -2.0
"""Scores of the alignment; gaps at the ends cost nothing, since tiles are placed by the start and not by alignment."""


def identity(elements: Elements, pairs: Pairs) -> NDArray[np.float64]:
    """Share of the bases of an element that are aligned to the same base of its ortholog, float64 (p,), 0 to 1."""
    from Bio.Align import PairwiseAligner

    aligner = PairwiseAligner(  # type: ignore[no-untyped-call]
        mode="global", match_score=MATCH, mismatch_score=MISMATCH,
        open_gap_score=OPEN, extend_gap_score=EXTEND, end_gap_score=0.0,
    )  # fmt: skip
    letters = np.frombuffer(b"ACGTN", np.uint8)[elements.sequence]
    texts = [row.tobytes() for row in letters]
    best = (aligner.align(texts[one], texts[other])[0] for one, other in pairs)  # type: ignore[no-untyped-call]
    same = np.array([alignment.counts().identities for alignment in best], np.float64)
    return np.divide(same, elements.sequence.shape[1], dtype=np.float64)


def reliability(halves: NDArray[np.float32]) -> float:
    """Share of the variance of a mean that is not noise, from the values of its two halves (2, n) (Spearman-Brown)."""
    r = _r(*halves)
    return 2 * r / (1 + r)


def ceilings(halves: NDArray[np.float32], strata: Strata, *, whole: bool = True) -> Ceilings:
    """Pearson correlation of a perfect model with the activities by metric and cell: the root of the reliability.

    `halves` (2, n, 2); `strata` (n,) give keys `pearson@NAME`. Half-barcode activities that do not agree, or fewer than
    30 rows, give none.
    """
    sets = {"pearson": np.ones(halves.shape[1], bool)} if whole else {}
    sets |= {f"pearson@{name}": stratum for name, stratum in strata.items()}
    found: Ceilings = {}
    for name, rows in sets.items():
        known = {cell: reliability(halves[:, rows, i]) for i, cell in enumerate(CELLS) if rows.sum() >= FEWEST}
        found[name] = {cell: float(np.sqrt(value)) for cell, value in known.items() if value > 0}
    return found


def transferred(halves: NDArray[np.float32], own: str, other: str) -> Ceilings:
    """Pearson correlation of a perfect model of the cell `own` with the activities in the cell `other`.

    Correlation of the cells without noise times the root of the reliability of `other`. The cells are compared across
    halves of the barcodes, since on the same barcodes they share noise.
    """
    i, j = CELLS.index(own), CELLS.index(other)
    across = (_r(halves[0, :, i], halves[1, :, j]) + _r(halves[1, :, i], halves[0, :, j])) / 2
    within = _r(*halves[:, :, i]) * _r(*halves[:, :, j])
    if halves.shape[1] < FEWEST or not within > 0:
        return {"pearson": {}}
    return {"pearson": {own: float(min(across / np.sqrt(within), 1.0) * np.sqrt(reliability(halves[:, :, j])))}}


def notes(elements: Elements, alpha: Path | None) -> list[str]:
    """Sentences on the agreement of replicates, barcodes, cells, orthologs and, if at hand, published activities."""
    observed, (human, mouse) = elements.observed, elements.pairs.T
    single = {cell: _between(elements.replicates[:, :, i]) for i, cell in enumerate(CELLS)}
    half = {cell: reliability(elements.halves[:, :, i]) for i, cell in enumerate(CELLS)}
    three = {cell: 3 * r / (1 + 2 * r) for cell, r in single.items()}
    turnover = {cell: _r(observed[human, i], observed[mouse, i]) for i, cell in enumerate(CELLS)}
    told = [
        f"Two replicates correlate at {_list(single)}, so the mean of three has a reliability of {_list(three)}; from "
        f"halves of the barcodes it is {_list(half)}, which is used, since replicates share barcodes and DNA reads.",
        f"The same element correlates at {_r(*observed.T):.3f} between the cells, human and mouse orthologs at "
        f"{_list(turnover)}: turnover of the sequence is the larger shift.",
        "Activities are counted anew and not taken as published, so that replicates, noise and ceilings come from the "
        "same numbers as the values.",
    ]
    return told if alpha is None else [*told, _published(elements, alpha)]


def _published(elements: Elements, path: Path) -> str:
    table = pd.read_csv(path, sep="\t", index_col=0)[list(CELLS)]
    letters = [row.tobytes().decode() for row in np.frombuffer(b"ACGTN", np.uint8)[elements.sequence]]
    log = np.log2(table.where(table > 0).reindex(letters).to_numpy())
    known = np.isfinite(log).all(1)
    agree = {cell: _r(log[known, i], elements.observed[known, i]) for i, cell in enumerate(CELLS)}
    human, mouse = elements.pairs[known[elements.pairs].all(1)].T
    pairs = {cell: _r(log[human, i], log[mouse, i]) for i, cell in enumerate(CELLS)}
    return (
        f"The values correlate at {_list(agree)} with published activities of {known.sum():,} elements, which put the "
        f"cells at {_r(*log[known].T):.3f} and the orthologs at {_list(pairs)}."
    )


def _between(replicates: NDArray[np.float32]) -> float:
    """Mean Pearson correlation of two replicates, from (n, R)."""
    r = [_r(replicates[:, i], replicates[:, j]) for i, j in combinations(range(replicates.shape[1]), 2)]
    return float(np.mean(r))


def _r(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    return float(np.corrcoef(a.astype(np.float64), b.astype(np.float64))[0, 1])


def _list(numbers: dict[str, float]) -> str:
    return " and ".join(f"{value:.3f} ({cell})" for cell, value in numbers.items())
