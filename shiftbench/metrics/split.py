"""What a predicted SD is made of: how much of it the model puts down to itself, and whether either part is right."""

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.correlation import spearman
from shiftbench.metrics.error import average, finite
from shiftbench.metrics.metric import Metric, Number


def epistemic_share(sd: ArrayLike, epistemic: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Share of the mean predicted variance that is of the model and not of the noise, 0 to 1.

    `sd` total and `epistemic` SD (n,); `weights` (B, n). `Undefined` without rows, where an SD is not finite or a total
    one is not positive.
    Source of the split: Lakshminarayanan et al. 2017, arXiv:1612.01474, section 2.4; Kendall and Gal 2017,
    arXiv:1703.04977.
    """
    stated = finite(sd, "predicted SD")
    if wrong := np.count_nonzero(stated <= 0):
        raise Undefined(f"predicted SD is not positive in {wrong} of {stated.size} rows")
    # Of the largest, so that no square overflows or vanishes.
    unit = stated.max(initial=0)
    part = average(np.square(finite(epistemic, "epistemic SD") / unit), weights)
    total = average(np.square(stated / unit), weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        return part / total


def epistemic_correlation(
    mean: ArrayLike, target: ArrayLike, epistemic: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Spearman correlation of the epistemic SD with |mean - target|, target f: whether the model knows where it errs.

    All (n,); `weights` (B, n). `Undefined` as `spearman`.
    """
    error = np.abs(finite(mean, "prediction") - finite(target, "target"))
    return spearman(epistemic, error, weights)


def aleatoric_correlation(aleatoric: ArrayLike, noise: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Spearman correlation of the aleatoric SD with the SD of a measurement: whether the model knows the noise.

    Both (n,); `weights` (B, n). `Undefined` as `spearman`.
    """
    return spearman(aleatoric, noise, weights)


TABLE = (
    Metric(
        name="epistemic_share",
        title="Share of the predicted variance that is of the model",
        better="none",
        targets=("f",),
        needs=("sd", "epistemic"),
        scaled=False,
        formula="mean(epistemic^2) / mean(sigma^2)",
        example=">>> epistemic_share([2, 2], [1, 1])\n0.25",
        source="Kendall and Gal 2017, arXiv:1703.04977",
        compute=epistemic_share,
    ),
    Metric(
        name="epistemic_correlation",
        title="Correlation of the epistemic SD with the error of the model",
        better="higher",
        targets=("f",),
        needs=("mean", "target", "epistemic"),
        scaled=False,
        formula="spearman(epistemic, |mu - f|)",
        example=">>> round(epistemic_correlation([0, 0, 0], [1, 3, 2], [1, 3, 2]), 6)\n1.0",
        source="this project",
        compute=epistemic_correlation,
        floor=0.0,
    ),
    Metric(
        name="aleatoric_correlation",
        title="Correlation of the aleatoric SD with the noise",
        better="higher",
        targets=("observed",),
        needs=("aleatoric", "noise"),
        scaled=False,
        formula="spearman(aleatoric, SD of a measurement)",
        example=">>> round(aleatoric_correlation([1, 2, 3], [1, 3, 2]), 6)\n0.5",
        source="this project",
        compute=aleatoric_correlation,
        floor=0.0,
    ),
)
