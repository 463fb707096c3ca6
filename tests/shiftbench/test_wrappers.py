import numpy as np
import pytest

from shiftbench.errors import InputError, ModelError
from shiftbench.prediction import LEVELS, Prediction, gaussian
from shiftbench.wrappers import WRAPPERS
from shiftbench.wrappers.conformal import conformal, radius
from shiftbench.wrappers.ensemble import ensemble
from shiftbench.wrappers.evidence import Evidence
from tests import naive

NOTHING = np.zeros((0, 2), np.float32)


def _law(seed, n=50, outputs=2, epistemic=False):
    rng = np.random.default_rng(seed)
    mean, *sds = (rng.normal(size=(n, outputs)).astype(np.float32) for _ in range(3))
    return gaussian(mean, np.exp(sds[0]), np.exp(sds[1]) if epistemic else None)


def _point(prediction):
    return Prediction(prediction.mean, np.full_like(prediction.quantiles, np.nan))


def test_catalog_agrees_with_its_names():
    assert list(WRAPPERS) == ["none", "ensemble", "conformal"]
    for name, wrapper in WRAPPERS.items():
        assert wrapper.name == name
        assert wrapper.title
        assert wrapper.text
    assert [wrapper.scope for wrapper in WRAPPERS.values()] == ["seed", "seeds", "seed"]
    assert [wrapper.needs_calibration for wrapper in WRAPPERS.values()] == [False, False, True]


def test_none_changes_nothing():
    prediction = _law(0)
    assert WRAPPERS["none"].apply(Evidence((prediction,), (), NOTHING)) is prediction


@pytest.mark.parametrize("name", ["none", "conformal"])
def test_wrappers_over_one_seed_refuse_more(name):
    with pytest.raises(InputError, match="found 2 members, expected 1"):
        WRAPPERS[name].apply(Evidence((_law(0), _law(1)), (), NOTHING))


@pytest.mark.parametrize("epistemic", [False, True])
def test_ensemble_has_the_moments_of_the_mixture(epistemic):
    members = tuple(_law(seed, n=3, epistemic=epistemic) for seed in range(5))
    pooled = ensemble(Evidence(members, (), NOTHING))
    rng = np.random.default_rng(0)
    samples = np.concatenate([m.mean + m.sd * rng.normal(size=(200_000, *m.mean.shape)) for m in members])
    np.testing.assert_allclose(pooled.mean, samples.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(pooled.sd, samples.std(axis=0), rtol=0.01)
    np.testing.assert_allclose(pooled.aleatoric**2, np.mean([m.aleatoric**2 for m in members], axis=0), rtol=1e-5)
    expected = gaussian(pooled.mean, pooled.sd).quantiles
    np.testing.assert_allclose(pooled.quantiles, expected, rtol=1e-5, atol=1e-5)


def test_ensemble_epistemic_variance_by_hand():
    pair = tuple(gaussian(np.full((1, 1), mean, np.float32), np.ones((1, 1), np.float32)) for mean in (1.0, 5.0))
    pooled = ensemble(Evidence(pair, (), NOTHING))
    assert (pooled.mean, pooled.aleatoric, pooled.epistemic) == (3, 1, 2)


def test_ensemble_of_one_member_is_that_member():
    member = _law(0)
    pooled = ensemble(Evidence((member,), (), NOTHING))
    np.testing.assert_allclose(pooled.quantiles, member.quantiles, rtol=1e-5, atol=1e-6)
    assert (pooled.epistemic == 0).all()


def test_ensemble_of_points_states_their_spread_alone():
    members = tuple(_point(_law(seed)) for seed in range(4))
    pooled = ensemble(Evidence(members, (), NOTHING))
    assert pooled.aleatoric is None
    np.testing.assert_allclose(pooled.sd, np.std([m.mean for m in members], axis=0), rtol=1e-5)


def test_ensemble_refuses_a_mixture_of_kinds_and_nothing():
    with pytest.raises(InputError, match="1 of 2 members have an aleatoric SD"):
        ensemble(Evidence((_law(0), _point(_law(1))), (), NOTHING))
    with pytest.raises(InputError, match="found no member"):
        ensemble(Evidence((), (), NOTHING))


def test_radius_agrees_with_the_counting_loop():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        scores = np.abs(rng.normal(size=int(rng.integers(0, 120))))
        scores = np.round(scores, 1) if seed % 2 else scores
        for level in LEVELS:
            assert radius(scores, level) == naive.conformal_radius(scores.tolist(), str(level))


@pytest.mark.parametrize(("level", "m"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19)])
def test_radius_is_infinite_just_below_the_smallest_possible_set(level, m):
    assert radius(np.arange(1.0, m + 1), level) == m
    assert radius(np.arange(1.0, m), level) == np.inf


