"""Which inserts of the joint library train and which test: i.i.d., GC tails, other sources, a split that leaks."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.spec import did_you_mean
from shiftbench.tasks.lentimpra import NATURAL, Library
from shiftbench.tasks.split import parts

SHARES = {"train": 0.80, "validation": 0.05, "calibration": 0.05, "test": 0.10}
LARGEST = 50
"""Rows of the largest overlap cluster that may be tested: a larger one would speak for a whole test set."""
FITTED = ("train", "validation", "calibration")
"""Parts that a model or its wrapper is fitted on."""
SPLITS = ("overlap", "id", "gc", *(f"source:{name}" for name in NATURAL))
TAILS = {"lowest5": 0.05, "low": 0.20, "high": 0.80, "highest5": 0.95}
"""GC tails by the quantile within the source that bounds them."""

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of the joint library by part and by test set.

    `part` str (n,): train, validation, calibration, test, or "" for a row that is left out; `alike` bool (n,) by the
    name of a test set: all rows of its kind, whatever their part; `dropped`: rows left out because their overlap
    cluster is on both sides of the shift; `matched`: by the name of a test set the one whose number of rows of each
    source it takes.
    """

    part: NDArray[np.str_]
    alike: dict[str, Rows]
    dropped: int = 0
    matched: dict[str, str] = field(default_factory=dict)

    @property
    def fitted(self) -> Rows:
        """Rows that something is fitted on."""
        return np.isin(self.part, FITTED)

    @property
    def tests(self) -> dict[str, Rows]:
        """Rows that may be tested, bool (n,) by the name of the test set."""
        return {name: rows & (self.part == "test") for name, rows in self.alike.items()}


def divide(library: Library, split: str, seed: int) -> Split:
    """Parts and test sets of a split; `InputError` for an unknown one. `seed` draws another.

    `overlap`: whole overlap clusters of natural inserts go to a part by a hash of the cluster, those of more than
    `LARGEST` rows to training. `id`: every measured
    insert by a hash of its name, both orientations together; it leaks. `gc`: fitted on the middle three fifths of GC
    within each source. `source:NAME`: fitted on the natural inserts of one source.
    """
    if split not in SPLITS:
        raise InputError(f"task lentimpra: no split {split!r}{did_you_mean(split, SPLITS)}")
    if split == "id":
        part = parts(
            [name.removesuffix("_Reversed:") for name in library.name.tolist()], SHARES, f"lentimpra/id/{seed}"
        )
        return Split(part, {"": np.ones(len(part), bool)})
    part = parts(_anchors(library), SHARES, f"lentimpra/overlap/{seed}")
    part[np.bincount(library.cluster)[library.cluster] > LARGEST] = "train"
    part[~library.eligible] = ""
    if split == "overlap":
        return Split(part, {"": np.ones(len(part), bool)})
    return _gc(library, part) if split == "gc" else _source(library, part, split.removeprefix("source:"))


def quantiles(library: Library, levels: tuple[float, ...]) -> NDArray[np.float32]:
    """GC at quantiles of the eligible inserts of its source for each row, float32 (n, levels); NaN for other rows."""
    gc, found = library.gc, np.full((len(library.name), len(levels)), np.nan, np.float32)
    for source in NATURAL:
        rows = library.eligible & (library.source == source)
        if rows.any():
            found[rows] = np.quantile(gc[rows], levels)
    return found


def strata(library: Library) -> dict[str, Rows]:
    """Rows of each natural source and of each fifth of GC within its source, bool (n,) by name."""
    bounds = quantiles(library, (0.2, 0.4, 0.6, 0.8))
    fifth = (library.gc[:, None] >= bounds).sum(1)
    named = {f"source {name}": library.eligible & (library.source == name) for name in NATURAL}
    return named | {f"GC fifth {i + 1}": library.eligible & (fifth == i) for i in range(5)}


def _anchors(library: Library) -> list[str]:
    """The first name, by letters, of the cluster of every row: it depends on no order of rows."""
    anchor: dict[int, str] = {}
    for name, cluster in zip(library.name.tolist(), library.cluster.tolist(), strict=True):
        anchor[cluster] = min(name, anchor.get(cluster, name))
    return [anchor[cluster] for cluster in library.cluster.tolist()]


def _gc(library: Library, part: NDArray[np.str_]) -> Split:
    """Middle rows keep their part; a tail row is tested unless its cluster has middle rows that are fitted on."""
    gc = library.gc[:, None]
    bound = dict(zip(TAILS, quantiles(library, tuple(TAILS.values())).T[:, :, None], strict=True))
    tails = {name: ((gc < bound[name]) if name.startswith("low") else (gc > bound[name]))[:, 0] for name in TAILS}
    tail = (tails["low"] | tails["high"]) & (part != "")
    fitted = np.isin(part, FITTED)
    lost = tail & fitted & np.isin(library.cluster, library.cluster[fitted & ~tail])
    part = np.where(lost, "", np.where(tail & fitted, "test", part))
    matched = {f"{name}_matched": tails[name] for name in ("low", "high")}
    alike = {name: rows & library.eligible for name, rows in ({"middle": ~tail} | tails | matched).items()}
    return Split(part, alike, int(lost.sum()), dict.fromkeys(matched, "middle"))


def _source(library: Library, part: NDArray[np.str_], source: str) -> Split:
    """Rows of the source keep their part unless their cluster reaches into another source; of those all rows test."""
    natural = part != ""
    mine = natural & (library.source == source)
    lost = mine & np.isin(library.cluster, library.cluster[natural & ~mine])
    part = np.where(lost, "", np.where(natural & ~mine, "test", part))
    alike = {name: natural & (library.source == name) for name in NATURAL}
    return Split(part, alike, int(lost.sum()))
