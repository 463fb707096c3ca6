import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from sklearn.metrics import average_precision_score, roc_auc_score

from shiftbench.errors import Undefined
from shiftbench.metrics.variants import (
    TABLE,
    auprc,
    auroc,
    confidence_gap,
    confidence_gap_excess,
    sign_agreement,
    top_share,
)
from tests import naive
from tests.cases import NASTY, case

EACH = 500
"""Random cases of every metric, a fifth of them nasty."""
METRICS = {metric.name: metric for metric in TABLE}


def _excess(mean, target, confident, repeat):
    rows = np.flatnonzero(~np.isnan(repeat))
    gaps = [naive.side_gap(side[rows], target[rows], confident[rows]) for side in (mean, repeat)]
    return None if None in gaps else gaps[0] - gaps[1]


TRUTH = {
    "confidence_gap": naive.side_gap,
    "confidence_gap_excess": _excess,
    "auroc": lambda mean, label: naive.auroc(np.abs(mean), label),
    "auprc": lambda mean, label: naive.auprc(np.abs(mean), label),
    "sign_agreement": naive.sign_agreement,
    "top_share": naive.top_share,
}


def _value(compute, arguments):
    try:
        return compute(*arguments)
    except Undefined:
        return None


@pytest.mark.parametrize("name", TRUTH)
def test_agrees_with_exact_loops(name):
    seen = set()
    for seed in range(EACH):
        made = case(seed)
        arguments = made.of(METRICS[name])
        found = _value(METRICS[name].compute, arguments)
        known = arguments[:3] if name == "confidence_gap_excess" else arguments
        if made.kind == "missing" and not all(np.isfinite(a).all() for a in known):
            rows = ~np.isnan(arguments[-1])  # rows without a repeat do not count, whatever else they lack
            assert found is None or (name == "confidence_gap_excess" and all(np.isfinite(a[rows]).all() for a in known))
            continue
        expected = TRUTH[name](*arguments)
        assert (found is None) == (expected is None), (seed, made.kind)
        if found is not None:
            seen.add(made.kind)
            assert found == pytest.approx(expected, rel=1e-10, abs=1e-10), (seed, made.kind)
    assert {"tame", "huge", "tiny", "far", "ties"} <= seen <= {"tame", *NASTY}


@pytest.mark.parametrize(("metric", "peer"), [(auroc, roc_auc_score), (auprc, average_precision_score)])
def test_agrees_with_scikit_learn(metric, peer):
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 200))
        mean, label = np.round(rng.normal(size=n), int(rng.integers(0, 4))), rng.random(n) < rng.random()
        if label.any() and not label.all():
            assert metric(mean, label) == pytest.approx(peer(label, np.abs(mean)), rel=1e-10)


def test_gap_agrees_with_scipy():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(2, 60))
        sure = rng.random(60) < 0.4
        sides = [scipy_stats.spearmanr(x[side], y[side]).statistic for side in (sure, ~sure)]
        assert confidence_gap(x, y, sure) == pytest.approx(sides[0] - sides[1], rel=1e-10, abs=1e-12)


def test_undefined_says_why():
    with pytest.raises(Undefined, match="confident variants: 2 rows"):
        confidence_gap([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 1, 0, 0, 0])
    with pytest.raises(Undefined, match="other variants: targets are constant"):
        confidence_gap([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 4, 4], [1, 1, 1, 0, 0, 0])
    with pytest.raises(Undefined, match="no variant has a repeat experiment"):
        confidence_gap_excess([1, 2], [1, 2], [1, 0], [np.nan, np.nan])
    with pytest.raises(Undefined, match="repeat experiment: confident variants: predictions are constant"):
        confidence_gap_excess(range(6), range(6), [1, 1, 1, 0, 0, 0], [1, 1, 1, 2, 3, 4])
    with pytest.raises(Undefined, match="0 of 2 rows have the label"):
        auroc([1, 2], [0, 0])
    with pytest.raises(Undefined, match="no confident variant"):
        sign_agreement([1, 2], [0, 2], [1, 0])
    with pytest.raises(Undefined, match="every measured effect is 0"):
        top_share([1, 2], [0, 0])


def test_a_repeat_experiment_has_no_excess():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=400)
    first, second = truth + rng.normal(size=(2, 400))
    sure = np.abs(first) > 1
    assert confidence_gap(second, first, sure) > 0.1  # the labels select on the effect
    assert confidence_gap_excess(second, first, sure, second) == 0
    missing = np.where(rng.random(400) < 0.5, np.nan, second)
    assert confidence_gap_excess(second, first, sure, missing) == 0


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_signs_sizes_and_bounds(seed):
    rng = np.random.default_rng(seed)
    mean, target = np.round(rng.normal(size=(2, 25)), 1)
    label = rng.random(25) < 0.5
    for metric in (auroc, auprc):
        value = _value(metric, (mean, label))
        if value is not None:
            assert 0 <= value <= 1
            assert metric(-mean, label) == value
            assert metric(np.sign(mean) * np.expm1(np.abs(mean)), label) == pytest.approx(value)
            assert metric(label.astype(float), label) == 1
    if label.any() and not label.all():
        assert auroc(mean, label) == pytest.approx(1 - auroc(mean, ~label))
        assert auprc(0 * mean, label) == pytest.approx(label.mean())
    if target.any():
        assert 0 <= top_share(mean, target) <= 1
        assert top_share(target, target) == 1
        assert top_share(0 * mean, target) == pytest.approx(top_share(0 * mean, -target))
    if (label & (target != 0)).any():
        right = sign_agreement(mean, target, label)
        assert sign_agreement(-mean, target, label) == pytest.approx(1 - right)
        assert sign_agreement(3 * target, target, label) == 1
        assert sign_agreement(0 * mean, target, label) == 0.5
