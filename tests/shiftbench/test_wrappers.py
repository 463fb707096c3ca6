from dataclasses import replace

import numpy as np
import pytest

from shiftbench.errors import InputError, ModelError, Skipped
from shiftbench.prediction import VIEWS, Prediction, gaussian
from shiftbench.wrappers import WRAPPERS
from shiftbench.wrappers.ensemble import ensemble
from tests.evidence import evidence


def _law(seed, n=50, outputs=2, epistemic=False):
    rng = np.random.default_rng(seed)
    mean, *sds = (rng.normal(size=(n, outputs)).astype(np.float32) for _ in range(3))
    return gaussian(mean, np.exp(sds[0]), np.exp(sds[1]) if epistemic else None)


def _point(prediction):
    return Prediction(prediction.mean, np.full_like(prediction.quantiles, np.nan))


CALIBRATED = [name for name, wrapper in WRAPPERS.items() if wrapper.calibrated]


def test_catalog_agrees_with_its_names():
    for name, wrapper in WRAPPERS.items():
        assert wrapper.name == name
        assert wrapper.title
        assert wrapper.text
        assert not wrapper.view or wrapper.view in VIEWS
        assert bool(wrapper.budgets) == wrapper.calibrated
        assert set(wrapper.budgets) <= {0, 32, 256}
    assert [name for name, wrapper in WRAPPERS.items() if wrapper.scope == "seeds"] == ["ensemble"]
    assert [name for name, wrapper in WRAPPERS.items() if wrapper.members] == ["mc_dropout"]
    assert [name for name, wrapper in WRAPPERS.items() if wrapper.sees_inputs] == [
        "conformal_weighted_gc",
        "conformal_weighted_kmer",
    ]


@pytest.mark.parametrize("name", ["none", "views"])
def test_a_law_as_predicted_is_not_touched(name):
    prediction = _law(0)
    assert WRAPPERS[name].apply(evidence(prediction)).prediction is prediction


@pytest.mark.parametrize("name", [name for name in WRAPPERS if name not in ("ensemble", "mc_dropout")])
def test_wrappers_over_one_seed_refuse_more(name):
    with pytest.raises(InputError, match="found 2 members, expected 1"):
        WRAPPERS[name].apply(evidence((_law(0), _law(1))))


@pytest.mark.parametrize("name", CALIBRATED)
def test_calibrated_wrappers_refuse_rows_that_do_not_fit(name):
    law, observed = _law(0), _law(1).mean
    with pytest.raises(InputError, match="found 0 calibration predictions, expected 1"):
        WRAPPERS[name].apply(evidence(law))
    with pytest.raises(InputError, match=r"calibration is \(50, 2\), its targets \(49, 2\)"):
        WRAPPERS[name].apply(evidence(law, law, observed[:49]))


@pytest.mark.parametrize("name", ["variance_scaling", "isotonic", "conformal_cqr", "selective"])
def test_wrappers_of_a_stated_law_skip_a_predictor_of_points(name):
    points = _point(_law(0))
    with pytest.raises(Skipped, match="states no"):
        WRAPPERS[name].apply(evidence(points, points, _law(1).mean))


@pytest.mark.parametrize("name", [name for name in CALIBRATED if name not in ("conformal_split", "conformal_cqr")])
def test_wrappers_that_read_an_sd_refuse_zero(name):
    flat = gaussian(np.zeros((50, 2), np.float32), np.zeros((50, 2), np.float32))
    with pytest.raises(ModelError, match=r"SD is not positive in 100 of 100|outer quantiles are equal in 100 of 100"):
        WRAPPERS[name].apply(evidence(flat, flat, _law(1).mean))


@pytest.mark.parametrize("name", CALIBRATED)
def test_calibrated_wrappers_keep_mean_shape_type_and_rows_answered(name):
    law, observed = _law(0, epistemic=True), _law(1).mean
    kept = np.random.default_rng(0).random(law.mean.shape) < 0.5
    observed[:7, 0] = np.nan
    wrapped = WRAPPERS[name].apply(evidence(replace(law, kept=kept), law, observed)).prediction
    np.testing.assert_array_equal(wrapped.mean, law.mean)
    assert wrapped.quantiles.dtype == np.float32
    assert wrapped.quantiles.shape == (50, 2, 9)
    assert (wrapped.quantiles[..., 1:] >= wrapped.quantiles[..., :-1]).all()
    assert (kept >= wrapped.kept).all()
    density = name in ("variance_scaling", "selective")
    assert (wrapped.sd is not None) == density
    if not density:
        assert (wrapped.kept == kept).all()


def test_selective_keeps_the_surest_rows_by_the_calibration_rows():
    law, calibration = _law(0, epistemic=True), _law(1, n=1000, epistemic=True)
    wrapped = WRAPPERS["selective"].apply(evidence(law, calibration, np.full_like(calibration.mean, np.nan)))
    for output in range(2):
        limit = np.sort(calibration.sd[:, output])[[799, 800]]
        kept = wrapped.prediction.kept[:, output]
        assert (law.sd[kept, output] <= limit[1]).all()
        assert (law.sd[~kept, output] >= limit[0]).all()
        assert wrapped.told["kept_share"][output] == kept.mean()
    own = WRAPPERS["selective"].apply(evidence(calibration, calibration, calibration.mean))
    assert own.told == {"kept_share": [0.8, 0.8]}
    assert own.prediction.quantiles is calibration.quantiles


@pytest.mark.parametrize("epistemic", [False, True])
def test_ensemble_has_the_moments_of_the_mixture(epistemic):
    members = tuple(_law(seed, n=3, epistemic=epistemic) for seed in range(5))
    pooled = ensemble(evidence(members)).prediction
    rng = np.random.default_rng(0)
    samples = np.concatenate([m.mean + m.sd * rng.normal(size=(200_000, *m.mean.shape)) for m in members])
    np.testing.assert_allclose(pooled.mean, samples.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(pooled.sd, samples.std(axis=0), rtol=0.01)
    np.testing.assert_allclose(pooled.aleatoric**2, np.mean([m.aleatoric**2 for m in members], axis=0), rtol=1e-5)
    expected = gaussian(pooled.mean, pooled.sd).quantiles
    np.testing.assert_allclose(pooled.quantiles, expected, rtol=1e-5, atol=1e-5)


def test_ensemble_epistemic_variance_by_hand():
    pair = tuple(gaussian(np.full((1, 1), mean, np.float32), np.ones((1, 1), np.float32)) for mean in (1.0, 5.0))
    pooled = ensemble(evidence(pair)).prediction
    assert (pooled.mean, pooled.aleatoric, pooled.epistemic) == (3, 1, 2)


def test_ensemble_of_one_member_is_that_member():
    member = _law(0)
    pooled = ensemble(evidence((member,))).prediction
    np.testing.assert_allclose(pooled.quantiles, member.quantiles, rtol=1e-5, atol=1e-6)
    assert (pooled.epistemic == 0).all()


def test_ensemble_of_points_states_their_spread_alone():
    members = tuple(_point(_law(seed)) for seed in range(4))
    pooled = ensemble(evidence(members)).prediction
    assert pooled.aleatoric is None
    np.testing.assert_allclose(pooled.sd, np.std([m.mean for m in members], axis=0), rtol=1e-5)


def test_ensemble_refuses_a_mixture_of_kinds_and_nothing():
    with pytest.raises(InputError, match="1 of 2 members have an aleatoric SD"):
        ensemble(evidence((_law(0), _point(_law(1)))))
    with pytest.raises(InputError, match="found no member"):
        ensemble(evidence(()))
