"""Every metric against exact loops on 10,000 cases, a fifth of them nasty; against libraries; and counts as copies."""

import math

import numpy as np
import pytest
import scoringrules
import uncertainty_toolbox as toolbox
from mapie.metrics import regression as mapie
from scipy import stats as scipy_stats
from sklearn import metrics as sklearn
from uncertainty_toolbox.metrics_calibration import get_proportion_lists_vectorized

from shiftbench.errors import Undefined
from shiftbench.metrics.calibration import BINS, PERCENTILES
from shiftbench.metrics.coverage import FIFTHS
from shiftbench.metrics.table import METRICS
from shiftbench.prediction import QUANTILES
from tests import naive
from tests.cases import NASTY, case

EACH = 420
"""Cases of every metric: more than 10,000 in all."""


def _rooted(share):
    return None if share is None else math.sqrt(share)


def _distance(observed, levels, power=1):
    return sum(abs(p - level) ** power for p, level in zip(observed, levels, strict=True)) / len(levels)


def _crps(mean, sd, target):
    """The closed form, row by row."""
    total = []
    for m, s, t in zip(mean, sd, target, strict=True):
        z = (float(t) - float(m)) / float(s)
        density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        total.append(s * (z * math.erf(z / math.sqrt(2)) + 2 * density - 1 / math.sqrt(math.pi)))
    return math.fsum(total) / len(total)


def _quantile_calibration(quantiles, target):
    observed = [sum(t <= row[k] for row, t in zip(quantiles, target, strict=True)) / len(target) for k in range(9)]
    return _distance(observed, QUANTILES)


def _unexplained(mean, target):
    share = naive.unexplained(mean, target)
    return None if share is None else float(1 - share)


def _worst(low, high, target, by):
    return naive.worst_coverage(low, high, target, by, FIFTHS)


TRUTH = {
    "rmse": naive.rmse,
    "mae": naive.mae,
    "bias": naive.bias,
    "r2": _unexplained,
    "relative_rmse": lambda *sides: _rooted(naive.unexplained(*sides)),
    "nll": naive.nll,
    "crps": _crps,
    "interval_score": naive.interval_score,
    "quantile_score": lambda quantiles, target: naive.quantile_score(quantiles, target, QUANTILES),
    "variance_ratio": naive.variance_ratio,
    "mean_z2": naive.mean_z2,
    "ence": lambda *law: naive.ence(*law, BINS),
    "calibration_error": lambda *law: _distance(naive.reached(naive.pit(*law), PERCENTILES), PERCENTILES),
    "calibration_error_squared": lambda *law: _distance(naive.reached(naive.pit(*law), PERCENTILES), PERCENTILES, 2),
    "quantile_calibration_error": _quantile_calibration,
    "pit_ks": lambda *law: naive.kolmogorov(naive.pit(*law)),
    "sharpness": lambda sd: naive.rmse(sd, np.zeros(len(sd))),
    "epistemic_share": lambda sd, part: (naive.rmse(part, 0 * part) / naive.rmse(sd, 0 * sd)) ** 2 if sd.size else None,
    "coverage": naive.coverage,
    "coverage_gap": lambda low, high, target, level: naive.coverage(low, high, target) - level,
    "truth_coverage": naive.coverage,
    "worst_coverage_gc": _worst,
    "worst_coverage_noise": _worst,
    "worst_coverage_f": _worst,
    "width": naive.width,
    "width_at_coverage": lambda low, high, target, level: naive.width_at_coverage(low, high, target, str(level)),
    "infinite_share": lambda low, high: np.mean([math.isinf(a) or math.isinf(b) for a, b in zip(low, high)]),  # noqa: B905
}
ENDLESS = ("coverage", "coverage_gap", "infinite_share", "quantile_calibration_error")
"""Metrics that exist where an interval is infinite, as do the worst coverages."""
CANCEL = ("bias", "nll", "r2", "coverage_gap", "crps")
"""Differences of larger numbers: compared on the scale of those, which is that of the unit."""


def _truth(name, arguments):
    """What exact loops give, None where it does not exist."""
    needs = dict(zip(METRICS[name].needs, arguments, strict=True))
    open_ended = name in ENDLESS or name.startswith("worst")
    for need, values in needs.items():
        inside = ~np.isnan(values) if open_ended and need in ("low", "high", "quantiles") else np.isfinite(values)
        if not np.all(inside) or (need == "sd" and name != "sharpness" and np.any(values <= 0)):
            return None
    return TRUTH[name](*arguments)


def _value(compute, arguments):
    """What the metric gives: a number, never NaN, or None where it is undefined."""
    try:
        value = compute(*arguments)
    except Undefined:
        return None
    assert isinstance(value, float)
    assert np.isfinite(value)
    return value


