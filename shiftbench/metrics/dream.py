"""The score of the Random Promoter DREAM challenge from its nine subset correlations, and its bootstrap of ranks."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shiftbench.errors import InputError, Undefined
from shiftbench.metrics.correlation import pearson, spearman
from shiftbench.metrics.metric import Floats, Metric, Number

WEIGHTS = {
    "all": 1.0,
    "high": 0.3,
    "low": 0.3,
    "native": 0.3,
    "random": 0.3,
    "challenging": 0.5,
    "snv": 1.25,
    "perturbation": 0.3,
    "tiling": 0.4,
}
"""Weight of each subset; rows of the last three are pairs, of which the difference is predicted."""


class Ranks(NamedTuple):
    """Mean rank of each model over draws, 1 the best, ties sharing theirs, (models,); draws used and skipped."""

    pearson: Floats
    spearman: Floats
    combined: Floats
    used: int
    skipped: int


def dream_pearson(correlations: Mapping[str, float]) -> float:
    """Weighted mean of squared Pearson correlations, 0 to 1; `correlations` by the names of `WEIGHTS`.

    `InputError` for an unknown or a missing subset, `Undefined` where a correlation is.
    Source: Rafi et al. 2024, doi:10.1038/s41587-024-02414-w.
    """
    return _weighted(correlations, lambda r: r**2)


def dream_spearman(correlations: Mapping[str, float]) -> float:
    """Weighted mean of Spearman correlations, -1 to 1; otherwise as `dream_pearson`."""
    return _weighted(correlations, lambda r: r)


def rank_distribution(
    observed: Mapping[str, ArrayLike],
    predicted: Mapping[str, ArrayLike],
    seed: int,
    draws: int = 10_000,
    share: float = 0.1,
) -> Ranks:
    """The published rank distribution of several models: both scores on small draws, all models ranked in each.

    `observed` {subset: (m,)}, `predicted` {subset: (models, m)}, rows of pair subsets being differences. A draw takes
    `share` of the rows of every subset without replacement, a pair being a row; it is skipped if any correlation in it
    does not exist. `combined` is the mean of both mean ranks. Drawing a tenth spreads scores about three times as
    widely as the full set does: this is no interval. `InputError` as `dream_pearson`, `Undefined` if all are skipped.
    """
    _check(observed)
    _check(predicted)
    generator = np.random.default_rng(seed)
    scores = [_draw(observed, predicted, share, generator) for _ in range(draws)]
    used = [score for score in scores if score is not None]
    if not used:
        raise Undefined(f"a correlation is undefined in each of {draws} draws")
    by_pearson, by_spearman = (np.mean([_rank(score[kind]) for score in used], axis=0) for kind in range(2))
    return Ranks(by_pearson, by_spearman, (by_pearson + by_spearman) / 2, len(used), draws - len(used))


def _draw(
    observed: Mapping[str, ArrayLike], predicted: Mapping[str, ArrayLike], share: float, generator: np.random.Generator
) -> Floats | None:
    """Both scores of every model on one draw, (2, models), or None if a correlation does not exist."""
    found: dict[str, list[list[Number]]] = {}
    for name in WEIGHTS:
        y, of_models = np.asarray(observed[name], np.float64), np.asarray(predicted[name], np.float64)
        rows = generator.choice(y.size, round(y.size * share), replace=False)  # drawn whatever came before
        try:
            found[name] = [[measure(one[rows], y[rows]) for one in of_models] for measure in (pearson, spearman)]
        except Undefined:
            found[name] = []
    if not all(found.values()):
        return None
    table = np.array([found[name] for name in WEIGHTS], np.float64)
    weight = np.array(list(WEIGHTS.values()))
    return np.asarray(np.stack([weight @ table[:, 0] ** 2, weight @ table[:, 1]]) / weight.sum())


def _rank(score: Floats) -> Floats:
    """Ranks of scores, 1 for the highest, ties sharing theirs."""
    above = (score[:, None] < score).sum(axis=1)
    return np.asarray(above + ((score[:, None] == score).sum(axis=1) + 1) / 2)


def _weighted(correlations: Mapping[str, float], of: Callable[[float], float]) -> float:
    _check(correlations)
    for name, value in correlations.items():
        if np.isnan(value):
            raise Undefined(f"subset {name}: the correlation is undefined")
    return sum(weight * of(correlations[name]) for name, weight in WEIGHTS.items()) / sum(WEIGHTS.values())


def _check(subsets: Mapping[str, object]) -> None:
    if subsets.keys() != WEIGHTS.keys():
        unknown, missing = sorted(subsets.keys() - WEIGHTS.keys()), sorted(WEIGHTS.keys() - subsets.keys())
        raise InputError(f"DREAM score: unknown subsets {unknown}, missing subsets {missing}; expected {[*WEIGHTS]}")


_EXAMPLE = "(dict.fromkeys('all high low native random challenging snv perturbation tiling'.split(), .5)), 6)"

TABLE = (
    Metric(
        name="dream_pearson",
        title="DREAM Pearson score",
        better="higher",
        targets=(),
        needs=(),
        scaled=False,
        formula="sum of w r^2 / sum of w over nine subsets, w = 1 all, .3 high, low, native, random, perturbation, "
        ".5 challenging, 1.25 SNV, .4 tiling",
        example=f">>> round(dream_pearson{_EXAMPLE}\n0.25",
        source="Rafi et al. 2024, doi:10.1038/s41587-024-02414-w",
        compute=dream_pearson,
        floor=0.0,
    ),
    Metric(
        name="dream_spearman",
        title="DREAM Spearman score",
        better="higher",
        targets=(),
        needs=(),
        scaled=False,
        formula="sum of w rho / sum of w, weights as in dream_pearson",
        example=f">>> round(dream_spearman{_EXAMPLE}\n0.5",
        source="Rafi et al. 2024, doi:10.1038/s41587-024-02414-w",
        compute=dream_spearman,
        floor=0.0,
    ),
)
