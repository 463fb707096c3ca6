"""Near-copies: entries whose answers are all but those of another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leaderboard.bundle import Bundle

ALIKE = 0.9999
"""Correlation of answers above which two entries are near-copies."""
SPREAD = 0.01
"""Root mean squared difference of the logarithms of SDs below which these are alike too."""

Floats = NDArray[np.float64]


def copies(bundles: Sequence[Bundle]) -> list[tuple[int, ...]]:
    """For each bundle the numbers of its near-copies, earlier and later ones.

    Of two teams if the means of their seed averages correlate above `ALIKE` on the sets that both answer, as they are
    or each set and output less its mean. Of one team, whose wrappers of a recipe share its means, only if the SDs are
    alike as well, or if recipe, wrapper and preset are said to be the same.
    """
    found: list[list[int]] = [[] for _ in bundles]
    said = [_Said(bundle) for bundle in bundles]
    for later in range(len(bundles)):
        for earlier in range(later):
            if _near(said[earlier], said[later]):
                found[earlier].append(later)
                found[later].append(earlier)
    return [tuple(numbers) for numbers in found]


class _Said:
    """Means and SDs of the seed average by digest of the set, each (n, outputs)."""

    def __init__(self, bundle: Bundle) -> None:
        self.team, model = bundle.manifest.team, bundle.manifest.model
        self.what = model.recipe, model.wrapper, model.preset
        mean, sd = (array.mean(axis=0, dtype=np.float64) for array in (bundle.answers.mean, bundle.answers.sd))
        self.mean = {digest: mean[rows] for digest, rows in bundle.answers.rows.items()}
        self.sd = {digest: sd[rows] for digest, rows in bundle.answers.rows.items()}
        self._directions: dict[tuple[str, ...], tuple[Floats, Floats]] = {}

    def directions(self, sets: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Means on these sets as vectors of length 1 whose products are correlations: as they are, and centred."""
        if sets not in self._directions:
            means = [self.mean[digest] for digest in sets]
            centred = [mean - mean.mean(axis=0) for mean in means]
            self._directions[sets] = (_direction(means), _direction(centred))
        return self._directions[sets]


def _direction(arrays: Sequence[Floats]) -> Floats:
    """All values less their mean, of length 1; zeros if they are constant."""
    values = np.concatenate([array.ravel() for array in arrays])
    values = values - values.mean()
    length = float(np.linalg.norm(values))
    return values / length if length > 1e-6 * np.sqrt(values.size) else np.zeros_like(values)


def _near(one: _Said, other: _Said) -> bool:
    both = tuple(digest for digest in one.mean if digest in other.mean)
    if not both:
        return False
    pairs = zip(one.directions(both), other.directions(both), strict=True)
    if not any(float(first @ second) > ALIKE for first, second in pairs):
        return False
    if one.team != other.team or one.what == other.what:
        return True
    apart = [np.log(one.sd[digest] / other.sd[digest]).ravel() for digest in both]
    return bool(np.sqrt(np.mean(np.square(np.concatenate(apart)))) < SPREAD)
