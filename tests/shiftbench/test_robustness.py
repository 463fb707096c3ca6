import numpy as np
import pandas as pd
import pytest
from scipy import stats

from shiftbench import robustness
from shiftbench.errors import Undefined
from shiftbench.metrics.robustness import (
    at_harm,
    dose_area,
    harm,
    place_of_harm,
    relative_gap,
    robustness_gap,
    worst_dose,
)
from shiftbench.results import COLUMNS, absent
from shiftbench.spec import SEVERITIES
from shiftbench.stats.jackknife import jackknife

BETTER = {"rmse": "lower", "pearson": "higher", "coverage": "nominal", "width": "none"}


def _row(shift, dose, value, **more):
    empty = {"str": "", "int64": 0, "float64": float("nan")}
    base = {name: empty[dtype] for name, dtype in COLUMNS.items()}
    part = {"null": "none", "gc": "genome", "rewiring": "program"}[shift]
    metric = more.get("metric", "rmse")
    undefined = {} if np.isfinite(value) else {"status": "undefined", "reason": "predictions are constant"}
    return base | {
        "suite": "shift", "task": "mpra", "part": part, "shift": shift, "dose": dose, "severity": SEVERITIES[dose],
        "recipe": "cnn", "wrapper": "none", "view": "plain", "output": "mean", "target": "observed", "group": "all",
        "metric": metric, "value": float(value), "floor": 2.0, "status": "ok", "better": BETTER[metric],
    } | undefined | more  # fmt: skip


def _frame(curves, **more):
    """Rows of the null shift and of one family: {(shift, world, seed): {dose: value}}."""
    return pd.DataFrame(
        [
            _row("null" if dose == "0" else shift, dose, value, world=world, seed=seed, **more)
            for (shift, world, seed), curve in curves.items()
            for dose, value in curve.items()
        ]
    )


def _of(table, measure, dose=None, **more):
    rows = table[table["measure"] == measure]
    for name, value in {**more, **({} if dose is None else {"dose": dose})}.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


CURVE = {"0": 1.0, "2": 1.1, "4": 1.5, "5": 1.4, "reverse": 9.0}


def test_measures_of_one_curve():
    table = robustness.table(_frame({("rewiring", 0, 0): CURVE}))
    assert list(table.columns) == list(robustness.COLUMNS)
    assert _of(table, "null")["value"] == 1
    assert _of(table, "gap", "4")["value"] == pytest.approx(0.5)
    assert _of(table, "relative_gap", "reverse")["value"] == pytest.approx(8)
    worst = _of(table, "worst_gap")
    assert (worst["value"], worst["dose"], worst["severity"]) == (pytest.approx(0.5), "4", 0.5)
    area = np.trapezoid([1, 1.1, 1.5, 1.4], [0, 0.15, 0.5, 0.75]) / 0.75
    assert _of(table, "area")["value"] == pytest.approx(area)
    assert _of(table, "area")["severity"] == 0.75
    assert _of(table, "gap_area")["value"] == pytest.approx(area - 1)
    assert "at_harm" not in set(table["measure"])  # nothing tells the harm
    assert (_of(table, "gap", "4")[["status", "reason"]] == ["ok", "interval: 1 world and 1 seed"]).all()
    assert table["low"].isna().all()
    assert set(table["part"]) == {"program"}


def test_worst_follows_the_direction_of_the_metric():
    for metric, worst in (("rmse", "4"), ("pearson", "2"), ("coverage", "4"), ("width", "4")):
        table = robustness.table(_frame({("gc", 0, 0): CURVE}, metric=metric, level=0.9))
        assert _of(table, "worst_gap")["dose"] == worst
    table = robustness.table(_frame({("gc", 0, 0): {"0": 0.9, "2": 0.95, "5": 0.6}}, metric="coverage", level=0.9))
    assert _of(table, "worst_gap")["value"] == pytest.approx(-0.3)


def test_interval_of_a_gap_is_the_t_interval_of_world_means():
    rng = np.random.default_rng(0)
    gaps, rows = [], {}
    for world in range(4):
        values = rng.normal(size=(3, 2))
        gaps.append((values[:, 1] - values[:, 0]).mean())
        rows |= {("gc", world, seed): {"0": values[seed, 0], "3": values[seed, 1]} for seed in range(3)}
    row = _of(robustness.table(_frame(rows)), "gap", "3")
    assert row["value"] == pytest.approx(np.mean(gaps))
    expected = stats.t.interval(0.95, 3, np.mean(gaps), stats.sem(gaps))
    assert (row["low"], row["high"]) == (pytest.approx(expected[0]), pytest.approx(expected[1]))
    assert (row["unit"], row["worlds"], row["seeds"], row["reason"]) == ("world", 4, 3, "")


