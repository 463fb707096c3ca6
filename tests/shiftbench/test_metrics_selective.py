import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from shiftbench.errors import Undefined
from shiftbench.metrics.kernels import areas_without_one
from shiftbench.metrics.ranking import draws, ranking
from shiftbench.metrics.selective import (
    TABLE,
    augrc,
    aurc,
    e_aurc,
    normalised_e_aurc,
    risk_at_20,
    risk_at_50,
    risk_at_80,
    risk_coverage,
    selective_gain,
)
from tests import naive
from tests.cases import NASTY, case

EACH = 220
"""Random cases of every metric, a fifth of them nasty."""
METRICS = {metric.name: metric for metric in TABLE}


def _first(share):
    return lambda sd, loss: float(naive.first_mean(sd, loss, -(-len(loss) * share // 100)))


def _normalised(sd, loss):
    best, random = naive.area(loss, loss), sum(loss) / len(loss)
    return float((naive.area(sd, loss) - best) / (random - best)) if random > best else None


TRUTH = {
    "risk_at_80": _first(80),
    "risk_at_50": _first(50),
    "risk_at_20": _first(20),
    "aurc": lambda sd, loss: float(naive.area(sd, loss)),
    "e_aurc": lambda sd, loss: float(naive.area(sd, loss) - naive.area(loss, loss)),
    "normalised_e_aurc": _normalised,
    "augrc": lambda sd, loss: float(naive.area(sd, loss, generalised=True)),
    "selective_gain": naive.selective_gain,
}


def _value(compute, arguments, **more):
    try:
        return compute(*arguments, **more)
    except Undefined:
        return None


def _loss(mean, target):
    """Exact losses of the errors as floats: what is tested is the order, not the rounding of a difference."""
    return naive.squared(mean - target, np.zeros(len(mean)))


@pytest.mark.parametrize("name", TRUTH)
def test_agrees_with_exact_loops(name):
    seen = set()
    for seed in range(EACH if name != "selective_gain" else EACH // 3):
        made = case(seed)
        mean, sd, target, *risk = made.of(METRICS[name])
        found = _value(METRICS[name].compute, (mean, sd, target, *risk))
        if not all(np.isfinite(a).all() for a in (mean, sd, target, *risk)):
            assert found is None
            continue
        loss = _loss(mean, target)
        expected = TRUTH[name](sd, loss, *risk)
        assert (found is None) == (expected is None), (seed, made.kind)
        if found is not None:
            seen.add(made.kind)
            # differences of areas are compared on the scale of the areas
            scale = {"e_aurc": float(max(loss)), "normalised_e_aurc": 1, "selective_gain": 1}.get(name, 0)
            assert found == pytest.approx(expected, rel=1e-10, abs=1e-10 * scale), (seed, made.kind)
    assert "tame" in seen
    assert name == "selective_gain" or {"huge", "tiny", "far", "ties", "few"} <= seen <= {"tame", *NASTY}


def test_ties_are_the_mean_over_all_orders():
    """Literally: every order of the tied rows, one after the other."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        sd, target = rng.integers(0, 3, 6).astype(float), rng.normal(size=6)
        found = {metric: [] for metric in (aurc, augrc, risk_at_50)}
        for order in itertools.permutations(range(6)):
            if (np.diff(sd[list(order)]) >= 0).all():
                loss = target[list(order)] ** 2
                running = np.cumsum(loss) / np.arange(1, 7)
                found[aurc].append(running.mean())
                found[augrc].append((running * np.arange(1, 7) / 6).mean())
                found[risk_at_50].append(running[2])
        for metric, values in found.items():
            assert metric(np.zeros(6), sd, target) == pytest.approx(np.mean(values), rel=1e-12)


def test_leaving_one_row_out_is_exact():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 30))
        values, loss = rng.integers(0, rng.integers(1, 40), n).astype(float), rng.exponential(size=n)
        rows = [np.arange(n) != i for i in range(n)]
        expected = [aurc(np.sqrt(loss[kept]), values[kept], np.zeros(n - 1)) for kept in rows]
        np.testing.assert_allclose(areas_without_one(*ranking(values), loss), expected, rtol=1e-12)


def test_selective_gain_of_a_replicate_is_that_of_its_rows():
    compared = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        sd = np.exp(rng.normal(size=200))
        law = np.zeros(200), sd * np.exp(0.3 * rng.normal(size=200)), sd * rng.normal(size=200), sd**2
        weights = rng.multinomial(200, np.full(200, 1 / 200), size=3)
        found = _value(selective_gain, law, weights=weights)
        for replicate, counts in zip([] if found is None else found, weights, strict=found is not None):
            copied = _value(selective_gain, [np.repeat(side, counts) for side in law])
            if copied is not None:
                compared += 1
                assert replicate == pytest.approx(copied, rel=1e-10)
    assert compared > 40


def test_undefined_says_why():
    with pytest.raises(Undefined, match="predicted SD is not a number in 1 of 3 rows"):
        aurc([0, 0, 0], [1, np.nan, 2], [1, 2, 3])
    with pytest.raises(Undefined, match="no rows"):
        risk_at_80([], [], [])
    with pytest.raises(Undefined, match="all errors are equal"):
        normalised_e_aurc([0, 0], [1, 2], [1, -1])
    with pytest.raises(Undefined, match="less than 3 standard errors"):
        selective_gain([0, 0, 0], [1, 2, 3], [1, 2, 0], [1, 1, 1])
    with pytest.raises(Undefined, match="squared error is not finite"):
        aurc([np.nan, 0], [1, 2], [1, 2])


def test_an_infinite_sd_is_the_least_sure():
    assert risk_at_50([0, 0], [np.inf, 1], [3, 1]) == 1


def test_a_replicate_without_rows_or_with_equal_errors_is_undefined():
    law, weights = ([0, 0, 0], [1, 2, 3], [1, 1, 2]), np.array([[0, 0, 0], [2, 1, 0], [1, 1, 1]])
    for metric in (aurc, augrc, risk_at_20, risk_at_80, e_aurc):
        np.testing.assert_array_equal(np.isnan(metric(*law, weights=weights)), [True, False, False])
    np.testing.assert_array_equal(np.isnan(normalised_e_aurc(*law, weights=weights)), [True, True, False])


def test_the_curve_holds_every_number():
    rng = np.random.default_rng(0)
    sd, error = rng.integers(1, 9, 50).astype(float), rng.normal(size=50)
    kept, risk = risk_coverage(sd, error**2)
    assert kept[-1] == 1
    assert risk.mean() == pytest.approx(aurc(error, sd, np.zeros(50)), rel=1e-12)
    assert (kept * risk).mean() == pytest.approx(augrc(error, sd, np.zeros(50)), rel=1e-12)
    for share, metric in ((0.2, risk_at_20), (0.5, risk_at_50), (0.8, risk_at_80)):
        assert risk[np.isclose(kept, share)][0] == pytest.approx(metric(error, sd, np.zeros(50)), rel=1e-12)
    assert draws(None, 3).tolist() == [[1, 1, 1]]


laws = st.integers(2, 25).flatmap(
    lambda n: st.tuples(
        *[arrays.arrays(np.float64, n, elements=st.integers(-9, 9).map(float))] * 2,
        arrays.arrays(np.float64, n, elements=st.integers(1, 9).map(float)),
    )
)


@settings(max_examples=200, deadline=None)
@given(laws, st.randoms(use_true_random=False))
def test_only_the_order_of_sd_matters_and_no_order_beats_the_errors_own(law, random):
    mean, target, sd = law
    rows = random.sample(range(len(sd)), len(sd))
    for metric in (aurc, e_aurc, augrc, risk_at_20, risk_at_50, risk_at_80):
        value = metric(mean, sd, target)
        assert metric(mean[rows], sd[rows], target[rows]) == pytest.approx(value, rel=1e-9, abs=1e-9)
        assert metric(mean, np.exp(sd), target) == pytest.approx(value, rel=1e-12, abs=1e-12)
        assert metric(3 * mean + 1, sd, 3 * target + 1) == pytest.approx(9 * value, rel=1e-9, abs=1e-9)
        assert metric(mean, np.abs(mean - target), target) <= value + 1e-9
        assert value >= -1e-12
    assert e_aurc(mean, np.abs(mean - target), target) == 0


@settings(max_examples=100, deadline=None)
@given(laws)
def test_equal_sd_is_random_order(law):
    mean, target, _ = law
    even, mse, n = np.ones(len(mean)), np.mean((mean - target) ** 2), len(mean)
    assert aurc(mean, even, target) == pytest.approx(mse)
    assert risk_at_20(mean, even, target) == pytest.approx(mse)
    assert augrc(mean, even, target) == pytest.approx(mse * (n + 1) / (2 * n))
    if len(set((mean - target) ** 2)) > 1:
        assert normalised_e_aurc(mean, even, target) == pytest.approx(1)
