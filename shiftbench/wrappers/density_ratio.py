"""How much likelier letters are among the test rows than among the calibration rows, told by a logistic regression."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from shiftbench.models import features

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

PENALTY = 1.0
"""Ridge on the coefficients of standardised features, in units of the log likelihood of all rows."""
WORD = 3
"""Length of the k-mers."""


def gc(sequence: Codes) -> Floats:
    """GC share and its square, (n, 2)."""
    return features.gc(sequence).astype(np.float64)


def kmer_shares(sequence: Codes) -> Floats:
    """Share of each k-mer among the known ones, one and the same on both strands, (n, 32); 0 if none is known."""
    counts = features.kmers(sequence, (WORD,)).astype(np.float64)
    codes = np.arange(4**WORD)
    reverse = sum((3 - codes // 4**place % 4) * 4 ** (WORD - 1 - place) for place in range(WORD))
    first = codes <= reverse
    counts = counts[:, first] + np.where(codes == reverse, 0, counts[:, reverse])[:, first]
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def log_ratio(source: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Log of density in `target` over density in `source`, up to a constant, at the rows of both: (m,) and (n,).

    Features (m, p) and (n, p). The ratio is the odds of a ridge logistic regression that tells the two apart.
    Source: Tibshirani et al. 2019, arXiv:1904.06019.
    """
    rows = np.concatenate([source, target])
    spread = rows.std(axis=0)
    rows = (rows - rows.mean(axis=0)) / np.where(spread > 1e-12, spread, 1)
    label = np.repeat([0.0, 1.0], [len(source), len(target)])

    def loss(state: Floats) -> tuple[float, Floats]:
        odds = state[0] + rows @ state[1:]
        off = expit(odds) - label
        value = np.logaddexp(0, odds).sum() - label @ odds + PENALTY / 2 * (state[1:] @ state[1:])
        return float(value), np.concatenate([[off.sum()], off @ rows + PENALTY * state[1:]])

    coefficients = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B").x[1:]
    odds = rows @ coefficients
    return odds[: len(source)], odds[len(source) :]
