"""The quantities of the table, measured in one world."""

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from shiftbench.calibration import variants
from shiftbench.calibration.quantity import Found, by_column, library, lost, replicates
from simulators import assay, mpra
from simulators.contract import World
from simulators.genome import gc
from simulators.random import key

ROWS = 20_000
ELEMENTS = 8


def measure(world: World, n: int = ROWS, elements: int = ELEMENTS) -> Found:
    """Every quantity from `n` sequences and `elements` saturated elements of a world."""
    sample = mpra.draw(world, n, seed=0, split="calibration")
    assert sample.truth is not None
    letters, f = gc(sample.sequence), sample.truth.mean
    insert = gc(sample.sequence[:, _insert(world)])
    measured: NDArray[np.bool_] = np.asarray(np.isfinite(sample.observed).all(axis=1))
    again = assay.measure(world.assay, f, letters.astype(np.float64), key(1, "calibration", "assay")).observed
    turned = turn(world, sample.sequence)
    other = assay.measure(
        world.assay,
        mpra.evaluate(world, turned).mean,
        letters.astype(np.float64),
        key(2, "calibration", "assay"),
    ).observed
    return (
        _replicates(world, f, letters)
        | {"r between libraries": by_column(sample.observed, again)}
        | library(sample.observed[measured], insert[measured])
        | lost(insert, measured)
        | {"r between strands": by_column(sample.observed, other)}
        | variants.simulated(world, elements)
    )


def turn(world: World, sequence: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Sequences whose inserts are cloned the other way round between the same adapters."""
    turned = sequence.copy()
    insert = turned[:, _insert(world)]
    insert[:] = np.where(insert < 4, 3 - insert, insert)[:, ::-1]
    return turned


def _replicates(world: World, f: NDArray[np.float32], letters: NDArray[np.float32]) -> Found:
    """Replicates of one cell type, inserts with few barcodes included, as in the real file behind these lines."""
    kept = replace(world.assay, least_barcodes=1)
    measured = assay.measure(kept, f[:, :1], letters.astype(np.float64), key(3, "calibration", "assay"))
    known = measured.barcodes > 0
    return replicates(measured.replicates[known, :, 0].astype(np.float64), measured.barcodes[known])


def _insert(world: World) -> slice:
    return slice(len(world.genome.left), len(world.genome.left) + world.genome.length)
