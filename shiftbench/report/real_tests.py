"""Numbers of the test sets of real data, each by itself: never two pooled because one output predicts both."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report.frame import NOT_SCORED, Number, Scores
from shiftbench.report.tables import Entry, Notes, Table, decimal, entry, tsv

Facts = Mapping[str, Mapping[str, Any]]
"""What the providers say of each data set, by label."""
KEY = ("task", "group", "stratum", "output", "recipe", "wrapper")
LETTERS = ("motif_prior", "pwm_ridge", "kmer_ridge", "gc_ridge", read.FLOOR)
"""Controls that read letters, as a model does."""
PLAIN = {
    "repeat": "repeat experiment",
    "position_mean": "mean effect at the position",
    "conservation": "conservation",
    "centre_distance": "distance to the centre",
}
"""Annotation controls in plain words."""


@dataclass(frozen=True, slots=True)
class Test:
    """A test set, or the rows of it in a stratum, as one output predicts it ("mean": over all outputs)."""

    task: str
    group: str
    output: str
    stratum: str = ""

    def within(self, stratum: str) -> "Test":
        """The rows of this test set that are in a stratum."""
        return replace(self, stratum=stratum)

    def number(self, scores: Scores, recipe: str, wrapper: str = "none") -> Number:
        """Number of a recipe on this test set."""
        return scores.get((self.task, self.group, self.stratum, self.output, recipe, wrapper), NOT_SCORED)


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows in the view that is shown, task by task."""
    views = {task: read.primary_view(rows) for task, rows in frame.groupby("task", sort=False)}
    return frame[frame["view"] == frame["task"].map(views)]


def tests(frame: pd.DataFrame) -> list[Test]:
    """Test sets in the order of the frame: as the mean over outputs predicts them, else as their only one does."""
    known = frame.loc[frame["output"] != "", ["task", "group", "output"]].drop_duplicates()
    found = []
    for (task, group), rows in known.groupby(["task", "group"], sort=False):
        outputs = rows["output"].tolist()
        found += [Test(str(task), str(group), output) for output in (["mean"] if "mean" in outputs else outputs)]
    return found


def scores(frame: pd.DataFrame, metric: str, strata: Iterable[str] = ("",), column: str = "value") -> Scores:
    """Numbers of one metric (keys: `KEY`) on whole test sets, or on the parts named by `strata`."""
    found: Scores = {}
    for stratum in strata:
        found |= read.numbers(read.select(frame, metric, stratum=stratum), KEY, column)
    return found


def ceilings(frame: pd.DataFrame, metric: str, strata: Iterable[str] = ("",)) -> Scores:
    """What the data allow at most (keys: task, group, stratum, output), where it is known."""
    found: Scores = {}
    for stratum in strata:
        rows = read.select(frame, metric, stratum=stratum)
        for column in ("ceiling", "ceiling_target"):
            known = read.numbers(rows[rows[column].notna()], KEY[:4], column)
            found |= {key: number for key, number in known.items() if number.defined}
    return found


def top(tops: Scores, test: Test) -> Number:
    """Ceiling of a test set."""
    return tops.get((test.task, test.group, test.stratum, test.output), NOT_SCORED)


def parts(tops: Scores, test: Test) -> dict[str, float]:
    """Ceilings of the outputs of a test set one by one, of those that are known."""
    return {key[3]: number.value for key, number in tops.items() if key[:3] == (test.task, test.group, test.stratum)}


def told(facts: Facts, suite: str, test: Test) -> Mapping[str, Any]:
    """What the provider says of a test set; nothing where the data could not be read."""
    return facts.get(f"{suite}/{test.task}/world0/{test.group or 'iid'}/test", {})


def notes(facts: Facts, suite: str, tasks: Sequence[str]) -> list[str]:
    """Sentences of the providers, each once, however many test sets repeat it."""
    lines: dict[str, None] = {}
    for label, known in facts.items():
        if label.startswith(tuple(f"{suite}/{task}/" for task in tasks)) and isinstance(known, Mapping):
            lines |= dict.fromkeys(map(str, known.get("notes", ())))
    return list(lines)


