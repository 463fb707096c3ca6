"""Which intervals survive which shift: covariate shift is mended by weights, concept shift by labels of the target."""

import math

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import t

from shiftbench.models.features import gc
from shiftbench.prediction import LEVELS, gaussian
from shiftbench.wrappers import WRAPPERS
from tests.evidence import evidence

pytestmark = pytest.mark.statistical

ROWS, DRAWS, REPEATS = 1000, 40, 10
WEIGHTED = ["conformal_weighted_gc", "conformal_weighted_kmer"]
LABELLED = [(name, m) for name, wrapper in WRAPPERS.items() for m in wrapper.budgets if m]


def _letters(rng, n, mean):
    """Sequences of 200 letters whose GC has the SD of a real library, .087 and what counting adds."""
    share = np.clip(mean + 0.087 * rng.normal(size=(n, 1)), 0, 1)
    strong, second = rng.random((2, n, 200))
    return np.where(strong < share, 1 + (second < 0.5), 3 * (second < 0.5)).astype(np.uint8)


def _coverages(name, gc_shift=0.0, rewired=0.0):
    """Coverage at 90 % in each of `REPEATS` sets of letters, and the share of infinite intervals.

    Noise doubles every .14 of GC, which no law states; `rewired` is the SD of effects that only the target has.
    """
    inside, infinite = [], []
    for repeat in range(REPEATS):
        rng = np.random.default_rng(repeat)
        own, other = (_letters(rng, ROWS, mean) for mean in (0.45, 0.45 + gc_shift))
        calibration, test = (
            np.exp(5 * (gc(rows)[:, :1] - 0.45)) * rng.normal(size=(ROWS, DRAWS)) for rows in (own, other)
        )
        test += rewired * rng.normal(size=test.shape)
        law = gaussian(np.zeros((ROWS, DRAWS), np.float32), np.ones((ROWS, DRAWS), np.float32))
        wrapped = WRAPPERS[name].apply(evidence(law, law, calibration.astype(np.float32), other, own))
        low, high = wrapped.prediction.interval(0.9)
        inside.append(np.mean((low <= test) & (test <= high)))
        infinite.append(np.isinf(high).mean())
    return np.array(inside), np.mean(infinite)


def _deviation(coverages, expected=0.9):
    """Mean less expectation in standard errors over sets of letters; t with 9 degrees of freedom."""
    return (coverages.mean() - expected) / (coverages.std(ddof=1) / math.sqrt(len(coverages)))


LIMIT = t.isf(5e-5, REPEATS - 1)
"""False alarm 1e-4 a case."""


@pytest.mark.parametrize("gc_shift", [0.05, 0.10])
@pytest.mark.parametrize("name", WEIGHTED)
def test_weights_restore_coverage_under_a_gc_shift(name, gc_shift):
    coverages, infinite = _coverages(name, gc_shift)
    assert abs(_deviation(coverages)) < LIMIT
    assert abs(coverages.mean() - 0.9) < 0.02
    assert infinite < 0.01


@pytest.mark.parametrize("gc_shift", [0.05, 0.10])
def test_no_weights_lose_coverage_under_a_gc_shift(gc_shift):
    """Positive control."""
    coverages, _ = _coverages("conformal_normalised", gc_shift)
    assert _deviation(coverages) < -2 * LIMIT
    assert coverages.mean() < 0.85


@pytest.mark.parametrize("name", ["conformal_normalised", *WEIGHTED])
def test_weights_do_not_restore_coverage_under_rewiring(name):
    coverages, _ = _coverages(name, rewired=1.5)
    assert _deviation(coverages) < -2 * LIMIT
    assert coverages.mean() < 0.75


def _rewired(name, m, own):
    """Coverage of each draw at each of `LEVELS` where effects are rewired; `own`: m labels are of the target itself."""
    rng, draws = np.random.default_rng(m), 500
    laws = [gaussian(*np.stack([rng.normal(size=(n, draws)), np.ones((n, draws))]).astype(np.float32)) for n in (m, 50)]
    effects = [1.5 * rng.normal(size=law.mean.shape) for law in laws]
    calibration, test = (law.mean + rng.normal(size=law.mean.shape) for law in laws)
    calibration, test = calibration + own * effects[0], test + effects[1]
    letters = [np.tile(np.arange(60, dtype=np.uint8) % 4, (n, 1)) for n in (50, m)]
    known = evidence(laws[1], laws[0], calibration.astype(np.float32), *letters)
    ends = (WRAPPERS[name].apply(known).prediction.interval(level) for level in LEVELS)
    return np.stack([((low <= test) & (test <= high)).mean(axis=0) for low, high in ends])


def _nominal(name, m):
    """Exact mean coverage of m exchangeable rows."""
    if name == "variance_scaling":
        return 1 - 2 * t.sf(ndtri((1 + np.array(LEVELS)) / 2), m)
    if name == "isotonic":
        return np.array(LEVELS)
    return np.array([math.ceil(round((m + 1) * level, 9)) / (m + 1) for level in LEVELS])


@pytest.mark.parametrize(("name", "m"), LABELLED)
def test_labels_of_the_target_restore_coverage_under_rewiring(name, m):
    """4 standard errors over draws (5 where isotonic levels lie between two rows): false alarm 3e-4 a case."""
    found, expected = _rewired(name, m, own=True), _nominal(name, m)
    deviation = (found.mean(axis=1) - expected) / (found.std(axis=1, ddof=1) / math.sqrt(found.shape[1]))
    assert np.abs(deviation).max() < (5 if name == "isotonic" else 4)
    assert np.abs(expected - LEVELS).max() < 1 / m


@pytest.mark.parametrize(("name", "m"), LABELLED)
def test_labels_of_the_source_do_not(name, m):
    """Positive control: the same rows without the effects of the target."""
    assert (_rewired(name, m, own=False).mean(axis=1) < np.array(LEVELS) - 0.1).all()
