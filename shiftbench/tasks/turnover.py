"""Sequence turnover as a task: trained on human elements, asked of mouse orthologs, of pairs and of another cell."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.spec import Data, did_you_mean
from shiftbench.tasks import turnover_agreement as agreement
from shiftbench.tasks import turnover_sets as sets
from shiftbench.tasks.files import Files
from shiftbench.tasks.provider import Built
from shiftbench.tasks.split import parts, uniform
from shiftbench.tasks.turnover_library import ALPHA, CELLS, FILES, MIN_BARCODES, MIN_DNA, SHARED_BASES, Elements, load
from simulators.contract import Sample

SPLIT = "orthologs"
SHARES = {"train": 0.65, "validation": 0.07, "calibration": 0.08, "test": 0.20}
ROLES = {"training": ("train", "validation"), "calibration": ("calibration",), "test": ("test",)}
CROSSED = {f"{own}->{other}": (own, other) for own, other in (CELLS, CELLS[::-1])}
"""Cell that predicts and cell that was measured, by subset."""
PARTS = {"human": "", "mouse": "covariate+concept", "pairs": "covariate+concept"} | dict.fromkeys(CROSSED, "concept")
"""What differs between the training law and each subset."""

Tested = tuple[Sample, agreement.Ceilings, list[str]]
"""A test set, its ceilings, and what is to be said of it alone."""


class Turnover:
    """Provider of the cis/trans MPRA, trained on human elements in both cells.

    Rows that share 30 bases on either strand, a transcription start or an ortholog are in one part. Subsets of the
    test: `human`; `mouse`, the orthologs of held-out human elements; `pairs`, a mouse row for each held-out pair with
    its human row as reference (`observed` = mouse minus human in the same cell); `HUES64->mESC` and
    `mESC->HUES64`, human rows with the output of the first cell held against the measurement in the second. Sizes take
    the first rows of one order, so small samples lie in larger ones. `seed` draws another split.
    """

    version = 1
    files = FILES
    optional = (ALPHA,)

    def build(self, data: Data, files: Files) -> Built:
        """Samples of `data`; `MissingData` without a needed file, `InputError` for an unknown split or subset."""
        subsets = [*PARTS] if data.role == "test" else [""]
        asked = {"split": (data.split, [SPLIT]), "subset": (data.subset, subsets), "shift": (data.shift, [""])}
        for option, (found, known) in asked.items():
            if found not in known:
                raise InputError(f"task turnover: no {option} {found!r}{did_you_mean(found, known)}")
        elements = load(files)
        part = assign(elements, data.seed)
        facts = _facts(elements, part)
        if data.role != "test":
            sizes = {"train": data.rows, "validation": data.validation, "calibration": data.rows}
            chosen = {name: _human(elements, part, name, data.seed)[: sizes[name] or None] for name in ROLES[data.role]}
            return Built({name: sets.values(elements, rows) for name, rows in chosen.items()}, facts)
        sample, ceiling, notes = _test(elements, part, data)
        alpha = files.path(ALPHA) if ALPHA in data.optional else None
        told = {"part": PARTS[data.subset], "ceiling": ceiling, "notes": notes + agreement.notes(elements, alpha)}
        if data.subset in CROSSED:
            told |= dict(zip(("predicted", "measured_in"), CROSSED[data.subset], strict=True))
        return Built({"test": sample}, facts | told)


def assign(elements: Elements, seed: int) -> NDArray[np.str_]:
    """Part of every row, str (n,): the same for all rows of a cluster, by the first name in it."""
    anchor = pd.Series(elements.name).groupby(elements.cluster).transform("min")
    return parts(anchor.tolist(), SHARES, f"turnover/{SPLIT}/{seed}")


def _human(elements: Elements, part: NDArray[np.str_], name: str, seed: int) -> sets.Rows:
    """Human rows of a part, in the order of the task."""
    rows = np.flatnonzero((part == name) & (elements.species == "human"))
    return rows[_order(elements.name[rows].tolist(), seed)]


def _order(keys: list[str], seed: int) -> sets.Rows:
    return np.argsort(uniform(keys, f"turnover/order/{seed}"), kind="stable")


def _test(elements: Elements, part: NDArray[np.str_], data: Data) -> Tested:
    if data.subset in ("mouse", "pairs"):
        held = elements.pairs[part[elements.pairs[:, 0]] == "test"]
        return (_mouse if data.subset == "mouse" else _pairs)(elements, held, data)
    rows = _human(elements, part, "test", data.seed)[: data.rows or None]
    human = np.flatnonzero(elements.species == "human")
    if data.subset in CROSSED:
        ceiling = agreement.transferred(elements.halves[:, human], *CROSSED[data.subset])
        return sets.crossed(sets.values(elements, rows), *CROSSED[data.subset]), ceiling, []
    paired = {"with ortholog": np.isin(rows, elements.pairs[:, 0])}
    known = {"with ortholog": np.isin(human, elements.pairs[:, 0])}
    return sets.values(elements, rows, paired), agreement.ceilings(elements.halves[:, human], known), []


def _mouse(elements: Elements, held: sets.Pairs, data: Data) -> Tested:
    """Mouse members of the held-out pairs, each by its nearest human ortholog."""
    nearest = pd.Series(agreement.identity(elements, held)).groupby(held[:, 1]).max()
    rows, share = nearest.index.to_numpy(np.intp), np.asarray(nearest, np.float64)
    strata = sets.thirds(share)
    ceiling = agreement.ceilings(elements.halves[:, np.unique(elements.pairs[:, 1])], {})
    ceiling |= agreement.ceilings(elements.halves[:, rows], strata, whole=False)
    first = _order(elements.name[rows].tolist(), data.seed)[: data.rows or None]
    sample = sets.values(elements, rows[first], {name: stratum[first] for name, stratum in strata.items()})
    sample.table["identity"] = share[first]
    return sample, ceiling, [_held(elements, held, share)]


def _pairs(elements: Elements, held: sets.Pairs, data: Data) -> Tested:
    share = agreement.identity(elements, held)
    strata = sets.thirds(share)
    ceiling = agreement.ceilings(_change(elements, elements.pairs), {})
    ceiling |= agreement.ceilings(_change(elements, held), strata, whole=False)
    names = [f"{elements.name[human]}/{elements.name[mouse]}" for human, mouse in held]
    first = _order(names, data.seed)[: data.rows or None]
    chosen = {name: stratum[first] for name, stratum in strata.items()}
    return sets.differences(elements, held[first], share[first], chosen), ceiling, [_held(elements, held, share)]


def _change(elements: Elements, pairs: sets.Pairs) -> NDArray[np.float32]:
    """Mouse minus human in both halves of the barcodes, float32 (2, p, 2)."""
    return elements.halves[:, pairs[:, 1]] - elements.halves[:, pairs[:, 0]]


def _held(elements: Elements, held: sets.Pairs, share: NDArray[np.float64]) -> str:
    return (
        f"{len(held):,} of {len(elements.pairs):,} ortholog pairs are held out; a median of {np.median(share):.0%} of "
        "the bases has an identical partner in the alignment of an element with its ortholog."
    )


def _facts(elements: Elements, part: NDArray[np.str_]) -> dict[str, Any]:
    human = elements.species == "human"
    return {
        "library": "Mattioli 2020 cis/trans MPRA, 144 bp at human and mouse transcription starts, without vector",
        "activity": f"log2 RNA/DNA, median over barcodes with {MIN_DNA} DNA reads or more, mean of three replicates",
        "elements": elements.counted
        | {"human": int(human.sum()), "mouse": int((~human).sum()), "fewest_barcodes": MIN_BARCODES},
        "clusters": len(np.unique(elements.cluster)),
        "largest_cluster": int(np.bincount(elements.cluster).max()),
        "kept_together": f"rows that share {SHARED_BASES} bases, a transcription start or an ortholog",
        "split": SPLIT,
        "available": {name: int((human & (part == name)).sum()) for name in SHARES},
        "noise_sd": "of the median over barcodes, from their absolute deviations, normal law",
    }
