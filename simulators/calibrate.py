"""Table of what worlds give beside what real lentiMPRA libraries give: `python -m simulators.calibrate`."""

import sys
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulators import assay, mpra
from simulators.contract import Sample, World
from simulators.genome import gc
from simulators.random import key

WORLDS = (0, 1, 2)
ROWS = 20_000

BARCODES = ((1, 4), (5, 9), (10, 19), (20, 39), (40, None))
"""Classes of barcode numbers, ends included."""

REAL = {
    "replicate SD, 1-4 barcodes": "1.01",
    "replicate SD, 5-9 barcodes": ".62",
    "replicate SD, 10-19 barcodes": ".45",
    "replicate SD, 20-39 barcodes": ".31",
    "replicate SD, 40+ barcodes": ".25",
    "r between libraries": ".895 / .853",
    "SD of activity": ".74-1.05",
    "skew of activity": ".82-1.52",
    "mean GC of inserts": ".52",
    "SD of GC of inserts": ".087",
    "r between strands": ".740 / .747",
    "r between cell types": ".49-.61",
    "r of activity and GC": ".17-.36",
}
"""Real values: joint and large lentiMPRA libraries (HepG2 / WTC11, or the range over K562, HepG2 and WTC11)."""

Values = NDArray[np.floating]


def measure(world: World, n: int = ROWS) -> dict[str, float]:
    """Value of every row of the table in a world, from `n` sequences; mean over cell types or their pairs."""
    sample = mpra.draw(world, n, seed=0, split="calibration")
    assert sample.truth is not None
    f, observed = sample.truth.mean, sample.observed
    again = assay.measure(world.assay, f, key(1, "calibration", "assay")).observed
    turned = mpra.evaluate(world, turn(world, sample.sequence)).mean
    between = _by_output(correlation, observed, again)
    insert, letters = gc(sample.sequence[:, _insert(world)]), gc(sample.sequence)
    pairs = [(a, b) for a in range(observed.shape[1]) for b in range(a)]
    found = dict(zip(REAL, replicate_sd(sample), strict=False))
    return found | {
        "r between libraries": between,
        "SD of activity": float(observed.std(axis=0).mean()),
        "skew of activity": _by_output(skew, observed),
        "mean GC of inserts": float(insert.mean()),
        "SD of GC of inserts": float(insert.std()),
        "r between strands": _by_output(correlation, f, turned) * between,
        "r between cell types": float(np.mean([correlation(observed[:, a], observed[:, b]) for a, b in pairs])),
        "r of activity and GC": _by_output(lambda y: correlation(y, letters), observed),
    }


def replicate_sd(sample: Sample) -> list[float]:
    """SD of replicates about the mean of their insert, pooled over the inserts of each class of barcode numbers."""
    assert sample.replicates is not None
    variance = sample.replicates.var(axis=1, ddof=1, dtype=np.float64)
    barcodes = sample.table["barcodes"].astype(np.int64)
    classes = [(barcodes >= low) & (barcodes <= (high or np.inf)) for low, high in BARCODES]
    return [float(np.sqrt(variance[chosen].mean())) for chosen in classes]


def turn(world: World, sequence: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Sequences whose inserts are cloned the other way round between the same adapters."""
    turned = sequence.copy()
    insert = turned[:, _insert(world)]
    insert[:] = np.where(insert < 4, 3 - insert, insert)[:, ::-1]
    return turned


def correlation(x: Values, y: Values) -> float:
    """Pearson correlation of two vectors."""
    return float(np.corrcoef(x.astype(np.float64), y.astype(np.float64))[0, 1])


def skew(x: Values) -> float:
    """Third standardised moment of a vector."""
    z = x.astype(np.float64) - x.mean(dtype=np.float64)
    return float((z**3).mean() / (z**2).mean() ** 1.5)


def table(seeds: Sequence[int] = WORLDS, n: int = ROWS) -> str:
    """The table in Markdown, one column a world."""
    worlds = [measure(mpra.world(seed), n) for seed in seeds]
    head = ["quantity", "real", *(f"world {seed}" for seed in seeds)]
    rows = [[name, real, *(f"{values[name]:.3f}".lstrip("0") for values in worlds)] for name, real in REAL.items()]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]) + "\n"


def _insert(world: World) -> slice:
    return slice(len(world.genome.left), len(world.genome.left) + world.genome.length)


def _by_output(of: Callable[..., float], *columns: Values) -> float:
    return float(np.mean([of(*(column[:, c] for column in columns)) for c in range(columns[0].shape[1])]))


if __name__ == "__main__":
    sys.stdout.write(table())
