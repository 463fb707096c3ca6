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


def test_gamma_cdf_starts_at_0():
    assert distributions.gamma_cdf(2.0, 0.0) == (0.0, 1.0)


@pytest.mark.parametrize("mean", [0.0, 1e-9, 0.01, 0.5, 1, 3, 7.99, 8, 8.01, 20, 100, 1e3, 1e4, 1e5, 1e6])
def test_poisson_quantile(mean):
    found = [distributions.poisson_quantile(u, mean) for u in LEVELS]
    assert found == (stats.poisson.ppf(LEVELS, mean) if mean else np.zeros(len(LEVELS))).tolist()


def test_quantiles_rise_with_the_level_and_with_the_mean():
    levels = np.linspace(0.0005, 0.9995, 2001)
    for shape in (0.05, 0.7, 3.0, 400.0):
        assert (np.diff([distributions.gamma_quantile(u, shape) for u in levels]) > 0).all()
    for u in (0.1, 0.5, 0.97):
        counts = [distributions.poisson_quantile(u, mean) for mean in np.linspace(0, 40, 2001)]
        assert set(np.diff(counts)) <= {0, 1}


def sample(function, n=10_000):
    k = key(3, "distribution test")
    return np.array([function(*uniforms(k, i, 0)) for i in range(n)])


@pytest.mark.statistical
@pytest.mark.parametrize(("mean", "size"), [(0.3, 0.5), (4.0, 1.6), (60.0, 2.0)])
def test_negative_binomial_follows_its_law(mean, size):
    """Chi-square at p > 1e-3 on a fixed seed: 0.1 % false alarms; the control is a size a third larger."""

    def p(law_size):
        drawn = sample(lambda u, v: distributions.negative_binomial(u, v, mean, size), 20_000)
        law = stats.nbinom(law_size, law_size / (law_size + mean))
        edges = np.unique(law.ppf(np.linspace(0.02, 0.98, 25)))
        mass = np.diff(np.concatenate([[0], law.cdf(edges), [1]]))
        count = np.bincount(np.searchsorted(edges, drawn), minlength=len(mass))
        return stats.chisquare(count, mass * len(drawn)).pvalue

    assert p(size) > 1e-3
    assert p(size * 4 / 3) < 1e-3


def test_negative_binomial_without_a_mean_is_0():
    assert distributions.negative_binomial(0.99, 0.99, 0.0, 2.0) == 0


@pytest.mark.statistical
@pytest.mark.parametrize(("mean", "sd"), [(0.52, 0.087), (0.8, 0.05), (0.5, 0.4)])
def test_beta_variate_follows_its_law(mean, sd):
    """Kolmogorov-Smirnov at p > 1e-3 on a fixed seed: 0.1 % false alarms; the control is an SD 10 % larger."""

    def p(law_sd):
        total = mean * (1 - mean) / law_sd**2 - 1
        drawn = sample(lambda u, v: distributions.beta_variate(u, v, mean, sd))
        return stats.kstest(drawn, stats.beta(mean * total, (1 - mean) * total).cdf).pvalue

    assert p(sd) > 1e-3
    assert p(sd * 1.1) < 1e-3


def test_logarithms_and_softplus():
    for x in (-700.0, -3.0, 0.0, 1.5, 700.0):
        assert distributions.exp2(x) == pytest.approx(2.0**x, rel=1e-12)
        assert distributions.softplus(x) == pytest.approx(np.logaddexp(0, x), rel=1e-14, abs=1e-300)
    assert distributions.log2(10.0) == pytest.approx(math.log2(10), rel=1e-15)
