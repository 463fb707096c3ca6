"""What a run has no numbers for: nodes that failed or were skipped, and numbers without a value, by reason."""

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report import tables
from shiftbench.report.tables import Table

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]*\w)")
OUTPUT = re.compile(r"^[\w.-]+: (?=\S)")
"""A name at the head of a reason, of the output that it is about."""
NO_CEILING = re.compile(r"not given \((?:source )?oracle\)")
MOST, NAMED = 40, 6
"""Kinds of undefined numbers that are listed, most rows first; metrics named of each."""


def states(manifest: dict[str, Any]) -> list[Table]:
    """Nodes that failed or were skipped, each with those that share its reason, and the command that helps."""
    found = []
    for state in ("failed", "skipped"):
        nodes = manifest.get(state) or []
        rows = [
            (node.get("node", "") + _and_more(node), node.get("reason", ""), node.get("command", "") or "–")
            for node in nodes
        ]
        if rows:
            heads = ("node", "reason", "command that helps")
            found.append(tables.plain(f"{state.capitalize()} nodes", heads, rows))
    return found


def _and_more(node: dict[str, Any]) -> str:
    more = node.get("nodes", 1) - 1
    return f" (and {more} more node{'s' if more > 1 else ''})" if more > 0 else ""


def undefined(frame: pd.DataFrame) -> Table:
    """Numbers and scaled scores without a value, counted by reason, with their metrics, tasks and one example.

    Where reasons differ in numbers or in the output that they name only, they stand together, with # for the numbers.
    Where no world is simulated there is no oracle that could have been given: there, no ceiling is known.
    """
    body = sorted(_kinds(frame), key=lambda row: -int(row[0]))
    rest = body[MOST:]
    shown = [(f"{row[0]:,}", *row[1:]) for row in body[:MOST]]
    if rest:
        more = f"{len(rest)} further reasons"
        shown.append((f"{sum(row[0] for row in rest):,}", more, "", "", "", f"such as: {rest[0][4]}", ""))
    heads = ("rows", "number", "metrics", "tasks", "status", "reason", "for example")
    return tables.plain("Numbers without a value, and why", heads, shown)


def _kinds(frame: pd.DataFrame) -> Iterator[tuple[int, str, str, str, str, str, str]]:
    simulated = set(frame.loc[frame["recipe"].isin([read.ORACLE, read.SOURCE]), "task"])
    missing = frame["value"].isna()
    told = frame[~missing & (frame["reason"] != "")]
    parts = {"value": frame[missing]} | {
        name: told[told["reason"].str.contains(rf"(?:^|; ){name}: ")] for name in ("scaled", "scaled_target")
    }
    for name, blank in parts.items():
        found = blank.assign(real=~blank["task"].isin(simulated))
        texts = {
            (text, real): NO_CEILING.sub("no ceiling is known", why) if real else why
            for text, real in found[["reason", "real"]].drop_duplicates().itertuples(index=False)
            for why in [read.why(text, name)]
        }
        found["said"] = [texts[key] for key in zip(found["reason"], found["real"], strict=True)]
        kinds = {text: alike(text) for text in texts.values()}
        found["kind"] = found["said"].map(kinds)
        for (status, kind), same in found.groupby(["status", "kind"], sort=True):
            own = {OUTPUT.sub("", str(text)) for text in same["said"].unique()}
            one = same.iloc[0].to_dict()
            place = f"{one['shift']} dose {one['dose']}" if one["shift"] else one["group"]
            parts_of = (one["task"], place, one["output"], one["recipe"], one["wrapper"])
            example = ", ".join(str(part) for part in parts_of if part)
            example += f": {one['said']}" if len(own) > 1 else ""
            state = str(status) if name == "value" else "undefined"
            reason = (own.pop() if len(own) == 1 else str(kind)) or "no reason given"
            yield len(same), name, _named(same["metric"]), _named(same["task"]), state, reason, example


def alike(reason: str) -> str:
    """A reason without the output that it is of, and with its numbers left open."""
    return NUMBER.sub("#", OUTPUT.sub("", reason))


def _named(column: "pd.Series[Any]") -> str:
    """Distinct names, the most frequent first, and how many more there are."""
    names = [str(name) or "every metric" for name in column.value_counts().index]
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
