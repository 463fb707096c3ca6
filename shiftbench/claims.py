"""Verdicts on the claims of a suite, by the inequalities that it wrote down before the run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from shiftbench.errors import Undefined
from shiftbench.spec import PRIOR, Check, Claim, Suite
from shiftbench.stats.crossed import nested
from shiftbench.stats.jackknife import seeds_and_errors
from shiftbench.stats.multiplicity import holm
from shiftbench.stats.power import smallest_effect
from shiftbench.stats.student import Mean

Verdict = Literal["out", "not out", "undecided"]
LEVEL = 0.95
"""Level of the intervals that verdicts rest on."""
TABLE = (
    dict.fromkeys(("suite", "claim", "text", "source", "verdict", "recipe", "recipe_verdict", "says"), "str")
    | dict.fromkeys(("value", "low", "high"), "float64")
    | dict.fromkeys(("worlds", "seeds"), "int64")
    | {"detectable": "float64"}
    | dict.fromkeys(("check_verdict", "reason"), "str")
)
"""Columns of claims.parquet with their dtypes."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One check for one recipe: its number with its 95 % interval over worlds and seeds, and the verdict on it.

    `detectable`: smallest distance from the bound that such an interval would have left out with a chance of .8;
    `against`: one-sided p value of what is claimed, small where the number lies beyond the bound on the other side;
    NaN with a `reason` where there is no number or no interval.
    """

    claim: str
    says: str
    recipe: str
    value: float
    low: float
    high: float
    worlds: int
    seeds: int
    detectable: float
    against: float
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A claim with its verdict for each recipe and, if all agree, as a whole."""

    claim: Claim
    checks: tuple[Judged, ...]
    recipes: dict[str, Verdict]
    verdict: Verdict


def judge(results: pd.DataFrame, suite: Suite) -> list[Ruled]:
    """Verdicts on all claims of a suite from the rows of a run (columns of `results.COLUMNS`)."""
    rows = results[
        (results.suite == suite.name)
        & (results.wrapper == "none")
        & (results.budget == 0)
        & (results.stratum == "")
        & (results.seed >= 0)
    ]
    return [_rule(rows, claim) for claim in suite.claim]


def table(results: pd.DataFrame, suites: Sequence[Suite]) -> pd.DataFrame:
    """All checks of all claims, a row a check and recipe, with the verdicts on the claim that it belongs to."""
    rows = [
        {
            "suite": suite.name,
            "claim": ruled.claim.name,
            "text": ruled.claim.text,
            "source": ruled.claim.source,
            "verdict": ruled.verdict,
            "recipe": check.recipe,
            "recipe_verdict": ruled.recipes[check.recipe],
            "says": check.says,
            "value": check.value,
            "low": check.low,
            "high": check.high,
            "worlds": check.worlds,
            "seeds": check.seeds,
            "detectable": check.detectable,
            "check_verdict": check.verdict,
            "reason": check.reason,
        }
        for suite in suites
        for ruled in judge(results, suite)
        for check in ruled.checks
    ]
    return pd.DataFrame(rows, columns=list(TABLE)).astype(TABLE)


def _rule(rows: pd.DataFrame, claim: Claim) -> Ruled:
    """A claim comes out for a recipe if all its checks do, and does not if one does not after Holm's correction."""
    checks, recipes = [], {}
    for recipe in claim.recipes:
        judged = [_judge(rows, claim.name, check, recipe) for check in claim.check]
        if all(one.verdict == "out" for one in judged):
            recipes[recipe] = "out"
        else:
            against = holm([one.against for one in judged])
            # An interval is two-sided, so half of what is left to chance lies on this side.
            recipes[recipe] = "not out" if np.nanmin(np.append(against, 1.0)) <= (1 - LEVEL) / 2 else "undecided"
        checks += judged
    found = set(recipes.values())
    return Ruled(claim, tuple(checks), recipes, found.pop() if len(found) == 1 else "undecided")  # type: ignore[arg-type]


