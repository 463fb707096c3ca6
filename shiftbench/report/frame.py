"""What the report reads out of a results frame: one number over seeds and worlds for each thing shown."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import pandas as pd

from shiftbench.spec import NULL
from shiftbench.wrappers import WRAPPERS

FLOOR, SOURCE, ORACLE = "training_mean", "source_oracle", "oracle"
ANNOTATION = ("repeat", "position_mean", "conservation", "centre_distance")
"""Controls that read no letters but what is known of a variant: another experiment, its neighbours, its position."""
CONTROLS = (ORACLE, SOURCE, *ANNOTATION, "motif_prior", "pwm_ridge", "kmer_ridge", "gc_ridge", FLOOR)
"""Recipes that every suite runs, from ceiling to floor; any other recipe is a network under test."""
PARTS = ("genome", "program", "assay")
"""Parts of a world, each with its families of shifts."""
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
    "stratum",
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
WHOLE = ("world", "seed", "budget")
INTERVALS = {"value": ("low", "high"), "scaled": ("scaled_low", "scaled_high")}

Kind = Literal["shift", "variants", "alleles", "measured"]
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


@dataclass(frozen=True, slots=True)
class Place:
    """A test set: what it is called; its shift, dose and group; where that is, in a sentence."""

    name: str
    key: tuple[str, str, str]
    where: str = ""


def complete(results: pd.DataFrame) -> pd.DataFrame:
    """Frame with every column that the report reads; what is absent becomes blank, as does group `all`."""
    columns: dict[str, pd.Series[Any]] = {}
    for name in TEXT:
        text = _column(results, name, "")
        columns[name] = (text if text.dtype == "str" else text.astype(object)).fillna("").astype("str")
    columns |= {name: pd.to_numeric(_column(results, name, math.nan)).astype(float) for name in REAL}
    columns |= {name: pd.to_numeric(_column(results, name, 0)).fillna(0).astype(int) for name in WHOLE}
    columns["group"] = columns["group"].replace("all", "")
    return pd.DataFrame(columns)


def _column(results: pd.DataFrame, name: str, blank: str | float) -> "pd.Series[Any]":
    return results[name] if name in results else pd.Series(blank, index=results.index, dtype=object)


def plainly(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows over all of a test set by predictions that saw no label of it: those that one number is meant by."""
    return frame[(frame["stratum"] == "") & (frame["budget"] == 0)]


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: a, b and c."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def simulated(frame: pd.DataFrame) -> bool:
    """Whether a task is of a simulated world, which has oracles."""
    return bool(frame["recipe"].isin([ORACLE, SOURCE]).any())


def kind(frame: pd.DataFrame) -> Kind:
    """What a task's rows show: doses of shifts, effects of variants by element or by allele, or measured values."""
    if (frame["shift"] != "").any():
        return "shift"
    metrics = set(frame["metric"].unique())
    if "auroc" in metrics:
        return "alleles"
    return "variants" if "confidence_gap" in metrics else "measured"


def primary_view(frame: pd.DataFrame) -> str:
    """View that is shown: the mean of both strands where it was scored, else plain."""
    views = sorted(frame["view"].unique())
    return next((view for view in ("strands", "plain") if view in views), views[0] if views else "")


