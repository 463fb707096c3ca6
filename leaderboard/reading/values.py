"""Numbers that can be scored: finite, in range, SDs above 0, quantiles that never fall."""

import numpy as np
from numpy.typing import NDArray

from leaderboard.answers import Answers
from leaderboard.refused import Refused

LARGEST = 1e3
"""Of means (either sign) and SDs, log2 units."""
FURTHEST = 1e4
"""Of finite quantiles, either sign."""


def check(said: Answers) -> None:
    """Refuse answers with a number that cannot be scored, naming the first; `Refused`."""
    for name, values in (("mean", said.mean), ("SD", said.sd)):
        _refuse(~np.isfinite(values), values, "value-finite", f"{name}: expected finite numbers")
    _refuse(~(said.sd > 0), said.sd, "sd-positive", "SD: expected above 0 in float32")
    for name, values in (("mean", said.mean), ("SD", said.sd)):
        _refuse(np.abs(values) > LARGEST, values, "value-range", f"{name}: expected within {LARGEST:g} of 0")
    law = said.quantiles
    if law is None:
        return
    _refuse(np.isnan(law), law, "quantiles-nan", "quantiles: expected numbers or infinities")
    _refuse((np.abs(law) > FURTHEST) & np.isfinite(law), law, "value-range", f"quantiles: expected within {FURTHEST:g}")
    _refuse(law[..., 1:] < law[..., :-1], law[..., 1:], "quantiles-order", "quantiles: expected never to fall")


def _refuse(wrong: NDArray[np.bool_], values: NDArray[np.float32], code: str, expected: str) -> None:
    if wrong.any():
        place = tuple(map(int, np.unravel_index(int(wrong.argmax()), wrong.shape)))
        raise Refused(code, f"{expected}; found {values[place]:g} at {place}, {int(wrong.sum()):,} such in all")
