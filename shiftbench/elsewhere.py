"""A model that cannot run here: the sequences of a task as a file, and the scores of what it says of them."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

import numpy as np

from shiftbench import arrays, results, run
from shiftbench.catalog import FILES, find_task, load_suite
from shiftbench.errors import InputError
from shiftbench.execute import Outcome
from shiftbench.options import Options
from shiftbench.outside.calls import letters
from shiftbench.outside.file import ID, SD, TEST, label
from shiftbench.spec import Data, Fit, Suite
from shiftbench.store import Store
from shiftbench.whole import whole

if TYPE_CHECKING:
    import pandas as pd

    from simulators.contract import Sample

ENDINGS = (".tsv", ".csv", ".parquet")
"""Kinds of table that are written."""
Json = dict[str, Any]
Put = Callable[["pd.DataFrame"], None]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was written: rows, sets, the outputs to predict, and the sets that could not be made, by label."""

    rows: int
    sets: int
    outputs: tuple[str, ...]
    absent: dict[str, Outcome]


def named(task: str) -> tuple[str, Suite, str]:
    """Name or path of the suite, the suite and the task of `suite/task`; `InputError` for an unknown one."""
    where, _, name = task.rpartition("/")
    if not where:
        raise InputError(f"--task: {task!r}; expected SUITE/TASK, as `shiftbench list tasks` shows them")
    suite = load_suite(where)
    find_task(f"{suite.name}/{name}", suite)
    return where, suite, name


def inputs(options: Options, suite: Suite, output: Path, *, calibration: bool = False) -> Inputs:
    """Write the columns test, id and sequence of every row of the test sets that `options` select, references too.

    With `calibration`, also of the rows of the source law from which error bars are made: validation rows, and those
    that calibrating wrappers read. No measured value is written. `InputError` for a name that does not end in one of
    `ENDINGS`.
    """
    check_output(output)
    options, planned = run.ready(replace(options, output=output.resolve().parent), [suite])
    roles = ("test", "training", "calibration") if calibration else ("test",)
    nodes = {name: node for name, node in planned.nodes.items() if isinstance(node, Data) and node.role in roles}
    outcomes = run.make(options, planned, nodes, time())
    rows, outputs, store = 0, dict[str, None](), Store(options.context.store)
    there = [name for name in nodes if outcomes[name].state in ("made", "reused")]
    if not there:
        first = next(iter(outcomes.values()))
        raise InputError(f"no test set can be made: {first.reason}" + f" -> {first.command}" * bool(first.command))
    with _table(output) as put:
        for name in there:
            sample = _sample(store, name, nodes[name].role)
            put(_rows(label(planned.labels[name], name), sample))
            rows += len(sample.id)
            outputs |= dict.fromkeys(sample.outputs)
    absent = {planned.labels[name]: outcomes[name] for name in nodes if name not in there}
    return Inputs(rows, len(there), tuple(outputs), absent)


def _sample(store: Store, name: str, role: str) -> "Sample":
    return arrays.load_sample(store.entry(name).file(f"{'validation' if role == 'training' else role}.npz"))


def _rows(where: str, sample: "Sample") -> "pd.DataFrame":
    """Rows of a set, each id once; `InputError` if one id has two sequences."""
    import pandas as pd

    frame = pd.DataFrame({TEST: where, ID: sample.id.astype(str), "sequence": letters(sample.sequence)})
    frame = frame.drop_duplicates(ignore_index=True)
    if (twice := frame[ID].duplicated()).any():
        raise InputError(f"{where}: id {frame[ID][int(np.argmax(twice))]!r} has two sequences; expected one")
    return frame


def score(options: Options, suite: Suite, files: Collection[str]) -> run.Ran:
    """The run of a task with files of predictions as its recipes, beside all of its controls and oracles.

    Everything is as in any other run: plan, store, scorer, tables and report. `InputError` for files that are none.
    """
    for file in files:
        if not file.lower().endswith(FILES):
            raise InputError(f"--predictions: {file!r}; expected a file that ends in {', '.join(FILES)}")
    selection = replace(options.selection, recipes=tuple(files))
    return run.run(replace(options, selection=selection), [suite])


def write_scores(ran: run.Ran, path: Path) -> "pd.DataFrame":
    """Write the numbers of a run as a table, columns as in results.parquet, and return them."""
    frame = results.read(ran.output / "results.parquet")
    with _table(path) as put:
        put(frame)
    return frame


def unscored(ran: run.Ran, scores: "pd.DataFrame") -> list[str]:
    """Names of the files of predictions of which the scores of a run hold no number."""
    fits = [node.recipe for node in ran.plan.nodes.values() if isinstance(node, Fit)]
    asked = dict.fromkeys(recipe.name for recipe in fits if recipe.kind == "predictions")
    return [name for name in asked if not ((scores.recipe == name) & (scores.status == "ok")).any()]


def check_output(path: Path) -> None:
    """Refuse a table that cannot be written, before anything is computed for it."""
    if path.suffix not in ENDINGS:
        raise InputError(f"--output: {path}; expected a name that ends in {', '.join(ENDINGS)}")
    run.writable(path.resolve().parent)


@contextmanager
def _table(path: Path) -> Iterator[Put]:
    """What writes one frame after another into a table at `path`, which appears whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    with whole(path) as partial:
        if path.suffix == ".parquet":
            writers: list[Any] = []

            def put(frame: "pd.DataFrame") -> None:
                rows = pa.Table.from_pandas(frame, preserve_index=False)
                writers.extend([] if writers else [parquet.ParquetWriter(partial, rows.schema)])
                writers[0].write_table(rows)

            try:
                yield put
            finally:
                for writer in writers:
                    writer.close()
        else:
            separator = "," if path.suffix == ".csv" else "\t"
            with partial.open("w", newline="") as stream:
                yield lambda frame: frame.to_csv(stream, sep=separator, index=False, header=not stream.tell())


def columns(outputs: Collection[str]) -> str:
    """The columns that a file of predictions has, in words."""
    return ", ".join([TEST, ID, *outputs]) + f"; for error bars of its own also {', '.join(o + SD for o in outputs)}"
