"""`shiftbench inputs` and `score`: for a model that cannot run here."""

from pathlib import Path

from shiftbench import summary
from shiftbench.commands.arguments import Flag, Names


def inputs(
    *,
    task: str,
    output: Path,
    tier: str = "smoke",
    calibration: Flag = False,
    shifts: Names = (),
    worlds: int = 0,
    store: Path | None = None,
    data_dir: Path | None = None,
    offline: Flag = False,
    engine: str = "processes",
    workers: int = 0,
    quiet: Flag = False,
) -> int:
    """Write the sequences that a task asks of a model, for one that runs elsewhere; `score` takes what it says.

    Parameters
    ----------
    task
        SUITE/TASK, as `shiftbench list tasks` shows them; a suite may be a file (.toml).
    output
        Table to write (.tsv, .csv or .parquet): columns test, id and sequence.
    tier
        smoke, bench, core or full; predictions are scored at the same.
    calibration
        Also the validation and calibration rows, from which error bars and calibrating wrappers are made.
    shifts
        Only these.
    worlds
        Number of simulated worlds instead of the tier's.
    store
        Folder of finished nodes, shared by runs; default SHIFTBENCH_STORE, else runs/store.
    data_dir
        Folder with real data files, in any layout; default SHIFTBENCH_DATA.
    offline
        Fetch nothing.
    engine
        processes, inprocess or dask.
    workers
        Processes at a time; 0 takes one a core.
    quiet
        No progress bar.
    """
    from shiftbench import elsewhere
    from shiftbench.options import options
    from shiftbench.validate import Selection

    where, suite, name = elsewhere.named(task)
    chosen = options(
        where,
        tier,
        selection=Selection((name,), shifts, worlds=worlds),
        store=store,
        data_dir=data_dir,
        offline=offline,
        engine=engine,
        workers=workers,
        device="cpu",
        quiet=quiet,
    )
    written = elsewhere.inputs(chosen, suite, output, calibration=calibration)
    for absent, outcome in written.absent.items():
        help_ = f" -> {outcome.command}" if outcome.command else ""
        print(f"{outcome.state}: {absent}: {outcome.reason}{help_}")  # noqa: T201
    print(f"{output}: {written.rows} rows of {written.sets} sets")  # noqa: T201
    print(f"columns of a file of predictions: {elsewhere.columns(written.outputs)}")  # noqa: T201
    return int(any(outcome.state == "failed" for outcome in written.absent.values()))


def score(
    *,
    task: str,
    predictions: Names,
    output: Path,
    tier: str = "smoke",
    run_folder: Path | None = None,
    shifts: Names = (),
    worlds: int = 0,
    store: Path | None = None,
    data_dir: Path | None = None,
    offline: Flag = False,
    engine: str = "processes",
    workers: int = 0,
    quiet: Flag = False,
) -> int:
    """Score predictions made elsewhere, beside the controls and oracles of the task, with intervals and a report.

    Parameters
    ----------
    task
        SUITE/TASK, as for `inputs`.
    predictions
        Tables (.tsv, .csv or .parquet): columns test and id as `inputs` wrote them, one an output, and for error bars
        of the model's own its SD as OUTPUT_sd.
    output
        Table of scores to write (.tsv, .csv or .parquet), with the columns of results.parquet.
    tier
        smoke, bench, core or full, as for `inputs`.
    run_folder
        Folder of the run; default runs/score-<task>-<tier>.
    shifts
        Only these.
    worlds
        Number of simulated worlds instead of the tier's, as for `inputs`.
    store
        Folder of finished nodes, shared by runs; default SHIFTBENCH_STORE, else runs/store.
    data_dir
        Folder with real data files, in any layout; default SHIFTBENCH_DATA.
    offline
        Fetch nothing.
    engine
        processes, inprocess or dask.
    workers
        Processes at a time; 0 takes one a core.
    quiet
        No progress bar.
    """
    from shiftbench import elsewhere
    from shiftbench.options import options
    from shiftbench.validate import Selection

    elsewhere.check_output(output)
    where, suite, name = elsewhere.named(task)
    chosen = options(
        where,
        tier,
        selection=Selection((name,), shifts, worlds=worlds),
        output=run_folder or Path("runs") / f"score-{name}-{tier}",
        store=store,
        data_dir=data_dir,
        offline=offline,
        engine=engine,
        workers=workers,
        device="cpu",
        quiet=quiet,
    )
    ran = elsewhere.score(chosen, suite, predictions)
    scores = elsewhere.write_scores(ran, output)
    summary.print_run(ran.output, ran.manifest, ran.report)
    print(f"scores: {output}, {len(scores)} rows")  # noqa: T201
    empty = elsewhere.unscored(ran, scores)
    for file in empty:
        print(f"{file}: nothing was scored; the reasons are above and in {output}")  # noqa: T201
    return int(bool(ran.failed or empty))
