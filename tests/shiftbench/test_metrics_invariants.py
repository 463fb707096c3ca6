"""What must hold of metrics whatever the rows: order, copies, unit, offset, sign, bounds, and worse is worse."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shiftbench.errors import Undefined
from shiftbench.metrics.table import METRICS
from tests.cases import case

COMPUTED = [name for name, metric in METRICS.items() if metric.compute and metric.needs]
EXAMPLES = settings(max_examples=25, deadline=None)
TAME = st.integers(0, 10**6).filter(lambda seed: seed % 5).map(case)

LOCATIONS = ("mean", "target", "f", "expected", "repeat", "low", "high", "truth_low", "truth_high", "quantiles")
"""Arguments that move with the zero of the scale; SDs only stretch with its unit, and the risk with the square."""
SDS = ("sd", "aleatoric", "epistemic", "noise", "replicate_sd")
EFFECTS = ("confidence_gap", "auroc", "auprc", "sign_agreement", "top_share")
"""Metrics of effects, whose zero means something."""

LENGTH = ("rmse", "mae", "bias", "crps", "interval_score", "quantile_score", "sharpness", "width", "width_at_coverage")
SQUARE = ("risk_at_80", "risk_at_50", "risk_at_20", "aurc", "e_aurc", "augrc")
COUNTED = (*SQUARE, "normalised_e_aurc", "risk_reduction", "selective_gain", "top_share")
"""Metrics that go through the rows one by one, so that copies of all of them give another number."""

NONNEGATIVE, SHARE = (0, math.inf), (0, 1)
BOUNDS = {
    **dict.fromkeys(("rmse", "mae", "relative_rmse", "crps", "interval_score", "quantile_score"), NONNEGATIVE),
    **dict.fromkeys(("variance_ratio", "mean_z2", "ence", "sharpness", "width", "width_at_coverage"), NONNEGATIVE),
    **dict.fromkeys(("coverage", "truth_coverage", "infinite_share", "pit_ks", "auroc", "auprc"), SHARE),
    **dict.fromkeys(("worst_coverage_gc", "worst_coverage_noise", "worst_coverage_f"), SHARE),
    **dict.fromkeys(
        ("pearson", "spearman", "coverage_gap", "noise_correlation", "residual_noise_correlation"), (-1, 1)
    ),
    **dict.fromkeys(("noise_gap", "confidence_gap"), (-2, 2)),
    **dict.fromkeys(SQUARE, NONNEGATIVE),
    **dict.fromkeys(("sign_agreement", "top_share"), SHARE),
    "confidence_gap_excess": (-4, 4),
    "expected_noise_correlation": SHARE,
    "r2": (-math.inf, 1),
    "calibration_error": (0, 0.5),
    "calibration_error_squared": (0, 1 / 3),
    "quantile_calibration_error": (0, 0.975),
    "normalised_e_aurc": NONNEGATIVE,
    "risk_reduction": (-math.inf, 1),
    "epistemic_share": NONNEGATIVE,
    "epistemic_correlation": (-1, 1),
    "aleatoric_correlation": (-1, 1),
    "bias": (-math.inf, math.inf),
    "nll": (-math.inf, math.inf),
    "selective_gain": (-math.inf, math.inf),
}


def _value(name, made, **changed):
    try:
        return METRICS[name].compute(*[changed.get(need, made.arguments[need]) for need in METRICS[name].needs])
    except Undefined:
        return None


def _rows(made, order):
    return {name: values[order] if np.ndim(values) else values for name, values in made.arguments.items()}


def _same(before, after):
    assert after == (before if before is None else pytest.approx(before, rel=1e-7, abs=1e-9))


def test_bounds_are_told_of_every_metric():
    assert set(BOUNDS) == set(COMPUTED)


@pytest.mark.parametrize("name", COMPUTED)
@EXAMPLES
@given(TAME, st.randoms(use_true_random=False))
def test_order_does_not_matter(name, made, random):
    n = made.arguments["f"].size
    _same(_value(name, made), _value(name, made, **_rows(made, random.sample(range(n), n))))


@pytest.mark.parametrize("name", [name for name in COMPUTED if name not in COUNTED])
@EXAMPLES
@given(TAME, st.integers(2, 3))
def test_copies_of_all_rows_change_nothing(name, made, times):
    before = _value(name, made)
    if before is not None:
        n = made.arguments["f"].size
        _same(before, _value(name, made, **_rows(made, np.tile(np.arange(n), times))))


@pytest.mark.parametrize("name", COMPUTED)
@EXAMPLES
@given(TAME, st.floats(0.01, 100), st.floats(-10, 10))
def test_unit_and_zero_of_the_scale(name, made, unit, zero):
    offset = 0.0 if name.startswith(EFFECTS) else zero
    changed = {need: unit * made.arguments[need] + offset for need in LOCATIONS}
    changed |= {need: unit * made.arguments[need] for need in SDS} | {"risk": unit**2 * made.arguments["risk"]}
    before, after = _value(name, made), _value(name, made, **changed)
    if before is not None and name == "nll":
        before += math.log(unit)
    elif before is not None:
        before *= unit ** (2 * (name in SQUARE) + (name in LENGTH))
    _same(before, after)


@pytest.mark.parametrize("name", COMPUTED)
@EXAMPLES
@given(TAME)
def test_sign_of_the_scale(name, made):
    turned = {need: -made.arguments[need] for need in LOCATIONS}
    turned |= {"low": turned["high"], "high": turned["low"], "quantiles": turned["quantiles"][:, ::-1]}
    turned |= {"truth_low": turned["truth_high"], "truth_high": turned["truth_low"]}
    before, after = _value(name, made), _value(name, made, **turned)
    _same(-before if name == "bias" else before, after)


@pytest.mark.parametrize("name", COMPUTED)
@EXAMPLES
@given(st.integers(0, 10**6).map(case))
def test_bounds(name, made):
    value, (low, high) = _value(name, made), BOUNDS[name]
    if value is not None:
        assert low - 1e-9 * made.unit <= value <= high + 1e-9


@pytest.mark.parametrize(
    ("name", "best"),
    [("rmse", 0), ("mae", 0), ("bias", 0), ("relative_rmse", 0), ("r2", 1), ("pearson", 1), ("spearman", 1)],
)
@EXAMPLES
@given(TAME)
def test_a_perfect_prediction_is_best(name, best, made):
    assert _value(name, made, mean=made.arguments["target"]) == pytest.approx(best, abs=1e-12)


WORSE = {
    **dict.fromkeys(("rmse", "mae", "relative_rmse", "nll", "crps", "variance_ratio", "mean_z2"), 1),
    **dict.fromkeys(("risk_at_80", "risk_at_50", "risk_at_20", "aurc", "augrc"), 1),
    "r2": -1,
}
"""Metrics that rise (1) or fall (-1) when every error is doubled."""


@pytest.mark.parametrize("name", WORSE)
@EXAMPLES
@given(TAME)
def test_twice_the_error_is_worse(name, made):
    mean, target = made.arguments["mean"], made.arguments["target"]
    assert WORSE[name] * (_value(name, made, mean=2 * mean - target) - _value(name, made)) > 0


@pytest.mark.parametrize("name", ["ence", "calibration_error", "calibration_error_squared", "pit_ks"])
@EXAMPLES
@given(TAME, st.floats(20, 100), st.sampled_from([-1, 1]))
def test_a_law_far_off_is_uncalibrated(name, made, far, side):
    """All targets beyond one end: the worst that a calibration error can be."""
    mean = made.arguments["target"] + side * far * made.arguments["sd"]
    before, after = _value(name, made), _value(name, made, mean=mean)
    if before is not None:
        assert after > before
        assert name == "ence" or after == pytest.approx(BOUNDS[name][1], rel=0.02)


@EXAMPLES
@given(TAME, st.floats(0.01, 10))
def test_wider_intervals_hold_more_and_cost_width(made, more):
    low, high = made.arguments["low"] - more, made.arguments["high"] + more
    for name in ("coverage", "coverage_gap", "worst_coverage_gc", "worst_coverage_noise", "worst_coverage_f"):
        assert _value(name, made, low=low, high=high) >= _value(name, made)
    assert _value("width", made, low=low, high=high) == pytest.approx(_value("width", made) + 2 * more)


@EXAMPLES
@given(TAME, st.floats(0.1, 10))
def test_width_at_coverage_knows_no_common_factor_and_holds_what_it_says(made, factor):
    low, high, target, level = (made.arguments[name] for name in ("low", "high", "target", "level"))
    middle, half = (low + high) / 2, (high - low) / 2
    width = _value("width_at_coverage", made)
    stretched = {"low": middle - factor * half, "high": middle + factor * half}
    assert _value("width_at_coverage", made, **stretched) == pytest.approx(width)
    reach = width / (2 * half.mean())
    for widened, enough in ((reach * (1 + 1e-9), True), (reach * (1 - 1e-9), False)):
        held = _value("coverage", made, low=middle - widened * half, high=middle + widened * half)
        assert (held >= level - 1e-12) == enough
    assert target.size


@EXAMPLES
@given(TAME)
def test_interval_and_quantile_scores_punish_what_is_missed(made):
    low, high, quantiles = (made.arguments[name] for name in ("low", "high", "quantiles"))
    away = {"target": high + 1.0}, {"target": high + 2.0}, {"target": low - 2.0}
    level = made.arguments["level"]
    scores = [_value("interval_score", made, **change) - _value("width", made) for change in away]
    assert scores == pytest.approx([2 / (1 - level), 4 / (1 - level), 4 / (1 - level)])
    beyond = [_value("quantile_score", made, target=quantiles[:, -1] + far) for far in (1.0, 2.0)]
    assert beyond[1] - beyond[0] == pytest.approx(1)  # 2 mean(p) = 1
