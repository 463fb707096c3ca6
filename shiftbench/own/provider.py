"""A user's table as a task: training, calibration and test sets under its splits, with what is to be told of them."""

from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError, Skipped
from shiftbench.own.ceiling import ceilings
from shiftbench.own.content import identified
from shiftbench.own.shifts import STRATA, TAILS, divide, inventory, measured, strata
from shiftbench.own.split import SHARES, Kin, kin, leaking
from shiftbench.own.table import Rows, load
from shiftbench.spec import Data, Table, did_you_mean
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra_split import FITTED, Split
from shiftbench.tasks.provider import Built
from shiftbench.tasks.split import uniform
from simulators import genome
from simulators.contract import Sample

PARTS = {"training": ("train", "validation"), "calibration": ("calibration",)}
OF = {name: shift for shift, names in STRATA.items() for name in names}
"""Shift that a stratum of the i.i.d. test rows belongs to."""

Facts = dict[str, Any]


class OwnTable:
    """Provider of a user's own table under the splits of `own.shifts.divide`.

    Test sets by `subset`: those of the split; without a split also `near`, `far`, `least noisy`, `noisiest`, thirds of
    the test rows. Sizes take the first rows of one order, so small samples lie in larger ones. `seed` draws another
    split, or takes the next fold of those given.
    """

    version = 1
    files: tuple[str, ...] = ()
    """None that is public."""

    def build(self, data: Data, files: Files) -> Built:
        """Samples of `data`; `Skipped` for a test set without rows, `InputError` for what the table does not have."""
        if data.table is None:
            raise InputError("own table: none given; expected --table FILE, or [task.table] in a suite file")
        if data.shift:
            raise InputError(f"own table: shift {data.shift!r}; expected none")
        if identified(data.table) != data.table:
            raise InputError(f"{data.table.file}: changed since the run was planned; run the same command again")
        rows, together = prepared(data.table)
        split = divide(rows, together, data.split, data.seed)
        order = np.argsort(uniform(rows.id.tolist(), f"own/order/{data.seed}"), kind="stable")
        facts = _facts(rows, together, split, data)
        if data.role == "test":
            chosen = order[_tested(rows, together, split, data)[order]][: data.rows or None]
            sample = _sample(rows, together, chosen)
            return Built({"test": sample}, facts | ceilings(sample) | _of_test(sample))
        if data.subset:
            raise InputError(f"own table: subset {data.subset!r} of role {data.role!r}; expected none")
        sizes = {"train": data.rows, "validation": data.validation, "calibration": data.rows}
        kept = {name: order[split.part[order] == name][: sizes[name] or None] for name in PARTS[data.role]}
        return Built({name: _sample(rows, together, chosen) for name, chosen in kept.items()}, facts)


def prepared(table: Table) -> tuple[Rows, Kin]:
    """Rows of a table and what a split keeps together, both worked out once a process."""
    return _prepared(msgspec.json.encode(table))


@lru_cache(maxsize=4)
def _prepared(table: bytes) -> tuple[Rows, Kin]:
    rows = load(msgspec.json.decode(table, type=Table))
    return rows, kin(rows)


def _tested(rows: Rows, together: Kin, split: Split, data: Data) -> NDArray[np.bool_]:
    """Rows of the test set of `data.subset`."""
    tests, subset = split.tests, data.subset
    if data.split == "" and subset in OF:
        tests |= strata(rows, together, split, OF[subset])
        if subset not in tests:
            raise Skipped(f"own table: the test rows do not differ in {OF[subset]}, or the table does not tell it")
    if subset not in tests:
        known = [*tests, *(OF if data.split == "" else ())]
        raise InputError(f"own table, split {data.split!r}: no subset {subset!r}{did_you_mean(subset, known)}")
    if not tests[subset].any():
        raise Skipped(f"own table, split {data.split!r}: no test row in {subset!r}")
    return tests[subset]


def _sample(rows: Rows, together: Kin, chosen: NDArray[np.intp]) -> Sample:
    return Sample(
        id=np.array(rows.id[chosen].tolist(), dtype=np.str_),
        sequence=rows.sequence[chosen],
        observed=rows.observed[chosen],
        noise_sd=rows.noise_sd[chosen],
        reference=np.full(len(chosen), -1, np.int32),
        group=together.cluster[chosen],
        outputs=rows.targets,
        replicates=None if rows.replicates is None else rows.replicates[chosen],
        table={"gc": genome.gc(rows.sequence[chosen]), "length": rows.length[chosen]},
    )


def _facts(rows: Rows, together: Kin, split: Split, data: Data) -> Facts:
    """What is to be told of a split of the table and, once for each training set, of the table itself (JSON values)."""
    facts: Facts = {"available": {name: int((split.part == name).sum()) for name in SHARES}}
    if data.role != "training":
        return facts
    facts["own"] = {
        "file": rows.file,
        "read": rows.read,
        "used": len(rows.id),
        "left_out": rows.left_out,
        "outputs": list(rows.targets),
        "letters": [int(length) for length in np.quantile(rows.length, (0, 0.5, 1))],
        "bases": together.bases,
        "clusters": len(np.unique(together.cluster)),
        "largest_cluster": int(np.bincount(together.cluster).max()),
        "groups": len(np.unique(rows.group)),
        "groups_whole": together.whole,
        "given": bool(rows.split[0]),
    }
    facts |= {"split": data.split, "dropped": split.dropped, "leaking": leaking(together, split.part)}
    facts["notes"] = [*rows.notes, *_torn(rows, split)]
    if not data.split:
        facts["shifts"] = [msgspec.to_builtins(shift) for shift in inventory(rows, together, data.seed)]
    if data.split in TAILS:
        values = measured(rows, data.split)[np.isin(split.part, FITTED)]
        facts["fitted_on"] = [float(values.min()), float(values.max())]
    return facts


def _torn(rows: Rows, split: Split) -> list[str]:
    """What is told where groups of a given split lie on both sides."""
    test = split.part == "test"
    torn = int(np.isin(rows.group[test], rows.group[np.isin(split.part, FITTED)]).sum())
    if not (rows.split[0] and rows.group[0] and torn):
        return []
    return [f"{torn:,} of {int(test.sum()):,} test rows are of a group that is fitted on as well: so the split says."]


def _of_test(sample: Sample) -> Facts:
    spread = dict(zip(sample.outputs, sample.observed.std(0, dtype=np.float64).tolist(), strict=True))
    return {
        "target_sd": spread,
        "gc_mean": float(sample.table["gc"].astype(np.float64).mean()),
        "length_mean": float(sample.table["length"].astype(np.float64).mean()),
        "largest_group": int(np.bincount(sample.group).max(initial=0)),
    }
