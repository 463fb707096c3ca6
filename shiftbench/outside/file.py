"""A file of predictions: the labels of its sets, and its table, every fault of which is told by line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.spec import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

TEST, ID = "test", "id"
CARRIED = ("sequence",)
"""Columns of an input file that may stay beside the predictions."""
SD = "_sd"
"""Ending of the column of an output's SD."""
MARK = "@"
"""Between the readable label of a set and the beginning of its digest, by which it is known."""
DIGITS = 8


def label(where: str, digest: str) -> str:
    """Text of the column `test`: where a set stands in the plan, and the beginning of the digest of its Data node.

    Predictions of a set of other rows, letters or noise are thereby never taken for those of this one.
    """
    for role, shown in (("/test", ""), ("/training", "/validation")):
        if where.endswith(role):
            where = where.removesuffix(role) + shown
    return f"{where}{MARK}{digest[:DIGITS]}"


@dataclass(frozen=True, slots=True)
class Table:
    """A file of predictions: `label` and `id` text (n,), `values` float64 (n,) by column."""

    label: NDArray[np.str_]
    id: NDArray[np.str_]
    values: dict[str, NDArray[np.float64]]

    def digits(self) -> NDArray[np.str_]:
        """Beginning of the digest of the set of each row."""
        return np.array([text.rpartition(MARK)[2] for text in self.label.tolist()], dtype=np.str_)


def read(path: Path) -> Table:
    """Table of a file .tsv, .csv or .parquet; `InputError` names the line, what was found and what was expected.

    Columns: test and id as `shiftbench inputs` writes them, one an output, and its SD as <output>_sd if there is one;
    every number finite, every SD above 0, every id once in its test set.
    """
    frame = _frame(path)
    for name in (TEST, ID):
        if name not in frame:
            raise InputError(f"{path}: no column {name!r}{did_you_mean(name, [*map(str, frame.columns)])}")
    names = [str(name) for name in frame.columns if name not in (TEST, ID, *CARRIED)]
    if not names or frame.empty:
        found = "no rows" if names else "no column of predictions beside test and id"
        raise InputError(f"{path}: {found}; expected a row for each sequence and a column for each output")
    label, id_ = (np.array(frame[name].astype(str).tolist(), np.str_) for name in (TEST, ID))
    table = Table(label, id_, {name: _numbers(frame, name, path) for name in names})
    _check_once(table, path)
    return table


def place(path: Path, row: int) -> str:
    """Words for a row of a file, counted from 0: its line, of Parquet its row."""
    return f"{path} row {row + 1}" if _parquet(path) else f"{path} line {row + 2}"


def _parquet(path: Path) -> bool:
    return path.name.lower().endswith(".parquet")


def _frame(path: Path) -> "pd.DataFrame":
    """Columns of the file; those of a text file as text, so that an id NA stays one and no line is left out."""
    import pandas as pd
    from pyarrow import ArrowInvalid

    try:
        if _parquet(path):
            return pd.read_parquet(path)
        separator = "," if ".csv" in path.name.lower() else "\t"
        frame = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except (OSError, ValueError, ArrowInvalid) as error:  # ValueError: of pandas, for what is no such table
        told = " ".join(str(error).split())
        raise InputError(f"{path}: cannot read ({told}); expected a table of test, id and outputs") from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise InputError(f"{place(path, 0)}: more fields than the header names; expected {len(frame.columns)}")
    return frame


def _numbers(frame: "pd.DataFrame", name: str, path: Path) -> NDArray[np.float64]:
    import pandas as pd

    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(values) | (~(values > 0) & name.endswith(SD))
    if wrong.any():
        row = int(wrong.argmax())
        expected = "a finite number" + " above 0" * name.endswith(SD)
        raise InputError(f"{place(path, row)}, column {name}: {str(frame[name].iloc[row])!r}; expected {expected}")
    return values


def _check_once(table: Table, path: Path) -> None:
    """Refuse an id that is given twice in its test set."""
    import pandas as pd

    again = pd.DataFrame({TEST: table.label, ID: table.id}).duplicated().to_numpy()
    if again.any():
        row = int(again.argmax())
        first = int(((table.label == table.label[row]) & (table.id == table.id[row])).argmax())
        found = f"id {str(table.id[row])!r} of {table.label[row]} a second time"
        raise InputError(f"{place(path, row)}: {found}, first in {place(path, first)}; expected each once")


def check_tests(path: Path, labels: Mapping[str, str]) -> None:
    """Refuse a file with a test set that is not in `labels`, the plan's label of each digest; `InputError`."""
    table = read(path)
    known = {digest[:DIGITS]: where for digest, where in labels.items()}
    digits = table.digits()
    wrong = ~np.isin(digits, np.array([*known], dtype=np.str_))
    if wrong.any():
        row = int(wrong.argmax())
        right = [label(where, digest) for digest, where in labels.items()]
        told = did_you_mean(str(table.label[row]), right).partition(" known:")[0]
        raise InputError(
            f"{place(path, row)}: test {str(table.label[row])!r} is none of the {len(right)} sets of this run{told} "
            "write the inputs anew (shiftbench inputs) if tier, data or version changed"
        )
