"""`shiftbench run`: the main job."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from shiftbench import summary
from shiftbench.commands.arguments import MACHINE, PLACES, Flag, Machine, Names, Places
from shiftbench.commands.own import TableOptions, own_suites
from shiftbench.commands.own_variants import VariantOptions
from shiftbench.errors import InputError

if TYPE_CHECKING:
    from shiftbench.run import Preview
    from shiftbench.spec import Suite


def run(
    *,
    suite: str = "",
    table: TableOptions | None = None,
    variants: VariantOptions | None = None,
    round_file: Annotated[Path | None, Parameter(name="--round")] = None,
    tier: str = "",
    output: Path | None = None,
    places: Places = PLACES,
    strict: Flag = False,
    tasks: Names = (),
    shifts: Names = (),
    recipes: Names = (),
    seeds: int = 0,
    worlds: int = 0,
    machine: Machine = MACHINE,
    device: str = "auto",
    max_minutes: float = 0.0,
    dry_run: Flag = False,
) -> int:
    """Run a suite: train what is missing, predict, score, write a table and an HTML report.

    Parameters
    ----------
    suite
        Name of a suite, or path of a suite file (.toml); default all, or what follows from your own files.
    round_file
        round.json of a round of the leaderboard, instead of a suite: train on its rows and answer its test sequences.
    tier
        smoke (about 5 minutes on 2 cores, no claim is read from it; the default), bench, core or full. Of a round bench
        (the first rows, small networks) or core (the default).
    output
        Folder of this run; default runs/SUITE-TIER.
    strict
        Missing data are an error.
    tasks
        Only these.
    shifts
        Only these.
    recipes
        Only these; controls are always run. A recipe may be a model of your own: path.py:name or module:name of a
        network, predictor or embedding, or a file of predictions.
    seeds
        Number of training seeds instead of the tier's.
    worlds
        Number of simulated worlds instead of the tier's; they are numbered from the first of the suite.
    device
        auto, cpu, cuda or mps.
    max_minutes
        Start nothing new after this time; the same command goes on later.
    dry_run
        Say what is reused, stale or missing, and do nothing.
    """
    from shiftbench import rounds
    from shiftbench import run as running
    from shiftbench.options import options
    from shiftbench.validate import Selection

    own = _of_round(round_file, suite, table, variants) if round_file else own_suites(suite, table, variants)
    chosen = options(
        own[0].name if own else suite or "all",
        tier or ("core" if round_file else "smoke"),
        selection=Selection(tasks, shifts, recipes, seeds, worlds, _first_seed(round_file)),
        output=output,
        device="cpu" if dry_run else device,
        max_minutes=max_minutes,
        **asdict(places),
        **asdict(machine),
    )
    if dry_run:
        _print_preview(running.preview(chosen, own))
        return 0
    ran = running.run(chosen, own)
    if round_file:
        summary.print_answered(ran.output, ran.manifest, round_file)
        if notice := rounds.notice(round_file):
            print(notice)  # noqa: T201
    else:
        summary.print_run(ran.output, ran.manifest, ran.report)
    return 1 if ran.failed or (strict and ran.missing) else 0


def _of_round(file: Path, suite: str, table: TableOptions | None, variants: VariantOptions | None) -> "list[Suite]":
    from shiftbench import rounds

    if suite or table or variants:
        raise InputError(f"--round {file}: beside a suite, table or variants; expected one of them")
    return [rounds.suite(file)]


def _first_seed(round_file: Path | None) -> int:
    from shiftbench import rounds

    return rounds.first_seed(round_file) if round_file else 0


def _print_preview(previews: "list[Preview]") -> None:
    counts = Counter(preview.state for preview in previews)
    rows = [(found.state, found.label, found.difference) for found in previews if found.state != "reused"]
    summary.table("nodes", ("state", "node", "what differs"), rows)
    print(", ".join(f"{counts[state]} {state}" for state in ("reused", "stale", "missing")))  # noqa: T201
