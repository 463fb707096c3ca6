"""The tasks that a user's own variants give: predicted by the fits of another task, in windows as it trains on."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.own.content import identified
from shiftbench.own.table import load as load_table
from shiftbench.own.variants_load import KINDS, Loaded, load
from shiftbench.spec import Suite, Task, Variants, did_you_mean
from shiftbench.tasks.lentimpra import CELLS, LEFT, RIGHT

log = logging.getLogger("shiftbench.data")

QUESTION = "Does a model that was trained on sequences with measured activity rank the effects of these variants?"
DEFAULT = "lentimpra/lentimpra"
"""Task whose fits predict where nothing else is said and no table is given."""
WORLDLY = ("oracle", "source_oracle", "motif_prior")
"""Recipes that need a simulated world."""
ANNOTATED = ("position_mean", "centre_distance")
METRICS = ("pearson", "spearman", "confidence_gap", "confidence_gap_excess", "sign_agreement", "top_share")
AT_SMOKE = 8
"""Elements at smoke, those with the most variants."""
SHARED = 5
"""Letters that all training sequences share at one end before they are taken for an adapter."""

Find = Callable[[str, Suite], Task]
"""Task by suite/name, looked for in the given suite first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Sequences as a task trains on them: `window` letters of their own between `left` and `right`; its outputs."""

    outputs: tuple[str, ...]
    window: int
    left: str
    right: str


def with_variants(suite: Suite, folder: Path, find: Find) -> Suite:
    """The suite with all tasks that its variants give, where a task says no more than its variants.

    `folder` is where the suite lies: paths are relative to it. Raises `InputError` for what is wrong in the files, so
    that it is told before anything is made.
    """
    found: list[Task] = []
    for task in suite.task:
        if task.variants is None or task.metrics:
            found.append(task)
            continue
        names = {"file": task.variants.file, "fasta": task.variants.fasta}
        paths = {key: str(folder / name) if name else "" for key, name in names.items()}
        trained_on = task.trained_on or _teacher(suite, task.variants)
        teacher = find(trained_on, suite)
        variants = seen_as(msgspec.structs.replace(task.variants, **paths), teacher, trained_on)
        found += _tasks(msgspec.structs.replace(task, trained_on=trained_on, variants=variants), teacher)
    return msgspec.structs.replace(suite, task=tuple(found))


def _teacher(suite: Suite, asked: Variants) -> str:
    """The task on the user's own table, the one that has the output asked for; without a table the default."""
    own = [task for task in suite.task if task.table and (not asked.output or asked.output in task.table.targets)]
    known = list(dict.fromkeys(name for task in own if task.table for name in task.table.targets))
    if own and not asked.output and own[0].table and len(known) > len(own[0].table.targets):
        told = ", ".join(known)
        raise InputError(f"{asked.file}: {suite.name}: no output named; expected --predicted-by with one of {told}")
    return f"{suite.name}/{own[0].name}" if own else DEFAULT


def seen_as(asked: Variants, teacher: Task, where: str) -> Variants:
    """The record with its digest, output, window and adapters, those that it leaves open from the task that trains.

    `InputError` for an output that the task does not have or that it leaves to be chosen, and for windows of another
    length than it trains on.
    """
    seen = _seen(teacher)
    if seen is None:
        if not asked.window or not asked.output:
            raise InputError(
                f"{asked.file}: what {where} trains on is not told; expected --window (letters between its adapters, "
                "--left and --right, if any) and --predicted-by (one of its outputs)"
            )
        return _identified(asked)
    output = asked.output or (seen.outputs[0] if len(seen.outputs) == 1 else "")
    if output not in seen.outputs:
        found = f"no output {output!r}{did_you_mean(output, seen.outputs)}" if output else "no output named"
        expected = "" if output else f"; expected --predicted-by with one of {', '.join(seen.outputs)}"
        raise InputError(f"{asked.file}: {where}: {found}{expected}")
    given = Seen(seen.outputs, asked.window, asked.left, asked.right) if asked.window else seen
    lengths = [each.window + len(each.left) + len(each.right) for each in (given, seen)]
    if lengths[0] != lengths[1]:
        raise InputError(
            f"{asked.file}: --window {given.window} with adapters of {len(given.left)} and {len(given.right)} letters "
            f"is {lengths[0]}; expected {lengths[1]}, as {where} trains on"
        )
    if (asked.left or asked.right) and not asked.window:
        raise InputError(f"{asked.file}: --left or --right without --window; expected all of them, or none")
    return _identified(
        msgspec.structs.replace(asked, output=output, window=given.window, left=given.left, right=given.right)
    )


