"""A predictor without training: which of its columns answers which output, on which scale, with which error bars."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import ModelError
from shiftbench.outside.calls import Floats, answers, built, joined, listed, numbers
from shiftbench.prediction import Prediction, gaussian
from shiftbench.spec import Recipe, did_you_mean
from simulators.contract import Sample

State = dict[str, NDArray[Any]]
Facts = dict[str, Any]

SCALE_ROWS = 4096
"""Training rows to which a scale is fitted, spread evenly over all, if there are more."""
SCALES = ("given", "fit")
UNANSWERED = -1
"""Column of an output that the predictor does not answer."""
PLACEHOLDER_SD = 1.0
"""SD written for outputs that are not answered, and never scored, so that wrappers meet no NaN."""


class Said(NamedTuple):
    """Mean and, if the predictor states one, SD, each float32 (n, its columns)."""

    mean: Floats
    sd: Floats | None


def fit(recipe: Recipe, train: Sample, validation: Sample) -> tuple[State, Facts]:
    """State and facts of a predictor beside a training set.

    State: `columns` (outputs,), `slope` and `intercept` (outputs,) from its scale to that of the targets, and `sd`
    (outputs,), the root mean squared error on validation rows, which serves as error bar if it states none. Training
    targets are read for the scale alone, and only if the predictor asks for that. `ModelError` in one line.
    """
    said = _ask(recipe, validation.sequence)
    columns = _columns(recipe, said.mean.shape[1], train.outputs)
    slope, intercept = np.ones(len(columns), np.float32), np.zeros(len(columns), np.float32)
    facts = _facts(recipe, said, columns, train.outputs)
    if _scale(recipe) == "fit":
        slope, intercept, facts["scale_rows"] = _fitted(recipe, columns, train)
        facts["scale"] = {
            name: [float(slope[at]), float(intercept[at])] for at, name in enumerate(train.outputs) if columns[at] >= 0
        }
    state: State = {"columns": columns, "slope": slope, "intercept": intercept}
    error = (_placed(state, said.mean) - validation.observed).astype(np.float64)
    sd = np.where(columns == UNANSWERED, PLACEHOLDER_SD, np.sqrt(np.mean(np.square(error), axis=0)))
    return state | {"sd": sd.astype(np.float32)}, facts


def predict(state: State, recipe: Recipe, sequence: NDArray[np.uint8]) -> Prediction:
    """Normal law of every row and output; outputs that the predictor does not answer are not kept."""
    said = _ask(recipe, sequence)
    if said.mean.shape[1] <= state["columns"].max():
        raise ModelError(f"{recipe.name}: {said.mean.shape[1]} columns; expected as many as when it was fitted")
    mean = _placed(state, said.mean)
    answered = state["columns"] != UNANSWERED
    sd = np.broadcast_to(state["sd"], mean.shape).astype(np.float32)
    if said.sd is not None:
        sd = np.where(answered, said.sd[:, state["columns"]] * np.abs(state["slope"]), sd)
    law = gaussian(mean, sd)
    if answered.all():
        return law
    return Prediction(law.mean, law.quantiles, law.aleatoric, kept=np.broadcast_to(answered, mean.shape).copy())


def _ask(recipe: Recipe, sequence: NDArray[np.uint8]) -> Said:
    means, sds = [], []
    for start, count, said in answers(recipe, sequence):
        pair = said if isinstance(said, tuple) else (said,)
        if len(pair) not in (1, 2):
            raise ModelError(f"{recipe.name}: gave a tuple of {len(pair)}; expected an array, or a pair: mean and SD")
        means.append(numbers(pair[0], recipe.name, start, count, "mean"))
        if len(pair) == 2:
            sds.append(_sd(numbers(pair[1], recipe.name, start, count, "SD"), means[-1], recipe.name, start))
    if sds and len(sds) < len(means):
        raise ModelError(f"{recipe.name}: an SD in {len(sds)} of {len(means)} calls; expected one in all, or in none")
    return Said(joined(means, recipe.name, "mean"), joined(sds, recipe.name, "SD") if sds else None)


def _sd(sd: Floats, mean: Floats, name: str, start: int) -> Floats:
    if sd.shape != mean.shape:
        raise ModelError(f"{name}: SD is {sd.shape}, mean {mean.shape}; expected the same")
    if (wrong := np.argwhere(sd <= 0)).size:
        row, column = wrong[0]
        found = f"SD is {sd[row, column]} in row {start + row + 1}, column {column + 1}"
        raise ModelError(f"{name}: {found}; expected above 0")
    return sd


def _columns(recipe: Recipe, count: int, outputs: tuple[str, ...]) -> NDArray[np.int64]:
    """Column of the predictor for every output of the task, `UNANSWERED` for those that it does not name."""
    named = listed(recipe, "outputs")
    if named:
        if len(named) != count:
            raise ModelError(f"{recipe.name}: {count} columns, but {len(named)} outputs named; expected as many")
        if not {*named} & {*outputs}:
            told = did_you_mean(named[0], outputs)
            raise ModelError(f"{recipe.name}: outputs {', '.join(named)}; expected one of the task{told}")
        return np.array([named.index(name) if name in named else UNANSWERED for name in outputs])
    if count not in (1, len(outputs)):
        expected = f"1, or {len(outputs)} for {', '.join(outputs)}, or an attribute `outputs` that names its columns"
        raise ModelError(f"{recipe.name}: {count} columns; expected {expected}")
    return np.zeros(len(outputs), np.int64) if count == 1 else np.arange(count)


def _scale(recipe: Recipe) -> str:
    asked = getattr(built(recipe), "scale", SCALES[0])
    if not isinstance(asked, str):
        return SCALES[0]  # an attribute of its own
    if asked not in SCALES:
        raise ModelError(f"{recipe.name}: no scale {asked!r}{did_you_mean(asked, SCALES)}")
    return asked


def _fitted(recipe: Recipe, columns: NDArray[np.int64], train: Sample) -> tuple[Floats, Floats, int]:
    """Slope and intercept of the least-squares line of every output, and from how many training rows."""
    rows = np.unique(np.linspace(0, len(train.sequence) - 1, SCALE_ROWS).astype(np.int64))
    said = _ask(recipe, train.sequence[rows]).mean[:, columns].astype(np.float64)
    observed = train.observed[rows].astype(np.float64)
    spread, answered = said.var(axis=0), columns != UNANSWERED
    if not (spread[answered] > 0).all():
        raise ModelError(f"{recipe.name}: one value for all {len(rows)} training rows; expected several to fit a scale")
    together = ((said - said.mean(0)) * (observed - observed.mean(0))).mean(0)
    slope = np.divide(together, spread, out=np.ones_like(spread), where=answered)
    intercept = observed.mean(0) - slope * said.mean(0)
    return slope.astype(np.float32), intercept.astype(np.float32), len(rows)


def _placed(state: State, mean: Floats) -> Floats:
    """Means in the unit and order of the targets, float32 (n, outputs); 0 where not answered."""
    placed = mean[:, state["columns"]] * state["slope"] + state["intercept"]
    return np.asarray(np.where(state["columns"] == UNANSWERED, 0, placed), np.float32)


def _facts(recipe: Recipe, said: Said, columns: NDArray[np.int64], outputs: tuple[str, ...]) -> Facts:
    """What a reader should know: which outputs are answered, from which error bars, and what is left unused."""
    answered = [name for name, column in zip(outputs, columns, strict=True) if column != UNANSWERED]
    return {
        "answered": answered,
        "unused": [name for name in listed(recipe, "outputs") if name not in outputs],
        "error_bars": "root mean squared error on validation rows" if said.sd is None else "stated by the predictor",
    }
