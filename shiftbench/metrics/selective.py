"""Selective prediction: the error that is left when the rows a model is least sure of are left out.

Rows are kept in the order of their stated SD, the smallest first; rows of equal SD come in every order equally often,
and every number is the exact mean over those orders. The loss is the squared error.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import Undefined
from shiftbench.metrics.error import average, finite
from shiftbench.metrics.metric import Argument, Floats, Metric, Number
from shiftbench.metrics.ranking import Ranking, draws, ranking

_TARGETS = ("observed", "f")
_FROM_SD: tuple[Argument, ...] = ("mean", "sd", "target")


def risk_at_80(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean squared error of the 80 % of rows with the smallest `sd`, squared unit of the target, 0 or more.

    The share is rounded up to whole rows. `mean`, `sd`, `target` (n,); `weights` (B, n).
    `Undefined` where an SD is not a number.
    """
    return mean_of_first(_stated(sd), _loss(mean, target), 80, weights)


def risk_at_50(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean squared error of the half of the rows with the smallest `sd`; otherwise as `risk_at_80`."""
    return mean_of_first(_stated(sd), _loss(mean, target), 50, weights)


def risk_at_20(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Mean squared error of the 20 % of rows with the smallest `sd`; otherwise as `risk_at_80`."""
    return mean_of_first(_stated(sd), _loss(mean, target), 20, weights)


def risk_reduction(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Share of the mean squared error that keeping the surer half of the rows removes, at most 1, negative if it adds.

    1 - `risk_at_50` / mean((mean - target)^2), 0 in random order. Arguments as `risk_at_80`; `Undefined` also if no
    row has an error.
    """
    loss = _loss(mean, target)
    whole, half = average(loss, weights), mean_of_first(_stated(sd), loss, 50, weights)
    if not loss.any():
        raise Undefined("no row has an error")
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - half / whole


def aurc(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Area under the risk-coverage curve: mean over k of the mean squared error of the k rows of smallest `sd`.

    In the squared unit of the target, 0 or more. `mean`, `sd`, `target` (n,); `weights` (B, n). `Undefined` where an
    SD is not a number. Source: Geifman, Uziel and El-Yaniv 2019, arXiv:1805.08206.
    """
    return _area(ranking(_stated(sd)), _loss(mean, target), weights)


def e_aurc(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """AURC above that of the same rows sorted by the error itself, which no SD can know; 0 or more.

    Arguments as `aurc`. Source: Geifman, Uziel and El-Yaniv 2019, arXiv:1805.08206 (E-AURC).
    """
    loss = _loss(mean, target)
    loss = loss - loss.min()  # the difference is the same, and loses no digits to what all rows have in common
    return _area(ranking(_stated(sd)), loss, weights) - _area(ranking(loss), loss, weights)


def normalised_e_aurc(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """E-AURC over that of rows in random order: 0 sorted by the error itself, 1 random, more if worse than random.

    Even the true SD does not reach 0, since the error of a row is partly chance (see `selective_gain`).
    Arguments as `aurc`; `Undefined` also if all errors are equal.
    """
    loss = _relative(_loss(mean, target))
    best, random = _area(ranking(loss), loss, weights), average(loss, weights)
    excess = _area(ranking(_stated(sd)), loss, weights) - best
    return _ratio(excess, random - best, random, loss.size)


def augrc(mean: ArrayLike, sd: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Number:
    """Area under the generalised risk-coverage curve: mean over k of the summed squared error of the first k over n.

    Arguments and unit as `aurc`; (n + 1) / 2n of the mean squared error in random order.
    Source: Traub et al. 2024, arXiv:2407.01032.
    """
    return _area(ranking(_stated(sd)), _loss(mean, target), weights, generalised=True)


def selective_gain(
    mean: ArrayLike, sd: ArrayLike, target: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None
) -> Number:
    """Share of what can be gained by leaving rows out: (random - AURC) / (random - AURC of rows sorted by `risk`).

    0 random order, 1 the order of the model's true conditional risk, below 0 worse than random; `risk` (n,) is
    E[(mean - target)^2 | x] as the oracle knows it: chance in a single error is nobody's to foresee. Other arguments
    as `aurc`. `Undefined` if the denominator, over all rows, is under 3 of its standard errors: the risk is then too
    even for an order to matter. The error is that of the jackknife over rows, n - 1 / n sum (D_i - mean D_i)^2 with
    D_i the denominator without row i (closed form, `areas_without_one`): rows are taken as independent.
    """
    loss = _relative(_loss(mean, target))
    stated, ideal = ranking(_stated(sd)), ranking(finite(risk, "risk"))
    span = float(loss.mean() - _area(ideal, loss, None))
    if span <= max(3 * _standard_error(ideal, loss), loss.size * np.finfo(np.float64).eps):
        raise Undefined("the conditional risk is so even that sorting by it gains less than 3 standard errors")
    random = average(loss, weights)
    return _ratio(random - _area(stated, loss, weights), random - _area(ideal, loss, weights), random, loss.size)


def risk_coverage(sd: ArrayLike, loss: ArrayLike) -> tuple[Floats, Floats]:
    """Risk-coverage curve: share of rows kept, 1/n to 1, and the mean of `loss` over them, float64 (n,) each.

    `sd`, `loss` (n,); the mean of the second is the AURC. `Undefined` without rows or where an SD is not a number.
    """
    ranked, losses = ranking(_stated(sd)), finite(loss, "loss")
    sums = np.add.reduceat(losses[ranked.order], ranked.start[:-1])
    sizes = np.diff(ranked.start)
    kept = np.arange(1, losses.size + 1)
    return kept / losses.size, np.cumsum(np.repeat(sums / sizes, sizes)) / kept


def mean_of_first(values: Floats, loss: Floats, percent: int, weights: ArrayLike | None = None) -> Number:
    """Mean of `loss` (n,) over the `percent` % of rows with the smallest `values` (n,), rounded up to whole rows.

    Of rows that tie at the border every choice counts equally; `weights` (B, n).
    """
    from shiftbench.metrics.kernels import heads

    found: Floats = heads(*ranking(values), loss, draws(weights, loss.size), percent)
    return float(found[0]) if weights is None else found


def _area(ranked: Ranking, loss: Floats, weights: ArrayLike | None, generalised: bool = False) -> Number:
    from shiftbench.metrics.kernels import areas

    found: Floats = areas(*ranked, loss, draws(weights, loss.size), generalised)
    return float(found[0]) if weights is None else found


def _standard_error(ranked: Ranking, loss: Floats) -> float:
    """Jackknife standard error of the mean loss less its AURC, rows independent; 2 rows or more."""
    from shiftbench.metrics.kernels import areas_without_one

    n = loss.size
    without = (loss.sum() - loss) / (n - 1) - areas_without_one(*ranked, loss)
    return math.sqrt((n - 1) * float(np.var(without)))


def _ratio(part: Number, whole: Number, random: Number, n: int) -> Number:
    """`part` / `whole`; `Undefined`, or NaN in a replicate, where the whole is no more than rounding of `random`."""
    even = np.abs(whole) <= n * np.finfo(np.float64).eps * np.asarray(random)
    if np.ndim(even) == 0:
        if even:
            raise Undefined("all errors are equal")
        return part / whole
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(even, np.nan, np.asarray(part) / whole)


def _loss(mean: ArrayLike, target: ArrayLike) -> Floats:
    return finite(np.square(np.asarray(mean, np.float64) - np.asarray(target, np.float64)), "squared error")


def _relative(loss: Floats) -> Floats:
    """Loss moved and scaled to [0, 1]: ratios of differences of areas are the same, and lose no digits to its size."""
    least, most = loss.min(), loss.max()
    if least == most:
        raise Undefined("all errors are equal")
    return np.asarray((loss - least) / (most - least))


def _stated(sd: ArrayLike) -> Floats:
    scale = np.asarray(sd, np.float64)
    if wrong := np.count_nonzero(np.isnan(scale)):
        raise Undefined(f"predicted SD is not a number in {wrong} of {scale.size} rows")
    return scale


TABLE = (
    *(
        Metric(
            name=compute.__name__,
            title=f"Risk at {share} % coverage",
            better="lower",
            targets=_TARGETS,
            needs=_FROM_SD,
            scaled=True,
            formula=f"mean((mu - y)^2) over the {share} % of rows of smallest sigma, rounded up",
            example=f">>> {compute.__name__}([0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [1, 1, 2, 3, 3])\n{risk}",
            source="El-Yaniv and Wiener 2010, J. Mach. Learn. Res. 11:1605",
            compute=compute,
        )
        for compute, share, risk in ((risk_at_80, 80, 3.75), (risk_at_50, 50, 2.0), (risk_at_20, 20, 1.0))
    ),
    Metric(
        name="risk_reduction",
        title="Share of the risk that filtering to the surer half removes",
        better="higher",
        targets=_TARGETS,
        needs=_FROM_SD,
        scaled=False,
        formula="1 - R_50 / mean((mu - y)^2), R_50 as in risk_at_50",
        example=">>> risk_reduction([0, 0], [1, 2], [1, 3])\n0.8",
        source="this project",
        compute=risk_reduction,
        floor=0.0,
    ),
    Metric(
        name="aurc",
        title="Area under the risk-coverage curve",
        better="lower",
        targets=_TARGETS,
        needs=_FROM_SD,
        scaled=True,
        formula="mean over k of R_k, R_k = mean((mu - y)^2) over the k rows of smallest sigma, ties averaged",
        example=">>> aurc([0, 0], [1, 2], [1, 3])\n3.0",
        source="Geifman, Uziel and El-Yaniv 2019, arXiv:1805.08206",
        compute=aurc,
    ),
    Metric(
        name="e_aurc",
        title="AURC above that of sorting by the error itself",
        better="lower",
        targets=_TARGETS,
        needs=_FROM_SD,
        scaled=False,
        formula="AURC - AURC*, AURC* sorted by (mu - y)^2",
        example=">>> e_aurc([0, 0], [2, 1], [1, 3])\n4.0",
        source="Geifman, Uziel and El-Yaniv 2019, arXiv:1805.08206",
        compute=e_aurc,
    ),
    Metric(
        name="normalised_e_aurc",
        title="E-AURC as a share of that of random order",
        better="lower",
        targets=_TARGETS,
        needs=_FROM_SD,
        scaled=False,
        formula="(AURC - AURC*) / (mean((mu - y)^2) - AURC*), AURC* sorted by (mu - y)^2",
        example=">>> normalised_e_aurc([0, 0], [2, 1], [1, 3])\n2.0",
        source="after Geifman, Uziel and El-Yaniv 2019, arXiv:1805.08206",
        compute=normalised_e_aurc,
    ),
    Metric(
        name="augrc",
        title="Area under the generalised risk-coverage curve",
        better="lower",
        targets=_TARGETS,
        needs=_FROM_SD,
        scaled=True,
        formula="mean over k of (k / n) R_k, R_k as in aurc",
        example=">>> augrc([0, 0], [1, 2], [1, 3])\n2.75",
        source="Traub et al. 2024, arXiv:2407.01032",
        compute=augrc,
    ),
    Metric(
        name="selective_gain",
        title="Share of the possible gain of leaving rows out",
        better="higher",
        targets=_TARGETS,
        needs=("mean", "sd", "target", "risk"),
        scaled=False,
        formula="(random - AURC) / (random - AURC_r), random = mean((mu - y)^2), AURC_r sorted by E[(mu - y)^2 | x]",
        example=">>> selective_gain([0] * 40, [1, 2] * 20, [1, 3] * 20, [1, 9] * 20)\n1.0",
        source="this project: the reference is the oracle's conditional risk, not the realised error",
        compute=selective_gain,
        floor=0.0,
    ),
)
