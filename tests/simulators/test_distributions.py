"""Quantiles and special functions against SciPy, over their whole range."""

import math

import numpy as np
import pytest
from scipy import special, stats

from simulators import distributions
from simulators.random import key, uniforms

TAILS = np.array([2.0**-53, 1e-12, 1e-6])
LEVELS = np.concatenate([TAILS, np.linspace(0.001, 0.999, 41), 1 - TAILS[1:]])
SHAPES = 10.0 ** np.linspace(-3, 5, 33)


def test_normal_quantile():
    found = [distributions.normal_quantile(u) for u in LEVELS]
    np.testing.assert_allclose(found, stats.norm.ppf(LEVELS), rtol=2e-15, atol=1e-15)


def test_log_gamma():
    x = 10.0 ** np.linspace(-12, 8, 101)
    found = [distributions.log_gamma(v) for v in x]
    np.testing.assert_allclose(found, special.gammaln(x), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
def test_gamma_cdf_and_quantile(shape):
    for u in LEVELS:
        expected = special.gammaincinv(shape, u) if u < 0.5 else special.gammainccinv(shape, 1 - u)
        found = distributions.gamma_quantile(u, shape)
        if expected < 1e-290:
            assert 0 <= found < 1e-280
            continue
        assert found == pytest.approx(expected, rel=3e-10)
        p, q = distributions.gamma_cdf(shape, expected)
        assert p == pytest.approx(special.gammainc(shape, expected), rel=1e-9)
        assert q == pytest.approx(special.gammaincc(shape, expected), rel=1e-9)


@pytest.mark.parametrize(
    "shape", [0.003, 0.0157, 0.02, 0.13, 0.72, 1.0, 1.61, 3.3, 50.7, 333.3, 2047.9, 2048.1, 3e4, 1e6]
)
def test_tabulated_gamma_quantile(shape):
    """Within 1e-6 in 4 SD and 2e-6 beyond, up to the ends of a uniform of 52 bits."""
    table = distributions.gamma_table()
    for z in np.concatenate([np.linspace(-4, 4, 201) + 0.0137, np.linspace(-8.22, 8.22, 17)]):
        lower, upper = special.ndtr(z), special.ndtr(-z)
        quantile = special.gammaincinv(shape, lower) if z < 0 else special.gammainccinv(shape, upper)
        if quantile > 1e-290:
            found = distributions.gamma_ratio(table, z, shape)
            assert found == pytest.approx(quantile / shape, rel=1e-6 if abs(z) < 4.1 else 3e-6)


def test_the_gamma_table_reaches_every_uniform():
    table = distributions.gamma_table()
    for u in (2.0**-53, 1 - 2.0**-53):
        for shape in (0.001, 0.0157, 1.0, 2047.9, 1e5):
            assert 0 <= distributions.gamma_ratio(table, distributions.normal_quantile(u), shape) < np.inf


def test_gamma_cdf_starts_at_0():
    assert distributions.gamma_cdf(2.0, 0.0) == (0.0, 1.0)


@pytest.mark.parametrize("mean", [0.0, 1e-9, 0.01, 0.5, 1, 3, 7.99, 8, 8.01, 20, 100, 1e3, 1e4, 1e5, 1e6])
def test_poisson_quantile(mean):
    found = [distributions.poisson_quantile(u, mean) for u in LEVELS]
    assert found == (stats.poisson.ppf(LEVELS, mean) if mean else np.zeros(len(LEVELS))).tolist()


def test_poisson_quantiles_at_random_levels_and_means():
    """All 40,000 as SciPy has them, but where a level is within rounding of a probability."""
    rng = np.random.default_rng(0)
    u, mean = rng.random(40_000), np.exp(rng.uniform(np.log(0.05), np.log(1e5), 40_000))
    found = np.array([distributions.poisson_quantile(*x) for x in zip(u, mean, strict=True)])
    other = found != stats.poisson.ppf(u, mean)
    near = np.minimum(abs(stats.poisson.cdf(found, mean) - u), abs(stats.poisson.cdf(found - 1, mean) - u))
    assert (near[other] < 1e-12).all()
    assert other.sum() < 5


def test_quantiles_rise_with_the_level_and_with_the_mean():
    levels = np.linspace(0.0005, 0.9995, 2001)
    table = distributions.gamma_table()
    deviates = [distributions.normal_quantile(u) for u in levels]
    for shape in (0.05, 0.7, 3.0, 400.0, 2050.0):
        assert (np.diff([distributions.gamma_quantile(u, shape) for u in levels]) > 0).all()
        assert (np.diff([distributions.gamma_ratio(table, z, shape) for z in deviates]) > 0).all()
    for u in (0.1, 0.5, 0.97):
        counts = [distributions.poisson_quantile(u, mean) for mean in np.linspace(0, 40, 2001)]
        assert set(np.diff(counts)) <= {0, 1}


def sample(function, n=10_000):
    k = key(3, "distribution test")
    return np.array([function(*uniforms(k, i, 0)) for i in range(n)])


@pytest.mark.statistical
@pytest.mark.parametrize(("mean", "size"), [(0.3, 0.5), (4.0, 1.6), (60.0, 2.0), (300.0, 0.05)])
def test_negative_binomial_follows_its_law(mean, size):
    """Chi-square at p > 1e-3 on a fixed seed: 0.1 % false alarms; the control is a size a third larger."""

    table = distributions.gamma_table()

    def p(law_size):
        drawn = sample(lambda u, v: distributions.negative_binomial(table, u, v, mean, size), 20_000)
        law = stats.nbinom(law_size, law_size / (law_size + mean))
        edges = np.unique(law.ppf(np.linspace(0.02, 0.98, 25)))
        mass = np.diff(np.concatenate([[0], law.cdf(edges), [1]]))
        count = np.bincount(np.searchsorted(edges, drawn), minlength=len(mass))
        return stats.chisquare(count, mass * len(drawn)).pvalue

    assert p(size) > 1e-3
    assert p(size * 4 / 3) < 1e-3


def test_negative_binomial_without_a_mean_is_0():
    assert distributions.negative_binomial(distributions.gamma_table(), 0.99, 0.99, 0.0, 2.0) == 0


def test_logarithms_and_softplus():
    for x in (-700.0, -3.0, 0.0, 1.5, 700.0):
        assert distributions.exp2(x) == pytest.approx(2.0**x, rel=1e-12)
        assert distributions.softplus(x) == pytest.approx(np.logaddexp(0, x), rel=1e-14, abs=1e-300)
    assert distributions.log2(10.0) == pytest.approx(math.log2(10), rel=1e-15)


@pytest.mark.parametrize("shape", [0.02, 0.7, 17.0, 900.0])  # in the table
def test_the_row_of_a_shape_gives_its_quantiles(shape):
    table = distributions.gamma_table()
    row = distributions.gamma_row(table, shape)
    for z in (-8.0, -2.3, 0.0, 0.4, 3.1, 8.0):
        expected = distributions.gamma_ratio(table, z, shape)
        assert math.exp(distributions.log_ratio_at(row, z)) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("shape", [0.01, 5000.0, 1e6])
def test_the_row_of_a_shape_beyond_the_table_against_scipy(shape):
    row = distributions.gamma_row(distributions.gamma_table(), shape)
    for z in (-2.3, 0.0, 0.4, 3.1):
        expected = stats.gamma.ppf(stats.norm.cdf(z), shape) / shape
        assert math.exp(distributions.log_ratio_at(row, z)) == pytest.approx(expected, rel=1e-5, abs=1e-290)
