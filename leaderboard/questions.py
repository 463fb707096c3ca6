"""What is asked, without a secret: the test sets of a board or of a round, by digest, with the ids of their rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Asked:
    """One set of sequences: `digest` of its Data node (32 hex digits), its `label` in the plan, ids str (n,)."""

    digest: str
    label: str
    ids: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Questions:
    """All sets of one table, in their order.

    `suite`, `version`: the ranked suite; `round`: id of a round, "" for the development table; `outputs`: columns of an
    answer; `seeds`: training seeds that were announced.
    """

    suite: str
    version: int
    round: str
    outputs: tuple[str, ...]
    seeds: tuple[int, ...]
    sets: tuple[Asked, ...]
