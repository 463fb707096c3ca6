"""The table of a run over doses: how each metric moves from severity 0 on, with intervals over worlds and seeds.

One row a measure, dose and everything that names a curve (`KEYS`), for the mean over outputs; columns `COLUMNS`:

- `measure`: null (the metric at severity 0: the null shift, a second draw of the training law); gap and relative_gap
  (at `dose`, also at arms beyond the doses, which enter nothing else); worst_gap (at the dose where the metric is
  worst); area (trapezoid over severity / .75); gap_area (the same of the gap); at_harm (the metric where the family
  does the harm named as `dose`); and, of the k-mer ridge, harm (rise of its RMSE to f, in SDs of f, for which stands
  the RMSE of the training mean at severity 0)
- `severity`: that of the dose; of an area the largest reached by all worlds; of at_harm where the harm is done
- `value`, of the curve averaged over seeds, then worlds; `low`, `high`: 95 % t interval of the jackknife over `unit`:
  world where there are two or more, else seed, which tells nothing of other worlds; `worlds`, `seeds`: how many
- `status` ok or undefined, `reason` why the value or its interval is NaN
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import Undefined
from shiftbench.metrics import robustness
from shiftbench.metrics.table import METRICS
from shiftbench.score import MEAN
from shiftbench.spec import NULL

if TYPE_CHECKING:
    import pandas as pd

KEYS = (
    "suite", "task", "split", "recipe", "wrapper", "budget", "view", "target", "level", "group", "stratum", "metric"
)  # fmt: skip
"""Columns of the results that name a curve, beside the shift."""
COLUMNS = (
    *KEYS, "part", "shift", "measure", "dose", "severity", "value", "low", "high", "unit", "worlds", "seeds", "better",
    "status", "reason",
)  # fmt: skip
HARMS = (0.25, 0.5)
"""Harms at which families are compared."""
LEARNER = {"recipe": "kmer_ridge", "wrapper": "none", "metric": "rmse", "target": "f", "stratum": ""}
"""Whose error, of which kind, tells the harm of a shift."""

Floats = NDArray[np.float64]
Reduce = Callable[[Floats, int], Floats]
"""A measure: of curves (k, doses) to values (k,), for all units (-1) or without the unit of that number."""


def table(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Measures of every curve in `frame` (columns of `shiftbench.results`), with `COLUMNS`; empty without shifts."""
    import pandas as pd

    absent = frame[frame["metric"] == ""]
    parts: list[pd.DataFrame] = []
    for (suite, task), rows in _of_mean(frame).groupby(["suite", "task"], sort=False):
        missing = absent[(absent["suite"] == suite) & (absent["task"] == task)]
        families = [*rows["shift"].unique(), *missing["shift"].unique()]
        for shift in dict.fromkeys(name for name in families if name not in ("", NULL)):
            of_shift, not_scored = rows[rows["shift"].isin([shift, NULL])], missing[missing["shift"] == shift]
            parts += _measures(_cube(of_shift, not_scored, str(shift)))
    return pd.concat(parts, ignore_index=True)[[*COLUMNS]] if parts else pd.DataFrame(columns=[*COLUMNS])