def test_one_world_gives_an_interval_over_seeds():
    values = [0.1, 0.4, 0.7]
    rows = {("gc", 0, seed): {"0": 1.0, "3": 1 + value} for seed, value in enumerate(values)}
    row = _of(robustness.table(_frame(rows)), "gap", "3")
    assert row["low"] == pytest.approx(stats.t.interval(0.95, 2, 0.4, stats.sem(values))[0])
    assert (row["unit"], row["worlds"], row["seeds"]) == ("seed", 1, 3)


def test_jackknife_of_a_ratio_by_hand():
    zero, high = np.array([1.0, 1.2, 0.7]), np.array([1.5, 1.3, 1.6])
    rows = {("gc", world, 0): {"0": zero[world], "3": high[world]} for world in range(3)}
    row = _of(robustness.table(_frame(rows)), "relative_gap", "3")

    def ratio(kept):
        return (high[kept].mean() - zero[kept].mean()) / zero[kept].mean()

    whole = ratio([0, 1, 2])
    pseudo = [3 * whole - 2 * ratio([j for j in range(3) if j != i]) for i in range(3)]
    assert row["value"] == pytest.approx(whole)
    assert row["high"] - row["value"] == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem(pseudo))


def test_intervals_are_those_of_the_jackknife_of_one_curve():
    rng = np.random.default_rng(3)
    values = 1 + rng.random((5, 3))
    rows = {("gc", world, 0): dict(zip(("0", "3", "5"), values[world], strict=True)) for world in range(5)}
    table = robustness.table(_frame(rows))
    severity = [0, 0.3, 0.75]
    for measure, dose, statistic in (
        ("relative_gap", "5", lambda units: relative_gap(units[:, 2].mean(), units[:, 0].mean())),
        ("area", None, lambda units: dose_area(severity, units.mean(axis=0))),
        ("worst_gap", None, lambda units: units.mean(axis=0)[1:].max() - units[:, 0].mean()),
    ):
        row, expected = _of(table, measure, dose), jackknife(statistic, values)
        found = row["value"], row["low"], row["high"]
        assert found == pytest.approx((expected.value, expected.low, expected.high))


def test_a_dose_that_one_world_does_not_reach_ends_the_area():
    frame = _frame({("gc", 0, 0): {"0": 1, "3": 2, "5": 5}, ("gc", 1, 0): {"0": 1, "3": 3}})
    skipped = absent("skipped", "severity in world 1 ends at 0.6") | {
        name: value for name, value in _row("gc", "5", 0.0).items() if name in ("suite", "task", "part", "shift")
    }
    skipped |= {"dose": "5", "severity": 0.75, "world": 1, "recipe": "cnn"}
    table = robustness.table(pd.concat([frame, pd.DataFrame([skipped])]))
    assert _of(table, "area")["severity"] == pytest.approx(0.3)
    assert _of(table, "worst_gap")["value"] == pytest.approx(1.5)
    gap = _of(table, "gap", "5")
    assert (gap["value"], gap["worlds"], gap["reason"]) == (4, 1, "interval: 1 world")


def test_undefined_has_a_reason():
    none = {"0": 1.0, "3": np.nan, "4": 2.0}
    table = robustness.table(_frame({("gc", 0, 0): none, ("gc", 0, 1): {"0": 1.0, "3": 1.0, "4": 2.0}}))
    for measure, dose in (("gap", "3"), ("worst_gap", None), ("area", None)):
        row = _of(table, measure, dose)
        assert np.isnan(row["value"])
        assert (row["status"], row["reason"]) == ("undefined", "dose 3: predictions are constant")
    assert _of(table, "gap", "4")["value"] == 1
    table = robustness.table(_frame({("gc", 0, 0): {"0": 0.0, "3": 1.0}}))
    assert _of(table, "relative_gap", "3")["reason"] == "the metric is 0 at severity 0"
    unseen = pd.concat([_frame({("gc", 0, 0): {"0": 1.0, "3": 2.0}}), _frame({("gc", 0, 0): {"3": 1}}, recipe="new")])
    assert _of(robustness.table(unseen), "gap", "3", recipe="new")["reason"] == "dose 0 was not scored"
    assert robustness.table(_frame({("null", 0, 0): {"0": 1.0}})).empty


