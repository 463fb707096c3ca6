"""Shifts that a table by itself can give: tails of GC and length, groups held out, and strata of its test rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.own.split import LEAST, Kin, Mask, apart, lacking, parts
from shiftbench.own.table import Rows
from shiftbench.spec import did_you_mean
from shiftbench.tasks.lentimpra_split import FITTED, Split
from shiftbench.tasks.similarity import nearest
from simulators import genome

TAIL = 0.20
"""Share of the rows in a tail."""
WITHOUT = "without:"
"""Beginning of the name of a split that holds out a group."""
MOST_HELD = 4
"""Groups that are held out, the largest."""
STRATA = {"similarity": ("near", "far"), "noise": ("least noisy", "noisiest")}
"""Thirds of the i.i.d. test rows by what is known of them: the lowest and the highest third."""
TAILS = {"gc": ("low", "high"), "length": ("short", "long")}
ALIKE = {"gc": "middle", "length": "middle"}
"""Test rows like those trained on, beside the tails."""
OTHERS = "other groups"


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of a table: what it is called, its split, and its test sets, or the `reason` why there is none."""

    name: str
    split: str
    subsets: tuple[str, ...] = ()
    reason: str = ""


def divide(rows: Rows, kin: Kin, split: str, seed: int) -> Split:
    """Parts and test sets of a split; `InputError` for one that this table does not have.

    "": i.i.d. rows, or parts as given. `gc`, `length`: fitted on the middle, both tails test. `without:NAME`: a group
    is not fitted on. What is tested beside shares no overlap with what is fitted on.
    """
    part = parts(rows, kin, seed)
    every = np.ones(len(part), bool)
    if split == "":
        return Split(part, {"": every})
    if split in TAILS:
        found = _tails(measured(rows, split), TAILS[split])
        held = np.logical_or.reduce([*found.values()]) if found else ~every
        part, dropped = apart(part, kin.cluster, held)
        return Split(part, {ALIKE[split]: ~held} | found, dropped)
    known = ["", *TAILS, *(WITHOUT + name for name in kin.held)]
    if split not in known:
        raise InputError(f"own table: no split {split!r}{did_you_mean(split, known)}")
    name = split.removeprefix(WITHOUT)
    held = rows.group == name
    part, dropped = apart(part, kin.cluster, held)
    return Split(part, {OTHERS: ~held, name: held}, dropped)


def measured(rows: Rows, split: str) -> NDArray[np.float64]:
    """What the tails of a split are tails of, float64 (n,): GC share, or letters."""
    return (genome.gc(rows.sequence) if split == "gc" else rows.length).astype(np.float64)


def _tails(values: NDArray[np.float64], names: tuple[str, str]) -> dict[str, Mask]:
    """Lowest and highest fifth of the rows; with ties a tail may hold more, or be missing so that half are between."""
    low, middle, high = np.quantile(values, (TAIL, 0.5, 1 - TAIL))
    tails = {names[0]: (values <= low) & (low < middle), names[1]: (values >= high) & (high > middle)}
    found: dict[str, Mask] = {}
    for name, rows in sorted(tails.items(), key=lambda item: int(item[1].sum())):
        if rows.any() and sum(kept.sum() for kept in found.values()) + rows.sum() <= len(values) / 2:
            found[name] = rows
    return {name: found[name] for name in names if name in found}


def strata(rows: Rows, kin: Kin, split: Split, shift: str) -> dict[str, Mask]:
    """Test rows of the i.i.d. split in the lowest and in the highest third, by name; none if all are alike.

    `similarity`: by the identity with the nearest row that is fitted on, to train or to select; `noise`: by the SD of
    the measurement error, each target in units of its own mean.
    """
    test = np.flatnonzero(split.tests[""])
    values, names = np.full(len(rows.id), np.nan), STRATA[shift]
    if shift == "similarity":
        values[test], names = identity(kin, split), names[::-1]
    elif np.isnan(rows.noise_sd).any():
        return {}
    else:
        known = rows.noise_sd / np.maximum(rows.noise_sd.mean(axis=0), 1e-12)
        values[test] = known[test].mean(axis=1)
    low, high = np.nanquantile(values[test], (1 / 3, 2 / 3))
    found = dict(zip(names, (values <= low, values >= high), strict=True))
    return found if low < high else {}


