"""What a reader should know of an entry beside its score; flags remove nobody."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboard.board import Board, Cell
from leaderboard.bundle import Bundle
from leaderboard.manifest import Manifest
from leaderboard.scoring.averages import averages
from leaderboard.scoring.scored import Flag, Scored
from shiftbench.errors import Undefined
from shiftbench.stats.crossed import nested

FLAGS = {
    "above-line": "Scores above the reference learner that was given three times the data, at the same preset: to be "
    "run again by the maintainers.",
    "above-oracle": "Better than the source oracle beyond the interval of the test rows, at severity 0 or under a "
    "shift of the genome, where nothing can be: labels leaked, or the oracle is wrong.",
    "follows-noise": "What it is off the expected value goes with what the measurement is off: it knows labels of the "
    "test rows.",
    "uneven": "One and the same sequence is answered differently in different test sets of a world: the answer hangs "
    "on more than the sequence.",
    "no-signal": "Predicted means have no relation to what the sequence does, at severity 0.",
    "constant-mean": "One and the same mean for every sequence of a test set.",
    "constant-sd": "One and the same SD for every sequence of every test set.",
    "copy": "Near-copy of an earlier entry: means correlate above .9999 (within one team SDs are alike as well, "
    "or recipe, wrapper and preset the same). It moves nobody's rank.",
    "copied": "A later entry is a near-copy of this one.",
}
"""Flags by code, with what they mean; rounds add those of their canaries."""
BEYOND = 0.01
"""How far above 1 the lower end of a scaled score lies before it is told: rounding of packed numbers stays below."""
NOISE_Z = 5.0
"""Standard errors of the association with the noise: below 1e-6 of boards put an honest entry there."""
SIGNAL_Z = 3.0
"""Standard errors above 0 of a relation to the sequence."""
UNEVEN = 0.01
"""Largest share of the SD of a mean by which answers to one sequence may differ: rounding and batches stay below."""

Floats = NDArray[np.float64]


def flags(bundle: Bundle, board: Board, scored: Scored) -> Iterator[Flag]:
    """Flags of an entry by itself."""
    answers = answers_of(bundle, board)
    if not answers:
        return
    yield from _above_oracle(scored)
    if (z := noise_association(answers)) > NOISE_Z:
        yield Flag("follows-noise", f"association with the noise of the measurement {z:.1f} standard errors above 0")
    if not bundle.manifest.division.sees_test_inputs:
        yield from _uneven(answers)
    constant = [one for one in answers if not np.ptp(one.mean, axis=0).any()]
    if constant:
        yield Flag("constant-mean", f"one mean for all sequences in {len(constant)} of {len(answers)} cells")
    else:
        yield from _no_signal(answers)
    if not any(np.ptp(one.sd, axis=0).any() for one in answers):
        yield Flag("constant-sd", "one SD for all sequences of a test set, in all of them")


def above_line(scored: Scored, lines: Sequence[Scored]) -> Iterator[Flag]:
    """Flag of an entry above the line of its preset, on the cells that both answer."""
    for line in lines:
        if line.manifest.model.preset != scored.manifest.model.preset:
            continue
        own, known = (_shifted(one) for one in (scored, line))
        both = own["scaled"].notna().to_numpy() & known["scaled"].notna().to_numpy()
        if not both.any():
            continue
        score, bound = (float(averages(cells[both]).whole.mean()) for cells in (own, known))
        if score > bound:
            yield Flag("above-line", f"score {score:.3f}, of {line.id} with three times the data {bound:.3f}")


def near_copies(earlier: Sequence[Manifest], later: Sequence[Manifest]) -> Iterator[Flag]:
    """Flags of an entry that is a near-copy of earlier ones, or of which later ones are."""
    if earlier:
        yield Flag("copy", f"near-copy of {_named(earlier)}")
    if later:
        yield Flag("copied", f"{_named(later)} came later")


def _named(entries: Sequence[Manifest]) -> str:
    return ", ".join(f"{one.entry} ({one.team})" for one in entries)


def _shifted(scored: Scored) -> pd.DataFrame:
    cells = scored.cells
    return cells[(cells["metric"] == "crps") & (cells["part"] != "") & cells["scale"]]


class Answer:
    """Mean and SD of the seed average in a cell, (n, outputs), with the cell."""

    def __init__(self, cell: Cell, bundle: Bundle, board: Board) -> None:
        self.cell = cell
        own = bundle.answers.rows[_digest(cell, board)]
        self.mean, self.sd = (
            array[:, own][:, cell.rows].mean(axis=0, dtype=np.float64)
            for array in (bundle.answers.mean, bundle.answers.sd)
        )


def answers_of(bundle: Bundle, board: Board) -> list[Answer]:
    """What an entry says in the cells that it answers."""
    return [Answer(cell, bundle, board) for cell in board.cells if _digest(cell, board) in bundle.answers.rows]


def _digest(cell: Cell, board: Board) -> str:
    return board.questions.sets[cell.question].digest


def _above_oracle(scored: Scored) -> Iterator[Flag]:
    cells = scored.cells
    kept = cells[(cells["metric"] == "crps") & cells["part"].isin(["", "genome"]) & cells["scale"]]
    above = kept[kept["scaled_low"] > 1 + BEYOND]
    if len(above):
        first = above.iloc[0]
        where = f"{first['family']}:{first['dose']} of world {first['world']}"
        yield Flag("above-oracle", f"in {len(above)} of {len(kept)} cells, {first['scaled']:.2f} in {where}")


def noise_association(answers: Sequence[Answer]) -> float:
    """By how many standard errors an entry is off the expected values in the direction in which measurements are.

    Over boards about standard normal for whoever does not know the labels of the test rows; what a board does to one
    honest entry it does to others like it. Rows of one cluster of a world share the draws of their noise, so their
    products are summed. 0 without an answer, or where no truth is known.
    """
    sums: dict[tuple[str, int], float] = {}
    for one in answers:
        truth = one.cell.sample.truth
        if truth is None:
            continue
        off = (one.mean - truth.expected) / truth.sd
        noise = (one.cell.sample.observed - truth.expected) / truth.sd
        for group, product in zip(one.cell.sample.group.tolist(), (off * noise).mean(axis=1).tolist(), strict=True):
            sums[one.cell.world, group] = sums.get((one.cell.world, group), 0.0) + product
    return _standard_errors(np.array([*sums.values()]))


def _no_signal(answers: Sequence[Answer]) -> Iterator[Flag]:
    products = [
        (centred(one.mean) * centred(one.cell.references["source"].mean)).mean(axis=1)
        for one in answers
        if one.cell.severity == 0
    ]
    if products and not (z := _standard_errors(np.concatenate(products))) > SIGNAL_Z:
        yield Flag("no-signal", f"relation to what the sequence does {z:.1f} standard errors from 0 at severity 0")


def _uneven(answers: Sequence[Answer]) -> Iterator[Flag]:
    first: dict[tuple[str, bytes], Floats] = {}
    spread = np.concatenate([one.mean for one in answers]).std(axis=0)
    shared, wrong = 0, 0
    for one in answers:
        for letters, mean in zip(one.cell.sample.sequence, one.mean, strict=True):
            known = first.setdefault((one.cell.world, letters.tobytes()), mean)
            shared += known is not mean
            wrong += bool((np.abs(mean - known) > UNEVEN * spread).any())
    if wrong:
        yield Flag("uneven", f"{wrong} of {shared} sequences that stand in several sets are answered differently")


def centred(values: NDArray[np.floating[Any]]) -> Floats:
    """Less the mean of each output, over its SD; 0 where that is 0."""
    away = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    spread = away.std(axis=0)
    return np.asarray(np.divide(away, spread, out=np.zeros_like(away), where=spread > 0))


def _standard_errors(values: Floats) -> float:
    """Mean over its standard error; 0 where there is none."""
    try:
        found = nested(values[:, None])
    except Undefined:
        return 0.0
    return found.value / found.error
