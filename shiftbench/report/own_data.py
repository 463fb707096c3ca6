"""A user's own table in the report: what it is, how it was split, which shifts it gives, and what each costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import real_tests as real
from shiftbench.report.frame import Number, Scores
from shiftbench.report.real_families import Family
from shiftbench.report.real_tests import Facts, Test
from shiftbench.report.section import Section, given
from shiftbench.report.tables import Entry, Notes, Table, decimal, percent, tsv

METRICS = ("relative_rmse", "coverage")
NAMES = {
    "": "i.i.d. test rows",
    "near": "third nearest to the training rows",
    "far": "third farthest from them",
    "least noisy": "third with the least noise",
    "noisiest": "third with the most noise",
    "middle": "middle (trained on)",
    "low": "low tail",
    "high": "high tail",
    "short": "short tail",
    "long": "long tail",
}
SHIFTS = {
    "similarity": "nearest training sequence",
    "noise": "measurement noise",
    "gc": "GC content",
    "length": "length",
    "group": "group held out",
}
CAPTION = (
    "RMSE in SDs of the values of the same rows, mean over outputs: the floor says the training mean everywhere, the "
    "ceiling is what the noise of the measurement leaves to a perfect model, where the table tells it. The change is "
    "against the first line of the same part. Small print: the shift with the number of rows; "
    "95\u00a0% intervals of one fit, mean over fits."
)

Known = Mapping[str, Mapping[str, Any]]
"""What the provider says of the training set of each task."""


def own(rows: pd.DataFrame, facts: Facts) -> Known:
    """Facts of the tables behind the tasks of `rows`, by task; none if they are not a user's own."""
    told = {str(task): facts.get(f"{task}/world0/training", {}) for task in rows["task"].unique()}
    return {task: known for task, known in told.items() if "own" in known}


def family(task: str, told: Mapping[str, Any]) -> Family:
    """What the test sets of a task on a user's table are, by its split."""
    split = str(told.get("split", ""))
    if split in ("gc", "length"):
        return Family(SHIFTS[split], "middle", "high" if split == "gc" else "long", names=NAMES)
    group = split.partition(":")[2]
    if group:
        return Family(f"without {group}", "other groups", group)
    return Family("test rows", "", "far", (task, ""), NAMES)


def section(suite: str, rows: pd.DataFrame, facts: Facts, known: Known) -> Section:
    """What the tables of a suite are, and error and coverage of every test set between floor and ceiling."""
    frame = real.shown(rows)
    plain = {task: told for task, told in known.items() if "shifts" in told}
    errors = _errors(frame, known)
    tables = [errors] if errors.rows else []
    notes = [str(note) for told in plain.values() for note in told["notes"]]
    return Section(
        f"{suite}-table",
        f"{suite}: your table",
        "",
        given([_rows(told["own"]) for told in plain.values()] + [_split(told) for told in plain.values()]),
        given([_absent(told) for told in plain.values()] + [_fitted(*pair) for pair in known.items()] + notes),
        caption=CAPTION if tables else "",
        tables=tuple(tables),
        hidden=tuple(_looked_for(task, told) for task, told in plain.items()),
    )


def _rows(told: Mapping[str, Any]) -> str:
    short, usual, long = told["letters"]
    letters = f"{usual} letters each" if short == long else f"{short} to {long} letters (median {usual})"
    padded = "" if short == long else ", shorter ones in the middle with N on both sides"
    left = "; ".join(f"{count:,} {reason}" for reason, count in told["left_out"].items())
    used = f"{told['used']:,} of {told['read']:,} rows" if left else f"All {told['used']:,} rows"
    out = f" ({left})" if left else ""
    return f"{used} of {told['file']} are used{out}: {letters}{padded}; measured: {read.listed(told['outputs'])}."


def _split(told: Mapping[str, Any]) -> str:
    own, sizes = told["own"], told["available"]
    counts = ", ".join(f"{part} {count:,}" for part, count in sizes.items())
    tested = f"{told['leaking']:,} of {sizes['test']:,} test sequences"
    share = f"{tested} share {own['bases']} bases or more with one that is fitted on"
    if own["given"]:
        flatter = ", which flatters the numbers of the i.i.d. test rows" if told["leaking"] else ""
        return f"Parts are those of your split column ({counts}); {share}{flatter}."
    groups = f" or a group ({own['groups']:,} groups)" if own["groups_whole"] else ""
    return (
        f"Rows that share {own['bases']} bases on either strand{groups} are in one part: {own['clusters']:,} clusters, "
        f"the largest of {own['largest_cluster']:,} rows; {counts}. {share}."
    )


