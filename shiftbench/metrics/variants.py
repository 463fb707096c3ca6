"""Effects of variants: confident ones against the others, which are detected, with which sign, and the largest."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.errors import Undefined
from shiftbench.metrics.correlation import spearman
from shiftbench.metrics.error import average, finite
from shiftbench.metrics.metric import Floats, Metric, Number
from shiftbench.metrics.ranking import draws, ranking
from shiftbench.metrics.selective import mean_of_first


def confidence_gap(
    mean: ArrayLike, target: ArrayLike, confident: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Spearman correlation over `confident` rows less that over the others, -2 to 2.

    A property of the labels first: rows are confident because their effect is large, so even a repeat experiment
    has a gap (`confidence_gap_excess` takes it off). `mean`, `target`, `confident` (n,); `weights` (B, n).
    `Undefined` if either side has fewer than 3 rows or is constant.
    """
    x, y, sure = finite(mean, "mean"), finite(target, "target"), _flags(confident, "confident")
    sides = []
    for name, rows in (("confident", sure), ("other", ~sure)):
        drawn = None if weights is None else np.asarray(weights)[:, rows]
        try:
            sides.append(spearman(x[rows], y[rows], drawn))
        except Undefined as reason:
            raise Undefined(f"{name} variants: {reason}") from None
    return sides[0] - sides[1]


