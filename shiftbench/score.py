"""Rows of numbers for one prediction: each metric with its interval, its floor, its ceilings and its scaled score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError, ModelError, Undefined
from shiftbench.metrics.table import METRICS, VERSION, Metric
from shiftbench.prediction import Prediction
from shiftbench.spec import did_you_mean
from shiftbench.stats import Estimate, cluster_counts, interval, scaled
from simulators.contract import Sample

MIN_CLUSTERS = 5
"""Below this many clusters no resampling tells how far a number would move: no interval is given."""
MEAN = "mean"
"""Name of the row that holds the plain mean over outputs."""

ROLES = {"floor": "training mean", "source": "source oracle", "target": "oracle"}

Floats = NDArray[np.float64]
Known = Estimate | Undefined


class Cell(NamedTuple):
    """What one number is of, save the output."""

    metric: Metric
    target: str
    level: float | None


@dataclass(frozen=True, slots=True)
class _Target:
    """One output of a target: the `rows` that have a value, the values, and how often each replicate draws them."""

    rows: NDArray[np.intp]
    values: Floats
    counts: NDArray[np.uint16]
    clusters: int


class Scorer:
    """Scores predictions of one test set, all on the same rows, bootstrap draws and references.

    Parameters
    ----------
    test : Sample
        Rows without `observed` are left out of metrics against it; truth targets exist if `test.truth` does.
    references : mapping of "floor", "source", "target" to Prediction
        Training mean, source oracle and oracle of the world tested; any may be missing.
    metrics : names from `METRICS`
    scored : "value" or "difference"
        The difference of a row and its reference row: predictions and `truth.mean` are values and are subtracted,
        `observed` and `truth.expected` are differences already. No density or interval of a difference is known.
    ceilings : {metric: {output: value}}
        Highest correlation with `observed` that its noise allows, used for both ceilings where there is no oracle.
    resamples, draws
        Number of cluster-bootstrap replicates, and the text that fixes them.

    Raises
    ------
    InputError
        If a metric is unknown.
    ModelError
        If a prediction has another shape than the test set, or a mean that is not finite.
    """

    def __init__(
        self,
        test: Sample,
        references: Mapping[str, Prediction],
        *,
        metrics: Sequence[str],
        scored: Literal["value", "difference"] = "value",
        ceilings: Mapping[str, Mapping[str, float]] | None = None,
        resamples: int = 1000,
        draws: str = "",
    ) -> None:
        self.test = test
        self._difference = scored == "difference"
        self._resamples = resamples
        self._targets = _targets(test, self._difference, resamples, draws)
        self._sizes = {name: _sizes(test, targets) for name, targets in self._targets.items()}
        self._cells = _cells(metrics, self._targets)
        known = {role: self._measure(prediction) for role, prediction in references.items()}
        if "target" in references and test.truth is not None:
            # The oracle states what is observed, which pseudocounts pull away from f; of f itself it knows the truth.
            exact = self._measure(replace(references["target"], mean=test.truth.mean))
            known["target"] |= {cell: numbers for cell, numbers in exact.items() if cell.target == "f"}
        self._bounds = {
            cell: {role: self._bound(cell, role, known, ceilings or {}) for role in ROLES} for cell in self._cells
        }

    def rows(self, prediction: Prediction) -> list[dict[str, Any]]:
        """One record of plain values per metric, target, level and output, and for the mean over several outputs."""
        names = [*self.test.outputs, MEAN]
        return [
            self._row(cell, column, names[column], known)
            for cell, numbers in self._measure(prediction).items()
            for column, known in enumerate(numbers)
        ]

    def _measure(self, prediction: Prediction) -> dict[Cell, list[Known]]:
        """One number an output, then their mean if there are several."""
        if prediction.mean.shape != self.test.observed.shape:
            raise ModelError(f"prediction: mean is {prediction.mean.shape}; expected {self.test.observed.shape}")
        if wrong := np.count_nonzero(~np.isfinite(prediction.mean)):
            raise ModelError(f"prediction: {wrong} of {prediction.mean.size} means are not finite; expected numbers")
        columns = range(len(self.test.outputs))
        return {
            cell: self._with_mean([self._estimate(cell, prediction, column) for column in columns])
            for cell in self._cells
        }

    def _estimate(self, cell: Cell, prediction: Prediction, column: int) -> Known:
        target, compute = self._targets[cell.target][column], cell.metric.compute
        try:
            arrays = [self._argument(name, cell.level, prediction, target, column) for name in cell.metric.needs]
            value = float(compute(*arrays))
            if target.clusters < MIN_CLUSTERS:
                return Estimate(value, np.full(self._resamples, np.nan))
            return Estimate(value, np.asarray(compute(*arrays, weights=target.counts)))
        except Undefined as reason:
            return reason.with_traceback(None)  # whose frames would keep the arrays alive

    def _argument(self, name: str, level: float | None, prediction: Prediction, target: _Target, column: int) -> Floats:
        """The array that a metric calls `name`, for the rows of `target`."""
        if name == "target":
            return target.values
        if name == "mean":
            mean = prediction.mean[:, column].astype(np.float64)
            rows = target.rows
            return mean[rows] - mean[self.test.reference[rows]] if self._difference else mean[rows]
        if self._difference:
            raise Undefined("only the mean of a difference is predicted")
        stated = prediction.sd if level is None else prediction.interval(level)[("low", "high").index(name)]
        if stated is None:
            raise Undefined("the predictor states no density")
        return np.asarray(stated[target.rows, column], np.float64)

    def _with_mean(self, numbers: list[Known]) -> list[Known]:
        if len(numbers) == 1:
            return numbers
        for output, known in zip(self.test.outputs, numbers, strict=True):
            if isinstance(known, Undefined):
                return [*numbers, Undefined(f"{output}: {known}")]
        defined = [known for known in numbers if isinstance(known, Estimate)]
        value = float(np.mean([known.value for known in defined]))
        return [*numbers, Estimate(value, np.mean([known.replicates for known in defined], axis=0))]

    def _bound(
        self,
        cell: Cell,
        role: str,
        known: Mapping[str, Mapping[Cell, list[Known]]],
        ceilings: Mapping[str, Mapping[str, float]],
    ) -> list[Known]:
        """Floor or ceiling of a cell, an output and then the mean: of the metric itself, a reference or the data."""
        outputs = self.test.outputs
        constants: Mapping[str, float] = {}
        if role == "floor" and cell.metric.floor is not None:
            constants = dict.fromkeys(outputs, cell.metric.floor)
        elif role in known:
            return known[role][cell]
        elif role != "floor" and cell.target == "observed":
            constants = ceilings.get(cell.metric.name, {})
        missing = Undefined("not given")
        fixed = {name: Estimate(float(value), np.full(self._resamples, value)) for name, value in constants.items()}
        return self._with_mean([fixed.get(output, missing) for output in outputs])

    def _row(self, cell: Cell, column: int, output: str, known: Known) -> dict[str, Any]:
        metric, (n, clusters) = cell.metric, self._sizes[cell.target][column]
        floor, source, target = (self._bounds[cell][role][column] for role in ROLES)
        scores = {
            "scaled": _scaled(metric, known, floor, source, ROLES["source"]),
            "scaled_target": _scaled(metric, known, floor, target, ROLES["target"]),
        }
        low, high = _ends(known)
        scaled_low, scaled_high = _ends(scores["scaled"])
        return {
            "output": output,
            "target": cell.target,
            "level": math.nan if cell.level is None else cell.level,
            "group": "all",
            "metric": metric.name,
            "value": _value(known),
            "low": low,
            "high": high,
            "n": n,
            "clusters": clusters,
            "floor": _value(floor),
            "ceiling": _value(source),
            "scaled": _value(scores["scaled"]),
            "scaled_low": scaled_low,
            "scaled_high": scaled_high,
            "ceiling_target": _value(target),
            "scaled_target": _value(scores["scaled_target"]),
            "status": "undefined" if isinstance(known, Undefined) else "ok",
            "reason": _reason(metric, known, scores, clusters),
            "better": metric.better,
            "version": VERSION,
        }


def _cells(metrics: Sequence[str], targets: Mapping[str, Sequence[_Target]]) -> list[Cell]:
    for name in metrics:
        if name not in METRICS:
            raise InputError(f"no metric {name!r}{did_you_mean(name, list(METRICS))}")
    return [
        Cell(METRICS[name], target, level)
        for name in metrics
        for target in METRICS[name].targets
        if target in targets
        for level in METRICS[name].levels or (None,)
    ]


def _targets(test: Sample, difference: bool, resamples: int, draws: str) -> dict[str, list[_Target]]:
    """Per target one record an output; the same bootstrap draws serve all of them."""
    eligible = np.flatnonzero(test.reference >= 0) if difference else np.arange(len(test.observed))
    counts = cluster_counts(test.group[eligible], resamples, draws)
    values = {"observed": test.observed}
    if test.truth is not None:
        f = test.truth.mean
        values |= {"expected": test.truth.expected, "f": f - f[test.reference] if difference else f}

    def target(column: NDArray[np.float32]) -> _Target:
        present = ~np.isnan(column[eligible])
        rows = eligible[present]
        shared = counts if present.all() else counts[:, present]
        return _Target(rows, column[rows].astype(np.float64), shared, len(np.unique(test.group[rows])))

    return {name: [target(column) for column in array.T] for name, array in values.items()}


def _sizes(test: Sample, targets: Sequence[_Target]) -> list[tuple[int, int]]:
    """Rows and clusters used for each output, then for their mean: all that any output uses."""
    together = np.unique(np.concatenate([target.rows for target in targets]))
    used = [target.rows for target in targets] + ([together] if len(targets) > 1 else [])
    return [(len(rows), len(np.unique(test.group[rows]))) for rows in used]


def _scaled(metric: Metric, known: Known, floor: Known, ceiling: Known, ceiling_name: str) -> Known:
    if not metric.scaled:
        return Undefined("never scaled")
    if isinstance(known, Undefined):
        return known
    if isinstance(floor, Undefined):
        return Undefined(f"{floor} ({ROLES['floor']})")
    if isinstance(ceiling, Undefined):
        return Undefined(f"{ceiling} ({ceiling_name})")
    try:
        return scaled(known, floor, ceiling, higher=metric.better == "higher", ceiling_name=ceiling_name)
    except Undefined as reason:
        return reason.with_traceback(None)


def _value(known: Known) -> float:
    return known.value if isinstance(known, Estimate) else math.nan


def _ends(known: Known) -> tuple[float, float]:
    return interval(known.replicates) if isinstance(known, Estimate) else (math.nan, math.nan)


def _reason(metric: Metric, known: Known, scores: Mapping[str, Known], clusters: int) -> str:
    """Why the number does not exist, or why its interval or a scaled score does not; "" if all do."""
    if isinstance(known, Undefined):
        return str(known)
    reasons = []
    if clusters < MIN_CLUSTERS:
        reasons.append(f"interval: {clusters} clusters, {MIN_CLUSTERS} needed")
    elif not np.isfinite(known.replicates).all():
        reasons.append("interval: undefined in some resamples")
    if metric.scaled:
        reasons += [f"{name}: {score}" for name, score in scores.items() if isinstance(score, Undefined)]
    return "; ".join(reasons)
