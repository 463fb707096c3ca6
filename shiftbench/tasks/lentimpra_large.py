"""Test sets from the large lentiMPRA libraries for models of the joint one: values, and differences of orientations."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import INSERT, Library
from shiftbench.tasks.lentimpra_leak import touching
from shiftbench.tasks.lentimpra_split import Split
from shiftbench.tasks.lentimpra_table import AT_HAND, Table, read
from shiftbench.tasks.overlap import clusters
from shiftbench.tasks.split import uniform
from simulators import genome
from simulators.contract import Sample

Found = tuple[Sample, dict[str, Any]]


def values(library: Library, split: Split, files: Files, cell: str, rows: int) -> Found:
    """Inserts of both orientations that share no 50 bases with an insert fitted on, `rows` of them (0: all)."""
    table, kept = _kept(library, split, files, cell)
    chosen = _first(table.name, np.flatnonzero(kept), rows)
    reverse = table.reverse[chosen]
    more = {"stratum:forward": ~reverse, "stratum:reverse": reverse}
    return sample(table, chosen, cell, more), _facts(table, kept)


def orientations(library: Library, split: Split, files: Files, cell: str, rows: int) -> Found:
    """Inserts cloned both ways, `rows` pairs (0: all), filtered likewise.

    First the forward rows, as references (observed NaN), then the reverse ones, observed = reverse - forward.
    """
    table, kept = _kept(library, split, files, cell)
    forward = {table.element[row]: row for row in np.flatnonzero(kept & ~table.reverse)}
    pairs = {row: forward[table.element[row]] for row in np.flatnonzero(kept & table.reverse)
             if table.element[row] in forward}  # fmt: skip
    chosen = _first(table.name, np.array([*pairs], np.intp), rows)
    reference = np.array([pairs[row] for row in chosen], np.intp)
    effect = table.observed[chosen] - table.observed[reference]
    n = len(chosen)
    made = sample(
        table,
        np.concatenate([reference, chosen]),
        cell,
        observed=np.concatenate([np.full(n, np.nan, np.float32), effect]),
        reference=np.concatenate([np.full(n, -1, np.int32), np.arange(n, dtype=np.int32)]),
    )
    facts = _facts(table, kept) | {"pairs": len(pairs), "mean_difference": float(effect.mean())}
    return made, facts


def sample(
    table: Table,
    rows: NDArray[np.intp],
    cell: str,
    more: dict[str, NDArray[Any]] | None = None,
    *,
    observed: NDArray[np.float32] | None = None,
    reference: NDArray[np.int32] | None = None,
) -> Sample:
    """These rows of a table with one output; resampled together are rows that share 50 bases."""
    sequence = table.sequence[rows]
    n = len(rows)
    return Sample(
        id=np.array(table.name[rows].tolist(), dtype=np.str_),
        sequence=sequence,
        observed=(table.observed[rows] if observed is None else observed)[:, None],
        noise_sd=np.full((n, 1), np.nan, np.float32),
        reference=np.full(n, -1, np.int32) if reference is None else reference,
        group=clusters(table.insert[rows]),
        outputs=(cell,),
        table={"gc": genome.gc(sequence[:, INSERT]), "reverse": table.reverse[rows], **(more or {})},
    )


def _kept(library: Library, split: Split, files: Files, cell: str) -> tuple[Table, NDArray[np.bool_]]:
    table = read({files.path(name): fold for name, fold in AT_HAND[cell].items()})
    near, _ = touching(table.insert, library.insert[split.fitted])
    return table, ~near & table.natural


def _first(names: NDArray[np.str_], rows: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    """The first of these rows by a hash of their names, so that a smaller set lies in a larger one."""
    order = np.argsort(uniform(names[rows].tolist(), "lentimpra/large"), kind="stable")
    return rows[order][: limit or None]


def _facts(table: Table, kept: NDArray[np.bool_]) -> dict[str, Any]:
    natural = int(table.natural.sum())
    told = (
        f"{natural - int(kept.sum()):,} of the {natural:,} natural inserts at hand share 50 bases or more with an "
        "insert of the joint library that is fitted on, and are left out."
    )
    return {"folds": sorted({*table.fold.tolist()}), "read": len(table.name), "kept": int(kept.sum()), "notes": [told]}
