"""Samples and predictions as files of plain arrays (npz, never pickled)."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.prediction import Prediction
from simulators.contract import Sample, Truth

_FIXED = ("id", "sequence", "observed", "noise_sd", "reference", "group")
_PREDICTED = ("mean", "quantiles", "aleatoric", "epistemic", "kept")


def save(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write named arrays; the same arrays give the same bytes. `ValueError` for an array of Python objects."""
    for name, array in arrays.items():
        if array.dtype == object:
            raise ValueError(f"{path}: array {name} holds Python objects; expected numbers or text")
    np.savez(path, **arrays)  # type: ignore[arg-type]


def load(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file by name."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def save_sample(path: Path, sample: Sample) -> None:
    """Write a sample with its table and truth."""
    arrays = {name: getattr(sample, name) for name in _FIXED} | {"outputs": np.array(sample.outputs)}
    if sample.replicates is not None:
        arrays["replicates"] = sample.replicates
    if sample.truth is not None:
        arrays |= {f"truth.{name}": getattr(sample.truth, name) for name in ("mean", "expected", "sd")}
    save(path, arrays | {f"table.{name}": column for name, column in sample.table.items()})


def load_sample(path: Path) -> Sample:
    """Sample written by `save_sample`."""
    arrays = load(path)
    truth = Truth(*(arrays[f"truth.{name}"] for name in ("mean", "expected", "sd"))) if "truth.mean" in arrays else None
    table = {name.removeprefix("table."): column for name, column in arrays.items() if name.startswith("table.")}
    fixed = {name: arrays[name] for name in _FIXED}
    outputs = tuple(str(name) for name in arrays["outputs"])
    return Sample(**fixed, outputs=outputs, replicates=arrays.get("replicates"), table=table, truth=truth)


def save_prediction(path: Path, prediction: Prediction) -> None:
    """Write a prediction."""
    named = {name: getattr(prediction, name) for name in _PREDICTED}
    save(path, {name: array for name, array in named.items() if array is not None})


def load_prediction(path: Path) -> Prediction:
    """Prediction written by `save_prediction`."""
    arrays = load(path)
    return Prediction(**{name: arrays[name] for name in _PREDICTED if name in arrays})


def check_sample(sample: Sample, where: str) -> None:
    """Refuse a sample that breaks the contract; `InputError` names the first row at fault.

    A row may lack its value if it is the reference of others, or if the column `unlabelled` marks it.
    """
    n = len(sample.sequence)
    if sample.sequence.ndim != 2 or sample.sequence.dtype != np.uint8:
        found = f"{sample.sequence.dtype} {sample.sequence.shape}"
        raise InputError(f"{where}: sequence is {found}; expected uint8 (n, length), so pad or cut to one length")
    if (wrong := np.argwhere(sample.sequence > 4)).size:
        row, place = wrong[0]
        code = sample.sequence[row, place]
        raise InputError(f"{where}: row {row} position {place + 1}: code {code}; expected A0 C1 G2 T3 N4")
    shape = (n, len(sample.outputs))
    if sample.observed.shape != shape or sample.observed.dtype != np.float32:
        found = f"{sample.observed.dtype} {sample.observed.shape}"
        raise InputError(f"{where}: observed is {found}; expected float32 {shape}, a column an output")
    for name in ("id", "reference", "group"):
        if len(getattr(sample, name)) != n:
            raise InputError(f"{where}: {name} has {len(getattr(sample, name))} rows; expected {n}")
    without = np.isin(np.arange(n), sample.reference[sample.reference >= 0])
    without |= np.asarray(sample.table.get("unlabelled", False), bool)
    if (wrong := np.argwhere(~np.isfinite(sample.observed) & ~without[:, None])).size:
        row, output = wrong[0]
        raise InputError(
            f"{where}: row {row} ({sample.id[row]}) output {sample.outputs[output]}: observed is "
            f"{sample.observed[row, output]}; expected a finite number, so leave the row out"
        )