@pytest.mark.parametrize("name", TRUTH)
def test_agrees_with_exact_loops(name):
    metric, seen = METRICS[name], set()
    first = EACH * list(TRUTH).index(name)
    for seed in range(first, first + EACH):
        made = case(seed)
        arguments = made.of(metric)
        if name.startswith("calibration") and made.kind == "exact":
            continue  # targets lie on the very levels that are counted: rounding decides
        expected, found = _truth(name, arguments), _value(metric.compute, arguments)
        assert (found is None) == (expected is None), (seed, made.kind)
        scale = made.unit * np.max(np.abs(arguments[0])) if name in ("bias", "crps") else 1.0
        if found is not None:
            seen.add(made.kind)
            assert found == pytest.approx(expected, rel=1e-10, abs=1e-10 * scale if name in CANCEL else 0), seed
    assert {"tame", "huge", "tiny", "far", "ties"} <= seen <= {"tame", *NASTY}


def _toolbox(power):
    def error(mean, sd, target):
        levels, observed = get_proportion_lists_vectorized(mean, sd, target, num_bins=101, prop_type="quantile")
        return (np.abs(levels - observed)[1:-1] ** power).mean()

    return error


def _ends(low, high):
    return np.stack([low, high], 1)[:, :, None]


LENIENT = ("selective_gain", "expected_noise_correlation")
"""Metrics that refuse rows whose number is too unsure, or rows of one SD, but not a replicate that is so by chance."""

PEERS = {
    "rmse": lambda mean, target: sklearn.root_mean_squared_error(target, mean),
    "mae": lambda mean, target: sklearn.mean_absolute_error(target, mean),
    "r2": lambda mean, target: sklearn.r2_score(target, mean),
    "pearson": lambda mean, target: scipy_stats.pearsonr(mean, target).statistic,
    "spearman": lambda mean, target: scipy_stats.spearmanr(mean, target).statistic,
    "nll": lambda mean, sd, target: -scipy_stats.norm.logpdf(target, mean, sd).mean(),
    "crps": toolbox.crps_gaussian,
    "interval_score": lambda low, high, target, level: mapie.regression_mwi_score(target, _ends(low, high), level),
    "quantile_score": lambda quantiles, target: np.mean(
        [2 * sklearn.mean_pinball_loss(target, quantiles[:, k], alpha=p) for k, p in enumerate(QUANTILES)]
    ),
    "mean_z2": lambda mean, sd, target: np.mean(scipy_stats.norm.ppf(scipy_stats.norm.cdf(target, mean, sd)) ** 2),
    "calibration_error": _toolbox(1),
    "calibration_error_squared": _toolbox(2),
    "pit_ks": lambda mean, sd, target: scipy_stats.kstest((target - mean) / sd, "norm").statistic,
    "sharpness": toolbox.sharpness,
    "coverage": lambda low, high, target: mapie.regression_coverage_score(target, _ends(low, high))[0],
    "width": lambda low, high: mapie.regression_mean_width_score(_ends(low, high))[0],
}


@pytest.mark.parametrize("name", PEERS)
def test_agrees_with_a_library(name):
    for seed in range(1, 100):
        made = case(seed)
        if made.kind == "tame":
            arguments = made.of(METRICS[name])
            assert METRICS[name].compute(*arguments) == pytest.approx(PEERS[name](*arguments), rel=1e-10, abs=1e-12)


def test_interval_scores_agree_with_their_library():
    """MAPIE and uncertainty-toolbox take one level or many; scoringrules is what the metric calls, row by row here."""
    for seed in range(1, 60):
        low, high, target, level = case(seed).of(METRICS["interval_score"])
        if case(seed).kind == "tame":
            rows = [scoringrules.interval_score(t, a, b, 1 - level) for a, b, t in zip(low, high, target, strict=True)]
            found = METRICS["interval_score"].compute(low, high, target, level)
            assert found == pytest.approx(np.mean(rows), rel=1e-12)


GATED = ("selective_gain",)
"""Whether the rows have a value hangs on their standard error, which no replicate is asked for."""


@pytest.mark.parametrize("name", [name for name, m in METRICS.items() if m.compute and m.needs and name not in GATED])
def test_counts_are_copies(name):
    metric, defined = METRICS[name], 0
    for seed in (*range(40), *range(40, 220, 5)):
        made = case(seed)
        arguments = made.of(metric)
        if _value(metric.compute, arguments) is None:
            with pytest.raises(Undefined):
                metric.compute(*arguments, weights=made.weights)
            continue
        found = metric.compute(*arguments, weights=made.weights)
        for replicate, counts in zip(found, made.weights, strict=True):
            copied = _value(metric.compute, made.copied(metric, counts))
            if name in LENIENT and copied is None:
                continue
            defined += copied is not None
            expected = np.nan if copied is None else copied
            assert replicate == pytest.approx(expected, rel=1e-9, abs=1e-9 * made.unit, nan_ok=True), (seed, made.kind)
    assert defined > 20
