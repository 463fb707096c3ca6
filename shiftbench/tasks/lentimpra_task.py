"""Real lentiMPRA as a task: training and test sets of the joint library under several splits, with their facts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.spec import Data, did_you_mean
from shiftbench.tasks import lentimpra_ceiling as ceiling
from shiftbench.tasks import lentimpra_large as large
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import CELLS, DESIGN, NATURAL, PREFIXES, SATURATED, VALUES, Library, load
from shiftbench.tasks.lentimpra_leak import leaks
from shiftbench.tasks.lentimpra_split import SHARES, Split, divide, strata
from shiftbench.tasks.lentimpra_table import AT_HAND, REPLICATED
from shiftbench.tasks.provider import Built
from shiftbench.tasks.split import uniform
from simulators.contract import Sample

PARTS = {"training": ("train", "validation"), "calibration": ("calibration",)}
TRANSFERS = {f"{model}->{assay}": (model, assay) for model in CELLS for assay in CELLS if model != assay}
LARGE = {f"large:{cell}": cell for cell in AT_HAND}
ORIENTATIONS = {f"orientation:{cell}": cell for cell in AT_HAND}

Facts = dict[str, Any]


class LentiMpra:
    """Provider of the joint library under the splits of `lentimpra_split.divide`.

    Test sets by `subset`: those of the split; of the split `overlap` also `A->B` (the rows of the test part, output A
    held against the measurement in cell type B), `large:CELL` and `orientation:CELL` (inserts of a large library that
    overlap nothing fitted on; the second as differences of both orientations). Sizes take the first rows of one order,
    so small samples lie in larger ones. `seed` draws another split.
    """

    version = 2
    files = (DESIGN, VALUES)
    optional = (*(name for names in AT_HAND.values() for name in names), *REPLICATED.values())

    def build(self, data: Data, files: Files) -> Built:
        """Samples of `data`; `MissingData` without the files, `InputError` for an unknown split or subset."""
        if data.shift:
            raise InputError(f"task lentimpra: shift {data.shift!r}; expected none")
        library = load(files)
        split = divide(library, data.split, data.seed)
        order = np.argsort(uniform(library.name.tolist(), f"lentimpra/order/{data.seed}"), kind="stable")
        facts = _facts(library, split, data.split)
        if data.role == "test":
            sample, more = _test(library, split, order, data, files)
            return Built({"test": sample}, facts | more)
        if data.subset:
            raise InputError(f"task lentimpra: subset {data.subset!r} of role {data.role!r}; expected none")
        sizes = {"train": data.rows, "validation": data.validation, "calibration": data.rows}
        rows = {name: order[split.part[order] == name][: sizes[name] or None] for name in PARTS[data.role]}
        return Built({name: _sample(library, chosen) for name, chosen in rows.items()}, facts)


def _test(library: Library, split: Split, order: NDArray[np.intp], data: Data, files: Files) -> tuple[Sample, Facts]:
    """The test set of `data.subset` with what is known of it."""
    further = [*TRANSFERS, *LARGE, *ORIENTATIONS] if data.split == "overlap" else []
    subset, known = data.subset, [*split.alike, *further]
    if subset not in known:
        raise InputError(f"task lentimpra, split {data.split}: no subset {subset!r}{did_you_mean(subset, known)}")
    found = ceiling.twice(library, files, data.optional)
    if subset in LARGE:
        sample, facts = large.values(library, split, files, LARGE[subset], data.rows)
        facts |= ceiling.values(library, found, cells=(LARGE[subset],))
    elif subset in ORIENTATIONS:
        sample, facts = large.orientations(library, split, files, ORIENTATIONS[subset], data.rows)
        effect = sample.observed[sample.reference >= 0]
        facts |= ceiling.difference(library, found, ORIENTATIONS[subset], effect)
    elif subset in TRANSFERS:
        model, assay = TRANSFERS[subset]
        sample = _sample(library, _chosen(library, split, order, "", data.rows), model, assay)
        facts = {"predicted": model, "measured_in": assay} | ceiling.transfer(library, found, model, assay)
    else:
        rows = _chosen(library, split, order, subset, data.rows)
        marked = strata(library) if data.split == "overlap" else {}
        sample = _sample(library, rows, marked=marked)
        facts = ceiling.values(library, found, marked, split.alike[subset] if subset else None)
        facts["notes"] = _notes(library, split, data, sample)
    scored = sample.observed[~np.isnan(sample.observed).any(axis=1)]
    facts["largest_group"] = int(np.bincount(sample.group).max(initial=0))
    spread = dict(zip(sample.outputs, scored.std(0, dtype=np.float64).tolist(), strict=True))
    return sample, {"target_sd": spread, "gc_mean": float(sample.table["gc"].mean())} | facts


def _chosen(library: Library, split: Split, order: NDArray[np.intp], subset: str, limit: int) -> NDArray[np.intp]:
    """The first rows of a test set; of a matched one as many of each source as the set that it is matched to has."""
    rows = order[split.tests[subset][order]]
    if subset not in split.matched:
        return rows[: limit or None]
    model = library.source[_chosen(library, split, order, split.matched[subset], limit)]
    source = library.source[rows]
    of_each = [np.flatnonzero(source == name)[: (model == name).sum()] for name in NATURAL]
    return rows[np.sort(np.concatenate(of_each))]


def _sample(
    library: Library,
    rows: NDArray[np.intp],
    model: str = "",
    assay: str = "",
    marked: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Sample:
    """Rows with all outputs, or with output `model` held against the measurement in cell type `assay`."""
    outputs = (model,) if model else CELLS
    columns = [CELLS.index(assay)] if assay else [*range(len(CELLS))]
    of_strata = {f"stratum:{name}": mark[rows] for name, mark in (marked or {}).items()}
    return Sample(
        id=np.array(library.name[rows].tolist(), dtype=np.str_),
        sequence=library.sequence[rows],
        observed=library.observed[rows][:, columns],
        noise_sd=np.full((len(rows), len(outputs)), np.nan, np.float32),
        reference=np.full(len(rows), -1, np.int32),
        group=library.cluster[rows],
        outputs=outputs,
        table={"gc": library.gc[rows], "source": library.source[rows], **of_strata},
    )


def _facts(library: Library, split: Split, name: str) -> Facts:
    counts = {source: int((library.source == source).sum()) for source in dict.fromkeys(PREFIXES.values())}
    left_out = {source: count for source, count in counts.items() if source not in NATURAL}
    saturated = [SATURATED[row] for row in library.name.tolist() if row in SATURATED]
    return {
        "library": "Agarwal 2025 joint library, 230 bp with adapters; log2 RNA/DNA, mean of three replicates",
        "designed": library.designed,
        "measured": len(library.name),
        "clusters": library.clusters,
        "largest_cluster": library.largest,
        "sources": counts,
        "split": name,
        "leaks": name == "id",
        "left_out": {} if name == "id" else left_out | {"inside_saturated_elements": saturated},
        "dropped": split.dropped,
        "available": {part: int((split.part == part).sum()) for part in SHARES},
        "gc_fitted": float(library.gc[split.part == "train"].mean()),
    }


def _notes(library: Library, split: Split, data: Data, sample: Sample) -> list[str]:
    """Sentences on what the training sequences give away, and on what a shift leaves out and tests."""
    if data.split in ("overlap", "id"):
        by_id = divide(library, "id", data.seed)
        told = [leak.sentence("Split by id") for leak in leaks(library, by_id.part == "train", by_id.tests[""])]
        if data.split == "id":
            return told
        honest = leaks(library, split.part == "train", split.tests[""])[0]
        largest = (
            f"The largest overlap cluster of this test set has {int(np.bincount(sample.group).max()):,} sequences."
        )
        return [*told, honest.sentence("Split by overlap cluster, as here"), largest]
    source, gc = sample.table["source"], sample.table["gc"]
    shares = {name: float(np.mean(source == name)) for name in NATURAL}
    mixed = ", ".join(f"{share:.0%} {name}" for name, share in shares.items() if share)
    fitted = library.gc[split.part == "train"].mean()
    where = "GC tails" if data.split == "gc" else f"source {data.split.removeprefix('source:')}"
    return [
        f"{split.dropped:,} sequences of the {where} are left out: their overlap cluster is on both sides.",
        f"Test set {data.subset}: {len(gc):,} sequences of mean GC {gc.mean():.3f} (trained on {fitted:.3f}); {mixed}.",
    ]
