"""The large lentiMPRA libraries in the ten folds of their authors: one tests, the next validates, the rest train."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.spec import Data, did_you_mean
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra_large import sample
from shiftbench.tasks.lentimpra_leak import touching
from shiftbench.tasks.lentimpra_table import FOLDED, FOLDS, Table, read
from shiftbench.tasks.provider import Built
from shiftbench.tasks.split import uniform

PARTS = {"training": ("train", "validation"), "calibration": ("calibration",), "test": ("test",)}


class LentiMpraFolds:
    """Provider of one large library (`split`: the cell type, or `CELL:fold` for a fold by number).

    World k holds out fold (k + 9) mod 10 + 1, so that the first world tests fold 10, the second fold 1, and ten worlds
    are the whole protocol. Half of the elements of the next fold validate, the others calibrate. The folds are given,
    not ours: facts tell what test and training sequences share.
    """

    version = 1
    files: tuple[str, ...] = ()
    """None for all: a split needs the table of its cell type alone."""

    def build(self, data: Data, files: Files) -> Built:
        """Samples of `data`; `MissingData` without the table, `InputError` for an unknown cell type or fold."""
        if data.shift or data.subset:
            raise InputError(
                f"task lentimpra_folds: subset {data.subset!r}, shift {data.shift!r}; expected none of either"
            )
        cell, fold = _asked(data.split, data.seed)
        table = read({files.path(FOLDED[cell]): 0})
        if absent := set(range(1, FOLDS + 1)) - {*table.fold.tolist()}:
            raise InputError(f"{FOLDED[cell]}: no rows of fold {min(absent)}; expected folds 1 to {FOLDS}")
        part = parts(table, fold)
        sizes = {"train": data.rows, "validation": data.validation, "calibration": data.rows, "test": data.rows}
        order = np.argsort(uniform(table.name.tolist(), "lentimpra/folds"), kind="stable")
        samples = {
            name: sample(table, order[part[order] == name][: sizes[name] or None], cell) for name in PARTS[data.role]
        }
        facts = {
            "library": f"Agarwal 2025 large {cell} library, 230 bp with adapters; log2 RNA/DNA",
            "fold": fold,
            "available": {name: int((part == name).sum()) for names in PARTS.values() for name in names},
        }
        return Built(samples, facts | (_audit(table, part) if data.role == "test" else {}))


def parts(table: Table, fold: int) -> NDArray[np.str_]:
    """Part of every row when `fold` is held out, str (n,): train, validation, calibration or test."""
    following = fold % FOLDS + 1
    half = uniform(table.element.tolist(), "lentimpra/folds/calibration") < 0.5
    validating = np.where(half, "calibration", "validation")
    return np.where(table.fold == fold, "test", np.where(table.fold == following, validating, "train"))


def _asked(split: str, seed: int) -> tuple[str, int]:
    """Cell type and fold held out."""
    cell, _, number = split.partition(":")
    if cell not in FOLDED:
        raise InputError(f"task lentimpra_folds: no cell type {cell!r}{did_you_mean(cell, [*FOLDED])}")
    known = [str(fold) for fold in range(1, FOLDS + 1)]
    if number and number not in known:
        raise InputError(f"task lentimpra_folds: split {split!r}: no fold {number!r}; expected 1 to {FOLDS}")
    return cell, int(number or (seed + FOLDS - 1) % FOLDS + 1)


def _audit(table: Table, part: NDArray[np.str_]) -> dict[str, Any]:
    """What the given folds let through: test rows that share 50 bases with a training row, elements in two folds."""
    near, _ = touching(table.insert[part == "test"], table.insert[part == "train"])
    apart = len({*zip(table.element.tolist(), table.fold.tolist(), strict=True)}) - len({*table.element.tolist()})
    told = (
        f"Folds as given: {int(near.sum()):,} of {len(near):,} test sequences ({near.mean():.1%}) share 50 bases or "
        f"more with a training sequence; {apart:,} elements lie in two folds."
    )
    return {"shared_with_training": int(near.sum()), "elements_in_two_folds": apart, "notes": [told]}
