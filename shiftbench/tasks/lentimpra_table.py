"""Tables of the large lentiMPRA libraries, separately cloned and assayed: three layouts read into one."""

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.tasks.lentimpra import INSERT, LEFT, RIGHT, encode

AT_HAND = {
    "HepG2": {"val_HepG2.tsv": 9, "test_HepG2.tsv": 10},
    "WTC11": {"val_WTC11.tsv": 9, "test_WTC11.tsv": 10},
}
"""Files that hold one fold each, with the number of the fold, by cell type."""
FOLDED = {cell: f"Agarwal_{cell}.tsv" for cell in ("HepG2", "K562", "WTC11")}
"""Whole libraries with a column of folds, by cell type."""
REPLICATED = {"K562": "ultra_k562_full.tsv.gz"}
"""Whole libraries with a column a replicate."""
FOLDS = 10

LAYOUTS = (("seq_id", "seq", "mean_value"), ("seq_id", "seq", "expression"), ("name", "sequence", "log2.mean"))
"""Columns of name, letters and value in each layout."""
REPLICATES = ("log2.1", "log2.2", "log2.3")
LENGTHS = (len(LEFT) + 200 + len(RIGHT), 200)
"""Letters with the adapters and without."""

_REVERSE = re.compile(r"_(Reversed:?(_0)?|R)$")
_FORWARD = re.compile(r"_F$")


@dataclass(frozen=True, slots=True)
class Table:
    """Inserts of a large library in the order of its files.

    `name`, `element` str (n,), the second without the mark of the orientation; `reverse` bool (n,); `sequence` uint8
    (n, 230) with adapters; `observed` float32 (n,), log2 RNA/DNA, mean of the replicates; `replicates` float32 (n, 3)
    or None; `fold` int16 (n,) 1 to 10, 0 where none is stated.
    """

    name: NDArray[np.str_]
    element: NDArray[np.str_]
    reverse: NDArray[np.bool_]
    sequence: NDArray[np.uint8]
    observed: NDArray[np.float32]
    fold: NDArray[np.int16]
    replicates: NDArray[np.float32] | None = None

    @property
    def insert(self) -> NDArray[np.uint8]:
        """Codes without the adapters, uint8 (n, 200)."""
        return np.ascontiguousarray(self.sequence[:, INSERT])

    @property
    def natural(self) -> NDArray[np.bool_]:
        """Rows that are no shuffled insert, bool (n,)."""
        return np.char.find(self.name, "shuffled") < 0


def read(paths: dict[Path, int]) -> Table:
    """Table of one library from its files, each with its fold (0: the column `fold` tells, if there is one).

    `InputError` names the file and the row for columns of no layout, a length other than 200 or 230, a value that is no
    number, or a fold outside 1 to 10.
    """
    rows = [row for path, fold in paths.items() for row in _rows(path, fold)]
    names, letters, values, folds, replicates = zip(*rows, strict=True)
    return Table(
        name=np.array(names),
        element=np.array([_FORWARD.sub("", _REVERSE.sub("", name)) for name in names]),
        reverse=np.array([bool(_REVERSE.search(name)) for name in names]),
        sequence=encode("".join(letters)).reshape(len(letters), -1),
        observed=np.array(values, np.float32),
        fold=np.array(folds, np.int16),
        replicates=np.array(replicates, np.float32) if all(replicates) else None,
    )


Row = tuple[str, str, float, int, tuple[float, ...]]


def _rows(path: Path, fold: int) -> Iterator[Row]:
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        reader = csv.DictReader(file, delimiter="\t")
        header = reader.fieldnames or []
        layout = next((each for each in LAYOUTS if set(each) <= {*header}), None)
        if layout is None:
            expected = " or ".join(", ".join(each) for each in LAYOUTS)
            raise InputError(f"{path.name}: columns are {', '.join(header)}; expected {expected}")
        replicated = set(REPLICATES) <= {*header}
        for number, row in enumerate(reader, 2):
            try:
                letters, place = _construct(row[layout[1]]), fold or int(row.get("fold") or 0)
                values = [float(row[name]) for name in (layout[2], *(REPLICATES if replicated else ()))]
                if not np.isfinite(values).all() or not 0 <= place <= FOLDS:
                    raise ValueError(f"value {values[0]}, fold {place}; expected a number and a fold of 1 to {FOLDS}")
            except (ValueError, TypeError) as error:
                raise InputError(f"{path.name}: line {number}: {error}; mend or remove the line") from None
            yield row[layout[0]], letters, values[0], place, tuple(values[1:])


def _construct(letters: str) -> str:
    """Letters with the adapters, upper case."""
    if len(letters) not in LENGTHS:
        raise ValueError(f"{len(letters)} letters; expected {' or '.join(map(str, LENGTHS))}")
    letters = letters.upper()
    return letters if len(letters) == LENGTHS[0] else LEFT + letters + RIGHT