def test_outputs_other_than_the_mean_do_not_count_unless_there_is_one():
    both = pd.concat([_frame({("gc", 0, 0): CURVE}), _frame({("gc", 0, 0): {"0": 1, "4": 99}}, output="K562")])
    assert _of(robustness.table(both), "gap", "4")["value"] == pytest.approx(0.5)
    alone = _frame({("gc", 0, 0): CURVE}, output="K562")
    assert _of(robustness.table(alone), "gap", "4")["value"] == pytest.approx(0.5)


def _with_learner(curves, errors):
    learner = {key: dict(zip(curve, errors[key[1]], strict=False)) for key, curve in curves.items() if key[2] == 0}
    return pd.concat([_frame(curves), _frame(learner, recipe="kmer_ridge", target="f")])


def test_equal_harm():
    """SD(f) is the error of the training mean, 2: errors 1, 1.2, 2, 3 are harms 0, .1, .5, 1."""
    curves = {("gc", 0, 0): {"0": 1.0, "2": 2.0, "4": 4.0, "5": 8.0}}
    table = robustness.table(_with_learner(curves, {0: [1, 1.2, 2, 3]}))
    assert _of(table, "harm", "4")["value"] == pytest.approx(0.5)
    row = _of(table, "at_harm", "0.5", recipe="cnn")
    assert (row["value"], row["severity"]) == (pytest.approx(4), pytest.approx(0.5))
    row = _of(table, "at_harm", "0.25", recipe="cnn")
    share = (0.25 - 0.1) / 0.4
    assert row["value"] == pytest.approx(2 + 2 * share)
    assert row["severity"] == pytest.approx(0.15 + 0.35 * share)


def test_a_family_that_never_does_that_harm_says_so():
    curves = {("gc", world, 0): {"0": 1.0, "2": 2.0, "4": 4.0} for world in range(3)}
    table = robustness.table(_with_learner(curves, {0: [1, 1.2, 1.7], 1: [1, 1.2, 1.5], 2: [1, 1.2, 1.6]}))
    assert _of(table, "at_harm", "0.25", recipe="cnn")["status"] == "ok"
    row = _of(table, "at_harm", "0.5", recipe="cnn")
    assert row["reason"] == "the family does harm 0.3 at most, never 0.5"
    lost = robustness.table(_with_learner(curves, {0: [1, 1.2, 2.2], 1: [1, 1.2, 1.2], 2: [1, 1.2, 1.2]}))
    row = _of(lost, "at_harm", "0.25", recipe="cnn")
    assert (row["status"], row["reason"]) == ("ok", "interval: undefined without one of the units")
    assert np.isnan(row["low"])


def test_functions_over_dose():
    curve, severity = np.array([[1.0, 3.0, 2.0], [4.0, 0.0, 4.0]]), [0, 0.3, 0.75]
    assert robustness_gap(curve, curve[:, :1]).tolist() == [[0, 2, 1], [0, -4, 0]]
    assert relative_gap(curve, curve[:, :1]).tolist() == [[0, 2, 1], [0, -1, 0]]
    assert np.isnan(relative_gap([1.0], [0.0])).all()
    assert worst_dose(curve, "lower").tolist() == [1, 0]
    assert worst_dose(curve, "higher").tolist() == [0, 1]
    assert worst_dose(curve, "nominal", [3, 0]).tolist() == [0, 0]
    assert dose_area(severity, curve).tolist() == pytest.approx([(0.6 + 1.125) / 0.75, (0.6 + 0.9) / 0.75])
    assert harm([1.5], [1.0], [2.0]).tolist() == [0.25]
    assert place_of_harm(severity, [0, 0.2, 0.4], 0.3) == (pytest.approx(0.525), 1, pytest.approx(0.5))
    assert at_harm(severity, [0, 0.2, 0.4], curve, 0.3).tolist() == pytest.approx([2.5, 2.0])
    for call, reason in (
        (lambda: dose_area([0.1, 0.2], [1, 2]), "do not rise from 0"),
        (lambda: dose_area([0, 1.0], [1, 2]), "an arm beyond 0.75"),
        (lambda: place_of_harm(severity, [0, np.nan, 1], 0.3), "undefined at some dose"),
        (lambda: place_of_harm(severity, [0.5, 1, 1], 0.3), "done at severity 0"),
    ):
        with pytest.raises(Undefined, match=reason):
            call()
