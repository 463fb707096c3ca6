"""Verdicts on the claims of a run's suites: a table of claims and networks, and the checks that they rest on."""

import math

import pandas as pd

from shiftbench.report import frame as read
from shiftbench.report.section import Section, given
from shiftbench.report.tables import BLUE, VERMILLION, Entry, Table, decimal, tint
from shiftbench.spec import PRIOR

ANCHOR = "claims"
NO_BREAK = "\u00a0"
SHAPES = {"out": "●", "not out": "✕", "undecided": "○"}
"""Shape before the word of each verdict."""
SHADES = {"out": BLUE, "not out": VERMILLION}
RULE = (
    "Written down before the run: a check comes out if the 95\u00a0% interval of its number, over worlds and seeds, "
    "lies on the claimed side of its bound. A claim comes out for a network if all of its checks do; it does not if "
    "one lies on the other side after Holm's correction; else it is undecided. As a whole it has the verdict on which "
    "all of its networks agree. – : not judged for this network."
)
SEES = (
    "Under an undecided verdict: the smallest distance of the number from its bound that an interval of this width "
    "sees, that is leaves the bound out with a chance of .8."
)
SMOKE = "{} of this suite are judged at larger tiers (bench, core): no claim is read from a smoke run."


def claims(frame: pd.DataFrame | None, tier: str) -> list[Section]:
    """Section of the claims, none without any; at tier smoke one sentence instead of verdicts."""
    if frame is None or not len(frame):
        return []
    count = len(frame[["suite", "claim"]].drop_duplicates())
    if tier == "smoke":
        said = SMOKE.format(f"The {count} claims" if count > 1 else "The claim")
        return [Section(ANCHOR, "Claims", "", (said,))]
    sources = ", ".join(sorted({str(one) for one in frame["source"] if one}))
    checks = tuple(_checks(str(claim), rows) for claim, rows in frame.groupby("claim", sort=False))
    every = Section(
        f"{ANCHOR}-checks",
        "Every check: its number, interval and verdict",
        "",
        (),
        caption=SEES,
        tables=checks,
        closed=True,
    )
    return [
        Section(
            ANCHOR,
            "Claims: what comes out",
            f"Statements from {sources}, judged by this run." if sources else "",
            given([_said(frame)]),
            caption=RULE,
            tables=(_table(frame),),
            parts=(every,),
        )
    ]


def _table(frame: pd.DataFrame) -> Table:
    """A row a claim, with its text; a column a network, each with its verdict in a shape and words."""
    names, body = _networks(frame), []
    several = frame["suite"].nunique() > 1
    for (suite, claim), rows in frame.groupby(["suite", "claim"], sort=False):
        first = rows.iloc[0]
        found = dict(zip(rows["recipe"], rows["recipe_verdict"], strict=True))
        fields = [_verdict(str(found[name])) if name in found else Entry("–") for name in names]
        label = Entry(str(claim), f"suite {suite}" if several else "")
        body.append((label, Entry(str(first["text"])), _verdict(str(first["verdict"])), *fields))
    heads = ("claim", "what it says", f"as a{NO_BREAK}whole", *names)
    return Table("Claims and networks", heads, tuple(body), text=True)


def _networks(frame: pd.DataFrame) -> list[str]:
    """Networks of the claims as first named, those with priors after those without."""
    names = list(dict.fromkeys(map(str, frame["recipe"])))
    return sorted(names, key=lambda name: name.endswith(PRIOR))


def _verdict(verdict: str, detectable: float = math.nan) -> Entry:
    """A verdict in a shape and words; undecided, with the smallest distance from the bound that is `detectable`."""
    shade = tint(SHADES[verdict]) if verdict in SHADES else ""
    small = f"sees ≥{NO_BREAK}{decimal(detectable)}" if verdict == "undecided" and not math.isnan(detectable) else ""
    return Entry(f"{SHAPES.get(verdict, '')}{NO_BREAK}{verdict.replace(' ', NO_BREAK)}".strip(), small, shade=shade)


def _checks(claim: str, rows: pd.DataFrame) -> Table:
    """Every check of a claim: network, what is claimed with its bound, number, interval, units, verdict."""
    several = rows["suite"].nunique() > 1
    body = []
    for row in rows.to_dict("records"):
        ends = (float(row["low"]), float(row["high"]))
        interval = "–" if any(map(math.isnan, ends)) else " to ".join(decimal(end) for end in ends)
        value = float(row["value"])
        fields = (
            Entry("–" if math.isnan(value) else decimal(value)),
            Entry(interval),
            Entry(f"{int(row['worlds'])} / {int(row['seeds'])}"),
            _verdict(str(row["check_verdict"]), float(row.get("detectable", math.nan))),
            Entry(str(row["reason"] or "")),
        )
        claimed = Entry(f"{row['suite']}: {row['says']}" if several else str(row["says"]))
        body.append((Entry(str(row["recipe"])), claimed, *fields))
    heads = ("network", "check", "number", "95\u00a0% interval", "worlds / seeds", "verdict", "why")
    return Table(str(claim), heads, tuple(body), text=True)


def _said(frame: pd.DataFrame) -> str:
    """How many claims come out as a whole, and which."""
    whole = frame.drop_duplicates(["suite", "claim"])
    found = {verdict: [str(name) for name in whole["claim"][whole["verdict"] == verdict]] for verdict in SHAPES}
    words = {
        "out": ("comes out", "come out"),
        "not out": ("does not", "do not"),
        "undecided": ("is undecided or differs between networks", "are undecided or differ between networks"),
    }
    told = [
        f"{len(names)} {words[verdict][len(names) > 1]} ({'; '.join(names)})"
        for verdict, names in found.items()
        if names
    ]
    return f"Of {len(whole)} claim{'s' * (len(whole) > 1)}, {read.listed(told)}."
