"""Agreement of training replicates on the sign of an effect, and how often they are right where they agree.

`effects` (M, n): effect of each of n variants as each of M replicates predicts it. A replicate whose effect is below
1e-6 of the root mean square of its effects tells no sign; rows with such a replicate do not count (`abstained`).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftbench.errors import Undefined
from shiftbench.metrics.error import average
from shiftbench.metrics.metric import Floats, Metric, Number

_NOTHING = 1e-6


def inconsistency(effects: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Share of variants on whose sign the replicates differ, 0 to 1; chance alone gives `inconsistency_floor`.

    `effects` (M, n); `weights` (B, n). `Undefined` below 2 replicates or if no row has a sign from all.
    """
    signs, rows = _signs(effects)
    return average((np.abs(signs.mean(axis=0)) < 1).astype(np.float64), _drawn(weights, rows))


def inconsistency_floor(replicates: int) -> float:
    """Inconsistency of random signs, 1 - 2^(1 - M) for M `replicates`; `Undefined` below 2."""
    if replicates < 2:
        raise Undefined(f"{replicates} replicates, agreement needs 2")
    return float(1 - 2.0 ** (1 - replicates))


def relative_inconsistency(effects: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """`inconsistency` over that of random signs: 0 all agree, 1 chance; arguments and `Undefined` as there."""
    return inconsistency(effects, weights) / inconsistency_floor(len(np.asarray(effects)))


def conditional_accuracy(effects: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Share of the variants on whose sign all replicates agree where it is the sign of `target` (n,), 0 to 1.

    A `target` of exactly 0 has no sign and its row does not count. `effects` (M, n); `weights` (B, n).
    `Undefined` below 2 replicates or if none of the rows that count is agreed on.
    """
    signs, rows = _signs(effects)
    truth = np.sign(np.asarray(target, np.float64))[rows]
    agreed = (np.abs(signs.mean(axis=0)) == 1) & (truth != 0)
    if not agreed.any():
        raise Undefined("replicates agree on no sign")
    drawn = _drawn(weights, rows)
    right = (signs[0, agreed] == truth[agreed]).astype(np.float64)
    return average(right, None if drawn is None else drawn[:, agreed])


def abstained(effects: ArrayLike) -> int:
    """Number of rows in which some replicate tells no sign, which no number here counts; `effects` (M, n)."""
    return int(np.count_nonzero(~_told(np.asarray(effects, np.float64))))


def _signs(effects: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Signs (M, k) of the rows on which all replicates tell one, and which of the n rows these are."""
    values = np.asarray(effects, np.float64)
    inconsistency_floor(len(values))
    rows = _told(values)
    if not rows.any():
        raise Undefined(f"no row of {rows.size} has a sign from all replicates")
    return np.sign(values[:, rows]), rows


def _told(values: Floats) -> NDArray[np.bool_]:
    size = np.abs(values)
    unit = size.max(axis=1, initial=0, keepdims=True)
    relative = np.divide(size, unit, out=np.zeros_like(size), where=unit > 0)
    told: NDArray[np.bool_] = (relative > _NOTHING * np.sqrt(np.square(relative).mean(axis=1, keepdims=True))).all(
        axis=0
    )
    return told


def _drawn(weights: ArrayLike | None, rows: NDArray[np.bool_]) -> NDArray[np.generic] | None:
    return None if weights is None else np.asarray(weights)[:, rows]


TABLE = (
    Metric(
        name="inconsistency",
        title="Variants on whose sign replicates differ",
        better="lower",
        targets=(),
        needs=(),
        scaled=False,
        formula="mean[0 < P < 1], P = share of replicates with effect > 0; 1 - 2^(1 - M) by chance",
        example=">>> inconsistency([[1, 2, -1, 3], [2, -1, -2, 1]])\n0.25",
        source="Bajwa et al. 2023, Characterizing uncertainty in predictions of genomic sequence-to-activity models",
        compute=inconsistency,
    ),
    Metric(
        name="relative_inconsistency",
        title="Inconsistency as a share of chance",
        better="lower",
        targets=(),
        needs=(),
        scaled=False,
        formula="inconsistency / (1 - 2^(1 - M)), M replicates",
        example=">>> relative_inconsistency([[1, 2, -1, 3], [2, -1, -2, 1]])\n0.5",
        source="this project",
        compute=relative_inconsistency,
    ),
    Metric(
        name="conditional_accuracy",
        title="Right signs where replicates agree",
        better="higher",
        targets=(),
        needs=(),
        scaled=False,
        formula="P(sign right | all replicates agree)",
        example=">>> conditional_accuracy([[1, 2, -1, 3], [2, -1, -2, 1]], [1, 1, -1, 1])\n1.0",
        source="Bajwa et al. 2023, Characterizing uncertainty in predictions of genomic sequence-to-activity models",
        compute=conditional_accuracy,
    ),
)