def confidence_gap_excess(
    mean: ArrayLike, target: ArrayLike, confident: ArrayLike, repeat: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """`confidence_gap` of the prediction less that of a repeat experiment taken as prediction, -4 to 4.

    Both on the rows where `repeat` (n,) is not NaN. 0: the gap is no larger than the labels make it; above: larger.
    Other arguments and `Undefined` as `confidence_gap`, of either.
    """
    again = np.asarray(repeat, np.float64)
    rows = ~np.isnan(again)
    if not rows.any():
        raise Undefined("no variant has a repeat experiment")
    drawn = None if weights is None else np.asarray(weights)[:, rows]
    y, sure = np.asarray(target, np.float64)[rows], np.asarray(confident, np.float64)[rows]
    own = confidence_gap(np.asarray(mean, np.float64)[rows], y, sure, drawn)
    try:
        return own - confidence_gap(again[rows], y, sure, drawn)
    except Undefined as reason:
        raise Undefined(f"repeat experiment: {reason}") from None


def auroc(mean: ArrayLike, label: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Chance that a row with `label` has a larger |mean| than one without, ties counted half, 0 to 1.

    `mean`, `label` (n,); `weights` (B, n). `Undefined` if all rows have the label or none has.
    """
    positive, negative = _runs(mean, label, weights)
    # A run of ties beats the negatives below it and half of its own.
    beaten = negative.sum(axis=1, keepdims=True) - np.cumsum(negative, axis=1) + negative / 2
    return _contrast((positive * beaten).sum(axis=1), positive, negative, negative.sum(axis=1), weights)


def auprc(mean: ArrayLike, label: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Average precision of |mean| for `label`: sum of (R_k - R_k-1) P_k over thresholds, 0 to 1.

    R_k and P_k are recall and precision of all rows at or above the k-th largest |mean|, so tied rows share a
    threshold; the share of positives if all tie. `mean`, `label` (n,); `weights` (B, n).
    `Undefined` if all rows have the label or none has.
    """
    positive, negative = _runs(mean, label, weights)
    found = np.cumsum(positive, axis=1)
    called = np.maximum(np.cumsum(positive + negative, axis=1), 1)
    return _contrast((positive * found / called).sum(axis=1), positive, negative, 1, weights)


def sign_agreement(
    mean: ArrayLike, target: ArrayLike, confident: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Share of `confident` rows whose predicted effect has the sign of the measured one, 0 to 1.

    A predicted effect of exactly 0 tells no sign and counts half; a measured one of exactly 0 has none and the row
    does not count. `mean`, `target`, `confident` (n,); `weights` (B, n). `Undefined` without such rows.
    """
    x, y = finite(mean, "mean"), finite(target, "target")
    rows = _flags(confident, "confident") & (y != 0)
    if not rows.any():
        raise Undefined("no confident variant has a measured effect")
    right = (1 + np.sign(x[rows]) * np.sign(y[rows])) / 2
    return average(right, None if weights is None else np.asarray(weights)[:, rows])


def top_share(mean: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean |target| of the tenth of rows with the largest |mean|, over that of the largest |target|, 0 to 1.

    The tenth is rounded up to whole rows; of rows that tie at its border every choice counts equally. `mean`, `target`
    (n,); `weights` (B, n). `Undefined` if every target is 0.
    """
    size, effect = np.abs(finite(mean, "mean")), np.abs(finite(target, "target"))
    if not effect.any():
        raise Undefined("every measured effect is 0")
    chosen, best = (mean_of_first(-by, effect, 10, weights) for by in (size, effect))
    with np.errstate(invalid="ignore"):
        return chosen / best


def _runs(mean: ArrayLike, label: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    """Rows drawn with the label and without in each run of equal |mean|, the largest first, float64 (B, runs) each."""
    size, positive = np.abs(finite(mean, "mean")), _flags(label, "label")
    if positive.all() or not positive.any():
        raise Undefined(f"{np.count_nonzero(positive)} of {positive.size} rows have the label, a contrast needs both")
    order, start = ranking(-size)
    drawn = draws(weights, size.size).astype(np.float64)
    sides = (np.add.reduceat((drawn * side)[:, order], start[:-1], axis=1) for side in (positive, ~positive))
    with_label, without = sides
    return with_label, without


def _contrast(
    total: Floats, positive: Floats, negative: Floats, each: Floats | int, weights: ArrayLike | None
) -> Number:
    """`total` over the positives times `each`, float64 (B,); NaN in replicates that drew one side only."""
    positives, negatives = positive.sum(axis=1), negative.sum(axis=1)
    both = (positives > 0) & (negatives > 0)
    found = np.where(both, total / np.where(both, positives * each, 1), np.nan)
    return float(found[0]) if weights is None else found


def _flags(values: ArrayLike, name: str) -> NDArray[np.bool_]:
    return np.asarray(finite(values, name) != 0)


TABLE = (
    Metric(
        name="confidence_gap",
        title="Spearman over confident variants less that over the others",
        better="none",
        targets=("observed",),
        needs=("mean", "target", "confident"),
        scaled=False,
        formula="spearman over confident rows - spearman over the others",
        example=">>> round(confidence_gap([1, 2, 3, 1, 2, 3], [1, 2, 3, 2, 1, 3], [1, 1, 1, 0, 0, 0]), 6)\n0.5",
        source="Kircher et al. 2019, doi:10.1038/s41467-019-11526-w (variants of high confidence)",
        compute=confidence_gap,
    ),
    Metric(
        name="confidence_gap_excess",
        title="Confidence gap less that of the repeat experiment",
        better="none",
        targets=("observed",),
        needs=("mean", "target", "confident", "repeat"),
        scaled=False,
        formula="confidence_gap(mu, y) - confidence_gap(repeat, y) on the rows that have a repeat",
        example=">>> confidence_gap_excess([1, 2, 3, 1, 2, 3], [1, 2, 3, 2, 1, 3], [1, 1, 1, 0, 0, 0], "
        "[1, 2, 3, 3, 1, 2])\n0.0",
        source="this project: a gap that the labels have by themselves is no fault of a model",
        compute=confidence_gap_excess,
    ),
    Metric(
        name="auroc",
        title="Area under the ROC curve of the size of the effect",
        better="higher",
        targets=("observed",),
        needs=("mean", "label"),
        scaled=True,
        formula="P(|mu+| > |mu-|) + P(|mu+| = |mu-|) / 2, labelled rows against the others",
        example=">>> auroc([0, 1, -2, 3], [0, 1, 0, 1])\n0.75",
        source="Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747",
        compute=auroc,
        floor=0.5,
    ),
    Metric(
        name="auprc",
        title="Average precision of the size of the effect",
        better="higher",
        targets=("observed",),
        needs=("mean", "label"),
        scaled=True,
        formula="sum over k of (R_k - R_k-1) P_k, recall and precision at each threshold of |mu|",
        example=">>> round(auprc([0, 1, -2, 3], [0, 1, 0, 1]), 6)\n0.833333",
        source="Davis and Goadrich 2006, doi:10.1145/1143844.1143874",
        compute=auprc,
    ),
    Metric(
        name="sign_agreement",
        title="Share of confident variants with the right sign",
        better="higher",
        targets=("observed",),
        needs=("mean", "target", "confident"),
        scaled=True,
        formula="mean over confident rows of [sign mu = sign y], 1/2 where mu = 0",
        example=">>> sign_agreement([1, -1, 0, 2], [2, 3, 1, -1], [1, 1, 1, 0])\n0.5",
        source="textbook",
        compute=sign_agreement,
        floor=0.5,
    ),
    Metric(
        name="top_share",
        title="Effect of the tenth predicted largest, of the largest possible",
        better="higher",
        targets=("observed",),
        needs=("mean", "target"),
        scaled=True,
        formula="mean |y| of the 10 % of rows of largest |mu| / mean |y| of the 10 % of largest |y|, rounded up",
        example=">>> top_share([3, -2, 1], [1, -4, 2])\n0.25",
        source="this project",
        compute=top_share,
    ),
)
