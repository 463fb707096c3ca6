"""Simulation-based calibration: where the truth falls in the law that each wrapper states, over draws of the prior.

Rows are conjugate normal models: activity from N(0, 1), training data of it with noise, and as law the posterior
predictive. Each draw of the prior has calibration rows and one test row of its own. The places of the truth among the
nine stated quantiles are compared with their closed form: levels of the quantiles or, for variance scaling, t of m
degrees of freedom. Three seeded bugs must be noticed. Source: Talts et al. 2018, arXiv:1804.06788.
"""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import chisquare, t

from shiftbench.prediction import QUANTILES, gaussian
from shiftbench.wrappers import WRAPPERS, conformal, recalibration, weighted
from tests.evidence import evidence

pytestmark = pytest.mark.statistical

DRAWS = 4000
PASSES = 200
"""Members of a pooled law, each with an activity drawn from the posterior."""
ROWS = {"variance_scaling": 4, "isotonic": 39}
"""Calibration rows, else 19: few, so that one shared row shows, and m + 1 times each level stated is whole."""
LABELLED = [name for name, wrapper in WRAPPERS.items() if wrapper.calibrated and name != "selective"]
"""Wrappers that read targets of the calibration rows."""
RANKED = {name: (conformal, "radius") for name in LABELLED if name.startswith("conformal_")} | {
    "conformal_weighted_gc": (weighted, "weighted_radii"),
    "conformal_weighted_kmer": (weighted, "weighted_radii"),
    "isotonic": (recalibration, "held"),
}
"""Module and function that look up a rank among calibration scores, its first argument."""


def _rows(rng, n, variance=1.0, shared=False):
    """Posterior mean and SD, noise SD and a new measurement of n rows, each (n, DRAWS).

    `variance`: of the noise of the measurement, in units of what the law states; `shared`: its noise is that of the
    training data.
    """
    activity, training, fresh = rng.normal(size=(3, n, DRAWS))
    noise = np.exp(0.3 * rng.normal(size=(n, DRAWS)))
    mean = (activity + noise * training) / (1 + noise**2)
    measured = activity + np.sqrt(variance) * noise * (training if shared else fresh)
    return mean, noise / np.sqrt(1 + noise**2), noise, measured


def _law(rng, wrapper, mean, posterior, noise):
    """Posterior predictive law; for a wrapper that pools, passes with an activity drawn from the posterior."""
    if wrapper.members or wrapper.scope == "seeds":
        passes = mean + posterior * rng.normal(size=(PASSES, *mean.shape))
        return tuple(gaussian(one.astype(np.float32), noise.astype(np.float32)) for one in passes)
    return gaussian(mean.astype(np.float32), noise.astype(np.float32), posterior.astype(np.float32))


def _p_value(name, bug=""):
    """Chi-square p-value of the truth's place among the stated quantiles, under one of the bugs or none."""
    wrapper, rng, m, labelled = WRAPPERS[name], np.random.default_rng(18), ROWS.get(name, 19), name in LABELLED
    *known, observed = _rows(rng, m, variance=0.64 if bug == "variance" and labelled else 1.0)
    *stated, truth = _rows(rng, 1, shared=bug == "seed" and not labelled)
    if bug == "seed" and labelled:
        for side, row in zip((*known, observed), (*stated, truth), strict=True):
            side[0] = row[0]
    if bug == "variance" and not labelled:
        stated[1:] = [0.8 * sd for sd in stated[1:]]
    letters = [np.tile(np.arange(60, dtype=np.uint8) % 4, (n, 1)) for n in (1, m)]  # one group, equal weights
    calibration = _law(rng, wrapper, *known) if wrapper.calibrated else ()
    given = evidence(_law(rng, wrapper, *stated), calibration, observed.astype(np.float32), *letters)
    law = wrapper.apply(given).prediction
    inward = truth + 1e-5 * np.sign(law.quantiles[..., 4] - truth)  # an interval holds its ends, float32 or not
    place = (law.quantiles < inward[..., None]).sum(axis=-1)[slice(None) if law.kept is None else law.kept]
    levels = t.cdf(ndtri(np.array(QUANTILES)), m) if name == "variance_scaling" else np.array(QUANTILES)
    return chisquare(np.bincount(place.ravel(), minlength=10), np.diff([0, *levels, 1]) * place.size).pvalue


@pytest.mark.parametrize("name", WRAPPERS)
def test_the_truth_falls_where_the_law_says(name):
    """False alarm 1e-4 a wrapper."""
    assert _p_value(name) > 1e-4


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrong_variance_is_noticed(name):
    """Positive control: SDs 20 % too small, or calibration rows whose noise is 20 % smaller than stated."""
    assert _p_value(name, "variance") < 1e-6


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_shared_seed_is_noticed(name):
    """Positive control: the noise of the test row is that of its training data, or of a calibration row."""
    assert _p_value(name, "seed") < 1e-6


@pytest.mark.parametrize("name", RANKED)
def test_a_rank_off_by_one_is_noticed(name, monkeypatch):
    """Positive control: every calibration score is read as the next smaller one."""
    module, function = RANKED[name]
    right = getattr(module, function)

    def wrong(scores, *rest):
        order = np.argsort(scores)
        lower = scores.copy()
        lower[order[1:]] = scores[order[:-1]]
        return right(lower, *rest)

    monkeypatch.setattr(module, function, wrong)
    assert _p_value(name) < 1e-6
