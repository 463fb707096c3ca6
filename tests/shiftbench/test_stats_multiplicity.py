import numpy as np
import pytest

from shiftbench.stats.multiplicity import benjamini_hochberg, holm
from tests import naive


@pytest.mark.parametrize(("adjust", "slow"), [(holm, naive.holm), (benjamini_hochberg, naive.benjamini_hochberg)])
def test_rejects_what_the_stepwise_procedure_rejects(adjust, slow):
    for seed in range(300):
        rng = np.random.default_rng(seed)
        p = np.round(rng.beta(0.3, 1, size=int(rng.integers(1, 12))), 3)
        for alpha in (0.01, 0.05, 0.2):
            assert (adjust(p) <= alpha).tolist() == slow(p.tolist(), alpha)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_undefined_stays_undefined_and_does_not_count(adjust):
    found = adjust([0.01, np.nan, 0.04, np.nan, 0.5])
    assert np.isnan(found[[1, 3]]).all()
    np.testing.assert_array_equal(found[[0, 2, 4]], adjust([0.01, 0.04, 0.5]))
    assert np.isnan(adjust([np.nan])).all()
    assert adjust([]).shape == (0,)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_adjusted_values_keep_their_order_and_never_fall(adjust):
    p = np.random.default_rng(0).uniform(size=50)
    found = adjust(p)
    assert (np.diff(found[np.argsort(p)]) >= 0).all()
    assert ((found >= p) & (found <= 1)).all()
    assert (holm(p) >= benjamini_hochberg(p)).all()


@pytest.mark.parametrize("p", [[-0.1], [0.5, 1.1]])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(ValueError, match="outside"):
        holm(p)
    with pytest.raises(ValueError, match="outside"):
        benjamini_hochberg(p)
