"""Simulated MPRA as a task: training and calibration from a world, tests from the same world or a shifted one."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import Skipped
from shiftbench.spec import NULL, Data
from shiftbench.tasks.files import Files
from shiftbench.tasks.provider import Built
from simulators import mpra, shift
from simulators.contract import Sample, Truth, World

BINS = 24
"""Bins of the laws that a test set of the training law tells of itself."""


@lru_cache(maxsize=4)
def source_world(number: int) -> World:
    """World of a number, kept for the process."""
    return mpra.world(number)


class Mpra:
    """Provider of simulated MPRA; test sets of all doses have the same streams, so that only one part differs.

    The null shift is drawn from a stream of its own. Inserts that the assay did not measure (too few barcodes) are
    drawn and then left out of every set; facts say how many.
    """

    version = mpra.VERSION
    files: tuple[str, ...] = ()
    simulated = True

    def build(self, data: Data, files: Files) -> Built:
        """Samples of a world; raises `Skipped` where a family cannot reach the severity in this world."""
        source = source_world(data.world)
        world, facts = tested(source, data)
        split = NULL if data.shift == NULL else data.role
        sizes = {split: data.rows}
        if data.role == "training":
            sizes = {"train": data.rows, "validation": data.validation}
        drawn = {name: mpra.draw(world, rows, seed=data.seed, split=name) for name, rows in sizes.items()}
        samples = {data.role if name == split else name: measured(sample) for name, sample in drawn.items()}
        facts |= {"drawn": dict(zip(samples, sizes.values(), strict=True))}
        if data.role == "test" and not data.shift:
            facts |= {"laws": laws(samples["test"])}
        worlds = {"source_world": source.to_json().decode(), "world": world.to_json().decode()}
        return Built(samples, facts | worlds)


def tested(source: World, data: Data) -> tuple[World, dict[str, Any]]:
    """World of a node, and what is known of the shift that leads to it."""
    if data.shift in ("", NULL):
        return source, {}
    try:
        found = shift.apply(source, data.shift, data.severity)
    except shift.Unreachable as error:
        # The same words for every dose beyond the end, so that a run tells of them once.
        asked = f"severity {data.severity:g} cannot be reached; it ends"
        raise Skipped(str(error).replace(asked, f"severity in world {data.world} ends")) from error
    return found.world, {"part": found.part, "severity": found.severity, "parameter": found.parameter}


def measured(sample: Sample) -> Sample:
    """The rows that have a value for every output, and those that are the reference of others, which have none."""
    needed = np.isin(np.arange(len(sample.observed)), sample.reference[sample.reference >= 0])
    kept = needed | np.isfinite(sample.observed).all(axis=1)
    if kept.all():
        return sample
    rows, place = np.flatnonzero(kept), np.cumsum(kept, dtype=np.int32) - 1
    reference = sample.reference[rows]
    truth = sample.truth and Truth(sample.truth.mean[rows], sample.truth.expected[rows], sample.truth.sd[rows])
    return Sample(
        id=sample.id[rows],
        sequence=sample.sequence[rows],
        observed=sample.observed[rows],
        noise_sd=sample.noise_sd[rows],
        reference=np.where(reference >= 0, place[reference], -1).astype(np.int32),
        group=sample.group[rows],
        outputs=sample.outputs,
        replicates=None if sample.replicates is None else sample.replicates[rows],
        table={name: column[rows] for name, column in sample.table.items()},
        truth=truth,
    )


def laws(sample: Sample) -> dict[str, dict[str, Any]]:
    """Histograms of GC and, by output, of f and of the SD of a measurement: `low`, `high` and `count` by name."""
    assert sample.truth is not None
    columns = {"GC": sample.table["gc"]}
    for number, output in enumerate(sample.outputs):
        columns |= {f"f, {output}": sample.truth.mean[:, number], f"SD, {output}": sample.truth.sd[:, number]}
    return {name: _histogram(column) for name, column in columns.items()}


def _histogram(column: NDArray[np.generic]) -> dict[str, Any]:
    values = column[np.isfinite(column)]
    count, edges = np.histogram(values, BINS)
    return {"low": float(edges[0]), "high": float(edges[-1]), "count": count.tolist()}
