"""What each subset of a test set scores: the neighbour's label, and the predictions of recipes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import Undefined
from shiftbench.leakage.asked import Asked, Training
from shiftbench.leakage.pairs import Mask, Pairs
from shiftbench.leakage.subsets import Subset
from shiftbench.metrics.correlation import pearson, spearman
from shiftbench.stats.bootstrap import Estimate, interval
from shiftbench.targets import ALL, Target

METRICS = {"pearson": pearson, "spearman": spearman}
NEIGHBOUR = "neighbour"
"""Who predicts of every row the label of its nearest training sequence."""
MEAN = "mean"
"""Output that stands for the mean over outputs."""
FEW = 20
"""Rows below which no score is told."""
FEW_CLUSTERS = 10
"""Clusters below which no interval is told."""
COLUMNS = (
    "test", "subset", "kind", "who", "output", "metric", "value", "low", "high", "rows", "clusters", "status", "reason",
)  # fmt: skip

Row = dict[str, Any]
Floats = NDArray[np.float64]


def scores(asked: Asked, found: Pairs, training: Training, subsets: Sequence[Subset]) -> Iterator[Row]:
    """A row for every subset, predictor, output (and their mean) and metric, keyed by `COLUMNS`.

    `value` with its interval over clusters of test rows, mean over training seeds; NaN with a `reason` where it does
    not exist.
    """
    targets = asked.tests.targets["observed", ALL]
    outputs = asked.tests.sample.outputs
    for who, members in _predictors(asked, found, training).items():
        for subset in subsets:
            for metric in METRICS:
                made = {
                    output: _score(metric, [seed[column] for seed in members], targets[column], subset.rows, who)
                    for column, output in enumerate(outputs)
                }
                if len(outputs) > 1:
                    made[MEAN] = _averaged(list(made.values()))
                for output, (estimate, rows, clusters) in made.items():
                    of: Row = {"test": asked.name, "subset": subset.name, "kind": subset.kind, "who": who}
                    of |= {"output": output, "metric": metric, "rows": rows, "clusters": clusters}
                    yield of | _told(estimate, clusters)


def share(asked: Asked, subset: Subset) -> Row:
    """The share of scored rows that a subset has, as a row likewise."""
    rows = scored(asked)
    of: Row = {
        "test": asked.name,
        "subset": subset.name,
        "kind": subset.kind,
        "who": "",
        "output": "",
        "metric": "share",
    }
    inside = rows & subset.rows
    clusters = len(np.unique(asked.tests.sample.group[inside]))
    value = float(inside.sum() / rows.sum()) if rows.any() else np.nan
    status = {"status": "ok", "reason": ""} if rows.any() else {"status": "undefined", "reason": "no row is scored"}
    return (
        of | {"value": value, "low": np.nan, "high": np.nan, "rows": int(inside.sum()), "clusters": clusters} | status
    )


def scored(asked: Asked) -> Mask:
    """Rows of a test set that have a value to be scored against, bool (n,)."""
    mask = np.zeros(len(asked.tests.sample.observed), bool)
    for target in asked.tests.targets["observed", ALL]:
        mask[target.rows] = True
    return mask


Predictor = list[list[Floats | Undefined]]
"""What is predicted of all rows, float64 (n,), a training seed and an output, or why nothing is."""
Scored = tuple[Estimate | Undefined, int, int]
"""A number or why there is none, with its rows and clusters."""


def _predictors(asked: Asked, found: Pairs, training: Training) -> Mapping[str, Predictor]:
    outputs = asked.tests.sample.outputs
    columns = range(len(outputs))
    named: dict[str, Predictor] = {NEIGHBOUR: [[_copied(asked, found, training, output) for output in outputs]]}
    for recipe, means in asked.predicted.items():
        named[recipe] = [[asked.tests.compared(mean, column) for column in columns] for mean in means]
    return named


def _copied(asked: Asked, found: Pairs, training: Training, output: str) -> Floats | Undefined:
    """Label of the nearest training sequence of each row, NaN where there is none."""
    if asked.tests.difference:
        return Undefined("differences are scored, of which a neighbour's value tells nothing")
    if output not in training.outputs:
        return Undefined(f"training has no output {output}")
    row = found.nearest.row
    label = training.observed[row, training.outputs.index(output)].astype(np.float64)
    return np.where(row >= 0, label, np.nan)


def _score(metric: str, members: Sequence[Floats | Undefined], target: Target, rows: Mask, who: str) -> Scored:
    """Mean over training seeds of a metric of the rows that are marked and predicted."""
    inside = target.only(rows[target.rows])
    if not members:
        return Undefined(f"{who} was not scored here"), len(inside.rows), inside.clusters
    estimates: list[Estimate | Undefined] = []
    for predicted in members:
        if isinstance(predicted, Undefined):
            return predicted, len(inside.rows), inside.clusters
        inside = inside.only(~np.isnan(predicted[inside.rows]))
        estimates.append(_estimate(metric, predicted, inside))
    return _mean(estimates), len(inside.rows), inside.clusters


def _estimate(metric: str, predicted: Floats, target: Target) -> Estimate | Undefined:
    if len(target.rows) < FEW:
        return Undefined(f"{len(target.rows)} rows; a score here needs {FEW}")
    try:
        compute, at = METRICS[metric], predicted[target.rows]
        return Estimate(float(compute(at, target.values)), np.asarray(compute(at, target.values, target.counts)))
    except Undefined as reason:
        return reason


def _mean(estimates: Sequence[Estimate | Undefined]) -> Estimate | Undefined:
    known = [estimate for estimate in estimates if isinstance(estimate, Estimate)]
    if len(known) < len(estimates):
        return next(estimate for estimate in estimates if isinstance(estimate, Undefined))
    values, replicates = zip(*known, strict=True)
    return Estimate(float(np.mean(values)), np.mean(replicates, axis=0))


def _averaged(made: Sequence[Scored]) -> Scored:
    """Mean over outputs; the fewest rows and clusters of any."""
    estimates, rows, clusters = zip(*made, strict=True)
    return _mean(estimates), min(rows), min(clusters)


def _told(estimate: Estimate | Undefined, clusters: int) -> Row:
    if isinstance(estimate, Undefined):
        return {"value": np.nan, "low": np.nan, "high": np.nan, "status": "undefined", "reason": str(estimate)}
    low, high = interval(estimate.replicates) if clusters >= FEW_CLUSTERS else (np.nan, np.nan)
    reason = "" if clusters >= FEW_CLUSTERS else f"{clusters} clusters; an interval needs {FEW_CLUSTERS}"
    return {"value": estimate.value, "low": low, "high": high, "status": "ok", "reason": reason}