def _absent(told: Mapping[str, Any]) -> str:
    """Shifts that the table cannot give, with the reason."""
    lacking = [
        f"{SHIFTS.get(shift['name'], shift['name'])} ({shift['reason']})" for shift in told["shifts"] if shift["reason"]
    ]
    return f"What the table cannot show: {'; '.join(lacking)}." if lacking else ""


def _fitted(task: str, told: Mapping[str, Any]) -> str:
    """What a shift is fitted on, and how many rows it leaves out."""
    split, parts = told.get("split"), []
    if known := told.get("fitted_on"):
        low, high = (percent(end) if split == "gc" else f"{end:.0f}" for end in known)
        parts.append(f"fitted on {low} to {high} {'GC' if split == 'gc' else 'letters'}")
    if told.get("dropped"):
        parts.append(f"{told['dropped']:,} rows are left out, since their cluster is on both sides")
    return f"{family(task, told).title}: {'; '.join(parts)}." if parts else ""


def _looked_for(task: str, told: Mapping[str, Any]) -> Table:
    """Every shift with its test sets and with what is missing."""
    body = [
        (
            Entry(SHIFTS.get(shift["name"], shift["name"])),
            Entry(", ".join(NAMES.get(name, name) for name in shift["subsets"]) or "–"),
            Entry(shift["reason"]),
        )
        for shift in told["shifts"]
    ]
    return Table(
        f"{task}: shifts that were looked for", ("shift", "test sets", "what is missing"), tuple(body), text=True
    )


def _errors(frame: pd.DataFrame, known: Known) -> Table:
    """A row a test set: error of floor, best control and best network, what noise leaves, and coverage."""
    found = {name: real.scores(frame, name) for name in METRICS}
    errors, marks, body = found["relative_rmse"], Notes(), []
    tops = real.ceilings(frame, "relative_rmse")
    for task in map(str, frame["task"].unique()):
        tests = real.tests(frame[frame["task"] == task])
        if not tests:
            continue
        control, network = _best(errors, tests, real.letters(frame)), _best(errors, tests, read.networks(frame))
        for test in tests:
            shown = [test.number(errors, name) for name in (read.FLOOR, control, network)]
            if any(number.defined for number in shown):
                base = tests[0].number(errors, network)
                covered, of = test.number(found["coverage"], network), family(task, known.get(task, {}))
                body.append(_line(of, test, shown, base, real.top(tops, test), covered, network, marks))
    heads = (
        "test set", "floor", "best control", "network", "best network", "change", "ceiling", "coverage, %"
    )  # fmt: skip
    groups = (("", 1), ("RMSE in SDs", 6), ("best network", 1))
    return Table("Error between floor and ceiling", heads, tuple(body), marks.lines(), tsv(real.KEY, found), groups)


def _line(
    of: Family, test: Test, shown: Sequence[Number], base: Number, top: Number, covered: Number, network: str,
    marks: Notes,
) -> tuple[Entry, ...]:  # fmt: skip
    best = shown[-1]
    change = "–"
    if best.defined and base.defined:
        change = f"{round(100 * (best.value / base.value - 1)):+d}\u00a0%".replace("-", "−").replace("+0", "0")
    return (
        Entry(of.name(test), f"{of.title}, {shown[0].n:,}"),
        *(real.brief(number, marks) for number in shown[:-1]),
        Entry(network or "–"),
        real.brief(best, marks),
        Entry("" if best is base else change),
        Entry(decimal(top.value, 2) if top.defined else "–"),
        real.brief(covered, marks, share=True),
    )


def _best(errors: Scores, tests: Sequence[Test], names: Sequence[str]) -> str:
    """The recipe of least error on the first test set, which is like the training rows."""
    known = {name: number.value for name in names if (number := tests[0].number(errors, name)).defined}
    return min(known, key=lambda name: known[name], default="")
