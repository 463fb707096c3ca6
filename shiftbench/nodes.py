"""Making one node: data, fit, prediction or score, from finished nodes to a finished node."""

import os
import platform
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from shiftbench import arrays, fits
from shiftbench.errors import MissingData, ModelError, ShiftbenchError, Skipped
from shiftbench.execute import Outcome
from shiftbench.models.annotation import annotations
from shiftbench.prediction import Prediction
from shiftbench.registry import PROVIDERS
from shiftbench.spec import Data, Fit, Node, Predict, Recipe, Score, Scored, digest
from shiftbench.store import Entry, Store
from shiftbench.tasks.files import Files
from shiftbench.wrappers.evidence import Evidence, Wrapped
from simulators.contract import Sample

Facts = dict[str, Any]

CURVES = "curves.msgpack"
"""File of a Score node: points of its curves."""
ROWS = "rows.msgpack"
"""File of a Score node: its numbers, one record each (MessagePack, since JSON has no NaN)."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where things lie and what computes; none of it changes a result's name."""

    store: Path
    cache: Path
    data_dir: Path | None = None
    offline: bool = False
    device: str = "cpu"
    traces: Path | None = None
    failed: dict[str, str] = field(default_factory=dict)
    """Why public files could not be fetched at the start of the run."""

    def files(self) -> Files:
        """Where real data are looked for."""
        return Files(data_dir=self.data_dir, cache=self.cache, offline=self.offline, failed=self.failed)


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes nodes by name; picklable, so that any process can. `nodes` are all of a plan, the finished ones too."""

    context: Context
    nodes: dict[str, Node]

    def __call__(self, name: str) -> Outcome:
        """Make the node of this digest; whatever goes wrong becomes an outcome of one line."""
        node = self.nodes[name]
        start, cpu = time.perf_counter(), time.process_time()
        cost: dict[str, Any] = {"host": platform.node(), "device": self.context.device, "pid": os.getpid()}

        def fill(folder: Path) -> Facts:
            facts = _fill(self.context, self.nodes, node, folder)
            cost.update(seconds=time.perf_counter() - start, cpu_seconds=time.process_time() - cpu)
            return facts

        try:
            with threadpool_limits(1):  # trained weights and sums depend on the number of threads
                Store(self.context.store).write(node, fill, cost)
        except Skipped as error:
            return Outcome("skipped", str(error), error.command, isinstance(error, MissingData))
        except ModelError as error:
            return Outcome("failed", _of_model(self.context, name, error))
        except ShiftbenchError as error:
            return Outcome("failed", str(error))
        except Exception as error:
            return Outcome("failed", _unexpected(self.context, name, error))
        return Outcome("made")


def _unexpected(context: Context, name: str, error: Exception) -> str:
    line = " ".join(f"{type(error).__name__}: {error}".split())
    path = _traced(context, name, error)
    return f"{line} (details in {path})" if path else line


def _of_model(context: Context, name: str, error: ModelError) -> str:
    """The line of the error, and where the traceback lies of what a model from outside raised."""
    path = _traced(context, name, error) if error.__cause__ else None
    return f"{error} (details in {path.parent})" if path else str(error)


def _traced(context: Context, name: str, error: Exception) -> Path | None:
    if context.traces is None:
        return None
    context.traces.mkdir(parents=True, exist_ok=True)
    path = context.traces / f"{name}.txt"
    path.write_text("".join(traceback.format_exception(error)))
    return path


def _fill(context: Context, nodes: Mapping[str, Node], node: Node, folder: Path) -> Facts:
    store = Store(context.store)
    match node:
        case Data():
            return _data(context, node, folder)
        case Fit():
            training = store.entry(node.training)
            data = {role: arrays.load_sample(training.file(f"{role}.npz")) for role in ("train", "validation")}
            checkpoint = store.unfinished(digest(node))
            return fits.make(node, data, training.facts, folder, context.device, checkpoint)
        case Predict():
            fit = nodes[node.fit]
            assert isinstance(fit, Fit)
            return _predict(context, store, node, fit.recipe, folder)
        case Score():
            return _score(store, node, folder)


def _data(context: Context, node: Data, folder: Path) -> Facts:
    built = PROVIDERS.get(node.provider)().build(node, context.files())
    for role, sample in built.samples.items():
        arrays.check_sample(sample, f"{node.provider}, {role}")
        arrays.save_sample(folder / f"{role}.npz", sample)
    rows = {role: len(sample.id) for role, sample in built.samples.items()}
    return {**built.facts, "rows": rows}


def read_sample(entry: Entry) -> Sample:
    """Rows of a finished test or calibration set."""
    role = "test" if "test.npz" in entry.files else "calibration"
    return arrays.load_sample(entry.file(f"{role}.npz"))


def _predict(context: Context, store: Store, node: Predict, recipe: Recipe, folder: Path) -> Facts:
    from shiftbench.predict import pool

    fit, test = store.entry(node.fit), store.entry(node.test)
    sample = read_sample(test)
    facts = test.facts | {"annotations": annotations(sample), "digest": node.test, "ids": sample.id}
    members = fits.load(fit, recipe, context.device)(sample.sequence, facts, node.view)
    pooled = pool(members)
    arrays.save_prediction(folder / "prediction.npz", pooled)
    for number, member in enumerate(members if len(members) > 1 else []):
        arrays.save_prediction(folder / f"member{number}.npz", member)
    return {"outputs": fit.facts["outputs"], "members": len(members)}


def _read(store: Store, name: str, outputs: tuple[str, ...]) -> Prediction:
    """Prediction with its columns in the order of `outputs`, found by name."""
    return _read_file(store.entry(name), "prediction.npz", outputs)


def _read_members(store: Store, name: str, outputs: tuple[str, ...]) -> tuple[Prediction, ...]:
    """Members of the view of a prediction, likewise."""
    entry = store.entry(name)
    return tuple(_read_file(entry, f"member{number}.npz", outputs) for number in range(entry.facts["members"]))


def _read_file(entry: Entry, file: str, outputs: tuple[str, ...]) -> Prediction:
    stored = arrays.load_prediction(entry.file(file))
    return stored.columns([entry.facts["outputs"].index(output) for output in outputs])


@lru_cache(maxsize=4)
def _scorer(root: Path, test: str, references: tuple[tuple[str, str], ...], metrics: tuple[str, ...], scored: Scored,
            resamples: int, labelled: int) -> Any:  # fmt: skip
    from shiftbench.score import Scorer

    store = Store(root)
    entry = store.entry(test)
    sample = read_sample(entry)
    named = {role: _read(store, name, sample.outputs) for role, name in references}
    return Scorer(
        sample,
        named,
        metrics=metrics,
        scored=scored,
        labelled=labelled,
        ceilings=entry.facts.get("ceiling", {}),
        resamples=resamples,
        draws=test,
    )


def _score(store: Store, node: Score, folder: Path) -> Facts:
    references = tuple(sorted(node.references.items()))
    scorer = _scorer(store.root, node.test, references, node.metrics, node.scored, node.resamples, node.labelled)
    wrapped = wrap(store, node, scorer.test)
    rows = scorer.rows(wrapped)
    (folder / ROWS).write_bytes(msgspec.msgpack.encode(rows))
    (folder / CURVES).write_bytes(msgspec.msgpack.encode(scorer.curves(wrapped)))
    return {"rows": len(rows)}


def wrap(store: Store, node: Score, test: Sample) -> Wrapped:
    """What a Score node scores: that which its wrapper makes of stored predictions of `test`."""
    from shiftbench.wrappers import WRAPPERS

    wrapper = WRAPPERS[node.wrapper]
    return wrapper.apply(_evidence(store, node, test, wrapper.members))


def _evidence(store: Store, node: Score, test: Sample, members: bool) -> Evidence:
    """What the wrapper may look at; of the test set itself no more labels than the budget says."""
    outputs = test.outputs

    def read(names: tuple[str, ...]) -> tuple[Prediction, ...]:
        if members:
            return tuple(one for name in names for one in _read_members(store, name, outputs))
        return tuple(_read(store, name, outputs) for name in names)

    calibration = read(node.calibration)
    if node.budget:
        rows = np.arange(node.budget)
        calibration = tuple(one.rows(rows) for one in calibration)
        letters, observed = test.sequence[rows], test.observed[rows]
    elif node.calibration:
        known = read_sample(store.entry(node.calibration_set))
        letters, observed = known.sequence, known.observed[:, [known.outputs.index(output) for output in outputs]]
    else:
        letters, observed = test.sequence[:0], np.zeros((0, len(outputs)), np.float32)
    return Evidence(
        test=read(node.predictions),
        calibration=calibration,
        observed=observed,
        sequence=test.sequence,
        calibration_sequence=letters,
    )
