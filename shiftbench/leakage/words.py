"""An audit in a terminal: a verdict in a few sentences and a small table for each test set."""

import math
from typing import Any

import numpy as np
import pandas as pd

from shiftbench.leakage.scores import MEAN, NEIGHBOUR
from shiftbench.leakage.subsets import NEAR

SHOWN = 4
"""Recipes of which a small table and a verdict speak; the tables that are written hold all."""
PRIMARY = "pearson"

NEAR_NAME, BELOW_NAME = f"identity {NEAR:.2f} or more", f"identity below {NEAR:.2f}"
GIVEN_AWAY = (NEAR_NAME, "identical", "identical, other strand", "shares 100 bases", "shares 50 bases")
"""Subsets that hold no row if training gives nothing away."""
SHARED = ("shares 100 bases", "shares 50 bases")


def clean(frame: pd.DataFrame) -> bool:
    """Whether the scores of a test set tell of no duplicate, near duplicate or shared stretch."""
    return not frame[(frame.metric == "share") & frame.subset.isin(GIVEN_AWAY)].rows.any()


def verdict(frame: pd.DataFrame, chance: float, rows: pd.DataFrame) -> str:
    """What the scores `frame` of a test set say in plain words; `rows` as in `Audit.rows`."""
    share = frame[frame.metric == "share"].set_index("subset")
    total, near, same, turned, hundred, fifty = (int(share.rows[name]) for name in ("all", *GIVEN_AWAY))
    if clean(frame):
        said = [
            f"none of {total:,} test rows is in training, on either strand, matches it in {NEAR:.0%} of its "
            f"letters or shares 50 bases with it."
        ]
    else:
        said = [
            f"{near / max(total, 1):.1%} of {total:,} test rows ({near:,}) match a training sequence in "
            f"{NEAR:.0%} of their letters or more; {same:,} are in training as they are, {turned:,} on the other "
            f"strand; {fifty / max(total, 1):.1%} share 50 bases or more with one, {hundred / max(total, 1):.1%} 100."
        ]
    far = next(subset for subset in share.index if subset.startswith("far"))
    said += [line for who in _speakers(frame) if (line := _score(frame, who, far, float(share.value[far])))]
    if missed := int(((rows.sure >= np.float32(NEAR)) & (rows.identity < np.float32(NEAR))).sum()):
        said.append(
            f"In {missed:,} rows a near duplicate may have been missed: their stretches are too common, or unknown."
        )
    if not math.isnan(chance):
        said.append(f"Of sequences with the same letters in random order one in a hundred reaches {chance:.2f}.")
    return " ".join(said)


def small(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a subset: how many rows it has, and what it scores, mean over outputs, with its interval."""
    share = frame[frame.metric == "share"]
    shown = pd.DataFrame({"test rows": share.subset, "rows": share.rows.map("{:,}".format)})
    shown["share"] = share.value.map("{:.1%}".format)
    for who in _speakers(frame):
        told = _of(frame, who).set_index("subset").reindex(share.subset)
        shown[f"{who}, {PRIMARY}"] = [_number(row) for row in told.itertuples()]
    return shown


def overview(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a test set: its rows, and the share of each kind of duplicate and of what is far from training."""
    share = frame[frame.metric == "share"]
    kinds = share[share.kind.isin(["duplicates", "far"]) & (share.subset != BELOW_NAME)]
    shown = kinds.pivot_table("value", "test", "subset", sort=False, dropna=False).map("{:.1%}".format)
    shown.insert(0, "rows", share[share.subset == "all"].set_index("test").rows.map("{:,}".format))
    return shown.rename_axis("test set").reset_index()


def _speakers(frame: pd.DataFrame) -> list[str]:
    """The neighbour and the recipes that score most on all rows."""
    told = frame[(frame.subset == "all") & (frame.metric == PRIMARY) & (frame.output == _output(frame))]
    recipes = told[told.who != NEIGHBOUR].sort_values("value", ascending=False, kind="stable").who
    return [NEIGHBOUR, *recipes[:SHOWN]]


def _output(frame: pd.DataFrame) -> str:
    outputs = [output for output in frame.output.unique() if output]
    return MEAN if MEAN in outputs else outputs[0]


def _of(frame: pd.DataFrame, who: str) -> pd.DataFrame:
    return frame[(frame.who == who) & (frame.metric == PRIMARY) & (frame.output == _output(frame))]


def _score(frame: pd.DataFrame, who: str, far: str, share: float) -> str:
    """What a predictor scores where training is near, elsewhere, and far from it; "" where nothing is known."""
    told = _of(frame, who).set_index("subset")
    known = told.status == "ok"
    name = "The label of the nearest training sequence" if who == NEIGHBOUR else who
    if not known.any():
        return ""
    there = next((subset for subset in (NEAR_NAME, *SHARED) if known[subset]), "")
    where = {"all rows": "all", "elsewhere": BELOW_NAME, f"far from training ({share:.0%} of the rows)": far}
    if there:
        where = {there.replace("identity", "at identity").replace("shares", "where they share"): there} | where
    parts = [f"{text} {_number(told.loc[subset])}" for text, subset in where.items() if known[subset]]
    return f"{name}: {PRIMARY} " + ", ".join(parts) + "."


def _number(row: Any) -> str:
    value, low, high = (float(getattr(row, name)) for name in ("value", "low", "high"))
    if math.isnan(value):
        return "-"
    return f"{value:.2f}" + ("" if math.isnan(low) else f" ({low:.2f} to {high:.2f})")
