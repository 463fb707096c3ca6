"""Which rows of a user's table train and which test: by group and overlap cluster, or as the table says."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from shiftbench.errors import InputError
from shiftbench.own.table import Rows
from shiftbench.tasks.lentimpra_leak import touching
from shiftbench.tasks.lentimpra_split import FITTED
from shiftbench.tasks.overlap import clusters
from shiftbench.tasks.similarity import lengths, without_adapters
from shiftbench.tasks.split import uniform

SHARES = {"test": 0.15, "calibration": 0.08, "validation": 0.07, "train": 0.70}
"""Shares of a split of ours, in the order in which parts are filled."""
LEAST = {"train": 200, "validation": 25, "calibration": 25, "test": 50}
"""Rows that a part needs."""
FEWEST = 400
"""Rows that a table needs, so that each part has some that can be fitted on or scored."""
HUGE = 0.20
"""Share of the rows from which on a group is not kept in one part but held out by itself."""
LARGEST = 1 / 3
"""Share of the test set that one cluster may be: a larger one would speak for all of it, and trains."""
OVERLAP = 50
"""Bases that two sequences of different parts may not share; fewer for short sequences."""

Mask = NDArray[np.bool_]
Texts = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Kin:
    """What one split keeps together.

    `cluster` int32 (n,): rows that share `bases` letters on either strand and, where groups are `whole`, groups;
    `insert` uint8 (n, length): what is compared, without the ends that nearly all sequences have; `held`: groups that
    are too large to keep in one part, the largest first.
    """

    cluster: NDArray[np.int32]
    bases: int
    insert: NDArray[np.uint8]
    whole: bool = False
    held: tuple[str, ...] = ()


def kin(rows: Rows) -> Kin:
    """Clusters of a table; groups are kept whole unless one is huge, or no split of them gives each part its rows.

    A split that is given stays as it is, whether it keeps them whole or not.

    `InputError` for a table of fewer than `FEWEST` rows.
    """
    if len(rows.id) < FEWEST:
        told = f"{len(rows.id):,} of {rows.read:,} rows have a value of each of {', '.join(rows.targets)}"
        raise InputError(f"{rows.file}: {told}; expected at least {FEWEST}")
    insert = without_adapters(rows.letters, rows.letters)[1]
    bases = overlap_of(insert)
    cluster = _related(insert, bases)
    names, counts = np.unique(rows.group, return_counts=True)
    if len(names) < 2:
        return Kin(cluster, bases, insert)
    if rows.split[0]:
        torn = len(np.unique(np.stack([rows.group, rows.split]), axis=1).T) > len(names)
        order = np.argsort(-counts, kind="stable")
        return Kin(cluster, bases, insert, whole=not torn, held=tuple(names[order].tolist()) if torn else ())
    if counts.max() <= HUGE * len(rows.id):
        joined = _joined(cluster, np.unique(rows.group, return_inverse=True)[1])
        part = _assigned(joined, rows.id, "own/0")
        if not lacking(part):
            return Kin(joined, bases, insert, whole=True)
    order = np.argsort(-counts, kind="stable")
    return Kin(cluster, bases, insert, held=tuple(names[order].tolist()))


def overlap_of(insert: NDArray[np.uint8]) -> int:
    """Letters that count as an overlap: a quarter of a short sequence (5 % quantile), `OVERLAP` at most.

    Never so few that chance alone would join two of the table: 4^bases is at least the square of all its letters.
    """
    length = lengths(insert)
    short, total = int(np.quantile(length, 0.05)), int(length.sum())
    chance = int(np.ceil(2 * np.log(max(total, 2)) / np.log(4)))
    return max(1, min(OVERLAP, short, max(short // 4, chance)))


def _related(insert: NDArray[np.uint8], bases: int) -> NDArray[np.int32]:
    """Clusters of rows that share `bases` letters; rows that have fewer are joined where they are the same."""
    cluster = clusters(insert, bases)
    if lengths(insert).min() >= bases:
        return cluster
    return _joined(cluster, np.unique(insert, axis=0, return_inverse=True)[1].ravel())


def parts(rows: Rows, kin: Kin, seed: int) -> Texts:
    """Part of every row, str (n,); `InputError` if one has too few. `seed` draws another split, or the next fold."""
    part = given(rows, kin, seed) if rows.split[0] else _assigned(kin.cluster, rows.id, f"own/{seed}")
    if few := lacking(part):
        found = ", ".join(f"{name} {int((part == name).sum())}" for name in few)
        least = ", ".join(f"{name} {LEAST[name]}" for name in few)
        count, largest = len(np.unique(kin.cluster)), int(np.bincount(kin.cluster).max())
        raise InputError(
            f"{rows.file}: the split leaves too few rows: {found}; expected at least {least}; {len(part):,} rows form "
            f"{count:,} clusters, the largest of {largest:,}; more rows, or another --split-column, would help"
        )
    return part


def lacking(part: Texts) -> list[str]:
    """Parts with fewer rows than they need."""
    return [name for name, least in LEAST.items() if (part == name).sum() < least]


def given(rows: Rows, kin: Kin, seed: int) -> Texts:
    """Parts as the table tells them; those that it does not name are taken from its training rows, by cluster.

    Of folds the last one tests, and half of the clusters of the one after it validate, the others calibrate.
    """
    part = rows.split
    if np.char.isdigit(part).all():
        part = _folds(part, kin, seed)
    absent = [name for name in ("calibration", "validation") if not (part == name).any()]
    free = np.flatnonzero(part == "train")
    if absent and len(free):
        filled = _assigned(kin.cluster[free], rows.id[free], f"own/{seed}", absent)
        part = part.astype("<U11")
        part[free] = filled
    return part


def _folds(fold: Texts, kin: Kin, seed: int) -> Texts:
    numbers = sorted({*fold.tolist()}, key=int)
    if len(numbers) < 2:
        raise InputError(f"--split-column: all rows are of fold {numbers[0]}; expected two folds or more")
    at = (seed - 1) % len(numbers)
    tested, following = numbers[at], numbers[(at + 1) % len(numbers)]
    if len(numbers) == 2:
        return np.where(fold == tested, "test", "train")
    half = uniform(map(str, kin.cluster.tolist()), "own/folds") < 0.5
    return np.where(
        fold == tested, "test", np.where(fold != following, "train", np.where(half, "calibration", "validation"))
    )


def _assigned(cluster: NDArray[np.int32], ids: Texts, salt: str, names: list[str] | None = None) -> Texts:
    """Part of every row: whole clusters, in the order of a hash of their first id, fill the parts up to their shares.

    A cluster that none of `names` (None: all) has room for trains, and so does one that would be most of a test set.
    """
    sizes = np.bincount(cluster)
    by_name = np.lexsort((ids, cluster))
    first = by_name[np.searchsorted(cluster[by_name], np.arange(len(sizes)))]
    order = np.argsort(uniform(ids[first].tolist(), salt), kind="stable")
    filled = names or [name for name in SHARES if name != "train"]
    room = {name: SHARES[name] * len(cluster) for name in filled}
    most = LARGEST * SHARES["test"] * len(cluster)
    of = np.full(len(sizes), "train", dtype="<U11")
    for at in order.tolist():
        size = sizes[at]
        name = next((name for name in filled if size <= min(room[name], most)), "")
        if name:
            of[at] = name
            room[name] -= size
    return of[cluster]


def _joined(*labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """Label of every row, int32 (n,): the same for rows that some of `labels` (n,) joins, also over others."""
    edges = []
    for label in labels:
        first, place = np.unique(label, return_index=True, return_inverse=True)[1:]
        edges.append(np.stack([first[place], np.arange(len(label))]))
    one, other = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(labels[0]), len(labels[0])))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)


def apart(part: Texts, cluster: NDArray[np.int32], held: Mask) -> tuple[Texts, int]:
    """Parts when the rows `held` are not fitted on but tested, and how many of them are left out.

    Those are left out whose cluster has rows that are still fitted on.
    """
    fitted = np.isin(part, FITTED)
    lost = held & (part != "") & np.isin(cluster, cluster[fitted & ~held])
    return np.where(lost, "", np.where(held & fitted, "test", part)), int(lost.sum())


def leaking(kin: Kin, part: Texts) -> int:
    """Test rows that share `kin.bases` letters, on either strand, with a row that something is fitted on."""
    near, _ = touching(kin.insert[part == "test"], kin.insert[np.isin(part, FITTED)], kin.bases)
    return int(near.sum())
