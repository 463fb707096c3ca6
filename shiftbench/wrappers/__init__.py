"""Wrappers: maps from stored evidence to a new prediction, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shiftbench.wrappers import conformal, ensemble, recalibration, selective, weighted
from shiftbench.wrappers.evidence import Evidence, Wrapped, as_predicted

BUDGETS = (0, 32, 256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """A wrapper, what it reads and what it needs.

    `scope`: takes the predictions of one training seed, or of all seeds of a recipe; `calibrated`: needs calibration
    rows, and `budgets` says which it can use: 0 = rows of the source law, k = labels of k rows of the target;
    `view`: reads this view, not that of the task; `members`: is given each member of the view, not their pool;
    `sees_inputs`: fits to the letters of all test rows.
    """

    name: str
    scope: Literal["seed", "seeds"]
    title: str
    text: str
    calibrated: bool
    budgets: tuple[int, ...] = ()
    view: str = ""
    members: bool = False
    sees_inputs: bool = False
    apply: Callable[[Evidence], Wrapped]


_CATALOG = (
    Wrapper(
        name="none",
        scope="seed",
        title="As predicted",
        text="The prediction of one training seed, unchanged.",
        calibrated=False,
        apply=as_predicted,
    ),
    Wrapper(
        name="ensemble",
        scope="seeds",
        title="Deep ensemble",
        text="Normal law with the moments of the mixture of all training seeds; their spread is the epistemic SD.",
        calibrated=False,
        apply=ensemble.ensemble,
    ),
    Wrapper(
        name="mc_dropout",
        scope="seed",
        title="Monte Carlo dropout",
        text="Normal law with the moments of the mixture of passes with dropout on; their spread is epistemic.",
        calibrated=False,
        view="dropout",
        members=True,
        apply=ensemble.ensemble,
    ),
    Wrapper(
        name="views",
        scope="seed",
        title="Mean over strands and offsets",
        text="Means, SDs and quantiles averaged over both strands and five offsets of the sequence.",
        calibrated=False,
        view="strands_shifts",
        apply=as_predicted,
    ),
    Wrapper(
        name="variance_scaling",
        scope="seed",
        title="Variance scaling",
        text="Both parts of the SD times sqrt(mean z^2) of the calibration rows; one factor an output.",
        calibrated=True,
        budgets=BUDGETS,
        apply=recalibration.variance_scaling,
    ),
    Wrapper(
        name="isotonic",
        scope="seed",
        title="Isotonic quantile recalibration",
        text="Quantiles read off the stated law at the levels that held on the calibration rows; no density.",
        calibrated=True,
        budgets=BUDGETS,
        apply=recalibration.isotonic,
    ),
    Wrapper(
        name="conformal_split",
        scope="seed",
        title="Split conformal",
        text="Intervals mu +- q, q the ceil((m + 1) level)-th smallest of m scores |y - mu|; no density.",
        calibrated=True,
        budgets=BUDGETS,
        apply=conformal.conformal_split,
    ),
    Wrapper(
        name="conformal_normalised",
        scope="seed",
        title="Split conformal, normalised",
        text="As conformal_split in units of the stated SD: intervals mu +- q SD, scores |y - mu| / SD; no density.",
        calibrated=True,
        budgets=BUDGETS,
        apply=conformal.conformal_normalised,
    ),
    Wrapper(
        name="conformal_cqr",
        scope="seed",
        title="Conformalised quantile regression",
        text="Stated interval ends moved by q, the ceil((m + 1) level)-th smallest max(low - y, y - high); no density.",
        calibrated=True,
        budgets=BUDGETS,
        apply=conformal.conformal_cqr,
    ),
    Wrapper(
        name="conformal_mondrian",
        scope="seed",
        title="Split conformal by GC",
        text="As conformal_normalised in each GC fifth of the calibration rows; too small a group takes the q of all.",
        calibrated=True,
        budgets=(0, 256),
        apply=conformal.conformal_mondrian,
    ),
    Wrapper(
        name="conformal_weighted_gc",
        scope="seed",
        title="Weighted conformal, GC",
        text="As conformal_normalised, scores weighted by the ratio of test to calibration density of GC.",
        calibrated=True,
        budgets=(0,),
        sees_inputs=True,
        apply=weighted.conformal_weighted_gc,
    ),
    Wrapper(
        name="conformal_weighted_kmer",
        scope="seed",
        title="Weighted conformal, 3-mers",
        text="As conformal_weighted_gc, by the density ratio of 3-mer shares, the same on both strands.",
        calibrated=True,
        budgets=(0,),
        sees_inputs=True,
        apply=weighted.conformal_weighted_kmer,
    ),
    Wrapper(
        name="selective",
        scope="seed",
        title="Selective prediction",
        text="Answers the rows whose SD is at most the 80 % quantile of the calibration rows; their law is unchanged.",
        calibrated=True,
        budgets=(0,),
        apply=selective.selective,
    ),
)

WRAPPERS: dict[str, Wrapper] = {wrapper.name: wrapper for wrapper in _CATALOG}
"""All wrappers by name."""
