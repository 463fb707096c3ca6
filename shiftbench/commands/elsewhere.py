"""`shiftbench inputs` and `score`: for a model that cannot run here."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

from shiftbench import summary
from shiftbench.commands.arguments import MACHINE, PLACES, Flag, Machine, Names, Places

if TYPE_CHECKING:
    from shiftbench.options import Options
    from shiftbench.spec import Suite


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Asked:
    """What a model is asked: the same of `inputs` and `score`.

    Parameters
    ----------
    task
        SUITE/TASK, as `shiftbench list tasks` shows them; a suite may be a file (.toml).
    tier
        smoke, bench, core or full; predictions are scored at the tier of their inputs.
    shifts
        Only these.
    worlds
        Number of simulated worlds instead of the tier's.
    """

    task: str
    tier: str = "smoke"
    shifts: Names = ()
    worlds: int = 0


def inputs(
    *,
    asked: Asked,
    output: Path,
    calibration: Flag = False,
    places: Places = PLACES,
    machine: Machine = MACHINE,
) -> int:
    """Write the sequences that a task asks of a model, for one that runs elsewhere; `score` takes what it says.

    Parameters
    ----------
    output
        Table to write (.tsv, .csv or .parquet): columns test, id and sequence.
    calibration
        Also the validation and calibration rows, from which error bars and calibrating wrappers are made.
    """
    from shiftbench import elsewhere

    suite, chosen = _chosen(asked, None, places, machine)
    written = elsewhere.inputs(chosen, suite, output, calibration=calibration)
    for absent, outcome in written.absent.items():
        help_ = f" -> {outcome.command}" if outcome.command else ""
        print(f"{outcome.state}: {absent}: {outcome.reason}{help_}")  # noqa: T201
    print(f"{output}: {written.rows} rows of {written.sets} sets")  # noqa: T201
    print(f"columns of a file of predictions: {elsewhere.columns(written.outputs)}")  # noqa: T201
    return int(any(outcome.state == "failed" for outcome in written.absent.values()))


def score(
    *,
    asked: Asked,
    predictions: Names,
    output: Path,
    run_folder: Path | None = None,
    places: Places = PLACES,
    machine: Machine = MACHINE,
) -> int:
    """Score predictions made elsewhere, beside the controls and oracles of the task, with intervals and a report.

    Parameters
    ----------
    predictions
        Tables (.tsv, .csv or .parquet): columns test and id as `inputs` wrote them, one an output, and for error bars
        of the model's own its SD as OUTPUT_sd.
    output
        Table of scores to write (.tsv, .csv or .parquet), with the columns of results.parquet.
    run_folder
        Folder of the run; default runs/score-TASK-TIER.
    """
    from shiftbench import elsewhere

    elsewhere.check_output(output)
    suite, chosen = _chosen(asked, run_folder, places, machine)
    ran = elsewhere.score(chosen, suite, predictions)
    scores = elsewhere.write_scores(ran, output)
    summary.print_run(ran.output, ran.manifest, ran.report)
    print(f"scores: {output}, {len(scores)} rows")  # noqa: T201
    empty = elsewhere.unscored(ran, scores)
    for file in empty:
        print(f"{file}: nothing was scored; the reasons are above and in {output}")  # noqa: T201
    return int(bool(ran.failed or empty))


def _chosen(asked: Asked, folder: Path | None, places: Places, machine: Machine) -> "tuple[Suite, Options]":
    """The suite of a task, and options of a run of that task alone, on the CPU since nothing is trained."""
    from shiftbench import elsewhere
    from shiftbench.options import options
    from shiftbench.validate import Selection

    where, suite, name = elsewhere.named(asked.task)
    chosen = options(
        where,
        asked.tier,
        selection=Selection((name,), asked.shifts, worlds=asked.worlds),
        output=folder or Path("runs") / f"score-{name}-{asked.tier}",
        device="cpu",
        **asdict(places),
        **asdict(machine),
    )
    return suite, chosen
