"""What the canaries among the test rows tell of an entry: numbers, and flags where an honest one has none."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import rankdata

from leaderboard.answers import Answers
from leaderboard.questions import Questions
from leaderboard.rounds.worlds import Canaries
from leaderboard.scoring.flags import UNEVEN, centred
from leaderboard.scoring.scored import Flag

FLAGS = {
    "canary-labels": "Its means go with permuted labels of canary rows, which follow from the secret of the round and "
    "from nothing that is public: it has them from whoever holds the answers. A holder of the secret can avoid it.",
    "canary-twins": "One and the same sequence under two ids has two answers: the answer hangs on more than letters.",
}
"""Flags by code, with what they mean."""
CHANCE = 1e-4
"""How often an entry that does not know the labels is flagged for going with the permuted ones."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Told:
    """Numbers of the canaries of an entry, NaN where it answers none of them.

    `chance`: of an association with the permuted labels as large as this one; `twins`: largest difference of two
    answers to the same letters; `strand`: mean difference of a sequence and its reverse complement, both in SDs of the
    means of the entry; `low`, `high`: least and largest mean for sequences of one letter, log2 units.
    """

    chance: float
    twins: float
    strand: float
    low: float
    high: float


def told(answers: Answers, questions: Questions, canaries: Sequence[Canaries]) -> Told:
    """Numbers of an entry in a round, over the worlds that it answers."""
    pairs = [
        (answers.mean[:, answers.rows[asked.digest]].mean(axis=0, dtype=np.float64), known)
        for asked, known in zip(questions.sets, canaries, strict=True)
        if asked.digest in answers.rows
    ]
    if not pairs:
        return Told(*(math.nan,) * 5)
    constant = np.concatenate([mean[known.constant] for mean, known in pairs])
    return Told(
        chance=_chance([(mean[known.permuted], known.labels.astype(np.float64)) for mean, known in pairs]),
        twins=float(np.concatenate([_apart(mean, known.twins) for mean, known in pairs]).max()),
        strand=float(np.concatenate([_apart(mean, known.strands) for mean, known in pairs]).mean()),
        low=float(constant.min()),
        high=float(constant.max()),
    )


def flags(found: Told) -> Iterator[Flag]:
    """Flags of an entry with these numbers."""
    if found.chance < CHANCE:
        yield Flag(
            "canary-labels", f"means go with permuted labels; by chance once in {1 / max(found.chance, 1e-99):.0e}"
        )
    if found.twins > UNEVEN:
        yield Flag("canary-twins", f"answers to one sequence differ by {found.twins:.2g} SDs of the means")


def _apart(mean: Floats, pairs: NDArray[np.intp]) -> Floats:
    """Differences of the answers of each pair in SDs of the mean over all rows, 0 where nothing differs at all."""
    spread = mean.std(axis=0)
    away = np.abs(mean[pairs[:, 0]] - mean[pairs[:, 1]])
    return np.asarray(np.divide(away, spread, out=np.zeros_like(away), where=spread > 0))


def _chance(worlds: Sequence[tuple[Floats, Floats]]) -> float:
    """One-sided chance of the rank correlation of means and labels (n, outputs) if labels were permuted at random.

    Normal, with the exact variance of the summed products over permutations: that of all products over n - 1
    (Hoeffding 1951, A combinatorial central limit theorem, theorem 2). Ranks, since skewed values would have a longer
    tail.
    """
    total, variance = 0.0, 0.0
    for mean, labels in worlds:
        first, second = (centred(rankdata(part, axis=0)) for part in (mean, labels))
        products = first @ second.T
        total += float(np.trace(products))
        variance += float(np.square(products).sum()) / (len(mean) - 1)
    return float(ndtr(-total / math.sqrt(variance))) if variance > 0 else math.nan
