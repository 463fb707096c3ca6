"""Numbers of entries: every cell of the board, recomputed from what they answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from leaderboard.answers import Answers
from leaderboard.board import Board, Cell
from leaderboard.bundle import Bundle
from leaderboard.scoring.copies import copies
from leaderboard.scoring.flags import above_line, flags, near_copies
from leaderboard.scoring.scored import Flag, Scored
from shiftbench.metrics.table import METRICS
from shiftbench.prediction import Prediction, gaussian
from shiftbench.score import MEAN, Scorer
from shiftbench.wrappers.evidence import Wrapped

PRIMARY = "crps"
SHOWN = (
    PRIMARY, "rmse", "pearson", "interval_score", "coverage", "calibration_error", "quantile_calibration_error",
    "variance_ratio", "width",
)  # fmt: skip
"""Metrics of a cell, all against the observed value."""
RESAMPLES = 100
"""Draws of the bootstrap over test rows, as in the ranked suite."""
OF_QUANTILES = {"low", "high", "quantiles"}
"""Arguments of the metrics for which the quantiles of the seed average count, where an entry gives them."""
WHERE = ("world", "part", "family", "dose", "severity")
NUMBERS = ("value", "floor", "source", "target", "scaled", "scaled_low", "scaled_target")

Row = dict[str, Any]


def score(bundle: Bundle, board: Board) -> Scored:
    """Numbers and flags of one entry by itself."""
    return scored([bundle], board)[0]


def scored(
    bundles: Sequence[Bundle],
    board: Board,
    line: Sequence[Bundle] = (),
    canaries: Mapping[str, Sequence[Flag]] | None = None,
) -> list[Scored]:
    """Numbers and flags of all entries of a table, in the order in which they were entered.

    `line`: what the reference learner with more data answers, at each preset; `canaries`: flags of a round, by SHA-256
    of the bundle.
    """
    scorers = [_scorer(cell, board) for cell in board.cells]
    lines = [_scored(bundle, board, scorers) for bundle in line]
    alike = copies(bundles)
    found = []
    for number, bundle in enumerate(bundles):
        one = _scored(bundle, board, scorers)
        earlier = [bundles[other].manifest for other in alike[number] if other < number]
        later = [bundles[other].manifest for other in alike[number] if other > number]
        told = (
            *flags(bundle, board, one),
            *above_line(one, lines),
            *near_copies(earlier, later),
            *(canaries or {}).get(bundle.sha256, ()),
        )
        found.append(replace(one, flags=told, copies=tuple(other.entry for other in earlier)))
    return found


def _scorer(cell: Cell, board: Board) -> Scorer:
    # Without the truth nothing is scored but the observed value.
    blind = replace(cell.sample, truth=None)
    draws = board.questions.sets[cell.question].digest
    return Scorer(blind, cell.references, metrics=SHOWN, resamples=RESAMPLES, draws=draws)


def _scored(bundle: Bundle, board: Board, scorers: Sequence[Scorer]) -> Scored:
    told, asked = bundle.manifest, board.questions.sets
    rows = [row for pair in zip(board.cells, scorers, strict=True) for row in _rows(*pair, bundle, board)]
    frame = pd.DataFrame(rows)
    cells = _mean(frame)
    held = cells[cells["metric"] == "coverage"].groupby(["family", "dose", "severity", "level"], sort=False)["value"]
    single = frame.loc[frame["metric"] == PRIMARY, [*WHERE[:4], "seed", "scaled", "scale"]]
    return Scored(
        id=told.entry,
        sha256=bundle.sha256,
        manifest=told,
        cells=cells,
        trainings=single.reset_index(drop=True),
        reliability=held.mean().rename("held").reset_index(),
        missing=tuple(one.label for one in asked if one.digest not in bundle.answers.rows),
    )


def _rows(cell: Cell, scorer: Scorer, bundle: Bundle, board: Board) -> Iterator[Row]:
    """Numbers of a cell, one row a metric, level and training."""
    answers, digest = bundle.answers, board.questions.sets[cell.question].digest
    place = {
        "world": cell.world,
        "part": cell.part,
        "family": cell.family,
        "dose": cell.dose,
        "severity": cell.severity,
    }
    if digest not in answers.rows:
        nothing = dict.fromkeys(("value", "scaled", "scaled_low", "scaled_target"), np.nan) | {"reason": "not answered"}
        yield from (place | {"seed": -1} | row | nothing for row in _told(scorer, cell.references["floor"]))
        return
    own = np.arange(len(answers.mean[0]))[answers.rows[digest]][cell.rows]
    of_law = _joined(answers, own)
    joined = [] if of_law is None else [row for row in _told(scorer, of_law) if _of_quantiles(row)]
    seeds = bundle.manifest.seeds if len(bundle.manifest.seeds) == len(answers.mean) else (-1,)
    for seed, mean, sd in zip(seeds, answers.mean[:, own], answers.sd[:, own], strict=True):
        alone = [row for row in _told(scorer, gaussian(mean, sd)) if not (joined and _of_quantiles(row))]
        yield from (place | {"seed": seed} | row for row in alone)
    yield from (place | {"seed": -1} | row for row in joined)


def _joined(answers: Answers, rows: Any) -> Prediction | None:
    """The law of the seed average, if it has quantiles of its own."""
    if answers.quantiles is None:
        return None
    return Prediction(answers.mean[:, rows].mean(axis=0), answers.quantiles[rows], answers.sd[:, rows].mean(axis=0))


def _of_quantiles(row: Row) -> bool:
    return not OF_QUANTILES.isdisjoint(METRICS[row["metric"]].needs)


def _told(scorer: Scorer, prediction: Prediction) -> Iterator[Row]:
    """Numbers of the mean over outputs, or of the only one."""
    outputs = scorer.test.outputs
    output = MEAN if len(outputs) > 1 else outputs[0]
    for row in scorer.rows(Wrapped(prediction)):
        if row["output"] == output:
            scaled = METRICS[row["metric"]].scaled
            known = row["status"] == "ok" and (np.isfinite(row["scaled"]) or not scaled)
            yield {
                "metric": row["metric"],
                "level": row["level"],
                "value": row["value"],
                "floor": row["floor"],
                "source": row["ceiling"],
                "target": row["ceiling_target"],
                "scaled": row["scaled"],
                "scaled_low": row["scaled_low"],
                "scaled_target": row["scaled_target"],
                "scale": bool(np.isfinite(row["scaled"])),
                "reason": "" if known else row["reason"],
            }


def _mean(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean over trainings, NaN where one of them has no number."""
    keys = [*WHERE, "metric", "level"]
    groups = frame.groupby(keys, sort=False, dropna=False)
    numbers = groups[[*NUMBERS]].mean(skipna=False)
    told = groups.agg(seed_sd=("value", "std"), scale=("scale", "all"), reason=("reason", "max"))
    columns = [*keys, "value", "seed_sd", *NUMBERS[1:], "scale", "reason"]
    return numbers.join(told).reset_index()[columns]
