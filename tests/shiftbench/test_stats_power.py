import itertools
import math

import pytest

from shiftbench.errors import Undefined
from shiftbench.stats.power import (
    Variances,
    design,
    power,
    seeds_needed,
    smallest_difference,
    smallest_effect,
    worlds_of,
)


def test_power_of_no_effect_is_the_level_and_of_a_huge_one_is_1():
    assert power(0, 1, 7) == pytest.approx(0.05)
    assert power(50, 1, 7) == pytest.approx(1)
    assert power(-2, 1, 7) == power(2, 1, 7)
    for freedom in (1, 2, 4, 30, 1e7):
        powers = [power(effect, 1, freedom) for effect in range(200)]
        assert all(before <= after <= 1 for before, after in itertools.pairwise(powers))


@pytest.mark.parametrize("freedom", [1, 2, 4, 30, 1000.5])
@pytest.mark.parametrize("chance", [0.5, 0.8, 0.99])
def test_smallest_effect_is_found_with_the_chance_asked(freedom, chance):
    effect = smallest_effect(0.3, freedom, chance=chance)
    assert power(effect, 0.3, freedom) == pytest.approx(chance, abs=1e-6)
    assert smallest_effect(0.6, freedom, chance=chance) == pytest.approx(2 * effect)


def test_many_degrees_of_freedom_give_the_normal_law():
    assert smallest_effect(1, 1e7) == pytest.approx(1.959964 + 0.841621, rel=1e-5)


def test_known_case_of_five_seeds():
    """Cohen 1988 and every power table: d = 2.02 for two groups of 5, 63.8 a group for d = 0.5."""
    assert smallest_difference(1, 5) == pytest.approx(2.024, abs=0.001)
    assert seeds_needed(0.5, 1) == 64


@pytest.mark.parametrize("effect", [0.005, 0.013, 0.04, 0.2])
def test_seeds_needed_are_the_fewest(effect):
    needed = seeds_needed(effect, 0.02)
    assert smallest_difference(0.02, needed) <= effect
    assert needed == 2 or smallest_difference(0.02, needed - 1) > effect


def test_error_of_a_design_adds_up():
    variances = Variances(world=0.5, seed=0.2, item=3.0, residual=1.0)
    inside = 0.2 / 5 + 3 / 100 + 1 / 500
    assert design(variances, 4, 5, 100) == pytest.approx((math.sqrt((0.5 + inside) / 4), 3))
    one = design(variances, 1, 5, 100)
    assert one.error == pytest.approx(math.sqrt(inside))
    assert 4 <= one.freedom <= 4 + 99
    assert design(Variances(seed=1.0), 1, 6, 1) == pytest.approx((math.sqrt(1 / 6), 5))
    assert design(Variances(item=1.0), 1, 1, 50) == pytest.approx((math.sqrt(1 / 50), 49))


def test_undefined_says_why():
    with pytest.raises(Undefined, match="no degree of freedom"):
        design(Variances(seed=1.0), 1, 1, 1)
    with pytest.raises(Undefined, match="no degree of freedom"):
        smallest_difference(1.0, 1)
    with pytest.raises(Undefined, match="million"):
        seeds_needed(0.0, 1.0)


def test_what_nothing_is_known_of_needs_no_number():
    with pytest.raises(Undefined):
        worlds_of(0.1, Variances(0.01, 0.0, math.nan, 0.0), 1, 100)
