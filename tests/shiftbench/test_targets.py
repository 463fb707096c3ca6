from dataclasses import replace

import numpy as np
import pytest

from shiftbench.errors import ModelError, Undefined
from shiftbench.metrics.correlation import spearman
from shiftbench.metrics.error import rmse
from shiftbench.prediction import QUANTILES, Prediction, gaussian
from shiftbench.score import Scorer
from shiftbench.targets import ALL, TestSet
from shiftbench.wrappers.evidence import Wrapped
from simulators.contract import Sample, Truth

N = 120


def sample(n=N, per_cluster=3, table=None, truth=True):
    rng = np.random.default_rng(5)
    f = rng.normal(size=(n, 1)).astype(np.float32)
    sd = rng.uniform(0.3, 0.9, (n, 1)).astype(np.float32)
    expected = (f + 0.1).astype(np.float32)
    return Sample(
        id=np.arange(n).astype(str),
        sequence=rng.integers(0, 4, (n, 10)).astype(np.uint8),
        observed=(expected + sd * rng.normal(size=f.shape)).astype(np.float32),
        noise_sd=np.full_like(f, np.nan),
        reference=np.full(n, -1, np.int32),
        group=(np.arange(n) // per_cluster).astype(np.int32),
        outputs=("k562",),
        table=table or {},
        truth=Truth(f, expected, sd) if truth else None,
    )


def law(test, noise=0.3):
    mean = (0.8 * test.truth.mean).astype(np.float32)
    return gaussian(mean, np.full_like(mean, 0.6), np.full_like(mean, noise))


def rows_of(test, prediction, metrics=("rmse",), told=None, **options):
    scorer = Scorer(test, {}, metrics=metrics, resamples=50, draws="d", **options)
    return scorer.rows(Wrapped(prediction, told or {}))


def one(rows, **wanted):
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, found
    return found[0]


def test_labelled_rows_are_scored_by_nobody_and_neither_are_their_clusters():
    test = sample(per_cluster=7)
    rows = TestSet(test, "value", 10, 20, "d").targets["observed", ALL][0].rows
    assert rows.tolist() == list(range(14, N)), "the second cluster reaches from row 7 to row 13"
    prediction = law(test)
    spoiled = test.observed.copy()
    spoiled[:14] += 100
    changed = rows_of(replace(test, observed=spoiled), prediction, labelled=10)
    assert changed == rows_of(test, prediction, labelled=10)
    assert one(changed, target="observed")["n"] == N - 14


def test_a_stratum_is_scored_on_its_own_rows():
    high = np.arange(N) % 4 == 0
    test = sample(table={"stratum:high": high, "gc": np.linspace(0.3, 0.7, N)})
    prediction = law(test)
    rows = rows_of(test, prediction, ("rmse", "spearman"))
    found = one(rows, metric="rmse", target="observed", stratum="high")
    assert found["n"] == high.sum()
    assert found["value"] == pytest.approx(rmse(prediction.mean[high, 0], test.observed[high, 0]))
    assert one(rows, metric="rmse", target="observed", stratum="")["n"] == N
    assert {row["stratum"] for row in rows} == {"", "high"}


def variants(windows):
    """Two references, then every variant once a window."""
    count = 40
    rng = np.random.default_rng(7)
    n = 2 + count * windows
    number = np.concatenate([[-1, -1], np.repeat(np.arange(count), windows)]).astype(np.int32)
    effect = rng.normal(size=count).astype(np.float32)
    observed = np.where(number < 0, np.nan, effect[number])[:, None].astype(np.float32)
    base = sample(n, truth=False)
    mean = rng.normal(size=(n, 1)).astype(np.float32)
    reference = np.where(number < 0, -1, np.arange(n) % 2).astype(np.int32)
    group = np.maximum(number, 0) // 2
    return replace(base, observed=observed, reference=reference, group=group, table={"variant": number}), mean, effect


@pytest.mark.parametrize("windows", [1, 5])
def test_a_variant_is_one_number_whatever_it_is_seen_through(windows):
    test, mean, effect = variants(windows)
    prediction = gaussian(mean, np.ones_like(mean))
    difference = (mean[2:, 0] - mean[test.reference[2:], 0]).reshape(-1, windows).mean(1)
    found = one(rows_of(test, prediction, ("spearman",), scored="difference"))
    assert found["n"] == len(effect)
    assert found["value"] == pytest.approx(spearman(difference, effect), abs=1e-9)


def test_rows_that_a_predictor_does_not_answer_are_left_out_and_counted():
    test = sample()
    kept = np.arange(N)[:, None] >= 30
    mean = np.where(kept, law(test).mean, np.nan)
    prediction = Prediction(mean, np.full((*mean.shape, len(QUANTILES)), np.nan, np.float32), kept=kept)
    rows = rows_of(test, prediction, ("rmse", "crps"))
    found = one(rows, metric="rmse", target="observed")
    assert found["n"] == 90
    assert found["value"] == pytest.approx(rmse(mean[30:, 0], test.observed[30:, 0]))
    assert "a part of the rows" in found["reason"]
    assert one(rows, metric="crps")["reason"] == "the predictor states no density"
    with pytest.raises(ModelError, match="30 of 120 means are not finite"):
        rows_of(test, replace(prediction, kept=None))


def test_a_predictor_that_answers_nothing_has_no_number():
    test = sample()
    nobody = replace(law(test), kept=np.zeros((N, 1), bool))
    assert {row["status"] for row in rows_of(test, nobody, ("rmse", "spearman"))} == {"undefined"}


def test_coverage_of_the_truth_is_that_of_the_epistemic_part():
    test = sample()
    prediction = law(test)
    half = 1.6448536 * prediction.epistemic
    inside = np.abs(test.truth.mean - prediction.mean) <= half
    found = one(rows_of(test, prediction, ("truth_coverage",)), level=0.9)
    assert found["target"] == "f"
    assert found["value"] == pytest.approx(inside.mean())
    silent = replace(prediction, epistemic=None)
    assert {row["reason"] for row in rows_of(test, silent, ("truth_coverage",))} == {
        "the predictor states no uncertainty of its own"
    }


def test_risk_is_what_the_oracle_expects_of_this_prediction():
    test = sample()
    tests, compared = TestSet(test, "value", 0, 5, "d"), law(test).mean[:, 0].astype(float)
    truth = test.truth
    expected = (compared - truth.expected[:, 0]) ** 2 + truth.sd[:, 0].astype(float) ** 2
    np.testing.assert_allclose(tests.risk(compared, "observed", 0), expected, rtol=1e-6)
    np.testing.assert_allclose(tests.risk(compared, "f", 0), (compared - truth.mean[:, 0]) ** 2, rtol=1e-6)
    with pytest.raises(Undefined, match="no oracle"):
        TestSet(sample(truth=False), "value", 0, 5, "d").risk(compared, "observed", 0)


def test_what_the_data_do_not_tell_is_undefined_with_a_reason():
    tests = TestSet(sample(truth=False), "value", 0, 5, "d")
    for name in ("f", "expected", "noise", "replicate_sd", "barcodes", "label"):
        with pytest.raises(Undefined, match="the data do not tell"):
            tests.known(name, 0)
    assert tests.known("gc", 0).shape == (N,)


def test_what_a_wrapper_tells_is_a_row_of_its_own():
    rows = rows_of(sample(), law(sample()), told={"effective_sample_size": [12.5]})
    found = one(rows, metric="effective_sample_size")
    assert (found["value"], found["status"], found["output"]) == (12.5, "ok", "k562")
    assert np.isnan(found["low"])
