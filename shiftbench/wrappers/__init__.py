"""Wrappers: maps from stored evidence to a new prediction, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shiftbench.prediction import Prediction
from shiftbench.wrappers import conformal, ensemble
from shiftbench.wrappers.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A wrapper: `scope` says whether it takes the predictions of one seed or of all seeds of a recipe."""

    name: str
    scope: Literal["seed", "seeds"]
    title: str
    text: str
    needs_calibration: bool
    apply: Callable[[Evidence], Prediction]


_CATALOG = (
    Wrapper(
        name="none",
        scope="seed",
        title="As predicted",
        text="The prediction of one training seed, unchanged.",
        needs_calibration=False,
        apply=Evidence.only,
    ),
    Wrapper(
        name="ensemble",
        scope="seeds",
        title="Deep ensemble",
        text="Mean and variance of the mixture of all training seeds; their spread is the epistemic SD.",
        needs_calibration=False,
        apply=ensemble.ensemble,
    ),
    Wrapper(
        name="conformal",
        scope="seed",
        title="Split conformal",
        text="Intervals mu +- q SD, q the ceil((m + 1) level)-th smallest of m calibration scores |y - mu| / SD.",
        needs_calibration=True,
        apply=conformal.conformal,
    ),
)

WRAPPERS: dict[str, Wrapper] = {wrapper.name: wrapper for wrapper in _CATALOG}
"""All wrappers by name."""
