"""The joint regression against dense linear algebra: coefficients, both kinds of errors, columns not told apart."""

import numpy as np
import pytest
from scipy.stats import norm

from simulators import regression
from tests import naive

OUTPUTS, REPLICATES = 2, 3


def library(n=400, columns=30, seed=0, carry=0.06):
    """Random molecules as a dense 0/1 matrix (intercept first), weights and values."""
    rng = np.random.default_rng(seed)
    dense = rng.random((n, columns)) < carry
    dense[:, 0] = True
    return dense, rng.integers(1, 20, n).astype(float), rng.normal(size=(n, REPLICATES, OUTPUTS))


def carried(dense):
    rows = [np.flatnonzero(row[1:]) + 1 for row in dense]
    first = np.cumsum([0, *map(len, rows)])
    return regression.Carried(first.astype(np.int64), np.concatenate(rows).astype(np.int64), dense.shape[1])


def solved(dense, weight, replicates):
    found = regression.design(carried(dense), weight)
    return found, regression.coefficients(found, replicates.mean(axis=1))


def test_coefficients_are_those_of_dense_least_squares():
    dense, weight, replicates = library()
    found, coefficient = solved(dense, weight, replicates)
    assert found.known.all()
    np.testing.assert_allclose(coefficient, naive.weighted_fit(dense, weight, replicates.mean(axis=1)), atol=1e-12)
    np.testing.assert_allclose(found.inverse, np.linalg.inv((dense.T * weight) @ dense), atol=1e-12)


def pooled(dense, weight, replicates):
    """SE with every molecule once a replicate, as rows of one ordinary weighted regression."""
    rows = [np.concatenate([x] * REPLICATES) for x in (dense, weight)]
    values = [np.concatenate(list(replicates[:, :, output].T)) for output in range(OUTPUTS)]
    return np.stack([naive.pooled_errors(*rows, value) for value in values], axis=1)


def test_stated_errors_are_those_of_all_rows_pooled():
    dense, weight, replicates = library()
    stated = regression.standard_errors(solved(dense, weight, replicates)[0], replicates)
    np.testing.assert_allclose(stated, pooled(dense, weight, replicates), rtol=1e-11)


def test_sampling_sd_is_the_sandwich():
    dense, weight, _ = library()
    sd = np.random.default_rng(1).uniform(0.5, 2, (len(dense), OUTPUTS))
    found = regression.design(carried(dense), weight)
    np.testing.assert_allclose(regression.sampling_sd(found, sd), naive.sandwich(dense, weight, sd), rtol=1e-12)


@pytest.mark.parametrize("case", ["never carried", "always together", "a sum of two"])
def test_columns_that_cannot_be_told_are_nan_and_the_others_are_right(case):
    dense, weight, replicates = library()
    replicates += 2 * dense[:, 5, None, None]  # what cannot be told apart may act all the same
    lost = {"never carried": [7], "always together": [5, 9], "a sum of two": [5, 9, 12]}[case]
    if case == "never carried":
        dense[:, 7] = False
    if case == "always together":
        dense[:, 9] = dense[:, 5]
    if case == "a sum of two":  # 12 is carried exactly by those that carry one of the two
        dense[:, 9] &= ~dense[:, 5]
        dense[:, 12] = dense[:, 5] | dense[:, 9]
    found, coefficient = solved(dense, weight, replicates)
    kept = np.setdiff1d(np.arange(dense.shape[1]), lost)
    np.testing.assert_array_equal(np.flatnonzero(~found.known), lost)
    stated = regression.standard_errors(found, replicates)
    for values in (coefficient, stated, regression.sampling_sd(found, np.ones((len(dense), OUTPUTS)))):
        assert np.isnan(values[lost]).all()
        assert np.isfinite(values[kept]).all()
    # Least squares of least norm agrees on what can be told.
    np.testing.assert_allclose(
        coefficient[kept], naive.weighted_fit(dense, weight, replicates.mean(axis=1))[kept], atol=1e-10
    )
    np.testing.assert_allclose(stated[kept], pooled(dense, weight, replicates)[kept], rtol=1e-9)


def test_too_few_molecules_state_no_error():
    """As many rows as the molecules have dimensions, and none at all."""
    dense, weight, replicates = library(n=8, columns=26, carry=0.2)
    found, _ = solved(dense, weight, replicates[:, :1])
    assert np.linalg.matrix_rank(dense) == 8
    assert np.isnan(regression.standard_errors(found, replicates[:, :1])).all()
    assert np.isfinite(regression.standard_errors(found, replicates)[found.known]).all()
    nobody = regression.design(regression.Carried(np.zeros(1, np.int64), np.empty(0, np.int64), 26), np.empty(0))
    assert np.isnan(regression.standard_errors(nobody, replicates[:0])).all()


def test_p_values_are_those_of_the_normal_law():
    z = np.concatenate([np.linspace(-8, 8, 161), [12.0, -25.0, 37.0]])
    np.testing.assert_allclose(regression.p_values(z), 2 * norm.sf(np.abs(z)), rtol=1e-11)
    assert regression.p_values(np.array([0.0]))[0] == 1
    assert regression.p_values(np.array([60.0]))[0] == 0
    assert np.isnan(regression.p_values(np.array([np.nan]))[0])
