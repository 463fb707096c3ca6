"""Random-effects t over crossed factors, nested worlds and overlapping folds against what they promise.

Six settings: shares of the variance of the mean that come from rows, columns and residual, over two designs. A test at
5 % may err in 3.5-6 % of 20,000 tables. The true rates of this t, by 400,000 draws of its mean squares in each setting,
are 4.0-5.6 %: a right implementation leaves the band with a chance below 1 in 50 a setting, once: the seed is fixed.
"""

import numpy as np
import pytest

from shiftbench.stats.crossed import crossed, folds, nested

pytestmark = pytest.mark.statistical

TABLES = 20_000
SETTINGS = {
    "seeds": ((5, 200), (0.9, 0.05, 0.05)),
    "items": ((5, 200), (0.05, 0.9, 0.05)),
    "residual": ((5, 200), (0.05, 0.05, 0.9)),
    "all alike": ((5, 200), (1 / 3, 1 / 3, 1 / 3)),
    "worlds": ((5, 5), (0.9, 0.05, 0.05)),
    "worlds and seeds": ((5, 5), (0.45, 0.45, 0.1)),
}


def _tables(name, count, seed):
    """Tables whose mean has expectation 0 and variance 1."""
    (a, b), (row, column, residual) = SETTINGS[name]
    rng = np.random.default_rng(seed)
    for _ in range(count):
        table = np.sqrt(residual * a * b) * rng.normal(size=(a, b))
        table += np.sqrt(row * a) * rng.normal(size=(a, 1)) + np.sqrt(column * b) * rng.normal(size=b)
        yield table


@pytest.mark.parametrize("name", SETTINGS)
def test_false_alarms_and_coverage(name):
    found = [crossed(table) for table in _tables(name, TABLES, 0)]
    assert 0.035 <= np.mean([each.p < 0.05 for each in found]) <= 0.06
    assert 0.94 <= np.mean([each.low <= 0 <= each.high for each in found]) <= 0.965


@pytest.mark.parametrize(("name", "low", "high"), [("seeds", 0.10, 0.25), ("worlds", 0.10, 0.25)])
def test_crossed_percentile_bootstrap_errs_too_often(name, low, high):
    """Positive control: rows and columns redrawn, 2.5 % cut at each end; the band of the t would refuse it."""
    assert low < _bootstrap_alarms(name) < high


def test_crossed_percentile_bootstrap_finds_too_little_if_the_residual_rules(monkeypatch):
    """Positive control on the other side: the residual counts three times."""
    monkeypatch.setitem(SETTINGS, "residual alone", ((5, 200), (0.0, 0.0, 1.0)))
    assert _bootstrap_alarms("residual alone") < 0.02


def _bootstrap_alarms(name, resamples=300):
    (a, b), _ = SETTINGS[name]
    rng, alarms = np.random.default_rng(1), []
    for table in _tables(name, 600, 2):
        rows, columns = (rng.multinomial(n, np.full(n, 1 / n), size=resamples) for n in (a, b))
        low, high = np.quantile(((rows @ table) * columns).sum(axis=1) / (a * b), [0.025, 0.975])
        alarms.append(not low <= 0 <= high)
    return np.mean(alarms)


def test_a_planted_effect_is_found():
    """Five standard errors: missed in over 2 % only if the error is overstated; t with 4 degrees at worst has 99 %."""
    for name in SETTINGS:
        assert np.mean([crossed(table + 8).p < 0.05 for table in _tables(name, 500, 3)]) > 0.97


def test_difference_of_two_recipes_on_the_same_seeds_and_items():
    """What both share cancels in the table of differences; false alarms of a right test as above."""
    shared = _tables("seeds", 4000, 4)
    own = zip(_tables("all alike", 4000, 5), _tables("all alike", 4000, 6), strict=True)
    found = [crossed((10 * both + a) - (10 * both + b)) for both, (a, b) in zip(shared, own, strict=True)]
    assert 0.035 <= np.mean([each.p < 0.05 for each in found]) <= 0.065


WORLD, SEED, ITEM = 1.0, 0.7, 2.0


def _worlds(rng, count):
    seeds = rng.integers(2, 7, size=count)
    return [WORLD * rng.normal() + SEED * rng.normal(size=(s, 1)) + ITEM * rng.normal(size=(s, 30)) for s in seeds]


def test_worlds_above_seeds_above_items():
    """5 worlds with 2 to 6 seeds: a right test errs in 3.5-6.5 % of 4,000 with a chance over 99.9 %."""
    rng = np.random.default_rng(0)
    found = [nested(_worlds(rng, 5)) for _ in range(4000)]
    assert 0.035 <= np.mean([each.p < 0.05 for each in found]) <= 0.065


def test_seeds_taken_as_units_err():
    """Positive control: all seeds of all worlds in one plain t."""
    rng = np.random.default_rng(0)
    found = [crossed(np.concatenate([w.mean(axis=1) for w in _worlds(rng, 5)])[None]) for _ in range(2000)]
    assert np.mean([each.p < 0.05 for each in found]) > 0.15


def _splits(rng, rows=100, k=10):
    """Squared error of one regression minus that of an equally good one, on `k` random fifths of the same rows."""
    x = rng.normal(size=(2, rows))
    y = x.sum(axis=0) + rng.normal(size=rows)
    values = np.empty(k)
    for split in range(k):
        order = rng.permutation(rows)
        test, train = order[: rows // 5], order[rows // 5 :]
        slopes = (x[:, train] @ y[train]) / np.square(x[:, train]).sum(axis=1)
        one, other = np.square(y[test] - slopes[:, None] * x[:, test]).mean(axis=1)
        values[split] = one - other
    return values


def test_splits_that_share_rows():
    """Two equally good regressions on 2,000 sets of rows: the plain t errs often, the corrected one in about 5 %."""
    rng = np.random.default_rng(0)
    drawn = [_splits(rng) for _ in range(2000)]
    plain = np.mean([folds(values, 0.0).p < 0.05 for values in drawn])
    corrected = np.mean([folds(values, 1 / 4).p < 0.05 for values in drawn])
    assert corrected <= 0.075
    assert plain > 0.15
