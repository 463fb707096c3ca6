import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special
from scipy import stats as scipy_stats

from shiftbench.errors import Undefined
from shiftbench.metrics.noise import (
    TABLE,
    expected_noise_correlation,
    noise_correlation,
    noise_gap,
    residual_noise_correlation,
)
from tests import naive
from tests.cases import NASTY, case

EACH = 300
"""Random cases of every metric, a fifth of them nasty."""
METRICS = {metric.name: metric for metric in TABLE}


def _partial(mean, f, gc, barcodes, noise):
    return naive.partial_spearman(np.abs(mean - f), noise, (f, gc, barcodes)) if len(f) > 5 else None


def _residual(mean, target, sd):
    return naive.pearson(np.abs(mean - target), sd) if len(sd) > 2 else None


def _expected(mean, target, sd, replicates):
    """The integrals of the formula, one after the other, for v of mean 1."""
    if len(set(sd)) == 1:
        return None
    k = math.sqrt(2 / (replicates[0] - 1)) * special.gamma(replicates[0] / 2) / special.gamma((replicates[0] - 1) / 2)
    level = sd.mean() / k
    c = max(k**2 * np.mean((sd / sd.mean()) ** 2) - 1, 0)
    if c == 0:
        return 0.0
    e = max(np.mean(((mean - target) / level) ** 2) - np.mean((sd / level) ** 2), 0)
    width = math.sqrt(math.log1p(c))

    def over(of):
        density = scipy_stats.norm.pdf
        parts = [(-12, -3), (-3, 0), (0, 3), (3, 12)]
        return sum(
            integrate.quad(lambda z: of(math.exp(width * z - width**2 / 2)) * density(z), *ends, epsabs=1e-13)[0]
            for ends in parts
        )

    h, both = over(lambda v: math.sqrt(e + v * v)), over(lambda v: v * math.sqrt(e + v * v))
    return math.sqrt(2 / math.pi) * k * (both - h) / math.sqrt((e + 1 + c - 2 / math.pi * h**2) * (1 + c - k**2))


TRUTH = {
    "noise_correlation": _partial,
    "residual_noise_correlation": _residual,
    "expected_noise_correlation": _expected,
    "noise_gap": naive.noise_gap,
}


def _value(compute, arguments):
    try:
        return compute(*arguments)
    except Undefined:
        return None


@pytest.mark.parametrize("name", TRUTH)
def test_agrees_with_loops(name):
    seen = set()
    for seed in range({"expected_noise_correlation": EACH // 3, "noise_gap": 2 * EACH}.get(name, EACH)):
        made = case(seed)
        arguments = made.of(METRICS[name])
        found = _value(METRICS[name].compute, arguments)
        if not all(np.isfinite(a).all() for a in arguments):
            assert found is None
            continue
        expected = TRUTH[name](*arguments)
        assert (found is None) == (expected is None), (seed, made.kind)
        if found is not None:
            seen.add(made.kind)
            slack = 1e-8 if name == "expected_noise_correlation" else 1e-10
            assert found == pytest.approx(expected, rel=slack, abs=slack), (seed, made.kind)
    assert {"tame", "huge", "tiny", "far", "ties"} <= seen <= {"tame", *NASTY}


def test_without_model_error_the_law_of_the_noise_does_not_matter():
    """sqrt(2/pi) k c / sqrt((1 + c - 2/pi)(1 + c - k^2)) for SDs of two values as for log-normal ones."""
    s, k = np.array([1.0, 9.0] * 50), special.gamma(1.5)  # 3 replicates: sqrt(2 / 2) Gamma(1.5) / Gamma(1)
    c = k**2 * np.mean(s**2) / np.mean(s) ** 2 - 1
    expected = math.sqrt(2 / math.pi) * k * c / math.sqrt((1 + c - 2 / math.pi) * (1 + c - k**2))
    assert expected_noise_correlation(0.1 * s, 0 * s, s, 3) == pytest.approx(expected, rel=1e-9)


def test_undefined_says_why():
    six = np.arange(6.0)
    with pytest.raises(Undefined, match="5 rows, a correlation given three others needs 6"):
        noise_correlation(six[:5], six[:5], six[:5], six[:5], six[:5])
    with pytest.raises(Undefined, match="the error is constant"):
        noise_correlation(six, six, six, six, six)
    with pytest.raises(Undefined, match="the noise is constant"):
        noise_correlation(six**2, six, six, six, 0 * six)
    with pytest.raises(Undefined, match="determine the rank"):
        noise_correlation([1, -3, 2, 5, 4, 9], 0 * six, six, six, six)
    with pytest.raises(Undefined, match="lowest fifth of noise: 1 rows"):
        noise_gap(six, six, six)
    with pytest.raises(Undefined, match="replicate_sd is constant"):
        expected_noise_correlation(six, six, 0 * six, 3)
    with pytest.raises(Undefined, match="1 replicates, an SD needs 2"):
        expected_noise_correlation(six, six, six, 1)
    with pytest.raises(Undefined, match="rows differ in their number of replicates"):
        expected_noise_correlation(six, six, six, [2, 2, 3, 3, 3, 3])
    with pytest.raises(Undefined, match="not finite in 1 of 2"):
        residual_noise_correlation([0, 1], [1, 2], [np.nan, 1])


def test_equal_noise_is_in_no_fifth():
    values = np.arange(30.0)
    with pytest.raises(Undefined, match="lowest fifth of noise: 0 rows"):
        noise_gap(values, values, np.ones(30))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
def test_ranks_alone_matter_and_order_of_rows_does_not(seed, scale):
    rng = np.random.default_rng(seed)
    error, f, gc, barcodes, noise = np.round(rng.normal(size=(5, 30)), 1)
    value = _value(noise_correlation, (f + error, f, gc, barcodes, noise))
    if value is None:
        return
    # errors are rounded again, so that ties stay ties
    mapped = _value(noise_correlation, (np.round(np.abs(error), 6) ** 3, 0 * f, gc, barcodes, np.exp(scale * noise)))
    alone = naive.partial_spearman(np.abs(error), noise, (0 * f, gc, barcodes))
    assert mapped == pytest.approx(alone, abs=1e-9)
    rows = rng.permutation(30)
    sides = (f + error, f, gc, barcodes, noise)
    assert noise_correlation(*(side[rows] for side in sides)) == pytest.approx(value, abs=1e-9)
    assert -1 <= value <= 1


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_the_unit_does_not_matter(seed, unit):
    rng = np.random.default_rng(seed)
    mean, target, s = rng.normal(size=40), rng.normal(size=40), np.exp(rng.normal(size=40))
    for metric, more in ((residual_noise_correlation, ()), (expected_noise_correlation, (3,))):
        value = metric(mean, target, s, *more)
        assert metric(unit * mean, unit * target, unit * s, *more) == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert 0 <= expected_noise_correlation(mean, target, s, 3) <= 1
    assert noise_gap(target, target, s) == pytest.approx(0, abs=1e-15)