def _of_mean(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Rows of shifted test sets that hold a metric: those of the mean over outputs, or of the only output."""
    rows = frame[(frame["shift"] != "") & (frame["metric"] != "")]
    several = (rows["output"] == MEAN).groupby([rows["suite"], rows["task"]]).transform("any")
    return rows[(rows["output"] == MEAN) | ~several]


@dataclass(frozen=True, slots=True)
class _Cube:
    """All curves of a shift: `value` and `state` (0 not scored, 1 undefined, 2 ok) by (curve, world, seed, dose).

    `keys` one row a curve; `reason` (curve, world, seed, dose) number in `reasons` of why a value is undefined;
    `dose`, `severity` the doses, severity 0 first; `missing` why a dose was not scored; `floor` the training mean's
    value, for the harm; `part`, `shift`.
    """

    keys: "pd.DataFrame"
    value: Floats
    floor: Floats
    state: NDArray[np.int8]
    reason: NDArray[np.intp]
    reasons: Sequence[str]
    dose: tuple[str, ...]
    severity: Floats
    missing: dict[str, str]
    part: str
    shift: str

    def units(self, columns: list[int]) -> tuple[Floats, NDArray[np.bool_]]:
        """Curves (k, units, columns) of the fits scored at all `columns`, and which units have such fits (k, units).

        A unit is a world, its seeds averaged, or a seed where there is one world.
        """
        fits = self.scored(columns)
        if fits.shape[1] == 1:
            return self.value[:, 0][..., columns], fits[:, 0]
        total = np.where(fits[..., None], self.value[..., columns], 0).sum(axis=2)
        count = fits.sum(axis=2)
        return total / np.maximum(count, 1)[..., None], count > 0

    def scored(self, columns: list[int]) -> NDArray[np.bool_]:
        """Which fits were scored at all `columns`, (curve, world, seed)."""
        return np.asarray((self.state[..., columns] > 0).all(axis=-1))

    def doses(self) -> list[int]:
        """Severity 0 and the doses that every world reaches, without arms beyond the longest area."""
        reached = np.all(np.any(self.state > 0, axis=(0, 2)), axis=0).tolist()
        return [d for d in range(len(self.dose)) if d == 0 or (reached[d] and self.severity[d] <= robustness.LONGEST)]


def _cube(rows: "pd.DataFrame", not_scored: "pd.DataFrame", shift: str) -> _Cube:
    import pandas as pd

    of_shift = pd.concat([rows[rows["shift"] == shift], not_scored])
    steps = of_shift[["dose", "severity", "part"]].drop_duplicates("dose").sort_values("severity")
    dose = ("0", *steps["dose"])
    number, keys = _numbered(rows, [*KEYS])
    place = (
        number,
        pd.factorize(rows["world"], sort=True)[0],
        pd.factorize(rows["seed"], sort=True)[0],
        np.where(rows["shift"] == NULL, 0, pd.Index(dose).get_indexer(rows["dose"])),
    )
    reason, reasons = pd.factorize(rows["reason"])
    shape = (*(int(axis.max(initial=-1)) + 1 for axis in place[:3]), len(dose))
    filled = {name: np.full(shape, np.nan) for name in ("value", "floor")}
    for name, array in filled.items():
        array[place] = rows[name].where(rows["status"] == "ok")
    state, why = np.zeros(shape, np.int8), np.zeros(shape, np.intp)
    state[place], why[place] = np.where(rows["status"] == "ok", 2, 1), reason
    missing = dict(zip(not_scored["dose"][::-1], not_scored["reason"][::-1], strict=True))
    severity = np.concatenate([[0.0], steps["severity"].to_numpy(np.float64)])
    return _Cube(
        keys, filled["value"], filled["floor"], state, why, list(reasons), dose, severity, missing,
        str(steps["part"].iloc[0]), shift,
    )  # fmt: skip


def _numbered(rows: "pd.DataFrame", names: list[str]) -> tuple[NDArray[np.intp], "pd.DataFrame"]:
    """Number of the combination of `names` in each row, and the combinations with the direction of their metric."""
    number = np.asarray(rows.groupby(names, dropna=False, sort=False).ngroup(), np.intp)
    first = np.unique(number, return_index=True)[1]
    return number, rows.iloc[first][[*names, "better"]].reset_index(drop=True)


def _measures(cube: _Cube) -> Iterator["pd.DataFrame"]:
    yield _rows(cube, "null", "0", 0.0, [0], lambda curve, _: curve[:, 0])
    for d in range(1, len(cube.dose)):
        at = cube.dose[d], float(cube.severity[d]), [0, d]
        yield _rows(cube, "gap", *at, lambda curve, _: robustness.robustness_gap(curve[:, 1], curve[:, 0]))
        yield _rows(cube, "relative_gap", *at, lambda curve, _: robustness.relative_gap(curve[:, 1], curve[:, 0]))
    doses = cube.doses()
    if len(doses) > 1:
        yield from _over_doses(cube, doses)


def _over_doses(cube: _Cube, doses: list[int]) -> Iterator["pd.DataFrame"]:
    severity, end = cube.severity[doses], float(cube.severity[doses[-1]])
    better, nominal = cube.keys["better"].to_numpy(), _nominal(cube.keys)

    def worst(curve: Floats, _: int) -> NDArray[np.intp]:
        found = np.zeros(len(curve), np.intp)
        for direction in np.unique(better):
            own = better == direction
            reference = nominal[own] if direction == "nominal" else curve[own, 0]
            found[own] = 1 + robustness.worst_dose(curve[own, 1:], direction, reference)
        return found

    at = worst(_mean(*cube.units(doses)), -1)

    def worst_gap(curve: Floats, _: int) -> Floats:
        # The dose stays that of all units: a maximum taken anew without each of them is not smooth.
        return robustness.robustness_gap(curve[np.arange(len(curve)), at], curve[:, 0])

    names = np.array([cube.dose[d] for d in doses])
    yield _rows(cube, "worst_gap", names[at], severity[at], doses, worst_gap)
    yield _rows(cube, "area", "", end, doses, lambda curve, _: robustness.dose_area(severity, curve))
    yield _rows(cube, "gap_area", "", end, doses, lambda curve, _: robustness.dose_area(severity, curve - curve[:, :1]))
    yield from _at_harms(cube, doses)


def _nominal(keys: "pd.DataFrame") -> Floats:
    """Value that a nominal metric should have: its own, or the level of its interval."""
    own = [METRICS[name].nominal if name in METRICS else None for name in keys["metric"]]
    return np.array([level if value is None else value for value, level in zip(own, keys["level"], strict=True)])


def _at_harms(cube: _Cube, doses: list[int]) -> Iterator["pd.DataFrame"]:
    learner = np.flatnonzero(np.logical_and.reduce([cube.keys[name] == value for name, value in LEARNER.items()]))[:1]
    if not learner.size:
        return
    severity, spread = cube.severity[doses], _spread(cube.floor[learner[0], :, :, 0])
    curves, scored = cube.units(doses)

    def harms(unit: int) -> Floats:
        kept = _kept(scored[learner], unit)
        error = _mean(curves[learner], kept)[0]
        return robustness.harm(error, error[0], _mean(spread[None, :, None], kept)[0, 0])

    def harm_at(number: int) -> Reduce:
        return lambda _, unit: harms(unit)[[number]]

    def value_at(wanted: float) -> Reduce:
        return lambda curve, unit: robustness.at_harm(severity, harms(unit), curve, wanted)

    for number, d in enumerate(doses[1:], 1):
        yield _rows(cube, "harm", cube.dose[d], float(severity[number]), doses, harm_at(number), learner)
    for wanted in HARMS:
        try:
            place = robustness.place_of_harm(severity, harms(-1), wanted).severity
        except Undefined:
            place = np.nan
        yield _rows(cube, "at_harm", f"{wanted:g}", place, doses, value_at(wanted))


def _spread(floor: Floats) -> Floats:
    """Error of the training mean at severity 0, a value a unit, of values by (world, seed)."""
    if len(floor) == 1:
        return np.asarray(floor[0])
    known = np.isfinite(floor)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, floor, 0).sum(axis=1) / known.sum(axis=1))


def _mean(curves: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Mean curve (k, columns) of the units `kept` (k, units) of `curves` (k, units, columns); NaN of none."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(kept[..., None], curves, 0).sum(axis=1) / kept.sum(axis=1)[:, None])


def _kept(scored: NDArray[np.bool_], unit: int) -> NDArray[np.bool_]:
    """Units scored, save number `unit` (-1: all); a unit is never left out of a curve that has no other."""
    kept = scored & (np.arange(scored.shape[1]) != unit)
    return np.where(kept.any(axis=1, keepdims=True), kept, scored)


def _rows(
    cube: _Cube,
    measure: str,
    dose: str | NDArray[np.str_],
    severity: float | Floats,
    columns: list[int],
    reduce: Reduce,
    only: NDArray[np.intp] | None = None,
) -> "pd.DataFrame":
    """One row a curve, or those `only`: the measure, its interval, and why one or the other is undefined.

    The jackknife of `shiftbench.stats.jackknife`, of all curves at once; of two units it is the t interval too.
    """
    from scipy import stats

    own = np.arange(len(cube.keys)) if only is None else only
    curves, scored = cube.units(columns)
    curves, scored = curves[own], scored[own]
    value, reason = _reduced(reduce, curves, scored, -1)
    without = np.stack([_reduced(reduce, curves, scored, unit)[0] for unit in range(scored.shape[1])], axis=1)
    count = scored.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        pseudo = np.where(scored, count[:, None] * value[:, None] - (count[:, None] - 1) * without, 0)
        middle = pseudo.sum(axis=1) / count
        squares = np.where(scored, np.square(pseudo - middle[:, None]), 0).sum(axis=1)
        half = stats.t.ppf(0.975, count - 1) * np.sqrt(squares / (count * (count - 1)))
    worlds = cube.state.shape[1] > 1
    fits = cube.scored(columns)[own]
    found = cube.keys.iloc[own].assign(
        part=cube.part, shift=cube.shift, measure=measure, dose=dose, severity=severity,
        value=value, low=value - half, high=value + half, unit="world" if worlds else "seed",
        worlds=fits.any(axis=2).sum(axis=1), seeds=fits.any(axis=1).sum(axis=1),
    )  # fmt: skip
    defined = np.isfinite(value)
    why = ["" if known else _why(cube, key, columns, reason) for key, known in zip(own, defined, strict=True)]
    ends = np.where(count < 2, f"interval: {'1 world' if worlds else '1 world and 1 seed'}", "")
    ends = np.where((ends == "") & ~np.isfinite(half), "interval: undefined without one of the units", ends)
    return found.assign(status=np.where(defined, "ok", "undefined"), reason=np.where(defined, ends, why))


def _reduced(reduce: Reduce, curves: Floats, scored: NDArray[np.bool_], unit: int) -> tuple[Floats, str]:
    """The measure of the mean curves, all NaN with the reason where it does not exist."""
    try:
        return np.asarray(reduce(_mean(curves, _kept(scored, unit)), unit), np.float64), ""
    except Undefined as reason:
        return np.full(len(curves), np.nan), str(reason)


def _why(cube: _Cube, key: int, columns: list[int], reason: str) -> str:
    """Why a measure of a curve that is NaN is undefined."""
    state = cube.state[key][..., columns]
    for number, d in enumerate(columns):
        if not (state[..., number] > 0).any():
            return cube.missing.get(cube.dose[d], f"dose {cube.dose[d]} was not scored")
    undefined = np.argwhere(state == 1)
    if undefined.size:
        world, seed, number = undefined[0]
        return f"dose {cube.dose[columns[number]]}: {cube.reasons[cube.reason[key, world, seed, columns[number]]]}"
    if not (state > 0).all(axis=-1).any():
        return "no fit was scored at all of the doses"
    return reason or "the metric is 0 at severity 0"
