"""Rows of the cis/trans MPRA as samples: values, pairs as differences, one cell's output beside another cell."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks.turnover_library import CELLS, Elements
from simulators import genome
from simulators.contract import Sample

THIRDS = ("identity lowest third", "identity middle third", "identity highest third")

Rows = NDArray[np.intp]
Pairs = NDArray[np.int64]
Strata = dict[str, NDArray[np.bool_]]


def thirds(share: NDArray[np.float64]) -> Strata:
    """Which rows (n,) lie in each third of the aligned identity `share` (n,)."""
    third = (share[:, None] > np.quantile(share, (1 / 3, 2 / 3))).sum(1)
    return {name: third == i for i, name in enumerate(THIRDS)}


def values(elements: Elements, rows: Rows, strata: Strata | None = None) -> Sample:
    """Activities of `rows` in both cells; `strata` bool (len(rows),) by name."""
    sequence = elements.sequence[rows]
    table = {"gc": genome.gc(sequence), "barcodes": elements.barcodes[rows], "species": elements.species[rows]}
    return Sample(
        id=np.array(elements.name[rows].tolist(), dtype=np.str_),
        sequence=sequence,
        observed=elements.observed[rows],
        noise_sd=elements.noise_sd[rows],
        reference=np.full(len(rows), -1, np.int32),
        group=elements.cluster[rows],
        outputs=CELLS,
        replicates=elements.replicates[rows],
        table=table | _columns(strata or {}),
    )


def crossed(sample: Sample, own: str, other: str) -> Sample:
    """The sample of `values` with the output of the cell `own` beside what the cell `other` showed."""
    cell = [CELLS.index(other)]
    observed, noise_sd = sample.observed[:, cell], sample.noise_sd[:, cell]
    replicates = None if sample.replicates is None else sample.replicates[:, :, cell]
    return replace(sample, observed=observed, noise_sd=noise_sd, replicates=replicates, outputs=(own,))


def differences(elements: Elements, pairs: Pairs, share: NDArray[np.float64], strata: Strata) -> Sample:
    """The distinct human rows (`observed` NaN), then for each pair its mouse row, `observed` = mouse minus human.

    `share` (p,) aligned identity and `strata` (p,) are of the pairs; of the human rows they are NaN and False.
    `barcodes` is the smaller number of the two.
    """
    human, row = np.unique(pairs[:, 0], return_inverse=True)
    sample, one, other = values(elements, np.concatenate([human, pairs[:, 1]])), pairs[:, 0], pairs[:, 1]
    names = [f"{elements.name[j]} - {elements.name[i]}" for i, j in pairs]
    unknown = np.full((len(human), len(CELLS)), np.nan, np.float32)
    own = elements.replicates
    table = sample.table | {
        "identity": np.concatenate([unknown[:, 0].astype(np.float64), share]),
        "barcodes": np.concatenate(
            [elements.barcodes[human], np.minimum(elements.barcodes[one], elements.barcodes[other])]
        ),
    }
    none = np.zeros(len(human), bool)
    return replace(
        sample,
        id=np.array([*elements.name[human].tolist(), *names]),
        observed=np.concatenate([unknown, elements.observed[other] - elements.observed[one]]),
        noise_sd=np.concatenate([unknown, np.hypot(elements.noise_sd[one], elements.noise_sd[other])]),
        replicates=np.concatenate([np.full((len(human), *own.shape[1:]), np.nan, np.float32), own[other] - own[one]]),
        reference=np.concatenate([np.full(len(human), -1), row]).astype(np.int32),
        table=table | _columns({name: np.concatenate([none, stratum]) for name, stratum in strata.items()}),
    )


def _columns(strata: Strata) -> Strata:
    return {f"stratum:{name}": stratum for name, stratum in strata.items()}
