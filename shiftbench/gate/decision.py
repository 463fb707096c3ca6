"""Whether new training seeds do worse than those of a baseline: one number a task, one side, Holm over tasks."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, stdtr, stdtrit

from shiftbench.stats.multiplicity import holm

LEVEL = 0.05
"""Share of comparisons of code that does no worse in which any task is called worse."""
LOSS = 2.8
"""Loss to be caught, in SDs between training seeds: twice the repeatability, the SD of a difference of two seeds."""
CHANCE = 0.95
"""Chance with which that loss in one task alone is caught where `seeds_to_catch` says how many seeds are trained."""
FAILED = 1e-6
"""One-sided p value of a single new seed from which on its training has failed, whatever the mean is."""
ROUNDING = 1e-5
"""SD, as a share of the mean, that is granted to what does not depend on a seed: the order of sums on this machine."""

Floats = NDArray[np.float64]


class Pair(NamedTuple):
    """Numbers of one task: of the baseline's training seeds (n0,), of new ones (n1,), and which way is better."""

    baseline: Floats
    new: Floats
    better: Literal["lower", "higher"]


class Finding(NamedTuple):
    """What is said of one task.

    `mean`, `sd` of the baseline; `new` mean of the new seeds; `loss` from the one to the other, above 0 if worse;
    `tolerance` the loss above which a task is called worse here; `p` one-sided, adjusted by Holm; `failed` new seeds
    that are worse than any such training is.
    """

    mean: float
    sd: float
    new: float
    loss: float
    tolerance: float
    p: float
    failed: int
    verdict: Literal["holds", "worse", "better"]


def decide(pairs: Sequence[Pair], level: float = LEVEL) -> list[Finding]:
    """A finding a task. Of code that does no worse, any task is called worse in a share `level` of comparisons.

    The loss over s sqrt(1/n0 + 1/n1) is held against Student's t with n0 - 1 degrees of freedom. With the baseline's SD
    as s this is the prediction interval of a mean of n1 further seeds, exact for normal numbers; but seeds often fall
    into groups, and ten that miss one tell too small an SD. So s is the larger of the baseline's SD and the pooled one,
    which errs on the side of no alarm. As a training that failed widens the pooled SD and would hide itself, each new
    seed is also held against the baseline alone, at `FAILED`. A baseline of one number has no SD but `ROUNDING`.
    `ValueError` for a number that is not finite: nothing passes because it does not exist.
    """
    if not all(np.isfinite(side).all() for pair in pairs for side in pair[:2]):
        raise ValueError("a number to compare is not finite")
    rows = [_Row(pair) for pair in pairs]
    worse, better = holm([row.p(1) for row in rows]), holm([row.p(-1) for row in rows])
    # Holm stops here: the loss is beyond this tolerance if and only if the task is called worse by its mean.
    step = level / max(len(rows) - int((worse <= level).sum()), 1)
    return [
        Finding(
            mean=row.mean,
            sd=row.sd,
            new=row.new,
            loss=row.loss,
            tolerance=float(stdtrit(row.freedom, 1 - step)) * row.error,
            p=float(worse[number]),
            failed=row.failed,
            verdict="worse"
            if worse[number] <= level or row.failed
            else "better"
            if better[number] <= level
            else "holds",
        )
        for number, row in enumerate(rows)
    ]


class _Row:
    """Means, loss, its standard error and degrees of freedom of a task."""

    def __init__(self, pair: Pair) -> None:
        n0, n1 = len(pair.baseline), len(pair.new)
        sign = 1.0 if pair.better == "lower" else -1.0
        self.mean, self.new = float(pair.baseline.mean()), float(pair.new.mean())
        self.loss = sign * (self.new - self.mean)
        self.sd = float(pair.baseline.std(ddof=1)) if n0 > 1 else 0.0
        squares = (n0 - 1) * self.sd**2 + n1 * float(pair.new.var())
        pooled = float(np.sqrt(squares / (n0 + n1 - 2))) if n0 > 1 else 0.0
        rounding = ROUNDING * (abs(self.mean) or 1.0)
        self.error = max(self.sd, pooled, rounding) * float(np.sqrt(1 / n0 + 1 / n1))
        self.freedom = n0 - 1.0 if n0 > 1 else np.inf
        beyond = sign * (pair.new - self.mean) / (max(self.sd, rounding) * np.sqrt(1 / n0 + 1))
        self.failed = int((stdtr(self.freedom, -beyond) <= FAILED).sum())

    def p(self, side: int) -> float:
        """One-sided p value of the loss (1) or gain (-1)."""
        return float(stdtr(self.freedom, -side * self.loss / self.error))


def seeds_to_catch(baseline: int, tasks: int, level: float = LEVEL, loss: float = LOSS, chance: float = CHANCE) -> int:
    """Number of new seeds with which a `loss` (in SDs) in one of `tasks` is caught with `chance`.

    After a baseline of so many seeds, for normal numbers and the first, hardest step of Holm; never more than the
    baseline has.
    """
    for new in range(1, baseline):
        edge = stdtrit(baseline - 1, 1 - level / tasks)
        if 1 - nctdtr(baseline - 1, loss / np.sqrt(1 / baseline + 1 / new), edge) >= chance:
            return new
    return baseline
