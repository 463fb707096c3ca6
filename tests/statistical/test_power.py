"""Smallest effects are found as often as stated, and adjusted p values err as seldom as stated."""

import math

import numpy as np
import pytest
from scipy import stats

from shiftbench.stats.crossed import crossed, nested
from shiftbench.stats.multiplicity import benjamini_hochberg, holm
from shiftbench.stats.power import Variances, design, seeds_needed, smallest_difference, smallest_effect

pytestmark = pytest.mark.statistical

DRAWS = 4000
VARIANCES = Variances(world=0.5, seed=0.4, item=3.0, residual=2.0)


def _means(rng, worlds, seeds, items):
    v = VARIANCES
    for _ in range(DRAWS):
        table = math.sqrt(v.seed) * rng.normal(size=(worlds, seeds, 1))
        table = table + math.sqrt(v.item) * rng.normal(size=(worlds, 1, items))
        yield table + math.sqrt(v.residual) * rng.normal(size=(worlds, seeds, items))


def test_effect_over_worlds_is_found_four_times_in_five():
    """Share found in 4,000 within 78-82 %: 0.8 leaves that in 1 of 600 tries."""
    rng = np.random.default_rng(0)
    effect = smallest_effect(*design(VARIANCES, 5, 3, 20))
    shift = effect + math.sqrt(VARIANCES.world) * rng.normal(size=(DRAWS, 5, 1, 1))
    drawn = zip(shift, _means(rng, 5, 3, 20), strict=True)
    assert 0.78 <= np.mean([nested(moved + table).p < 0.05 for moved, table in drawn]) <= 0.82


def test_effect_over_seeds_and_items_is_found_about_four_times_in_five():
    """The degrees of freedom of the design are those of the mean squares expected, not of each draw: 75-85 %."""
    effect = smallest_effect(*design(VARIANCES, 1, 5, 100))
    found = [crossed(effect + table[0]).p < 0.05 for table in _means(np.random.default_rng(0), 1, 5, 100)]
    assert 0.75 <= np.mean(found) <= 0.85


def test_effect_by_the_normal_law_is_found_less_often():
    """Positive control: 2.8 standard errors, as if five worlds gave endless degrees of freedom."""
    rng = np.random.default_rng(0)
    drawn = rng.normal(2.8 / math.sqrt(5), 1, size=(DRAWS, 5))
    assert np.mean([nested(each[:, None]).p < 0.05 for each in drawn]) < 0.7


@pytest.mark.parametrize("seeds", [2, 5, 30])
def test_difference_of_two_recipes_is_found_four_times_in_five(seeds):
    rng = np.random.default_rng(seeds)
    difference = smallest_difference(0.02, seeds)
    one, other = rng.normal(0, 0.02, (DRAWS, seeds)), rng.normal(difference, 0.02, (DRAWS, seeds))
    assert 0.78 <= np.mean(stats.ttest_ind(one, other, axis=1).pvalue < 0.05) <= 0.82
    assert seeds_needed(difference, 0.02) == seeds


def _families(rng, size=20, wrong=15, shared=0.5):
    """p values of families in which `wrong` null hypotheses hold and the others are off by 3 SD; all correlate."""
    z = math.sqrt(shared) * rng.normal(size=(DRAWS, 1)) + math.sqrt(1 - shared) * rng.normal(size=(DRAWS, size))
    z[:, wrong:] += 3
    return 2 * stats.norm.sf(np.abs(z))


def test_families_of_twenty_err_as_seldom_as_stated():
    """Holm: any false alarm in at most 5 % of families; Benjamini-Hochberg: 5 % of findings; within 4 SE of 0.35 %."""
    p = _families(np.random.default_rng(0))
    found = np.array([holm(family) <= 0.05 for family in p])
    assert found[:, :15].any(axis=1).mean() <= 0.064
    assert found[:, 15:].mean() > 0.3
    found = np.array([benjamini_hochberg(family) <= 0.05 for family in p])
    assert (found[:, :15].sum(axis=1) / np.maximum(found.sum(axis=1), 1)).mean() <= 0.064
    assert found[:, 15:].mean() > 0.5
    # positive control: unadjusted
    assert (p[:, :15] <= 0.05).any(axis=1).mean() > 0.3
    assert ((p[:, :15] <= 0.05).sum(axis=1) / np.maximum((p <= 0.05).sum(axis=1), 1)).mean() > 0.07
