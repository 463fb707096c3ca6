"""Natural variants: whether predicted effects find those that change activity (emVars), and their direction."""

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import real_tests as real
from shiftbench.report.real_tests import Facts, Line, Test
from shiftbench.report.section import BARS, Section, given
from shiftbench.report.tables import Entry, Notes, Table, decimal, entry, percent, tsv

COLUMNS = {
    "auroc": ("AUROC", False),
    "auprc": ("AUPRC", False),
    "sign_agreement": ("right sign, % of emVars", True),
    "pearson": ("r of the skew", False),
}
CAPTION = (
    "AUROC and AUPRC rank variants by the size of the predicted effect, with emVars (variants whose alleles differ in "
    "activity) as positives; by chance they are 0.5 and the share of positives. r of the skew: Pearson of predicted "
    f"and measured difference between the alleles. Small print: {BARS}."
)


def alleles(suite: str, rows: pd.DataFrame, facts: Facts) -> list[Section]:
    """Every recipe on every test set; none without a number."""
    frame = real.shown(rows)
    found = {name: real.scores(frame, name) for name in COLUMNS}
    shown = [test for test in real.tests(frame) if any(key[1] == test.group for key in found["auroc"])]
    tables = [_table(suite, test, frame, found, facts) for test in shown]
    if not any(table.rows for table in tables):
        return []
    strata = [name for name in frame["stratum"].unique() if name]
    recipes = [(name, "none") for name in [*read.networks(frame), *real.letters(frame)]]
    lines = [Line(test.group, name, test.within(name)) for test in shown for name in strata]
    parts = real.grid(
        "r of the skew on parts of the variants", ("test set", "part"), lines, recipes,
        real.scores(frame, "pearson", strata),
    )  # fmt: skip
    notes = real.text("What to know of these data", real.notes(facts, suite, list(map(str, frame["task"].unique()))))
    return [
        Section(
            f"{suite}-alleles",
            f"{suite}: natural variants",
            "",
            given([_said(test, frame, found, facts, suite) for test in shown]),
            caption=CAPTION,
            tables=tuple(table for table in tables if table.rows),
            hidden=tuple(table for table in (parts, notes) if table.rows),
        )
    ]


def _share(test: Test, facts: Facts, suite: str) -> tuple[int, int]:
    """Positives, and all variants."""
    known = real.told(facts, suite, test)
    return int(known.get("counts", {}).get("emVar", 0)), int(known.get("variants", 0))


def _table(suite: str, test: Test, frame: pd.DataFrame, found: dict[str, read.Scores], facts: Facts) -> Table:
    marks, body = Notes(), []
    for name in [*read.networks(frame), *real.LETTERS]:
        numbers = {metric: test.number(scores, name) for metric, scores in found.items()}
        if any(number.defined for number in numbers.values()):
            fields = [entry(number, marks, share=COLUMNS[metric][1]) for metric, number in numbers.items()]
            body.append((Entry(name), *fields))
    positives, every = _share(test, facts, suite)
    told = f": {positives} emVars among {every} variants ({percent(positives / every)})" if every else ""
    top = real.top(real.ceilings(frame, "pearson"), test)
    missing = real.told(facts, suite, test).get("ceiling_missing", {}).get("pearson", "")
    if body:
        chance = (Entry("0.500"), Entry(decimal(positives / every) if every else "–"), Entry("50.0"), Entry("0.000"))
        body.append((Entry("chance"), *chance))
        allowed = (
            Entry(decimal(top.value)) if top.defined else Entry("–", mark=marks.mark(missing or "no ceiling is known"))
        )
        body.append((Entry("ceiling"), Entry(""), Entry(""), Entry(""), allowed))
    heads = ("recipe", *[title for title, _ in COLUMNS.values()])
    kept = {
        metric: {key: one for key, one in scores.items() if key[1] == test.group} for metric, scores in found.items()
    }
    return Table(f"{test.task}, {test.group}{told}", heads, tuple(body), marks.lines(), tsv(real.KEY, kept))


def _said(test: Test, frame: pd.DataFrame, found: dict[str, read.Scores], facts: Facts, suite: str) -> str:
    """Best network and best control by AUPRC against the share of positives, and its directions."""
    letters = real.letters(frame)
    best = real.leader(found["auprc"], [test], read.networks(frame)) or real.leader(found["auprc"], [test], letters)
    if not best:
        return ""
    rival, number = real.leader(found["auprc"], [test], letters), test.number(found["auprc"], best)
    positives, every = _share(test, facts, suite)
    chance = f" (chance: {decimal(positives / every, 2)})" if every else ""
    text = f"{test.group}: {best} finds emVars with an AUPRC of {decimal(number.value, 2)}{chance}"
    if every and number.low <= positives / every:
        text += ", which its interval does not tell from chance"
    if rival and rival != best:
        text += f"; the best control, {rival}, reaches {decimal(test.number(found['auprc'], rival).value, 2)}"
    sign = test.number(found["sign_agreement"], best)
    return (
        f"{text}. It gets the direction of {percent(sign.value)} of the emVars right." if sign.defined else f"{text}."
    )