def _judge(rows: pd.DataFrame, claim: str, check: Check, recipe: str) -> Judged:
    first = _numbers(rows, check, recipe + PRIOR * check.prior, check.at)
    numbers = first
    if check.compare:
        second = _numbers(rows, check, recipe, check.at if check.prior else check.against)
        numbers = _contrast(first, second, check.compare)
    worlds, seeds = (numbers.index.get_level_values(name).nunique() for name in ("world", "seed"))
    bound = check.below if check.above is None else check.above
    assert bound is not None  # suites with other checks are refused
    simulated = bool(((rows.task == check.task) & (rows["shift"] != "")).any())
    try:
        mean = _mean(numbers, bound, simulated)
    except Undefined as reason:
        value = float(numbers.value.mean(skipna=False)) if len(numbers) else math.nan
        nothing = (math.nan, math.nan, worlds, seeds, math.nan, math.nan)
        return Judged(claim, check.says, recipe, value, *nothing, "undecided", str(reason))
    claimed = (mean.value > bound) == (check.above is not None)
    # One-sided: half of the two-sided p value lies on each side of the bound.
    against = 1 - mean.p / 2 if claimed else mean.p / 2
    verdict: Verdict = "undecided"
    if mean.p <= 1 - LEVEL:
        verdict = "out" if claimed else "not out"
    detectable = smallest_effect(mean.error, mean.freedom, LEVEL)
    interval = (mean.value, mean.low, mean.high)
    return Judged(claim, check.says, recipe, *interval, worlds, seeds, detectable, against, verdict)


def _mean(numbers: pd.DataFrame, bound: float, simulated: bool) -> Mean:
    """Mean to hold for new worlds if they are simulated, else for new seeds and new rows of the one data set."""
    if numbers.empty:
        raise Undefined("no number")
    if missing := int(numbers.value.isna().sum()):
        raise Undefined(f"no number in {missing} of {len(numbers)} runs, or a ratio to one that is not above 0")
    groups = [group.to_numpy() for _, group in numbers.value.groupby(level="world")]
    if len(groups) > 1:
        return nested(groups, LEVEL, bound)
    if simulated:
        raise Undefined("1 world; a verdict on simulated worlds needs 2")
    errors, clusters = np.sqrt(numbers.variance.to_numpy()), int(numbers.clusters.min())
    return seeds_and_errors(numbers.value.to_numpy(), errors, clusters, LEVEL, bound)


def _numbers(rows: pd.DataFrame, check: Check, recipe: str, where: str) -> pd.DataFrame:
    """Value and its variance from resampled clusters by world and seed, mean over outputs; NaN where undefined."""
    shift, _, dose = where.partition(":")
    kept = (rows.task == check.task) & (rows.recipe == recipe) & (rows.metric == check.metric)
    kept &= rows.target == check.target
    kept &= rows.level.isna() if check.level is None else rows.level == check.level
    if shift in set(rows["shift"]) - {""}:
        kept &= (rows["shift"] == shift) & (rows.dose == dose)
    else:
        kept &= (rows["shift"] == "") & (rows.group == (where or "all"))
    found = rows[kept]
    found = found[found.output == "mean"] if (found.output == "mean").any() else found
    spread = (found.high - found.low) / (2 * 1.959964)
    return pd.DataFrame(
        {
            "value": found.value.to_numpy(),
            "variance": np.square(spread.to_numpy()),
            "clusters": found.clusters.to_numpy(),
        },
        index=pd.MultiIndex.from_arrays([found.world, found.seed], names=["world", "seed"]),
    )


def _contrast(first: pd.DataFrame, second: pd.DataFrame, compare: str) -> pd.DataFrame:
    """Ratio or difference of what both ran; test sets are taken as independent, which errs on the safe side.

    A ratio to a number that is not above 0 is NaN: more of it could mean either.
    """
    a, b = first.align(second, join="inner", axis=0)
    clusters = np.minimum(a.clusters, b.clusters)
    if compare == "difference":
        return pd.DataFrame({"value": a.value - b.value, "variance": a.variance + b.variance, "clusters": clusters})
    ratio = (a.value / b.value).where(b.value > 0)
    relative = a.variance / np.square(a.value) + b.variance / np.square(b.value)
    return pd.DataFrame({"value": ratio, "variance": np.square(ratio) * relative, "clusters": clusters})
