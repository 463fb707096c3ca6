"""Rows of numbers for one prediction: each metric with its interval, its floor, its ceilings and its scaled score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shiftbench.curves import curves
from shiftbench.errors import InputError, ModelError, Undefined
from shiftbench.metrics.metric import Metric
from shiftbench.metrics.table import METRICS, VERSION
from shiftbench.prediction import Prediction
from shiftbench.spec import did_you_mean
from shiftbench.stated import Cell, Stated
from shiftbench.stats.bootstrap import Estimate, interval
from shiftbench.stats.scale import scaled
from shiftbench.targets import ALL, Target, TestSet
from shiftbench.wrappers.evidence import Wrapped
from simulators.contract import Sample

MIN_CLUSTERS = 5
"""Below this many clusters no resampling tells how far a number would move: no interval is given."""
MEAN = "mean"
"""Name of the row that holds the plain mean over outputs."""

ROLES = {"floor": "training mean", "source": "source oracle", "target": "oracle"}
NOT_GIVEN = Undefined("not given")

Floats = NDArray[np.float64]
Known = Estimate | Undefined
Size = tuple[int, int]
"""Rows and clusters that a number was made from."""


class Scorer:
    """Scores predictions of one test set, all on the same rows, bootstrap draws and references.

    Parameters
    ----------
    test : Sample
        Rows without `observed` are left out of metrics against it; truth targets exist if `test.truth` does. Every
        metric is also given on the rows of each stratum that the table marks.
    references : mapping of "floor", "source", "target" to Prediction
        Training mean, source oracle and oracle of the world tested; any may be missing.
    metrics : names from `METRICS`
    scored : "value" or "difference"
        The difference of a row and its reference row: predictions and `truth.mean` are values and are subtracted,
        `observed` and `truth.expected` are differences already. No density or interval of a difference is known.
    labelled
        Rows at the head of the test set that wrappers may have learnt from: they and their clusters are not scored.
    ceilings : {metric: {output: value}}, or metric@stratum
        Highest correlation with `observed` that its noise allows, used for both ceilings where there is no oracle.
    resamples, draws
        Number of cluster-bootstrap replicates, and the text that fixes them.

    Raises
    ------
    InputError
        If a metric is unknown.
    ModelError
        If a prediction has another shape than the test set, or a mean that is not finite where the predictor answers.
    """

    def __init__(
        self,
        test: Sample,
        references: Mapping[str, Prediction],
        *,
        metrics: Sequence[str],
        scored: Literal["value", "difference"] = "value",
        labelled: int = 0,
        ceilings: Mapping[str, Mapping[str, float]] | None = None,
        resamples: int = 1000,
        draws: str = "",
    ) -> None:
        self.test = test
        self._set = TestSet(test, scored, labelled, resamples, draws)
        self._resamples = resamples
        self._cells = _cells(metrics, self._set.targets)
        known = {role: self._measure(self._stated(prediction)) for role, prediction in references.items()}
        if "target" in references and test.truth is not None:
            # The oracle states what is observed, which pseudocounts pull away from f; of f itself it knows the truth.
            exact = self._measure(self._stated(replace(references["target"], mean=test.truth.mean)))
            known["target"] |= {cell: numbers for cell, numbers in exact.items() if cell.target == "f"}
        self._bounds = {
            cell: {role: self._bound(cell, role, known, ceilings or {}) for role in ROLES} for cell in self._cells
        }

    def rows(self, wrapped: Wrapped) -> list[dict[str, Any]]:
        """One record of plain values per metric, target, level, stratum and output, and for the mean over outputs.

        What a wrapper tells beside its prediction comes last, without an interval.
        """
        prediction, names = wrapped.prediction, [*self.test.outputs, MEAN]
        stated = self._stated(prediction)
        sizes = {key: _sizes([one.target(*key) for one in stated]) for key in self._set.targets}
        measured = self._measure(stated)
        for name, told in wrapped.told.items():
            measured[Cell(METRICS[name], "observed", None, ALL)] = self._with_mean([self._told(one) for one in told])
        return [
            self._row(cell, column, names[column], known, sizes[cell.target, cell.stratum][column], prediction.kept)
            for cell, numbers in measured.items()
            for column, known in enumerate(numbers)
        ]

    def curves(self, wrapped: Wrapped) -> list[dict[str, Any]]:
        """Points of the curves behind the rows."""
        return curves(self._stated(wrapped.prediction))

    def _told(self, value: float) -> Known:
        if not math.isfinite(value):
            return Undefined("the wrapper has no such number here")
        return Estimate(value, np.full(self._resamples, np.nan))

    def _stated(self, prediction: Prediction) -> list[Stated]:
        """What is stated of each output; `ModelError` for a prediction of another test set, or without numbers."""
        if prediction.mean.shape != self.test.observed.shape:
            raise ModelError(f"prediction: mean is {prediction.mean.shape}; expected {self.test.observed.shape}")
        answered = prediction.mean if prediction.kept is None else prediction.mean[prediction.kept]
        if wrong := np.count_nonzero(~np.isfinite(answered)):
            raise ModelError(f"prediction: {wrong} of {prediction.mean.size} means are not finite; expected numbers")
        return [Stated(self._set, prediction, column) for column in range(len(self.test.outputs))]

    def _measure(self, stated: Sequence[Stated]) -> dict[Cell, list[Known]]:
        """One number an output, then their mean if there are several."""
        return {cell: self._with_mean([self._estimate(cell, one) for one in stated]) for cell in self._cells}

    def _estimate(self, cell: Cell, stated: Stated) -> Known:
        compute = cell.metric.compute
        assert compute is not None  # only such metrics make cells
        try:
            target = stated.target(cell.target, cell.stratum)
            arrays = [stated.argument(name, cell, target) for name in cell.metric.needs]
            value = float(compute(*arrays))
            if target.clusters < MIN_CLUSTERS:
                return Estimate(value, np.full(self._resamples, np.nan))
            return Estimate(value, np.asarray(compute(*arrays, weights=target.counts)))
        except Undefined as reason:
            return reason.with_traceback(None)  # whose frames would keep the arrays alive

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
            constants = ceilings.get(cell.metric.name + (f"@{cell.stratum}" if cell.stratum else ""), {})
        fixed = {name: Estimate(float(value), np.full(self._resamples, value)) for name, value in constants.items()}
        return self._with_mean([fixed.get(output, NOT_GIVEN) for output in outputs])

    def _row(
        self, cell: Cell, column: int, output: str, known: Known, size: Size, kept: NDArray[np.bool_] | None
    ) -> dict[str, Any]:
        metric, (n, clusters) = cell.metric, size
        bounds = self._bounds.get(cell, {})
        floor, source, target = (bounds[role][column] if bounds else NOT_GIVEN for role in ROLES)
        if kept is not None and not kept.all():
            floor = source = target = Undefined("a part of the rows is answered, the references answer all")
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
            "stratum": cell.stratum,
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


def _cells(metrics: Sequence[str], targets: Mapping[tuple[str, str], object]) -> list[Cell]:
    for name in metrics:
        if name not in METRICS:
            raise InputError(f"no metric {name!r}{did_you_mean(name, list(METRICS))}")
        if METRICS[name].compute is None:
            raise InputError(f"metric {name!r}: told by wrappers or made from several test sets; not to be asked for")
    return [
        Cell(METRICS[name], target, level, stratum)
        for name in metrics
        for target, stratum in targets
        if target in METRICS[name].targets
        for level in METRICS[name].levels or (None,)
    ]


def _sizes(targets: Sequence[Target]) -> list[Size]:
    """Rows and clusters used for each output, then for their mean: all that any output uses."""
    sizes = [(len(target.rows), target.clusters) for target in targets]
    if len(targets) == 1:
        return sizes
    cluster = np.concatenate([target.cluster for target in targets])
    return [*sizes, (len(np.unique(np.concatenate([target.rows for target in targets]))), len(np.unique(cluster)))]


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
    elif metric.compute is None:
        reasons.append("interval: told by the wrapper, not resampled")
    elif not np.isfinite(known.replicates).all():
        reasons.append("interval: undefined in some resamples")
    if metric.scaled:
        reasons += [f"{name}: {score}" for name, score in scores.items() if isinstance(score, Undefined)]
    return "; ".join(reasons)
