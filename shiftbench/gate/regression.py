"""The gate itself: a recipe is trained with new seeds, compared with its baseline, and told in one block of text."""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from shiftbench.errors import InputError
from shiftbench.gate.baseline import Baseline, made_with, read_baseline, refuse, refuse_data, workplace
from shiftbench.gate.decision import LEVEL, Finding, Pair, decide, seeds_to_catch
from shiftbench.gate.measure import Measured, measure
from shiftbench.metrics.table import METRICS


class Regression(AssertionError):  # noqa: N818 - as tests name what failed
    """A recipe does worse than its baseline, or could not be compared with it in every task."""


class Improved(UserWarning):
    """A recipe does better than its baseline, beyond what seeds do: a new baseline would guard that."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Findings by suite/task, why others have none, and both as text."""

    findings: dict[str, Finding]
    troubles: dict[str, str]
    text: str


def assert_no_regression(
    recipe: str,
    suite: str = "shift",
    tier: str = "smoke",
    *,
    baseline: Path | str,
    seeds: int = 0,
    level: float = LEVEL,
    folder: Path | None = None,
    **more: Any,
) -> Comparison:
    """Train `recipe` with new seeds and raise `Regression` if any task does worse than in the file `baseline`.

    The seeds are others than those of the baseline: the same ones and the same code would give the same numbers, which
    tells nothing. So many are trained as `seeds` says; 0 takes as many as catch a loss of 2.8 SDs in one task.

    Parameters
    ----------
    recipe, suite, tier
        As for a run, and as in the baseline; its tasks, shifts, worlds and metric are taken from there.
    level
        Share of comparisons of code that does no worse in which this raises, 0..1.
    folder
        Where data, fits and results go; fits that lie there are taken as they are, whatever code made them. None: a
        temporary folder, so that all is trained by the code as it is.
    more
        Options of a run: engine (inprocess, unless named), workers, device, data_dir, offline.

    Raises
    ------
    Regression
        If a task is worse, is missing, failed, or has an undefined metric: one block of text, a line a task.
    InputError
        If the baseline is of another recipe, suite, version, tier, metric or data: one line.

    Warns
    -----
    Improved
        If a task is better beyond tolerance and none is worse.
    """
    __tracebackhide__ = True
    path = Path(baseline)
    known = read_baseline(path)
    if taken := sorted({"tasks", "shifts", "worlds", "metric", "first_seed", *known.only} & set(more)):
        raise InputError(f"assert_no_regression: {taken[0]} is taken from {path}; expected it at `shiftbench baseline`")
    refuse(known, path, recipe, suite, tier)
    known = msgspec.structs.replace(known, recipe=recipe)  # as it can be asked for again
    first = max(known.seeds) + 1 if len(known.seeds) > 1 else 0
    number = (seeds or seeds_to_catch(len(known.seeds), len(known.tasks), level)) if first else 1
    asked: dict[str, Any] = {"engine": "inprocess", "quiet": True} | more
    with workplace(folder) as place:
        measured = measure(recipe, suite, tier, folder=place, seeds=number, first_seed=first, **asked, **known.only)
    refuse_data(known, path, measured, suite)
    found = _compare(known, measured, level, suite, path, folder)
    verdicts = {finding.verdict for finding in found.findings.values()}
    if found.troubles or "worse" in verdicts:
        raise Regression(found.text)
    if "better" in verdicts:
        warnings.warn(Improved(found.text), stacklevel=2)
    return found


