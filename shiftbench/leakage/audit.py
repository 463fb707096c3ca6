"""`audit`: the leakage of a task, as tables of subsets, scores and rows, and sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shiftbench.catalog import find_task, load_suite
from shiftbench.errors import InputError
from shiftbench.leakage.asked import Asked, Training, largest, planned, ran
from shiftbench.leakage.pairs import Pairs, pairs
from shiftbench.leakage.scores import COLUMNS, scored, scores, share
from shiftbench.leakage.subsets import FAR, NEAR, subsets
from shiftbench.leakage.words import overview, small, verdict
from shiftbench.nodes import Context
from shiftbench.options import default_data, default_store
from shiftbench.report.html import fragment
from shiftbench.report.tables import Entry, Table
from shiftbench.spec import Suite, Task, did_you_mean
from shiftbench.whole import whole
from simulators.cache import cache_folder


@dataclass(frozen=True)
class Audit:
    """What training gives away of the test sets of a task.

    `scores`: a row a test set, subset, predictor, output and metric (`scores.COLUMNS`); share of rows is a metric of
    nobody. `rows`: a row a test sequence that is scored, with its nearest training sequence. `said`: a sentence or two
    a test set. `facts`: JSON values that say what was audited.
    """

    scores: pd.DataFrame
    rows: pd.DataFrame
    said: tuple[str, ...]
    facts: dict[str, Any]

    def write(self, scores: Path | None, rows: Path | None = None) -> None:
        """Write `scores` and `rows`, where a path is given, as tab-separated tables, whole or not at all."""
        for frame, where in ((self.scores, scores), (self.rows, rows)):
            if where is not None:
                with whole(where) as partial:
                    frame.to_csv(partial, sep="\t", index=False)

    def _repr_html_(self) -> str:
        return fragment([_shown(*table) for table in self.tables()], self.said)

    def tables(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Titles and small tables of texts: all test sets, and the subsets of each with what is scored there."""
        yield f"{self.facts['task']} against {self.facts['training']:,} training sequences", overview(self.scores)
        for test, frame in self.scores.groupby("test", sort=False):
            yield str(test), small(frame)


def audit(
    task: str | tuple[Suite, Task],
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
    """Audit of a task, named `suite/task` or `suite.toml/task`, or given as records.

    Its training and validation sequences at a `tier` (none: its largest) are held against each of its test sets (or
    `tests`); of a finished `run` they are those of the run, with the predictions of `recipes` (none: all). Below
    the identity `far` a test sequence is far from training. Of simulated tasks the first world is audited. `InputError` for
    unknown names, `MissingData` without the files.
    """
    if not 0 < far <= 1:
        raise InputError(f"--far: {far}; expected an identity above 0, at most 1")
    if recipes and run is None:
        raise InputError("--recipe: predictions are those of a finished run; expected --run FOLDER as well")
    suite, chosen = _find(task) if isinstance(task, str) else task
    if run is not None:
        training, asked = ran(Path(run), suite.name, chosen.name, recipes, store)
    else:
        tier = tier or largest(suite, find_task(chosen.trained_on, suite) if chosen.trained_on else chosen)
        context = Context(store or default_store(), cache_folder(), data_dir or default_data(), offline)
        training, asked = planned(suite, chosen, tier, context)
    for name in tests:
        if name not in (known := [one.name for one in asked]):
            raise InputError(f"--tests: no test set {name!r}{did_you_mean(name, known)}")
    asked = [one for one in asked if not tests or one.name in tests]
    facts = {"task": f"{suite.name}/{chosen.name}", "tier": tier, "run": str(run or ""), "far": far, "near": NEAR}
    return _audited(training, asked, facts)


def _find(where: str) -> tuple[Suite, Task]:
    suite_name, slash, name = where.rpartition("/")
    if not slash or where.endswith(".toml"):
        known = [task.name for task in load_suite(where).task]
        raise InputError(f"audit {where}: no task named; expected {', '.join(f'{where}/{task}' for task in known)}")
    suite = load_suite(suite_name)
    return suite, find_task(f"{suite.name}/{name}", suite)


def _audited(training: Training, asked: Sequence[Asked], facts: dict[str, Any]) -> Audit:
    found = pairs([one.tests.sample.sequence for one in asked], training.sequence)
    told, rows, said, sets = [], [], [], {}
    for one, pair in zip(asked, found, strict=True):
        parts = subsets(pair, facts["far"])
        lines = [share(one, part) for part in parts] + [*scores(one, pair, training, parts)]
        told += lines
        rows.append(_rows(one, pair, training))
        frame = pd.DataFrame(lines, columns=list(COLUMNS))
        said.append(verdict(frame, one.name, pair.chance, rows[-1]))
        sets[one.name] = {"rows": len(rows[-1]), "chance": pair.chance} | _counts(frame)
    facts |= {"training": len(training.id), "tests": sets, "verdict": said}
    return Audit(pd.DataFrame(told, columns=list(COLUMNS)), pd.concat(rows, ignore_index=True), tuple(said), facts)


def _counts(frame: pd.DataFrame) -> dict[str, int]:
    told = frame[frame.metric == "share"]
    return dict(zip(told.subset, told.rows.tolist(), strict=True))


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
