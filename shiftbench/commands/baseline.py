"""`shiftbench baseline`: what a recipe reaches, with how much its training seeds differ, as a small file."""

from dataclasses import asdict
from pathlib import Path

from shiftbench import summary
from shiftbench.commands.arguments import MACHINE, Flag, Machine, Names


def baseline(
    recipe: str,
    *,
    output: Path,
    suite: str = "shift",
    tier: str = "smoke",
    seeds: int = 10,
    metric: str = "",
    tasks: Names = (),
    shifts: Names = (),
    worlds: int = 0,
    folder: Path | None = None,
    data_dir: Path | None = None,
    offline: Flag = False,
    machine: Machine = MACHINE,
    device: str = "auto",
) -> int:
    """Train a recipe with ten seeds or more and write a baseline for `assert_no_regression` of the pytest plugin.

    Parameters
    ----------
    recipe
        Recipe, or path.py:name of a model of your own.
    output
        File to write (JSON); commit it beside your tests.
    suite
        Name of a suite, or path of a suite file (.toml).
    tier
        smoke, bench, core or full.
    seeds
        Number of training seeds, at least 10. A control has none and is fitted once.
    metric
        Compared in every task; default the primary metric of the suite, or the first of a task that lacks it.
    tasks
        Only these.
    shifts
        Only these.
    worlds
        Number of simulated worlds instead of the tier's.
    folder
        Where data and fits go and are found again, for a long baseline; fits that lie there are taken as they are.
        Default a temporary folder.
    data_dir
        Folder with real data files; default SHIFTBENCH_DATA.
    offline
        Fetch nothing.
    device
        auto, cpu, cuda or mps.
    """
    from shiftbench.gate.baseline import write_baseline

    found, measured = write_baseline(
        recipe, suite, tier, output=output, seeds=seeds, metric=metric, tasks=tasks, shifts=shifts, worlds=worlds,
        folder=folder, data_dir=data_dir, offline=offline, device=device, **asdict(machine),
    )  # fmt: skip
    rows = [
        (name, task.metric, f"{min(task.values):.4g}", f"{max(task.values):.4g}", len(task.tests))
        for name, task in found.tasks.items()
    ]
    title = f"{found.recipe}, {len(found.seeds)} training seeds: {output}"
    summary.table(title, ("task", "metric", "lowest", "highest", "test sets"), rows)
    for where, reason in measured.skipped.items():
        print(f"not in the baseline: {where}: {reason}")  # noqa: T201
    return 0