def _identified(asked: Variants) -> Variants:
    found = identified(asked)
    assert found is not None  # it is given
    return found


def _seen(teacher: Task) -> Seen | None:
    """What a task trains on; None if it is neither a user's table nor of the joint library."""
    if teacher.table is not None:
        rows = load_table(teacher.table)
        left, right = (_shared(rows.sequence[:, ::step]) for step in (1, -1))
        width = rows.sequence.shape[1]
        if len(left) + len(right) >= width:
            left = right = ""
        return Seen(rows.targets, width - len(left) - len(right), left, right[::-1])
    return Seen(CELLS, 230 - len(LEFT) - len(RIGHT), LEFT, RIGHT) if teacher.data == "lentimpra" else None


def _shared(sequence: NDArray[np.uint8]) -> str:
    """Known letters that all sequences begin with, if they are enough for an adapter."""
    same = (sequence == sequence[0]).all(axis=0) & (sequence[0] < 4)
    length = int(np.argmin(same)) if not same.all() else len(same)
    return "".join("ACGT"[code] for code in sequence[0, :length]) if length >= SHARED else ""


def _tasks(task: Task, teacher: Task) -> Iterator[Task]:
    """A task for each kind of variants that the file holds, and the substitutions at several offsets."""
    assert task.variants is not None
    loaded = load(task.variants)
    _tell(task.variants, loaded)
    networks = [name for name in teacher.recipes if name not in WORLDLY]
    recipes = task.recipes or (*networks, *ANNOTATED, *(["repeat"] if task.variants.repeat else []))
    base = msgspec.structs.replace(
        task,
        data="variants",
        scored="difference",
        recipes=tuple(dict.fromkeys(recipes)),
        wrappers=task.wrappers or tuple(name for name in ("none", "ensemble") if name in teacher.wrappers) or ("none",),
        metrics=METRICS,
    )
    known = {kind: _largest(loaded, kind) for kind in KINDS}
    first = next(kind for kind, subsets in known.items() if subsets)
    for kind, subsets in known.items():
        if subsets:
            named = task.name if kind == first else f"{task.name}_{kind}"
            yield _asked(base, named, kind, subsets, ("plain", "reverse", "strands"))
    yield _asked(base, f"{task.name}_offsets", f"{first}/offsets", known[first], ("strands",))


def _largest(loaded: Loaded, kind: str) -> list[str]:
    """Test sets of a kind, those with the most variants first."""
    size = {name: sum(len(rows) for _, rows in parts) for name, parts in loaded.sets(kind).items()}
    return sorted(size, key=lambda name: -size[name])


def _asked(base: Task, name: str, split: str, subsets: Sequence[str], views: tuple[str, ...]) -> Task:
    """The task with its test sets; offsets only at the larger tiers, as they ask the same in five times the windows."""
    return msgspec.structs.replace(
        base,
        name=name,
        split=split,
        subsets=tuple(subsets),
        fewer={"smoke": tuple(subsets[:AT_SMOKE])} if len(subsets) > AT_SMOKE else {},
        views=views,
        at=base.at or (("bench", "core", "full") if split.endswith("/offsets") else ()),
    )


def _tell(asked: Variants, loaded: Loaded) -> None:
    """What is to be known of the file, in the log."""
    rows = loaded.placed.rows
    file = Path(asked.file).name
    if rows.left_out:
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in rows.left_out.items())
        log.info("%s: %s variants are used; left out: %s", file, f"{len(rows.kept):,}", reasons)
    for note in loaded.placed.notes:
        log.info("%s: %s", file, note)
    log.info(
        "%s: predicted by %s, in windows of %d letters between %r and %r",
        file, asked.output, asked.window, asked.left, asked.right,
    )  # fmt: skip
