"""Wrappers: maps from stored evidence to a new prediction, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shiftbench.wrappers import conformal, ensemble
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
        text="Mean and variance of the mixture of all training seeds; their spread is the epistemic SD.",
        calibrated=False,
        apply=ensemble.ensemble,
    ),
    Wrapper(
        name="conformal_normalised",
        scope="seed",
        title="Split conformal, normalised",
        text="Intervals mu +- q SD, q the ceil((m + 1) level)-th smallest of m calibration scores |y - mu| / SD.",
        calibrated=True,
        budgets=BUDGETS,
        apply=conformal.conformal_normalised,
    ),
)

WRAPPERS: dict[str, Wrapper] = {wrapper.name: wrapper for wrapper in _CATALOG}
"""All wrappers by name."""