def _compare(
    known: Baseline, measured: Measured, level: float, suite: str, path: Path, folder: Path | None
) -> Comparison:
    troubles = dict(_troubles(known, measured))
    names = [name for name in known.tasks if name not in troubles]
    pairs = [
        Pair(
            np.array(known.tasks[name].values),
            np.array([*measured.tasks[name].values.values()]),
            METRICS[known.tasks[name].metric].better,  # type: ignore[arg-type]  # `measure` refuses others
        )
        for name in names
    ]
    findings = dict(zip(names, decide(pairs, level), strict=True)) if pairs else {}
    lines = [_line(name, finding, known, measured) for name, finding in findings.items()]
    lines += [f"  {name}: FAILED: {reason}" for name, reason in troubles.items()]
    text = "\n".join([_head(known, findings, troubles), *lines, *_foot(known, measured, level, suite, path, folder)])
    return Comparison(findings, troubles, text)


def _troubles(known: Baseline, measured: Measured) -> Iterator[tuple[str, str]]:
    """Tasks that cannot be compared, with the reason."""
    yield from measured.troubles.items()
    for name in {**known.tasks, **measured.tasks}:
        if name in measured.troubles:
            continue
        if name not in measured.tasks:
            yield name, "in the baseline, but not in this run"
        elif name not in known.tasks:
            yield name, "in this run, but not in the baseline"
        elif odd := sorted({*known.tasks[name].tests} ^ {*measured.tasks[name].tests}):
            reason = measured.skipped.get(f"{name} {odd[0]}", "")
            here = "missing" if odd[0] in known.tasks[name].tests else "not in the baseline"
            yield name, f"test set {odd[0]} is {here}" + (f": {reason}" if reason else "")


def _head(known: Baseline, findings: dict[str, Finding], troubles: dict[str, str]) -> str:
    of = len(findings) + len(troubles)
    said = [
        f"{word} in {sum(finding.verdict == verdict for finding in findings.values())} of {of} tasks"
        for verdict, word in (("worse", "worse"), ("better", "better"))
        if any(finding.verdict == verdict for finding in findings.values())
    ]
    said += [f"not to be compared in {len(troubles)} of {of}"] if troubles else []
    return f"{known.recipe} against its baseline: " + ("; ".join(said) or f"no worse in {of} of {of} tasks")


def _line(name: str, finding: Finding, known: Baseline, measured: Measured) -> str:
    task = known.tasks[name]
    digits = min(max(1 - math.floor(math.log10(finding.sd or abs(finding.mean) * 1e-4 or 1)), 0), 8)
    mean, sd, new, loss, tolerance = (
        f"{value:.{digits}f}" for value in (finding.mean, finding.sd, finding.new, finding.loss, finding.tolerance)
    )
    before, after = (_seeds(len(seeds)) for seeds in (known.seeds, measured.tasks[name].values))
    failed = f"; {finding.failed} of {after} failed: worse alone than any such training" if finding.failed else ""
    return (
        f"  {name}: {finding.verdict.upper()}: {task.metric} ({METRICS[task.metric].better} is better) "
        f"baseline {mean} +- {sd} ({before}), new {new} ({after}), loss {loss}, tolerance {tolerance}, "
        f"p {finding.p:.2g}{failed}"
    )


def _seeds(number: int) -> str:
    return f"{number} seeds" if number > 1 else "1 seed"


def _foot(
    known: Baseline, measured: Measured, level: float, suite: str, path: Path, folder: Path | None
) -> Iterator[str]:
    """How to read the lines, what differs from where the baseline was made, and what to do."""
    versions = ", ".join(f"{name} {version}" for name, version in known.suites.items())
    yield (
        f"  suite {versions}, tier {known.tier}; p one-sided, Holm over tasks: code that does no worse is called worse "
        f"in {100 * level:g} of 100 comparisons"
    )
    before, here = known.made_with | {"device": known.device}, made_with() | {"device": measured.device}
    if odd := [f"{name} {before.get(name, '?')} -> {here[name]}" for name in here if before.get(name) != here[name]]:
        yield f"  other than where the baseline was made: {', '.join(odd)}"
    if folder is not None:
        yield f"  all numbers of the new seeds: {measured.folder / 'results.parquet'}"
    yield f"  a loss: find what brought it; if a change is meant, commit a new baseline: {known.command(suite, path)}"
