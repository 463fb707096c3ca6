"""40 rules of predictions, 25 cases each: what is right is read as it was meant, what is wrong has its code."""

import os

import msgspec
import numpy as np
import pandas as pd
import pytest

from leaderboard import bundle
from leaderboard.answers import Answers
from leaderboard.manifest import Manifest
from leaderboard.reading.parse import spans
from leaderboard.reading.tables import quantile_names
from leaderboard.refused import Refused
from leaderboard.scoring.scores import score
from tests.leaderboard import forged, made
from tests.leaderboard.forged import BOARD, QUESTIONS, parts, sealed, zipped

CASES = 25 if os.environ.get("SHIFTBENCH_BUNDLES") == "full" else 4
"""Of each rule; SHIFTBENCH_BUNDLES=full takes all."""
LAW = [name for output in QUESTIONS.outputs for name in quantile_names(output)]
FIRST, SD = QUESTIONS.outputs[0], f"{QUESTIONS.outputs[0]}_sd"


class Case:
    """A right entry, as CSV in odd cases and Parquet in even ones, and what a rule may change of it."""

    def __init__(self, number):
        self.rng = np.random.default_rng((27, number))
        self.form = ("parquet", "csv")[number % 2]
        sets = sorted(self.rng.permutation(len(QUESTIONS.sets))[: self.rng.integers(2, len(QUESTIONS.sets) + 1)])
        self.told = forged.told()
        self.told["tests"] = [self.told["tests"][at] for at in sets]
        self.said = made.answers(BOARD, float(self.rng.uniform(0, 1)), number, quantiles=True, sets=sets)
        self.laws = number % 3 == 0
        self.options = {}
        self.frame = forged.frame(self.said, self.told)
        self.row = int(self.rng.integers(len(self.frame) // 2))

    def keep_laws(self):
        self.laws = True

    def put(self, column, value, spelled=None):
        """A value in a cell; `spelled` is how CSV says it."""
        if self.form == "csv":
            self.frame = self.frame.astype({column: object})
            self.frame.loc[self.row, column] = value if spelled is None else spelled
        elif isinstance(value, str):
            self.frame.loc[self.row, column] = value
        else:
            values = self.frame[column].astype(float)
            values[self.row] = value
            self.frame[column] = values

    def data(self):
        frame = self.frame if self.laws else self.frame.drop(columns=LAW, errors="ignore")
        write = forged.csv if self.form == "csv" else forged.parquet_bytes
        return zipped(parts(sealed(self.told, {f"predictions.{self.form}": write(frame, **self.options)})))

    def meant(self):
        told = msgspec.convert(self.told | {"files": {"mean.npy": "0" * 64}}, Manifest)
        return Answers(self.said.mean, self.said.sd, self.said.quantiles if self.laws else None, spans(told))


def nothing(case):
    """As it is written."""


def rows_in_another_order(case):
    case.frame = case.frame.iloc[case.rng.permutation(len(case.frame))]


def columns_in_another_order(case):
    case.frame = case.frame[list(case.rng.permutation(case.frame.columns))]


def rows_and_columns_in_another_order(case):
    rows_in_another_order(case)
    columns_in_another_order(case)


def float64(case):
    case.frame = case.frame.astype({name: float for name in case.frame.columns if case.frame[name].dtype == np.float32})


def respell(case, old, new):
    """Other bytes in the text of a CSV."""
    text = forged.unpacked(case.data())["predictions.csv"].replace(old, new)
    case.data = lambda: zipped(parts(sealed(case.told, {"predictions.csv": text})))


def other_page_sizes_or_line_ends(case):
    case.options = {"row_group_size": 7} if case.form == "parquet" else {}
    if case.form == "csv":
        respell(case, b"\n", b"\r\n")


def seeds_of_another_type(case):
    if case.form == "parquet":
        case.frame["seed"] = case.frame["seed"].astype("int32")
    else:
        case.frame["seed"] = case.frame["seed"].map("{:03d}".format)


def text_of_another_type(case):
    if case.form == "parquet":
        case.frame = case.frame.astype({"test": "category", "id": "category"})
    else:
        case.frame[FIRST] = case.frame[FIRST].map("{:+.12E}".format)


def sets_in_another_order(case):
    order = case.rng.permutation(len(case.told["tests"]))
    case.told["tests"] = [case.told["tests"][at] for at in order]
    rows = np.concatenate([np.arange(4) + 4 * at for at in order])
    law = case.said.quantiles[rows]
    case.said = Answers(case.said.mean[:, rows], case.said.sd[:, rows], law, {})


def infinite_ends(case):
    case.keep_laws()
    case.said.quantiles[..., 0], case.said.quantiles[..., -1] = -np.inf, np.inf
    case.frame = forged.frame(case.said, case.told)


def constant_answers(case):
    case.said.mean[:], case.said.sd[:] = 0.25, 0.5
    case.frame = forged.frame(case.said, case.told)


def joined_seeds(case):
    case.told["division"] = case.told["division"] | {"ensemble": True}
    case.said = Answers(case.said.mean[:1], case.said.sd[:1], case.said.quantiles, {})
    case.frame = forged.frame(case.said, case.told)


RIGHT = (
    nothing, rows_in_another_order, columns_in_another_order, rows_and_columns_in_another_order, float64,
    other_page_sizes_or_line_ends, seeds_of_another_type, text_of_another_type, sets_in_another_order, infinite_ends,
    constant_answers, joined_seeds,
)  # fmt: skip


def drop(rows):
    def change(case):
        case.frame = case.frame[~rows(case)]

    return change


def cell(column, value, spelled=None):
    return lambda case: case.put(column, value, spelled)


def law_cell(column, value, spelled=None):
    def change(case):
        case.keep_laws()
        case.put(column, value, spelled)

    return change


def tell(**changes):
    return lambda case: case.told.update(changes)


def again(case):
    case.frame = pd.concat([case.frame.drop(index=len(case.frame) - 1), case.frame.iloc[[case.row]]])


def too_many(case):
    case.frame = pd.concat([case.frame, case.frame.iloc[[case.row]]])


def other_seeds(case):
    case.frame["seed"] = case.frame["seed"] + 100


def of_another_world(case):
    case.frame["test"] = case.frame["test"].str.replace("world100", "world101").str[:-8] + "00000000"


def float16(case):
    if case.form == "parquet":
        case.frame[FIRST] = case.frame[FIRST].astype("float16")
    else:
        with np.errstate(over="ignore"):
            case.frame[FIRST] = (case.frame[FIRST].to_numpy() + 70_000).astype("float16")


def decimal_comma(case):
    case.form, case.laws = "csv", False
    respell(case, b".", b",")


def whole_numbers(case):
    case.form = "parquet"
    case.frame[FIRST] = 1


def numbers_as_text(case):
    case.form = "parquet"
    case.frame[FIRST] = case.frame[FIRST].astype(str)


def half_of_the_laws(case):
    case.keep_laws()
    case.frame = case.frame.drop(columns=LAW[-1])


def laws_of_all_seeds(case):
    case.keep_laws()
    case.frame[LAW] = case.frame[LAW].fillna(0.0)


WRONG = {
    "a row is missing": ("rows-missing", drop(lambda case: case.frame.index == case.row)),
    "a seed is missing": ("rows-missing", drop(lambda case: case.frame["seed"] == 1)),
    "a set is missing": ("rows-missing", drop(lambda case: case.frame["test"] == case.frame["test"].iloc[case.row])),
    "a row for another": ("row-duplicate", again),
    "a row too many": ("rows-extra", too_many),
    "unknown id": ("row-id", cell("id", "row99")),
    "id in other letters": ("row-id", cell("id", "ROW1")),
    "sets of another world": ("row-test", of_another_world),
    "rows of a set that is not named": ("rows-extra", lambda case: case.told.update(tests=case.told["tests"][1:])),
    "seeds that nobody announced": ("row-seed", other_seeds),
    "NaN": ({"csv": "csv-number", "parquet": "value-finite"}, cell(FIRST, np.nan, "nan")),
    "infinity": ({"csv": "csv-number", "parquet": "value-finite"}, cell(FIRST, np.inf, "inf")),
    "minus infinity": ({"csv": "csv-number", "parquet": "value-finite"}, cell(FIRST, -np.inf, "-inf")),
    "1e400": ("value-finite", cell(FIRST, 1e39, "1e400")),
    "beyond the range": ("value-range", cell(FIRST, -1000.5)),
    "SD of 0": ("sd-positive", cell(SD, 0.0)),
    "negative SD": ("sd-positive", cell(SD, -0.5)),
    "SD that float32 cannot hold": ("sd-positive", cell(SD, 1e-60)),
    "float16": ({"csv": "csv-number", "parquet": "parquet-type"}, float16),
    "decimal comma": ("csv-fields", decimal_comma),
    "whole numbers": ("parquet-type", whole_numbers),
    "numbers as text": ("parquet-type", numbers_as_text),
    "no column of an SD": ("table-columns", lambda case: case.frame.pop(SD)),
    "an unknown column": ("table-columns", lambda case: case.frame.insert(0, "score", 1.0)),
    "half of the quantiles": ("table-columns", half_of_the_laws),
    "quantiles of all seeds": ("quantiles-rows", laws_of_all_seeds),
    "quantiles that fall": ("quantiles-order", law_cell(LAW[4], -99.0)),
    "another round": ("round-other", tell(round="spring")),
}
RULES = {rule.__name__.replace("_", " "): (None, rule) for rule in RIGHT} | WRONG


def verdict(rule, number):
    """What a rule asks of a case, and what the reader says: a code, or None for answers as they were meant."""
    wanted, change = RULES[rule]
    case = Case(number)
    change(case)
    try:
        found = bundle.read(case.data(), QUESTIONS)
    except Refused as refused:
        return wanted[case.form] if isinstance(wanted, dict) else wanted, refused.code
    return wanted, None if forged.same(found.answers, case.meant()) else "other numbers"


def test_there_are_forty_rules():
    assert len(RULES) == 40


@pytest.mark.parametrize("rule", RULES)
def test_every_verdict_is_right(rule):
    verdicts = [verdict(rule, number) for number in range(CASES)]
    assert [found for _, found in verdicts] == [wanted for wanted, _ in verdicts]


@pytest.mark.parametrize("rule", ["rows in another order", "rows and columns in another order"])
def test_reordered_rows_score_exactly_the_same(rule):
    case, moved = Case(3), Case(3)
    RULES[rule][1](moved)
    one, other = (score(bundle.read(each.data(), QUESTIONS), BOARD) for each in (case, moved))
    pd.testing.assert_frame_equal(one.cells, other.cells, check_exact=True)


def test_rows_in_another_order_without_their_ids_are_other_answers():
    """The control: order alone, as an array has it, does matter."""
    case = Case(3)
    meant = case.meant()
    turned = Answers(meant.mean[:, ::-1], meant.sd[:, ::-1], None, meant.rows)
    assert not forged.same(turned, Answers(meant.mean, meant.sd, None, meant.rows))


@pytest.mark.parametrize(
    ("rule", "module", "name", "weaker"),
    [
        ("a row for another", "tables", "_check_once", lambda *_: None),
        ("SD of 0", "values", "check", lambda *_: None),
        ("another round", "parse", "_check_suite", lambda *_: None),
        ("rows in another order", "tables", "_slots", lambda rows, *_: np.arange(len(rows.test))),
    ],
)
def test_a_weaker_reader_is_caught(rule, module, name, weaker, monkeypatch):
    monkeypatch.setattr(f"leaderboard.reading.{module}.{name}", weaker)
    wanted, found = verdict(rule, 1)
    assert found != wanted
