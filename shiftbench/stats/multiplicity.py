"""p values of a family of comparisons, adjusted; undefined ones stay undefined and do not count in the family."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(p: ArrayLike) -> Floats:
    """Adjusted p values (k,), NaN where `p` is: rejecting those under alpha errs at all in a share alpha of families.

    Whatever the dependence. Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    known, values = _defined(p)
    order = np.argsort(values)
    steps = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty(values.size)
    adjusted[order] = np.minimum(steps, 1)
    return _placed(adjusted, known)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p values (k,), NaN where `p` is: of those under alpha a share alpha at most is expected to be false.

    For independent or positively dependent comparisons. Source: Benjamini and Hochberg 1995, Controlling the false
    discovery rate.
    """
    from scipy.stats import false_discovery_control

    known, values = _defined(p)
    return _placed(false_discovery_control(values) if values.size else values, known)


def _defined(p: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    given = np.asarray(p, np.float64)
    known = ~np.isnan(given)
    if ((given[known] < 0) | (given[known] > 1)).any():
        raise ValueError("a p value lies outside 0..1")
    return known, given[known]


def _placed(adjusted: Floats, known: NDArray[np.bool_]) -> Floats:
    whole = np.full(known.shape, np.nan)
    whole[known] = adjusted
    return whole
