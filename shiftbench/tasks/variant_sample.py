"""The sample of measured variants: reference windows, then each variant in its windows; and the mean of neighbours."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks.cagi5_windows import Windows
from shiftbench.tasks.lentimpra import encode
from simulators import genome
from simulators.contract import Sample

BLOCK = 10
"""Adjacent positions that are resampled together."""

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Effects:
    """What was measured of n variants, whatever their windows.

    `id`, `element` str (n,); `effect` and its `noise_sd` float32 (n,), log2; `block` int32 (n,), variants that are
    resampled together; `table` further columns (n,).
    """

    id: NDArray[np.str_]
    element: NDArray[np.str_]
    effect: NDArray[np.float32]
    noise_sd: NDArray[np.float32]
    block: NDArray[np.int32]
    table: Columns


def assemble(effects: Effects, windows: Windows, output: str, left: str, right: str) -> Sample:
    """Rows of the reference windows, then one for each variant in each of its windows, between `left` and `right`.

    Every reference window needs a variant in it. A variant's row has the same window with its letters changed,
    `reference` = the row of its window, and the number of the variant in the column `variant`. References have
    `reference` -1 and observed NaN. `output` is the one that is compared with the effects.
    """
    of, refs = windows.variant, len(windows.references)
    first = np.unique(windows.reference, return_index=True)[1]
    block = effects.block[of]
    inserts = np.concatenate([windows.references, windows.alternatives])
    unmeasured = np.full(refs, np.nan, np.float32)
    columns = {label: _after(_nothing(column, refs), column[of]) for label, column in effects.table.items()}
    shown = zip(effects.element[of[first]], windows.start[first], strict=True)
    return Sample(
        id=np.concatenate(
            [
                [f"{element}:reference:{start}" for element, start in shown],
                [f"{effects.id[i]}@{start}" for i, start in zip(of, windows.start, strict=True)],
            ]
        ),
        sequence=between(inserts, left, right),
        observed=_after(unmeasured, effects.effect[of])[:, None],
        noise_sd=_after(unmeasured, effects.noise_sd[of])[:, None],
        reference=_after(np.full(refs, -1, np.int32), windows.reference.astype(np.int32)),
        group=_after(block[first], block),
        outputs=(output,),
        table=columns | {"variant": _after(np.full(refs, -1, np.int32), of.astype(np.int32)), "gc": genome.gc(inserts)},
    )


def between(inserts: NDArray[np.uint8], left: str, right: str) -> NDArray[np.uint8]:
    """Inserts between two adapters, uint8 (n, longer by both)."""
    ends = (np.broadcast_to(encode(end), (len(inserts), len(end))) for end in (left, right))
    before, after = ends
    return np.concatenate([before, inserts, after], axis=1)


def position_mean(
    place: NDArray[np.int64], effect: NDArray[np.float32], tells: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Mean effect (n,) of the other variants that `tells` (n,) at the same `place` (n,); NaN where there is none."""
    _, at = np.unique(place, return_inverse=True)
    known = np.where(tells, effect.astype(np.float64), 0)
    total = np.bincount(at, known)[at] - known
    others = np.bincount(at, tells)[at] - tells
    return np.asarray(np.divide(total, others, out=np.full(len(known), np.nan), where=others > 0))


def _nothing(column: NDArray[Any], rows: int) -> NDArray[Any]:
    """What a column says of references: NaN, 0, False or an empty text."""
    return np.full(rows, np.nan) if column.dtype.kind == "f" else np.zeros(rows, column.dtype)


def _after(references: NDArray[Any], variants: NDArray[Any]) -> NDArray[Any]:
    """A column: the rows of the references, then those of the variants."""
    return np.concatenate([references, variants])
