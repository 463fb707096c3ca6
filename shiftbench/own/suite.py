"""A suite of a user's own files: which tasks a table gives, with sizes, recipes and metrics that fit it."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from shiftbench.own.content import identified
from shiftbench.own.provider import prepared
from shiftbench.own.shifts import WITHOUT, inventory
from shiftbench.own.table import Rows, load
from shiftbench.spec import Suite, Table, Task, Tier

log = logging.getLogger("shiftbench.data")

QUESTION = (
    "How well does a model trained on these sequences predict others of them: those alike, and those under each shift "
    "that the table can give?"
)
RECIPES = ("training_mean", "gc_ridge", "kmer_ridge", "cnn", "bilstm", "transformer")
WRAPPERS = ("none", "ensemble", "variance_scaling", "conformal_normalised")
METRICS = (
    "rmse", "relative_rmse", "mae", "r2", "pearson", "spearman", "nll", "crps", "interval_score", "variance_ratio",
    "calibration_error", "coverage", "width", "worst_coverage_gc", "width_at_coverage",
    "risk_at_80", "risk_at_50", "risk_at_20", "risk_reduction", "e_aurc",
)  # fmt: skip
OF_NOISE = ("worst_coverage_noise", "residual_noise_correlation", "noise_gap")
"""Metrics for tables that tell the measurement error."""

PRIMARY = "rmse against the observed value"
PRIMARY_OF_VARIANTS = "spearman against the measured effect"
"""Metrics named in advance for own tables, and for own variants that another task predicts."""
BASES = {"smoke": 1_600_000, "bench": 4_000_000}
"""Letters of the training set that are read at most: 8,000 sequences of 200, 16,000 of 250."""
PASSES = {"smoke": (64_000, 8, 30), "bench": (256_000, 16, 40), "core": (512_000, 20, 60)}
"""Rows that a fit sees in all its epochs, and the fewest and most epochs: a small table needs more of them."""
TOGETHER = 0.80
"""Share of the rows with any value that must have all of them: with fewer, each target is a task of its own."""
AT_SMOKE = 2
"""Groups held out at smoke, the largest."""


def own_suite(file: str, tasks: tuple[Task, ...]) -> Suite:
    """Suite of tasks on a user's own files, by the name of the file."""
    name = Path(file).name
    primary = PRIMARY if any(task.table for task in tasks) else PRIMARY_OF_VARIANTS
    made = Suite(name=plain(file), version=1, title=name, question=QUESTION, source=name, primary=primary, task=tasks)
    return completed(made)


def completed(suite: Suite, folder: Path | None = None) -> Suite:
    """The suite with all tasks that its tables give, where a task says no more than its table.

    `folder` is where the suite lies: paths of tables are relative to it. Raises `InputError` for what is wrong in a
    table, so that it is told before anything is made.
    """
    found: list[Task] = []
    for task in suite.task:
        if task.table is None:
            found.append(task)
            continue
        names = {"file": task.table.file, "fasta": task.table.fasta}
        paths = {key: str((folder or Path()) / name) if name else "" for key, name in names.items()}
        known = msgspec.structs.replace(task, table=identified(msgspec.structs.replace(task.table, **paths)))
        found += [known] if task.metrics else tasks(known)
    return msgspec.structs.replace(suite, task=tuple(found))


def plain(file: str) -> str:
    """Name of a file without folder and endings, as `simple`."""
    return simple(Path(file).name.split(".")[0]) or "own"


def simple(text: str) -> str:
    """Text with letters, digits, underscores and dashes alone."""
    return re.sub(r"[^\w-]+", "_", text)