def over_outputs(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the mean over outputs where a test set has it, else of all; rows of nodes that are absent stay."""
    mean = frame["output"] == "mean"
    return frame[mean | (frame["output"] == "") | ~frame["group"].isin(frame["group"][mean].unique())]


def leveled(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that have no level, or the nominal one."""
    return frame[frame["level"].isna() | ((frame["level"] - NOMINAL).abs() < 1e-6)]


def select(
    frame: pd.DataFrame, metric: str, *, target: str = "observed", stratum: str = "", budget: int = 0
) -> pd.DataFrame:
    """Rows of one metric at the nominal level against one target, and those of absent nodes, which name no metric.

    `stratum`: part of the rows of a test set ("" for all of them); `budget`: labels of the target that a wrapper saw.
    """
    frame = frame[frame["stratum"].isin([stratum, ""]) & (frame["budget"] == budget)]
    keep = (frame["metric"] == metric) & (frame["stratum"] == stratum) & frame["target"].isin([target, ""])
    return leveled(frame[keep | (frame["metric"] == "")])


class _Fit(NamedTuple):
    """One row of a frame, as far as a number needs it."""

    seed: int
    value: float
    low: float
    high: float
    n: float
    reason: str


def numbers(frame: pd.DataFrame, by: Sequence[str], column: str = "value") -> Scores:
    """Number of each combination of the columns `by`; `column` is value, scaled, scaled_target, ceiling or the like."""
    low, high = INTERVALS.get(column, (None, None))
    blank = [math.nan] * len(frame)
    columns = [
        frame["seed"].tolist(),
        frame[column].tolist(),
        frame[low].tolist() if low else blank,
        frame[high].tolist() if high else blank,
        frame["n"].tolist(),
        frame["reason"].tolist(),
    ]
    groups: dict[Key, list[_Fit]] = {}
    for key, fit in zip(
        zip(*(frame[name].tolist() for name in by), strict=True), zip(*columns, strict=True), strict=True
    ):
        groups.setdefault(tuple(map(str, key)), []).append(_Fit(*fit))
    return {key: _over_fits(groups[key], column) for key in sorted(groups)}


def _over_fits(rows: Sequence[_Fit], column: str) -> Number:
    """Mean over worlds of the rows over seeds (seed -1) where they exist, else over seeds and worlds."""
    known = [fit for fit in rows if not math.isnan(fit.value)]
    single = [fit for fit in known if fit.seed >= 0]
    used = [fit for fit in known if fit.seed < 0] or single
    if not used:
        said = [reason for reason in (why(fit.reason, column) for fit in rows) if reason]
        return Number(math.nan, reason=said[0] if said else "undefined, no reason given")
    clips = column.startswith("scaled") and len(used) > 1
    value, low, high = (
        _mean([min(max(end, -1.0), 1.0) if clips and not math.isnan(end) else end for end in ends])
        for ends in ([fit.value for fit in used], [fit.low for fit in used], [fit.high for fit in used])
    )
    return Number(
        value=value,
        low=low,
        high=high,
        sd=_sd([fit.value for fit in single]),
        fits=max(len(single), 1),
        n=max(0 if math.isnan(fit.n) else int(fit.n) for fit in used),
        clipped=sum(abs(fit.value) > 1 for fit in used) if clips else 0,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _sd(values: Sequence[float]) -> float:
    """SD of a sample; NaN for fewer than two values, or where one is infinite."""
    if len(values) < 2:
        return math.nan
    middle = _mean(values)
    return math.sqrt(sum((value - middle) ** 2 for value in values) / (len(values) - 1))


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


def worlds(frame: pd.DataFrame, shift: str = "", dose: str = "0") -> int:
    """Number of worlds that have a number at a dose of a shift."""
    rows = frame[(frame["shift"] == shift) & (frame["dose"] == dose) & frame["value"].notna()]
    return int(rows["world"].nunique())


def families(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Shifts of one part each, by part (genome, program, assay) and name; compounds and the null shift are apart."""
    part = {name: where for name, where in _shifts(frame).items() if name != NULL and "+" not in name}
    order = sorted(set(part.values()), key=lambda where: (PARTS.index(where) if where in PARTS else len(PARTS), where))
    return {where: sorted(name for name in part if part[name] == where) for where in order}


def compounds(frame: pd.DataFrame) -> list[str]:
    """Shifts of two parts at once, by parts and name."""
    part = _shifts(frame)
    return sorted((name for name in part if "+" in name), key=lambda name: (part[name], name))


def _shifts(frame: pd.DataFrame) -> dict[str, str]:
    rows = frame[frame["shift"] != ""].drop_duplicates("shift")
    return dict(zip(map(str, rows["shift"]), map(str, rows["part"]), strict=True))


def chance(frame: pd.DataFrame, recipe: str) -> Number:
    """How far the error of one fit moves from the plain test set to the null one: root mean square over fits."""
    rows = select(frame, "rmse")
    rows = rows[(rows["recipe"] == recipe) & (rows["wrapper"] == "none") & rows["shift"].isin(["", NULL])]
    pairs = rows.pivot_table(index=["world", "seed"], columns="shift", values="value").reindex(columns=["", NULL])
    moved = (pairs[NULL] - pairs[""]).dropna().tolist()
    return Number(math.sqrt(_mean([x * x for x in moved])), fits=len(moved)) if moved else NOT_SCORED


def largest(ladder: Sequence[Dose]) -> Dose:
    """Largest numbered dose."""
    return [dose for dose in ladder if not dose.arm][-1]


def recipes(frame: pd.DataFrame) -> list[str]:
    """Recipes from ceiling to floor: oracles, networks by name, controls, training mean."""
    present = set(frame["recipe"].unique())
    known = [name for name in CONTROLS if name in present]
    oracles = [name for name in known if name in (ORACLE, SOURCE)]
    return [*oracles, *networks(frame), *[name for name in known if name not in oracles]]


def networks(frame: pd.DataFrame) -> list[str]:
    """Recipes that are under test: all but the controls, by name."""
    return sorted(set(frame["recipe"].unique()) - set(CONTROLS) - {""})


def wrappers(frame: pd.DataFrame) -> list[str]:
    """Wrappers in the order of the registry, then others by name."""
    order = {name: turn for turn, name in enumerate(WRAPPERS)}
    return sorted(set(frame["wrapper"].unique()) - {""}, key=lambda name: (order.get(name, len(order)), name))