def letters(frame: pd.DataFrame) -> list[str]:
    """Controls that read letters, of those that were scored."""
    present = set(frame["recipe"].unique())
    return [name for name in LETTERS if name in present]


def leader(found: Scores, where: Sequence[Test], names: Sequence[str]) -> str:
    """Recipe of `names` with the highest mean over those tests that all of them answer; empty if none does."""
    numbers = {name: [test.number(found, name) for test in where] for name in names}
    scored = {name: line for name, line in numbers.items() if any(number.defined for number in line)}
    common = [at for at in range(len(where)) if all(line[at].defined for line in scored.values())]
    if not common:
        return ""
    return max(scored, key=lambda name: (sum(scored[name][at].value for at in common), name), default="")


def _test(key: read.Key) -> Test:
    task, group, stratum, output = key[:4]
    return Test(task, group, output, stratum)


def brief(number: Number, marks: Notes, *, share: bool = False) -> Entry:
    """Value with its interval to two decimals (shares: per cent to one), or a blank with the mark of its reason."""
    if share or not number.defined:
        return entry(number, marks, share=share)
    ends = (number.low, number.high)
    small = "" if any(math.isnan(end) for end in ends) else f"{decimal(ends[0], 2)} to {decimal(ends[1], 2)}"
    return Entry(decimal(number.value, 2), small)


@dataclass(frozen=True, slots=True)
class Line:
    """Row of a grid: what it is a part of (with small print), its name, its test, and fields before the numbers."""

    part: str
    name: str
    test: Test
    small: str = ""
    fields: tuple[Entry, ...] = ()


def grid(
    title: str, heads: Sequence[str], lines: Sequence[Line], columns: Sequence[tuple[str, str]], found: Scores,
    *, share: bool = False,
) -> Table:  # fmt: skip
    """One metric: a row a test set, a column a recipe and wrapper of `columns`; `heads` name the columns before."""
    marks, body = Notes(), []
    used = [pair for pair in columns if any(line.test.number(found, *pair).defined for line in lines)]
    for line in lines:
        numbers = [line.test.number(found, *pair) for pair in used]
        if any(number.defined for number in numbers):
            shown_numbers = [brief(number, marks, share=share) for number in numbers]
            body.append((Entry(line.part, line.small), Entry(line.name), *line.fields, *shown_numbers))
    names = [PLAIN.get(recipe, recipe) if wrapper == "none" else wrapper for recipe, wrapper in used]
    asked = {line.test for line in lines}
    kept = {key: number for key, number in found.items() if key[4:] in set(used) and _test(key) in asked}
    return Table(title, (*heads, *names), tuple(body), marks.lines(), tsv(KEY, {title: kept}) if body else "", labels=2)


def wrapped(title: str, frame: pd.DataFrame, lines: Sequence[Line], found: Scores, *, share: bool = False) -> Table:
    """One metric of every network: a row a network and test set, a column a wrapper."""
    marks, body = Notes(), []
    known = {key[5] for key, number in found.items() if number.defined}
    tasks = {line.test.task for line in lines}
    wrappers = [name for name in read.wrappers(frame[frame["task"].isin(tasks)]) if name in known]
    for name in read.networks(frame):
        for line in lines:
            numbers = [line.test.number(found, name, wrapper) for wrapper in wrappers]
            if sum(number.defined for number in numbers) > 1:
                fields = [brief(number, marks, share=share) for number in numbers]
                body.append((Entry(name), Entry(line.name), *fields))
    return Table(title, ("network", "test set", *wrappers), tuple(body), marks.lines(), labels=2)


def text(title: str, lines: Sequence[str]) -> Table:
    """Sentences as a table of one column."""
    return Table(title, ("what to know",), tuple((Entry(line),) for line in lines), text=True)