def identity(kin: Kin, split: Split) -> NDArray[np.float64]:
    """Identity of each i.i.d. test row with the nearest row that is fitted on, float64 (tests,), 0 to 1."""
    fitted = kin.insert[np.isin(split.part, FITTED)]
    return nearest(kin.insert[split.tests[""]], fitted).identity.astype(np.float64)


def inventory(rows: Rows, kin: Kin, seed: int = 0) -> list[Shift]:
    """Every shift that is looked for in a table: with its test sets, or with the reason why it has none."""
    plain = divide(rows, kin, "", seed)
    return [*_strata(rows, plain), *(_tailed(rows, kin, name, seed) for name in TAILS), *_held(rows, kin, seed)]


def _strata(rows: Rows, plain: Split) -> list[Shift]:
    third = int(plain.tests[""].sum()) // 3
    few = f"a third of the test rows are {third}; expected {LEAST['test']}" if third < LEAST["test"] else ""
    noise = few
    if np.isnan(rows.noise_sd).any():
        unknown = "of some rows " if np.isfinite(rows.noise_sd).any() else ""
        noise = f"{unknown}no noise column and no replicates tell the measurement error"
    elif (rows.noise_sd == rows.noise_sd[0]).all():
        noise = "the measurement error is the same in every row"
    reasons: Mapping[str, str] = {"similarity": few, "noise": noise}
    return [Shift(name, "", () if reasons[name] else STRATA[name], reasons[name]) for name in STRATA]


def _tailed(rows: Rows, kin: Kin, name: str, seed: int) -> Shift:
    values = measured(rows, name)
    if values.min() == values.max():
        what = f"all sequences have {values[0]:.0f} letters" if name == "length" else "all sequences have the same GC"
        return Shift(name, name, (), what)
    split = divide(rows, kin, name, seed)
    return _checked(name, name, split, TAILS[name], "no tail apart from the middle half of the rows")


def _held(rows: Rows, kin: Kin, seed: int) -> list[Shift]:
    groups = len(np.unique(rows.group))
    if kin.whole:
        reason = f"groups are kept whole, so the i.i.d. test rows are of groups that nothing is fitted on ({groups:,})"
    elif groups == 1:
        reason = "no group column" if not rows.group[0] else "all rows are of one group"
    else:
        found = []
        for name in kin.held[:MOST_HELD]:
            split = divide(rows, kin, WITHOUT + name, seed)
            found.append(_checked(f"group {name}", WITHOUT + name, split, (name,), "no row"))
        return found
    return [Shift("group", "", (), reason)]


def _checked(name: str, key: str, split: Split, asked: tuple[str, ...], absent: str) -> Shift:
    """A shift of the split `key` with those of the test sets `asked` that have rows enough, if enough is fitted on."""
    if few := [part for part in lacking(split.part) if part in FITTED]:
        found = ", ".join(f"{part} {int((split.part == part).sum())}" for part in few)
        return Shift(name, key, (), f"too few rows are left to fit on: {found}; expected {LEAST[few[0]]} or more")
    counts = {subset: int(tested.sum()) for subset, tested in split.tests.items()}
    reasons = {
        subset: f"{subset}: {counts[subset]} test rows" if subset in counts else f"{subset}: {absent}"
        for subset in asked
        if counts.get(subset, 0) < LEAST["test"]
    }
    kept = tuple(subset for subset in asked if subset not in reasons)
    told = "; ".join(reasons.values()) + (f"; expected {LEAST['test']}" if reasons else "")
    alike = next(iter(split.tests))
    return Shift(name, key, (alike, *kept) if kept else (), told)
