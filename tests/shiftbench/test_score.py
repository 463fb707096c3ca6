import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from shiftbench.errors import InputError, ModelError
from shiftbench.metrics.table import METRICS
from shiftbench.prediction import LEVELS, Prediction, gaussian
from shiftbench.results import COLUMNS
from shiftbench.score import Scorer
from shiftbench.stats.bootstrap import cluster_counts, interval
from shiftbench.wrappers.evidence import Wrapped
from simulators.contract import Sample, Truth
from tests import naive

CONTEXT = list(COLUMNS)[:13]
N = 240
BASIC = ("rmse", "pearson", "spearman", "nll", "crps", "coverage", "width")


def _sample(outputs=("k562", "hepg2"), n=N, seed=0, per_cluster=2, truth=True):
    rng = np.random.default_rng(seed)
    shape = (n, len(outputs))
    f = rng.normal(size=shape).astype(np.float32)
    expected, sd = (f + 0.2).astype(np.float32), np.full(shape, 0.5, np.float32)
    return Sample(
        id=np.arange(n).astype(str),
        sequence=np.zeros((n, 4), np.uint8),
        observed=(expected + sd * rng.normal(size=shape)).astype(np.float32),
        noise_sd=sd,
        reference=np.full(n, -1, np.int32),
        group=(np.arange(n) // per_cluster).astype(np.int32),
        outputs=tuple(outputs),
        truth=Truth(f, expected, sd) if truth else None,
    )


def _references(test):
    floor = np.tile(np.nanmean(test.observed, axis=0), (len(test.id), 1))
    law = gaussian(test.truth.mean + np.float32(0.2), test.truth.sd)
    return {"floor": gaussian(floor, np.full_like(floor, 1.1)), "source": law, "target": law}


def _model(test, share=0.7, sd=0.6):
    mean = (share * test.truth.mean).astype(np.float32)
    return gaussian(mean, np.full_like(mean, sd))


def _scorer(test, references=None, **options):
    references = _references(test) if references is None else references
    return Scorer(test, references, **({"metrics": BASIC, "resamples": 100, "draws": "draws"} | options))


def _find(rows, **wanted):
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


def test_one_plain_record_a_number():
    assert CONTEXT[-1] == "seed"
    test = _sample()
    rows = _scorer(test).rows(Wrapped(_model(test)))
    assert len(rows) == (3 * 3 + 2 + 2 * len(LEVELS)) * 3
    for row in rows:
        assert [*CONTEXT, *row] == list(COLUMNS)
        assert {type(value) for value in row.values()} <= {str, int, float}
    assert {row["status"] for row in rows} == {"ok"}
    assert {row["reason"] for row in rows} == {""}
    assert len(msgspec.msgpack.decode(msgspec.msgpack.encode(rows))) == len(rows)


@pytest.mark.parametrize("output", [0, 1])
def test_values_are_the_metrics_of_the_rows_that_were_measured(output):
    test = _sample()
    test.observed[:25, 0] = np.nan
    model = _model(test)
    rows = _scorer(test).rows(Wrapped(model))
    used = ~np.isnan(test.observed[:, output])
    y, mean, sd = test.observed[used, output], model.mean[used, output], model.sd[used, output]
    name = test.outputs[output]
    for metric in ("rmse", "pearson", "spearman"):
        slow = getattr(naive, metric)
        row = _find(rows, metric=metric, target="observed", output=name)
        assert row["value"] == pytest.approx(slow(mean, y), rel=1e-9)
        assert (row["n"], row["clusters"]) == (used.sum(), len(set(test.group[used])))
        for target, truth in (("expected", test.truth.expected), ("f", test.truth.mean)):
            row = _find(rows, metric=metric, target=target, output=name)
            assert row["value"] == pytest.approx(slow(model.mean[:, output], truth[:, output]), rel=1e-9)
            assert row["n"] == N
    assert _find(rows, metric="nll", output=name)["value"] == pytest.approx(naive.nll(mean, sd, y), rel=1e-6)
    for level in LEVELS:
        low, high = (end[used, output] for end in model.interval(level))
        for metric, expected in (("coverage", naive.coverage(low, high, y)), ("width", naive.width(low, high))):
            row = _find(rows, metric=metric, level=level, output=name)
            assert row["value"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("missing", [0, 30])
def test_interval_is_that_of_the_cluster_bootstrap_of_the_draws(missing):
    test = _sample(["k562"], per_cluster=8)
    test.observed[:missing] = np.nan
    model = _model(test)
    row = _find(_scorer(test, draws="a", metrics=["rmse"]).rows(Wrapped(model)), target="observed")
    counts = cluster_counts(test.group, 100, "a")[:, missing:]
    pair = model.mean[missing:, 0], test.observed[missing:, 0]
    replicates = [naive.rmse(*(naive.repeat(side, draw) for side in pair)) for draw in counts]
    assert (row["low"], row["high"]) == pytest.approx(interval(replicates), rel=1e-9)
    assert row["clusters"] == 30 - missing // 8
    other = _find(_scorer(test, draws="b", metrics=["rmse"]).rows(Wrapped(model)), target="observed")
    assert other["low"] != row["low"]


def test_mean_over_outputs_shares_the_draws():
    test = _sample()
    model = _model(test)
    rows = _scorer(test, metrics=["rmse"]).rows(Wrapped(model))
    each = [_find(rows, target="observed", output=name) for name in test.outputs]
    mean = _find(rows, target="observed", output="mean")
    assert mean["value"] == pytest.approx(np.mean([row["value"] for row in each]))
    assert mean["floor"] == pytest.approx(np.mean([row["floor"] for row in each]))
    counts = cluster_counts(test.group, 100, "draws")
    squares = np.square(model.mean.astype(float) - test.observed)
    replicates = np.sqrt(counts @ squares / counts.sum(axis=1, keepdims=True)).mean(axis=1)
    assert (mean["low"], mean["high"]) == pytest.approx(interval(replicates))


def test_mean_row_counts_what_any_output_used():
    test = _sample()
    test.observed[:25, 0] = np.nan
    test.observed[20:40, 1] = np.nan
    mean = _find(_scorer(test, metrics=["rmse"]).rows(Wrapped(_model(test))), target="observed", output="mean")
    assert (mean["n"], mean["clusters"]) == (N - 5, (N - 5) // 2 + 1)


def test_references_score_zero_and_one():
    test = _sample()
    references = _references(test)
    scorer = _scorer(test)
    for row in scorer.rows(Wrapped(references["floor"])):
        if METRICS[row["metric"]].better == "lower":
            assert (row["scaled"], row["scaled_low"], row["scaled_high"], row["scaled_target"]) == (0, 0, 0, 0)
    for row in scorer.rows(Wrapped(references["source"])):
        if METRICS[row["metric"]].scaled:
            assert (row["scaled"], row["scaled_low"], row["scaled_high"]) == pytest.approx((1, 1, 1))
            assert row["value"] == row["ceiling"]


def test_scaled_lies_between_floor_and_its_own_ceiling():
    test = _sample()
    references = _references(test)
    noisy = references["source"].mean + 0.2 * np.random.default_rng(3).normal(size=test.observed.shape)
    references["source"] = gaussian(noisy.astype(np.float32), test.truth.sd)
    for row in _scorer(test, references).rows(Wrapped(_model(test))):
        if METRICS[row["metric"]].scaled:
            for scaled, ceiling in ((row["scaled"], row["ceiling"]), (row["scaled_target"], row["ceiling_target"])):
                assert scaled == pytest.approx((row["floor"] - row["value"]) / (row["floor"] - ceiling))
            assert row["scaled_low"] <= row["scaled"] <= row["scaled_high"]
            assert row["ceiling"] != row["ceiling_target"]


def test_correlations_have_floor_zero_though_the_training_mean_has_none():
    test = _sample()
    scorer = _scorer(test, metrics=["spearman"])
    assert {row["floor"] for row in scorer.rows(Wrapped(_model(test)))} == {0.0}
    for row in scorer.rows(Wrapped(_references(test)["floor"])):
        output = f"{test.outputs[0]}: " if row["output"] == "mean" else ""
        assert (row["status"], row["reason"]) == ("undefined", f"{output}predictions are constant")
        assert all(math.isnan(row[key]) for key in ("value", "low", "high", "scaled", "scaled_target"))


def test_coverage_and_width_stand_beside_the_references_unscaled():
    test = _sample()
    for row in _scorer(test, metrics=["coverage", "width"]).rows(Wrapped(_model(test))):
        assert all(math.isnan(row[key]) for key in ("scaled", "scaled_low", "scaled_high", "scaled_target"))
        assert np.isfinite([row["floor"], row["ceiling"], row["ceiling_target"]]).all()


def test_a_source_oracle_worse_than_the_mean_blanks_the_scale_only():
    test = _sample()
    references = _references(test)
    references["source"] = _model(test, -1.0)
    row = _find(_scorer(test, references).rows(Wrapped(_model(test))), metric="rmse", target="observed", output="k562")
    assert row["status"] == "ok"
    assert math.isnan(row["scaled"])
    assert row["scaled_target"] > 0
    assert row["reason"] == "scaled: source oracle no better than the mean"


def test_what_a_prediction_does_not_state_is_undefined_with_the_reason():
    test = _sample(["k562"])
    model = _model(test)
    endless = model.quantiles.copy()
    endless[:3, :, 0] = -np.inf
    rows = _scorer(test).rows(Wrapped(Prediction(model.mean, endless)))
    for metric in ("nll", "crps"):
        assert _find(rows, metric=metric)["reason"] == "the predictor states no density"
    width = _find(rows, metric="width", level=0.95)
    assert (width["status"], width["reason"]) == ("undefined", "the interval is infinite in 3 of 240 rows")
    assert math.isnan(width["value"])
    assert _find(rows, metric="width", level=0.9)["status"] == "ok"
    assert _find(rows, metric="coverage", level=0.95)["status"] == "ok"


def test_a_floor_without_a_density_is_named():
    test = _sample(["k562"])
    references = _references(test)
    references["floor"] = Prediction(references["floor"].mean, references["floor"].quantiles)
    row = _find(_scorer(test, references).rows(Wrapped(_model(test))), metric="crps")
    assert row["reason"].startswith("scaled: the predictor states no density (training mean)")
    assert np.isfinite(row["value"])
    assert math.isnan(row["floor"])


def test_few_clusters_give_a_value_without_an_interval():
    test = _sample(["k562"], per_cluster=N // 4)
    row = _find(_scorer(test, metrics=["rmse"]).rows(Wrapped(_model(test))), target="observed")
    assert np.isfinite(row["value"])
    assert math.isnan(row["low"])
    assert math.isnan(row["scaled"])
    assert row["reason"].startswith("interval: 4 clusters, 5 needed; scaled: no standard error")


def test_an_output_that_was_never_measured_is_undefined():
    test = _sample()
    test.observed[:, 0] = np.nan
    references = _references(_sample())
    rows = _scorer(test, references, metrics=["rmse"]).rows(Wrapped(_model(test)))
    assert _find(rows, output="k562", target="observed")["reason"] == "no rows"
    assert _find(rows, output="mean", target="observed")["reason"] == "k562: no rows"
    assert _find(rows, output="hepg2", target="observed")["status"] == "ok"


def test_real_data_has_no_truth_and_its_ceiling_is_the_reliability():
    simulated = _sample()
    test = replace(simulated, truth=None)
    references = {"floor": _references(simulated)["floor"]}
    ceilings = {"pearson": {"k562": 0.9, "hepg2": 0.8}, "spearman": {"k562": 0.9}}
    scorer = _scorer(test, references, ceilings=ceilings, metrics=["rmse", "pearson", "spearman"])
    rows = scorer.rows(Wrapped(_model(simulated)))
    assert {row["target"] for row in rows} == {"observed"}
    for output, ceiling in (("k562", 0.9), ("hepg2", 0.8), ("mean", 0.85)):
        row = _find(rows, metric="pearson", output=output)
        assert (row["ceiling"], row["ceiling_target"]) == pytest.approx((ceiling, ceiling))
        assert (row["scaled"], row["scaled_target"]) == pytest.approx((row["value"] / ceiling,) * 2)
        assert row["reason"] == ""
    rmse = _find(rows, metric="rmse", output="k562")
    assert rmse["floor"] > rmse["value"]
    assert math.isnan(rmse["ceiling"])
    assert rmse["reason"] == "scaled: not given (source oracle); scaled_target: not given (oracle)"
    half = _find(rows, metric="spearman", output="mean")
    assert half["reason"].startswith("scaled: hepg2: not given (source oracle)")


def test_the_reliability_bounds_no_comparison_with_the_truth():
    test = _sample(["k562"])
    rows = _scorer(test, {}, ceilings={"pearson": {"k562": 0.9}}, metrics=["pearson"]).rows(Wrapped(_model(test)))
    assert _find(rows, target="observed")["ceiling"] == 0.9
    assert all(math.isnan(_find(rows, target=target)["ceiling"]) for target in ("expected", "f"))


def _variants():
    """Ten elements: a reference row, then 12 variants whose measured effect is given and whose groups are blocks."""
    test = _sample(["k562"], n=130)
    reference = np.where(np.arange(130) % 13 == 0, -1, np.arange(130) // 13 * 13).astype(np.int32)
    observed = test.truth.mean - test.truth.mean[reference] + 0.1 * np.random.default_rng(5).normal(size=(130, 1))
    observed[reference < 0] = np.nan
    effects = observed.astype(np.float32)
    truth = Truth(test.truth.mean, effects, test.truth.sd)
    return replace(test, reference=reference, observed=effects, truth=truth)


def test_differences_are_scored_on_variants_against_their_reference():
    test = _variants()
    model = _model(test, 0.5)
    rows = _scorer(test, scored="difference").rows(Wrapped(model))
    variants = [i for i in range(130) if i % 13]
    effect = [float(model.mean[i, 0]) - float(model.mean[i // 13 * 13, 0]) for i in variants]
    for metric in ("rmse", "pearson", "spearman"):
        row = _find(rows, metric=metric, target="observed")
        assert row["value"] == pytest.approx(getattr(naive, metric)(effect, test.observed[variants, 0]), rel=1e-9)
        assert row["n"] == 120
    assert _find(rows, metric="pearson", target="f")["value"] == pytest.approx(1, abs=1e-6)
    row = _find(rows, metric="rmse", target="observed")
    assert row["floor"] == pytest.approx(naive.rmse([0] * 120, test.observed[variants, 0]), rel=1e-9)
    assert {row["reason"] for row in rows if row["metric"] in ("crps", "coverage")} == {
        "only the mean of a difference is predicted"
    }


def test_a_value_task_does_not_subtract_references():
    test = _variants()
    model = _model(test, 0.5)
    row = _find(_scorer(test, metrics=["rmse"]).rows(Wrapped(model)), target="f")
    assert row["value"] == pytest.approx(naive.rmse(model.mean[:, 0], test.truth.mean[:, 0]), rel=1e-9)


def test_no_variant_at_all_is_undefined():
    test = _sample(["k562"])
    rows = _scorer(test, metrics=["rmse"], scored="difference").rows(Wrapped(_model(test)))
    assert {row["reason"] for row in rows} == {"no rows"}


def test_wrong_predictions_and_names_are_refused():
    test = _sample()
    scorer = _scorer(test)
    model = _model(test)
    with pytest.raises(ModelError, match=r"mean is \(240, 1\); expected \(240, 2\)"):
        scorer.rows(Wrapped(replace(model, mean=model.mean[:, :1])))
    broken = model.mean.copy()
    broken[3, 1] = np.nan
    with pytest.raises(ModelError, match="1 of 480 means are not finite"):
        scorer.rows(Wrapped(replace(model, mean=broken)))
    with pytest.raises(InputError, match="no metric 'spearmann'; did you mean 'spearman'"):
        _scorer(test, metrics=["spearmann"])
