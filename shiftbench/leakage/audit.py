"""`audit`: the leakage of a task, as tables of subsets, scores and rows, and sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shiftbench.comparison.contents import read
from shiftbench.errors import InputError
from shiftbench.leakage.asked import Asked, Sets, Training, planned, ran
from shiftbench.leakage.named import tasks, tasks_of
from shiftbench.leakage.pairs import Pairs, pairs
from shiftbench.leakage.scores import COLUMNS, scored, scores, share
from shiftbench.leakage.subsets import FAR, NEAR, subsets
from shiftbench.leakage.words import clean, overview, small, verdict
from shiftbench.nodes import Context
from shiftbench.options import default_data, default_store
from shiftbench.report.html import fragment
from shiftbench.report.tables import Entry, Table
from shiftbench.spec import Suite, did_you_mean
from shiftbench.whole import whole
from simulators.cache import cache_folder


@dataclass(frozen=True)
class Audit:
    """What training gives away of the test sets of tasks.

    `scores`: a row a task, test set, subset, predictor, output and metric (`scores.COLUMNS`); the share of rows is a
    metric of nobody. `rows`: a row a test sequence that is scored, with its nearest training sequence. `facts` by
    task: JSON values that say what was audited, and of each test set whether it is `clean`, a `verdict` in words and
    how many rows each subset has.
    """

    scores: pd.DataFrame
    rows: pd.DataFrame
    facts: dict[str, Any]

    def said(self, clean: bool = True) -> list[str]:
        """Sentences on each test set, also of `clean` ones if asked for, and on those that could not be made."""
        absent = [
            f"{task} {test}: not made ({reason})"
            for task, facts in self.facts.items()
            for test, reason in facts["absent"].items()
        ]
        sets = [(task, test, told) for task, facts in self.facts.items() for test, told in facts["tests"].items()]
        return absent + [f"{task} {test}: {told['verdict']}" for task, test, told in sets if clean or not told["clean"]]

    def write(self, scores: Path | None, rows: Path | None = None) -> None:
        """Write `scores` and `rows`, where a path is given, as tab-separated tables, whole or not at all."""
        for frame, where in ((self.scores, scores), (self.rows, rows)):
            if where is not None:
                with whole(where) as partial:
                    frame.to_csv(partial, sep="\t", index=False)

    def tables(self, subsets: bool = True) -> Iterator[tuple[str, pd.DataFrame]]:
        """Titles and small tables of texts: all test sets of a task and, if asked for, the `subsets` of each."""
        for task, facts in self.facts.items():
            frame = self.scores[self.scores.task == task]
            if not facts["tests"]:
                continue
            yield f"{task} against {facts['training']:,} training sequences", overview(frame)
            for test in facts["tests"] if subsets else ():
                yield f"{task} {test}", small(frame[frame.test == test])

    def _repr_html_(self) -> str:
        return fragment([_shown(*table) for table in self.tables()], self.said())


def audit(
    task: str | Suite = "",
    *,
    tier: str = "",
    run: Path | str | None = None,
    recipes: Sequence[str] = (),
    tests: Sequence[str] = (),
    far: float = FAR,
    store: Path | None = None,
    data_dir: Path | None = None,
    offline: bool = False,
) -> Audit:
    """Audit of a task, named `suite/task` or `suite.toml/task`, or of all tasks of a suite, by name or as a record.

    Its training and validation sequences at a `tier` (none: its largest) are held against each of its test sets (or
    `tests`); of a finished `run` (whose tasks are all audited if none is named) they are those of the run, with the
    predictions of `recipes` (none: all). Below the identity `far` a test sequence is far from training. Of simulated
    tasks the first world is audited. Raises `InputError` for unknown names and `MissingData` without the files.
    """
    if not 0 < far <= 1:
        raise InputError(f"--far: {far}; expected an identity above 0, at most 1")
    if run is None:
        if recipes:
            raise InputError("--recipe: predictions are those of a finished run; expected --run FOLDER as well")
        context = Context(store or default_store(), cache_folder(), data_dir or default_data(), offline)
        sets = {name: planned(*one, context) for name, one in tasks(task, tier).items()}
    else:
        contents = read(Path(run), store)
        sets = {
            f"{suite}/{name}": ran(contents, suite, name, recipes) for suite, name in tasks_of(contents, task, recipes)
        }
    known = [name for found in sets.values() for name in (*(one.name for one in found.asked), *found.absent)]
    for name in tests:
        if name not in known:
            raise InputError(f"--tests: no test set {name!r}{did_you_mean(name, known)}")
    return _joined([_audited(where, found, tests, far) for where, found in sets.items()])


def _audited(task: str, sets: Sets, tests: Sequence[str], far: float) -> Audit:
    asked = [one for one in sets.asked if not tests or one.name in tests]
    absent = {name: reason for name, reason in sets.absent.items() if not tests or name in tests}
    told, rows, counts = [pd.DataFrame(columns=list(COLUMNS))], [], {}
    found = pairs([one.tests.sample.sequence for one in asked], sets.training.sequence) if asked else []
    for one, pair in zip(asked, found, strict=True):
        parts = subsets(pair, far)
        lines = [share(one, part) for part in parts] + [*scores(one, pair, sets.training, parts)]
        told.append(pd.DataFrame(lines))
        rows.append(_rows(one, pair, sets.training))
        words = {"clean": clean(told[-1]), "verdict": verdict(told[-1], pair.chance, rows[-1])}
        counts[one.name] = {"chance": pair.chance} | words | {"rows": dict(_counts(told[-1]))}
    facts = {"far": far, "near": NEAR, "training": len(sets.training.id), "absent": absent, "tests": counts}
    return Audit(_of(task, told), _of(task, rows), {task: facts})


def _counts(frame: pd.DataFrame) -> Iterator[tuple[str, int]]:
    """Rows of each subset."""
    told = frame[frame.metric == "share"]
    return zip(told.subset, told.rows.tolist(), strict=True)


def _of(task: str, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other, in front the task."""
    known = [frame for frame in frames if len(frame)]
    whole = pd.concat(known, ignore_index=True) if known else pd.DataFrame({"test": []})
    whole.insert(0, "task", task)
    return whole


def _joined(audits: Sequence[Audit]) -> Audit:
    scores, rows = (
        pd.concat(frames, ignore_index=True) for frames in zip(*((a.scores, a.rows) for a in audits), strict=True)
    )
    return Audit(scores, rows, {task: facts for one in audits for task, facts in one.facts.items()})


def _rows(asked: Asked, found: Pairs, training: Training) -> pd.DataFrame:
    """Test sequences that are scored, with what training holds of each."""
    kept = scored(asked)
    row = found.nearest.row
    columns = {
        "test": np.full(len(kept), asked.name),
        "id": asked.tests.sample.id,
        "nearest": np.where(row >= 0, training.id[row], ""),
        "identity": found.nearest.identity,
        "reverse": found.nearest.reverse,
        "sure": found.nearest.sure,
        "identical": found.identical,
        "identical_other_strand": found.turned,
        **{f"shares_{length}": mask for length, mask in found.shared.items()},
    }
    return pd.DataFrame({name: column[kept] for name, column in columns.items()})


def _shown(title: str, frame: pd.DataFrame) -> Table:
    rows = tuple(tuple(Entry(text) for text in row) for row in frame.itertuples(index=False))
    return Table(title, tuple(frame.columns), rows)
