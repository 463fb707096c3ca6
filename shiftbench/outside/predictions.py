"""Predictions made elsewhere: a file of them as a fit, matched to test sets by id."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError, Skipped
from shiftbench.outside.file import DIGITS, SD, place, read
from shiftbench.prediction import QUANTILES, Floats, Prediction, gaussian
from shiftbench.spec import did_you_mean
from simulators.contract import Sample

State = dict[str, NDArray[Any]]
Facts = dict[str, Any]


def fit(path: Path, training: str, validation: Sample) -> tuple[State, Facts]:
    """State and facts of a file beside a training set of this digest.

    State: the rows of the file (`label`, `digits`, `id`, `mean` and `sd` float32 (n, outputs), NaN where not given),
    and `bars` (outputs,), the root mean squared error on the validation rows, NaN if the file has none of them.
    `InputError` for a column that is no output; `Skipped` if no column is one.
    """
    table, outputs = read(path), validation.outputs
    given = [name for name in outputs if name in table.values]
    if not given:
        raise Skipped(f"{path} has columns {', '.join(table.values)}, and the task outputs {', '.join(outputs)}")
    stated = [name + SD for name in given]
    for name in table.values:
        if name not in (*given, *stated):
            raise InputError(f"{path}: column {name!r} is no output{did_you_mean(name, [*outputs, *stated])}")
    lacking = [name for name in stated if name not in table.values]
    if 0 < len(lacking) < len(stated):
        raise InputError(f"{path}: no column {lacking[0]!r}; expected the SD of every output that is given, or of none")
    missing = np.full(len(table.id), np.nan)
    mean, sd = (
        np.stack([table.values.get(name + ending, missing) for name in outputs], axis=1).astype(np.float32)
        for ending in ("", SD)
    )
    state = {"label": table.label, "digits": table.digits(), "id": table.id, "mean": mean, "sd": sd}
    bars = np.full(len(outputs), np.nan)
    if (state["digits"] == training[:DIGITS]).any():
        rows = _rows(state, path, training, validation.id)
        bars = np.sqrt(np.mean(np.square(mean[rows] - validation.observed, dtype=np.float64), axis=0))
    return state | {"bars": bars.astype(np.float32)}, {"answered": given, "error_bars": _told(sd, bars, outputs)}


def predict(state: State, path: Path, test: str, ids: NDArray[np.str_]) -> Prediction:
    """Prediction of the test set of this digest, rows in the order of `ids` (n,).

    Outputs without a column are not kept; without SDs there is no law. `Skipped` if the file says nothing of the test
    set, `InputError` for an id that is missing or unknown.
    """
    rows = _rows(state, path, test, ids)
    mean, sd = state["mean"][rows], state["sd"][rows]
    sd = np.where(np.isnan(sd), state["bars"], sd)
    kept = np.isfinite(mean)
    mean = np.where(kept, mean, 0).astype(np.float32)
    answered = None if kept.all() else kept
    if np.isnan(sd[kept]).any():
        return Prediction(mean, np.full((*mean.shape, len(QUANTILES)), np.nan, np.float32), kept=answered)
    law = gaussian(mean, np.where(kept, sd, 1).astype(np.float32))
    return Prediction(law.mean, law.quantiles, law.aleatoric, kept=answered)


def _rows(state: State, path: Path, digest: str, ids: NDArray[np.str_]) -> NDArray[np.intp]:
    """Row of the file for each of `ids`."""
    import pandas as pd

    own = np.flatnonzero(state["digits"] == digest[:DIGITS])
    if not own.size:
        raise Skipped(f"{path} says nothing of this set")
    there = pd.Index(state["id"][own].astype(object))
    wanted = pd.Index(np.asarray(ids, np.str_).astype(object))
    if (unknown := ~there.isin(wanted)).any():
        row = int(own[unknown.argmax()])
        name = str(state["id"][row])
        raise InputError(f"{place(path, row)}: id {name!r} is not in its test set; expected ids as in the inputs")
    found = there.get_indexer(wanted)
    if (missing := found < 0).any():
        first, count = wanted[int(missing.argmax())], int(missing.sum())
        where = f"{path}: {state['label'][own[0]]}"
        raise InputError(f"{where}: {count} of {len(wanted)} ids are missing, the first {first!r}; expected all")
    return np.asarray(own[found], np.intp)


def _told(sd: Floats, bars: Floats, outputs: tuple[str, ...]) -> dict[str, str]:
    """Where the error bars of each output come from."""
    return {
        name: "stated in the file"
        if np.isfinite(sd[:, at]).any()
        else "root mean squared error on validation rows"
        if np.isfinite(bars[at])
        else "none"
        for at, name in enumerate(outputs)
    }
