"""The page of a run: one HTML file of sections that needs nothing else, and what it says of the run itself."""

from pathlib import Path
from typing import Any

import pandas as pd

from shiftbench.metrics.table import METRICS
from shiftbench.report import frame as read
from shiftbench.report import missing, tables
from shiftbench.report.claims import claims as judged
from shiftbench.report.html import environment
from shiftbench.report.sections import sections
from shiftbench.report.tables import Table
from shiftbench.report.world import pictures


def write(
    results: pd.DataFrame, manifest: dict[str, Any], path: Path, *, robustness: pd.DataFrame | None = None,
    curves: pd.DataFrame | None = None, claims: pd.DataFrame | None = None,
) -> None:  # fmt: skip
    """Write the report of a run's tables and `manifest` to `path`: the same bytes from the same input."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = render(results, manifest, robustness=robustness, curves=curves, claims=claims)
    path.write_text(text, encoding="utf-8", newline="\n")


def render(
    results: pd.DataFrame, manifest: dict[str, Any], *, robustness: pd.DataFrame | None = None,
    curves: pd.DataFrame | None = None, claims: pd.DataFrame | None = None,
) -> str:  # fmt: skip
    """HTML of the report; parts without numbers do not appear, nor do those whose table is absent."""
    whole = read.complete(results)
    tier = str(manifest.get("tier", ""))
    return (
        environment()
        .get_template("report.html")
        .render(
            suite=str(manifest.get("suite", "")),
            tier=tier,
            facts=_facts(whole, manifest),
            sections=[*judged(claims, tier), *sections(whole, manifest, robustness, curves), *pictures(manifest)],
            states=missing.states(manifest),
            alarms=_alarms(whole),
            metrics=_metrics(whole),
            versions=_versions(manifest),
            data=_data(manifest),
            undefined=missing.undefined(whole),
        )
    )


def _facts(frame: pd.DataFrame, manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """What was run, counted from the numbers themselves."""
    facts = [("tasks", ", ".join(frame["task"].unique())), ("networks", ", ".join(read.networks(frame)) or "none")]
    if len(frame):
        facts += [
            ("worlds", str(frame["world"].nunique())),
            ("seeds", str(frame.loc[frame["seed"] >= 0, "seed"].nunique())),
            ("numbers", f"{len(frame):,}"),
            ("without a value", f"{int(frame['value'].isna().sum()):,}"),
        ]
    facts += [
        (f"{state} nodes", str(count))
        for state in ("failed", "skipped")
        if (count := sum(node.get("nodes", 1) for node in manifest.get(state) or []))
    ]
    return [(name, value) for name, value in facts if value]


def _alarms(frame: pd.DataFrame) -> list[str]:
    """Scaled scores above a ceiling beyond their interval, where p(y given x) is that of the training law.

    Of variant effects only what a repeat reaches is known, which a model may pass.
    """
    rows = frame[(frame["scaled_low"] > 1) & frame["part"].isin(["", "none", "genome"])]
    rows = rows[~rows["recipe"].isin([read.ORACLE, read.SOURCE])]
    bounded = [task for task in rows["task"].unique() if read.kind(frame[frame["task"] == task]) != "variants"]
    rows = rows[rows["task"].isin(bounded)]
    found = rows[["task", "shift", "dose", "recipe", "metric"]].drop_duplicates().itertuples(index=False)
    return [
        f"{task}: {recipe} scores above the ceiling in {metric}, beyond its interval, "
        f"{f'under {shift} at dose {dose}' if shift else 'without a shift'}"
        for task, shift, dose, recipe, metric in found
    ]


TOLD = ("drawn", "rows", "laws", "notes")
"""Facts of a data set that are told in other words, or in pictures."""


def _unmeasured(facts: dict[str, Any]) -> list[str]:
    """Rows of each role, and how many more were drawn and left out."""
    told = []
    for role, kept in facts.get("rows", {}).items():
        drawn = facts.get("drawn", {}).get(role, kept)
        out = f" of {drawn:,} drawn, {drawn - kept:,} left out since they were not measured" if drawn > kept else ""
        told.append(f"{role} {kept:,} rows{out}")
    return told


def _metrics(frame: pd.DataFrame) -> Table:
    present = set(frame["metric"].unique())
    rows = [
        (metric.title, metric.name, metric.better, metric.formula, metric.source)
        for metric in METRICS.values()
        if metric.name in present
    ]
    return tables.plain("Metrics", ("metric", "column", "better", "formula", "source"), rows)


def _versions(manifest: dict[str, Any]) -> Table:
    """Everything that the manifest says of versions and circumstances, flat."""
    rows: list[tuple[str, str]] = []

    def walk(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{name} {key}".strip(), inner)
        else:
            rows.append((name, " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)))

    walk(
        "",
        {key: value for key, value in manifest.items() if key not in ("tasks", "skipped", "failed", "facts", "worlds")},
    )
    return tables.plain("Versions and circumstances", ("what", "value"), rows)


def _data(manifest: dict[str, Any]) -> Table:
    """What the providers say of each data set; of those drawn, first how many rows were not measured."""
    rows = [
        (
            label,
            "; ".join([*_unmeasured(facts), *(f"{key} {value}" for key, value in facts.items() if key not in TOLD)]),
        )
        for label, facts in manifest.get("facts", {}).items()
        if isinstance(facts, dict)
    ]
    return tables.plain("Data", ("data set", "facts"), rows)
