"""What the report reads out of a results frame: one number over seeds and worlds for each thing shown."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

FLOOR, SOURCE, ORACLE = "training_mean", "source_oracle", "oracle"
CONTROLS = (ORACLE, SOURCE, "motif_prior", "pwm_ridge", "kmer_ridge", "gc_ridge", FLOOR)
"""Recipes that every suite runs, from ceiling to floor; any other recipe is a network under test."""
NOMINAL = 0.9
"""Nominal level of the intervals whose coverage is shown."""

TEXT = (
    "suite",
    "task",
    "split",
    "part",
    "shift",
    "dose",
    "recipe",
    "wrapper",
    "view",
    "output",
    "target",
    "group",
    "metric",
    "status",
    "reason",
)
REAL = (
    "severity",
    "level",
    "value",
    "low",
    "high",
    "n",
    "ceiling",
    "ceiling_target",
    "scaled",
    "scaled_low",
    "scaled_high",
    "scaled_target",
)
WHOLE = ("world", "seed")
INTERVALS = {"value": ("low", "high"), "scaled": ("scaled_low", "scaled_high")}

Kind = Literal["shift", "variants", "measured"]
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """One number over the seeds and worlds of a run; `value` is NaN where it is undefined, and `reason` says why.

    `low`, `high`: 95 % interval of one fit: mean of the fits' own low and of their own high ends, so that more fits
    do not widen it; NaN where a fit has none. `sd`: SD over `fits` fits; `n`: rows scored; `clipped`: scaled scores
    that were clipped to [-1, 1] before averaging, as are their ends.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    sd: float = math.nan
    fits: int = 0
    n: int = 0
    clipped: int = 0
    reason: str = ""

    @property
    def defined(self) -> bool:
        """Whether there is a value to show; an infinite one (width without bound) counts."""
        return not math.isnan(self.value)


NOT_SCORED = Number(math.nan, reason="not scored in this run")
Scores = dict[Key, Number]


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose of a shift and the severity that the oracle computes for it; an arm is a named dose outside averages."""

    name: str
    severity: float

    @property
    def arm(self) -> bool:
        """Whether the dose has a name instead of a number."""
        return not self.name.isdigit()

    @property
    def label(self) -> str:
        """The dose in words."""
        return f"arm {self.name}" if self.arm else f"dose {self.name}"


def complete(results: pd.DataFrame) -> pd.DataFrame:
    """Frame with every column that the report reads; what is absent becomes blank, as does group `all`."""
    columns: dict[str, pd.Series[Any]] = {}
    for name in TEXT:
        text = _column(results, name, "").astype(object)
        columns[name] = text.where(text.notna(), "").astype(str)
    columns |= {name: pd.to_numeric(_column(results, name, math.nan)).astype(float) for name in REAL}
    columns |= {name: pd.to_numeric(_column(results, name, 0)).fillna(0).astype(int) for name in WHOLE}
    columns["group"] = columns["group"].replace("all", "")
    return pd.DataFrame(columns)


def _column(results: pd.DataFrame, name: str, blank: str | float) -> "pd.Series[Any]":
    return results[name] if name in results else pd.Series(blank, index=results.index, dtype=object)


def kind(frame: pd.DataFrame) -> Kind:
    """What a task's rows show: doses of shifts, variant effects by element, or measured values by output."""
    if (frame["shift"] != "").any():
        return "shift"
    correlations = frame["metric"].isin(["pearson", "spearman", ""]).all()
    return "variants" if correlations and (frame["group"] != "").any() else "measured"


def primary_view(frame: pd.DataFrame) -> str:
    """View that is shown: the mean of both strands where it was scored, else plain."""
    views = sorted(frame["view"].unique())
    return next((view for view in ("strands", "plain") if view in views), views[0] if views else "")


