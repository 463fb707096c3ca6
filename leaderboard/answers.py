"""What an entry says: means and SDs of every seed, and quantiles of the seed average if it has its own."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Answers:
    """Predictions of an entry.

    `mean`, `sd`: float32 (s, n, outputs), log2 units, finite, SD above 0; s seeds, or 1 if they were joined; n rows of
    all answered sets, one after another. `quantiles`: float32 (n, outputs, 9) at the levels of `prediction.QUANTILES`,
    of the seed average, never falling, may be infinite; None if normal laws are meant. `rows`: place of each set, by
    digest.
    """

    mean: Floats
    sd: Floats
    quantiles: Floats | None
    rows: Mapping[str, slice]