def _evidence(wrap=lambda law: law, m=200, missing=()):
    calibration = wrap(_law(1, n=m))
    observed = calibration.mean + np.random.default_rng(2).normal(size=(m, 2)).astype(np.float32)
    observed[list(missing), 0] = np.nan
    return Evidence((wrap(_law(0)),), (calibration,), observed)


def test_conformal_keeps_the_mean_and_states_no_density():
    evidence = _evidence()
    wrapped = conformal(evidence)
    np.testing.assert_array_equal(wrapped.mean, evidence.test[0].mean)
    np.testing.assert_array_equal(wrapped.quantiles[..., 4], wrapped.mean)
    assert wrapped.sd is None
    assert (np.diff(wrapped.quantiles, axis=-1) >= 0).all()
    assert wrapped.quantiles.dtype == np.float32


@pytest.mark.parametrize("density", [True, False])
def test_conformal_half_width_is_radius_times_sd_per_output(density):
    evidence = _evidence() if density else _evidence(_point)
    calibration, test = evidence.calibration[0], evidence.test[0]
    one = np.ones_like(calibration.mean), np.ones_like(test.mean)
    sds = (calibration.sd, test.sd) if density else one
    scores = np.abs(evidence.observed - calibration.mean).astype(float) / sds[0]
    for level in LEVELS:
        low, high = conformal(evidence).interval(level)
        for output in range(2):
            half = naive.conformal_radius(scores[:, output].tolist(), str(level)) * sds[1][:, output]
            np.testing.assert_allclose(high[:, output] - low[:, output], 2 * half, rtol=1e-4)


def test_conformal_covers_its_own_calibration_rows():
    evidence = _evidence()
    wrapped = conformal(Evidence(evidence.calibration, evidence.calibration, evidence.observed))
    for level in LEVELS:
        low, high = wrapped.interval(level)
        inside = ((low - 1e-5 <= evidence.observed) & (evidence.observed <= high + 1e-5)).sum(axis=0)
        assert (inside == np.ceil(round(201 * level, 9))).all()


def test_conformal_leaves_out_missing_targets():
    part, whole = conformal(_evidence(missing=range(190))), conformal(_evidence())
    low, high = part.interval(0.95)
    assert np.isinf(high[:, 0]).all()
    assert np.isinf(low[:, 0]).all()
    np.testing.assert_array_equal(part.quantiles[:, 1], whole.quantiles[:, 1])
    assert np.isfinite(part.interval(0.9)[0]).all()


def test_conformal_refuses_what_it_cannot_use():
    evidence = _evidence()
    with pytest.raises(InputError, match="found 0 calibration predictions"):
        conformal(Evidence(evidence.test, (), evidence.observed))
    with pytest.raises(InputError, match="its targets"):
        conformal(Evidence(evidence.test, evidence.calibration, evidence.observed[:5]))
    flat = gaussian(np.zeros((50, 2), np.float32), np.zeros((50, 2), np.float32))
    with pytest.raises(ModelError, match="SD is not positive in 100 of 100"):
        conformal(Evidence((flat,), evidence.calibration, evidence.observed))
