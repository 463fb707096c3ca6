"""Correlations that a perfect model would reach on lentiMPRA, from sequences measured twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import CELLS, Library
from shiftbench.tasks.lentimpra_table import AT_HAND, REPLICATED, read

LEAST = 100
"""Sequences measured twice that a reliability needs: its standard error is then below .05."""
TOO_FEW = f"fewer than {LEAST} sequences measured twice"
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Twice:
    """Sequences of the joint library that a large library has measured too.

    By cell type: `rows` intp (m,) of the joint library, their value in the `large` one float32 (m,); `replicated`:
    reliability of the mean of the replicates of the large library; `missing`: why there is none.
    """

    rows: dict[str, NDArray[np.intp]] = field(default_factory=dict)
    large: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    replicated: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def twice(library: Library, files: Files, at_hand: tuple[str, ...]) -> Twice:
    """What the files `at_hand` tell of sequences measured twice."""
    row = {sequence.tobytes(): i for i, sequence in enumerate(library.sequence)}
    found = Twice()
    for cell in CELLS:
        names = AT_HAND.get(cell) or {REPLICATED[cell]: 0}
        if lacking := [name for name in names if name not in at_hand]:
            found.missing[cell] = f"{' and '.join(lacking)} not at hand"
            continue
        table = read({files.path(name): fold for name, fold in names.items()})
        keys = [sequence.tobytes() for sequence in table.sequence]
        known = [i for i, key in enumerate(keys) if key in row]
        found.rows[cell] = np.array([row[keys[i]] for i in known], np.intp)
        found.large[cell] = table.observed[known]
        if table.replicates is not None:
            found.replicated[cell] = replicated(table.replicates)
    return found


def replicated(values: Floats) -> float:
    """Reliability of the mean of R replicates, (n, R), by Spearman and Brown: R r / (1 + (R - 1) r).

    r is the mean Pearson correlation of two replicates. Noise that replicates share (the same barcodes) counts as
    signal, so it is an upper bound.
    """
    count = values.shape[1]
    correlations: NDArray[np.float64] = np.atleast_2d(np.corrcoef(values.T))
    r = float(correlations[np.triu_indices(count, 1)].mean())
    return float(count * r / (1 + (count - 1) * r))


def reliability(library: Library, found: Twice, cell: str, chosen: NDArray[np.bool_] | None = None) -> float | None:
    """Pearson r of the two libraries on sequences that both have measured, among the `chosen` rows; None for too few.

    It is the reliability of either if both carry equal noise. Where the libraries share too few sequences, the
    replicates of the large one stand in.
    """
    if cell not in found.rows:
        return None
    rows, values = found.rows[cell], found.large[cell]
    kept = np.ones(len(rows), bool) if chosen is None else chosen[rows]
    if kept.sum() >= LEAST:
        return float(np.corrcoef(library.observed[rows[kept], CELLS.index(cell)], values[kept])[0, 1])
    return found.replicated.get(cell) if chosen is None else None


def values(
    library: Library,
    found: Twice,
    strata: Mapping[str, NDArray[np.bool_]] = MappingProxyType({}),
    within: NDArray[np.bool_] | None = None,
    cells: Sequence[str] = CELLS,
) -> dict[str, Any]:
    """Facts on the ceiling of cell types among the rows `within` (None: all) and of `strata`: root of the reliability.

    Attenuation: a model without error correlates with the measurement at the root of its reliability.
    """
    known = {"pearson": within} | {f"pearson@{name}": rows for name, rows in strata.items()}
    ceiling: dict[str, dict[str, float]] = {}
    for name, chosen in known.items():
        of_cell = {cell: reliability(library, found, cell, chosen) for cell in cells}
        ceiling[name] = {cell: float(np.sqrt(r)) for cell, r in of_cell.items() if r is not None and r > 0}
    missing = {cell: found.missing.get(cell, TOO_FEW) for cell in cells if cell not in ceiling["pearson"]}
    facts = {
        "ceiling": {name: known for name, known in ceiling.items() if known},
        "ceiling_source": f"root of the correlation of the joint with the large library on {LEAST} or more sequences "
        "that both have measured (else of the replicates of the large one, by Spearman and Brown)",
        "ceiling_sequences": {cell: len(rows) for cell, rows in found.rows.items() if cell in cells},
        "ceiling_missing": missing,
    }
    told = {cell: float(np.sqrt(known)) for cell, known in found.replicated.items() if cell in cells}
    return facts | ({"ceiling_of_replicates": told} if told else {})


def transfer(library: Library, found: Twice, predicted: str, observed: str) -> dict[str, Any]:
    """Facts on the ceiling of a perfect model of one cell type, held against measurements of another.

    r(labels of both) / root of the reliability of the cell type predicted: the noise of the other one stays in.
    """
    one, other = (library.observed[library.eligible, CELLS.index(cell)] for cell in (predicted, observed))
    between = float(np.corrcoef(one, other)[0, 1])
    known = reliability(library, found, predicted)
    facts: dict[str, Any] = {"label_correlation": between}
    if known is None:
        reason = found.missing.get(predicted, TOO_FEW)
        return facts | {"ceiling": {}, "ceiling_missing": {predicted: f"reliability of {predicted}: {reason}"}}
    source = f"label correlation of {predicted} and {observed} over the root of the reliability of {predicted}"
    return facts | {"ceiling": {"pearson": {predicted: between / float(np.sqrt(known))}}, "ceiling_source": source}


def difference(library: Library, found: Twice, cell: str, effect: Floats) -> dict[str, Any]:
    """Facts on the ceiling of the difference of two orientations, `effect` (pairs, 1), measured in a large library.

    Its noise is twice that of one measurement, s^2 = (1 - r) Var(value) on the sequences measured twice, r being their
    reliability, if both orientations carry equal and independent noise; reliability = 1 - 2 s^2 / Var(effect).
    """
    known = reliability(library, found, cell)
    if known is None or len(found.rows[cell]) < LEAST:
        reason = found.missing.get(cell, TOO_FEW)
        return {"ceiling": {}, "ceiling_missing": {cell: reason}}
    noise = (1 - known) * float(np.var(found.large[cell], dtype=np.float64))
    share = 1 - 2 * noise / float(np.var(effect, dtype=np.float64))
    if share <= 0:
        return {"ceiling": {}, "ceiling_missing": {cell: "the noise of two measurements explains the whole difference"}}
    source = "root of 1 - 2 s^2 / Var(difference), s^2 = (1 - r) Var(value), r = correlation of joint and large library"
    return {"ceiling": {"pearson": {cell: float(np.sqrt(share))}}, "ceiling_source": source}