def tasks(task: Task) -> Iterator[Task]:
    """The tasks of the table of `task`, and what is to be known of it in the log; what `task` says itself stays."""
    assert task.table is not None
    rows = load(task.table)
    for line in _told(rows):
        log.info("%s: %s", rows.file, line)
    apart = rows.left_out.get("without one of the values", 0)
    if apart <= (1 - TOGETHER) * (apart + len(rows.id)):
        yield from _of(task, task.table)
        return
    log.info("%s: few rows have a value of every target, so each target is a task of its own", rows.file)
    for at, target in enumerate(task.table.targets):
        named = msgspec.structs.replace(task, name=f"{task.name}_{simple(target)}")
        yield from _of(named, _alone(task.table, at))


def _told(rows: Rows) -> list[str]:
    left_out = "; ".join(f"{count:,} {reason}" for reason, count in rows.left_out.items())
    return [f"{len(rows.id):,} of {rows.read:,} rows are used; {left_out}"] * bool(left_out) + list(rows.notes)


def _alone(table: Table, at: int) -> Table:
    """The table with one of its targets."""
    target = table.targets[at]
    noise = table.noise if len(table.noise) < 2 else (table.noise[at],)
    replicates = {name: columns for name, columns in table.replicates.items() if name == target}
    return msgspec.structs.replace(table, targets=(target,), noise=noise, replicates=replicates)


def _of(task: Task, table: Table) -> Iterator[Task]:
    """The i.i.d. task with the strata of its test rows, then one task for each shift that is trained on otherwise."""
    rows, kin = prepared(table)
    shifts = inventory(rows, kin)
    noise = OF_NOISE * any(shift.name == "noise" and shift.subsets for shift in shifts)
    strata = [name for shift in shifts if not shift.split for name in shift.subsets]
    base = msgspec.structs.replace(
        task,
        data="table",
        table=table,
        recipes=task.recipes or RECIPES,
        wrappers=task.wrappers or WRAPPERS,
        metrics=(*METRICS, *noise),
    )
    yield _sized(base, rows, ("", *strata), "", 2)
    trained = [shift for shift in shifts if shift.split and shift.subsets]
    names = [f"{task.name}_{simple(shift.split)}" for shift in trained]
    late = [shift for shift in trained if shift.split.startswith(WITHOUT)][AT_SMOKE:]
    for at, (name, shift) in enumerate(zip(names, trained, strict=True)):
        named = msgspec.structs.replace(base, name=name + f"_{at}" * (names.count(name) > 1))
        yield _sized(named, rows, shift.subsets, shift.split, 1, ("bench", "core", "full") if shift in late else ())


def _sized(task: Task, rows: Rows, subsets: tuple[str, ...], split: str, seeds: int, at: tuple[str, ...] = ()) -> Task:
    """The task with its tiers: all rows, fewer at small tiers where they are many or long."""
    count, letters = rows.sequence.shape
    most = {tier: bases // letters if count * letters > bases else 0 for tier, bases in BASES.items()}
    epochs = {
        tier: min(high, max(low, seen // (most.get(tier, 0) or count))) for tier, (seen, low, high) in PASSES.items()
    }
    asked = tuple(recipe for recipe in task.recipes if recipe in ("cnn", *RECIPES[:3]))
    sizes = {
        "smoke": Tier(
            rows=most["smoke"], validation=1000, calibration=1000, test=most["smoke"] // 4, seeds=seeds,
            epochs=epochs["smoke"], width=0.25, resamples=200, recipes=asked if "cnn" in asked else (),
        ),
        "bench": Tier(
            rows=most["bench"], validation=2000, calibration=2000, test=most["bench"] // 4, seeds=3,
            epochs=epochs["bench"], width=0.25, resamples=300,
        ),
        "core": Tier(
            rows=0, validation=3000, calibration=3000, test=0, seeds=5, epochs=epochs["core"], batch=64, width=0.5
        ),
        "full": Tier(rows=0, validation=3000, calibration=3000, test=0, seeds=10, epochs=epochs["core"], batch=64),
    }  # fmt: skip
    return msgspec.structs.replace(task, subsets=subsets, split=split, tiers=task.tiers or sizes, at=task.at or at)
