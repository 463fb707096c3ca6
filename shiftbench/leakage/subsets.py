"""Test rows by what training gives away of them: duplicates, near duplicates, bins of identity, and the far rest."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from shiftbench.leakage.pairs import Mask, Pairs

NEAR = 0.90
"""Identity from which on a sequence is a near duplicate."""
FAR = 0.50
"""Identity below which a sequence is far from training."""
EDGES = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, NEAR, 1.0)
"""Bounds of the bins of identity; what matches in all letters is a bin of its own."""


@dataclass(frozen=True, slots=True)
class Subset:
    """Rows of a test set (n,) under a name; `kind` all, duplicates, identity (bins that do not overlap) or far."""

    name: str
    kind: str
    rows: Mask


def subsets(found: Pairs, far: float = FAR) -> list[Subset]:
    """All rows, what is duplicated or shared, near and not, bins of the nearest identity, and what is far."""
    identity = found.nearest.identity
    near = identity >= np.float32(NEAR)
    named = {
        "all": ("all", np.ones(len(identity), bool)),
        "identical": ("duplicates", found.identical),
        "identical, other strand": ("duplicates", found.turned),
        f"identity {NEAR:.2f} or more": ("duplicates", near),
        **{f"shares {length} bases": ("duplicates", mask) for length, mask in sorted(found.shared.items())[::-1]},
        f"identity below {NEAR:.2f}": ("duplicates", ~near),
        **{
            f"identity {low:.2f} to {high:.2f}": (
                "identity",
                (identity >= np.float32(low)) & (identity < np.float32(high)),
            )
            for low, high in pairwise(EDGES)
        },
        "identity 1": ("identity", identity >= 1),
        f"far: identity below {far:.2f}": ("far", identity < np.float32(far)),
    }
    return [Subset(name, kind, rows) for name, (kind, rows) in named.items()]