def over_outputs(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the mean over outputs where it was scored, else of all; rows of nodes that are absent stay."""
    mean = frame["output"] == "mean"
    return frame[mean | (frame["output"] == "")] if mean.any() else frame


def select(frame: pd.DataFrame, metric: str, *, target: str = "observed") -> pd.DataFrame:
    """Rows of one metric at the nominal level against one target, and those of absent nodes, which name no metric."""
    keep = (frame["metric"] == metric) & frame["target"].isin([target, ""])
    keep &= frame["level"].isna() | ((frame["level"] - NOMINAL).abs() < 1e-6)
    return frame[keep | (frame["metric"] == "")]


def numbers(frame: pd.DataFrame, by: Sequence[str], column: str = "value") -> Scores:
    """Number of each combination of the columns `by`; `column` is value, scaled, scaled_target, ceiling or the like."""
    if frame.empty:
        return {}
    return {
        tuple(str(part) for part in key): _over_fits(rows, column) for key, rows in frame.groupby(list(by), sort=True)
    }


def _over_fits(rows: pd.DataFrame, column: str) -> Number:
    """Mean over worlds of the rows over seeds (seed -1) where they exist, else over seeds and worlds."""
    single, over = rows[rows["seed"] >= 0], rows[rows["seed"] < 0]
    used = over if over[column].notna().any() else single
    used = used[used[column].notna()]
    if used.empty:
        said = [reason for reason in rows["reason"].map(lambda text: why(text, column)) if reason]
        return Number(math.nan, reason=said[0] if said else "undefined, no reason given")
    clips = column.startswith("scaled") and len(used) > 1
    parts = used[[column, *INTERVALS.get(column, ())]]
    value, *ends = (parts.clip(-1, 1) if clips else parts).mean(skipna=False)
    fits = single[column].dropna()
    return Number(
        value=float(value),
        low=float(ends[0]) if ends else math.nan,
        high=float(ends[1]) if ends else math.nan,
        sd=float(fits.std()) if len(fits) > 1 else math.nan,
        fits=max(len(fits), 1),
        n=int(used["n"].fillna(0).max()),
        clipped=int((used[column].abs() > 1).sum()) if clips else 0,
    )


def why(reason: str, column: str) -> str:
    """The part of a row's reason that is about `column`: all of it unless it names columns (scaled: ...; ...)."""
    found = re.search(rf"(?:^|; ){column}: (.*?)(?=; (?:interval|scaled|scaled_target): |$)", reason)
    return found[1] if found else reason


def at(scores: Scores, shift: str, dose: str, recipe: str, wrapper: str = "none") -> Number:
    """Number of a shift at a dose; dose 0 of every family is the test set without a shift."""
    found = scores.get((shift, dose, recipe, wrapper))
    if found is None and dose == "0":
        found = scores.get(("", "0", recipe, wrapper))
    return found or NOT_SCORED


def doses(frame: pd.DataFrame, shift: str) -> list[Dose]:
    """Doses of a shift by severity, dose 0 first, arms last."""
    rows = frame[(frame["shift"] == shift) & (frame["dose"] != "0")]
    severities = rows.groupby("dose")["severity"].mean()
    found = [Dose(str(name), float(value)) for name, value in severities.items()]
    return [Dose("0", 0.0), *sorted(found, key=lambda dose: (dose.arm, dose.severity, dose.name))]


def reached(scores: Scores, shift: str, ladder: Sequence[Dose]) -> list[Dose]:
    """Doses of a ladder at which any number is defined."""
    return [
        dose
        for dose in ladder
        if any(number.defined for key, number in scores.items() if key[:2] in ((shift, dose.name), ("", dose.name)))
    ]


def largest(ladder: Sequence[Dose]) -> Dose:
    """Largest numbered dose."""
    return [dose for dose in ladder if not dose.arm][-1]


def recipes(frame: pd.DataFrame) -> list[str]:
    """Recipes from ceiling to floor: oracles, networks by name, controls, training mean."""
    present = set(frame["recipe"])
    known = [name for name in CONTROLS if name in present]
    oracles = [name for name in known if name in (ORACLE, SOURCE)]
    return [*oracles, *networks(frame), *[name for name in known if name not in oracles]]


def networks(frame: pd.DataFrame) -> list[str]:
    """Recipes that are under test: all but the controls, by name."""
    return sorted(set(frame["recipe"]) - set(CONTROLS) - {""})


def wrappers(frame: pd.DataFrame) -> list[str]:
    """Wrappers in the order none, ensemble, conformal, then others by name."""
    order = ("none", "ensemble", "conformal")
    return sorted(set(frame["wrapper"]) - {""}, key=lambda name: (order.index(name) if name in order else 9, name))
