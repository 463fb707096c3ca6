import math

import numpy as np
import pandas as pd
import pytest

from shiftbench.catalog import load_suite
from shiftbench.claims import judge
from shiftbench.results import COLUMNS, absent
from shiftbench.spec import Check, Claim, Suite


def rows(values, *, shift="", dose="0", group="all", recipe="cnn", metric="rmse", spread=0.02, **more):
    """One row of a run for each (world, seed) of `values`, with an interval of `spread` to both sides."""
    return [
        absent("ok", "")
        | {"suite": "s", "task": "t", "wrapper": "none", "output": "mean", "target": "observed", "group": group}
        | {"world": world, "seed": seed, "shift": shift, "dose": dose, "recipe": recipe, "metric": metric}
        | {"value": value, "low": value - spread, "high": value + spread, "clusters": 500, "budget": 0}
        | more
        for (world, seed), value in values.items()
    ]


def values(mean, *, worlds=4, seeds=3, noise=0.01, start=0):
    rng = np.random.default_rng(start)
    return {(world, seed): mean + noise * rng.normal() for world in range(worlds) for seed in range(seeds)}


def ruled(table, *checks, recipes=("cnn",)):
    claim = Claim(name="C", text="a claim", source="a paper", recipes=recipes, check=checks)
    suite = Suite(name="s", version=1, title="", question="", source="", claim=(claim,))
    return judge(pd.DataFrame(table, columns=list(COLUMNS)), suite)[0]


RISES = Check(says="rises", task="t", metric="rmse", at="gc:5", compare="ratio", against="null:0", above=1.1)


@pytest.mark.parametrize(("shifted", "verdict"), [(1.3, "out"), (1.0, "not out"), (1.1, "undecided")])
def test_a_ratio_over_worlds_is_judged_by_its_interval(shifted, verdict):
    table = rows(values(1.0), shift="null") + rows(values(shifted, start=1), shift="gc", dose="5")
    found = ruled(table, RISES)
    check = found.checks[0]
    assert (check.verdict, found.recipes, found.verdict) == (verdict, {"cnn": verdict}, verdict)
    assert (check.worlds, check.seeds) == (4, 3)
    assert check.low < check.value < check.high
    assert check.detectable > (check.high - check.low) / 2, "an effect of half an interval is seen every other time"
    assert check.value == pytest.approx(shifted, abs=0.02)
    assert (check.low > 1.1, check.high < 1.1) == (verdict == "out", verdict == "not out")


def test_worlds_are_the_units_whatever_the_number_of_seeds():
    def width(seeds):
        worlds = {world: 1 + 0.05 * world for world in range(4)}
        table = rows({(w, s): value for w, value in worlds.items() for s in range(seeds)})
        check = ruled(table, Check(says="", task="t", metric="rmse", above=0.0)).checks[0]
        return check.high - check.low

    assert width(2) == pytest.approx(width(20))


def test_one_world_is_judged_by_seeds_and_resampled_rows():
    def check(spread, noise):
        table = rows(values(1.0, worlds=1, seeds=5, noise=noise), group="high", spread=spread)
        return ruled(table, Check(says="", task="t", metric="rmse", at="high", above=0.5)).checks[0]

    narrow, wide, seeds = check(0.02, 0.001), check(0.2, 0.001), check(0.02, 0.1)
    assert wide.high - wide.low == pytest.approx(0.4, rel=0.05)
    assert narrow.high - narrow.low == pytest.approx(0.04, rel=0.1)
    assert seeds.high - seeds.low > 2 * (narrow.high - narrow.low)


def test_a_prior_is_compared_with_the_recipe_without_it():
    lower = Check(says="lower", task="t", metric="rmse", at="", compare="ratio", prior=True, below=0.97)
    table = rows(values(1.0)) + rows(values(0.8, start=1), recipe="cnn_prior")
    assert ruled(table, lower).verdict == "out"
    assert ruled(table, lower).checks[0].value == pytest.approx(0.8, abs=0.02)


def test_a_claim_needs_all_its_checks_and_all_its_recipes():
    both = (RISES, Check(says="large", task="t", metric="rmse", at="gc:5", above=2.0))
    table = rows(values(1.0), shift="null") + rows(values(1.5, start=1), shift="gc", dose="5")
    assert ruled(table, *both).verdict == "not out"
    other = rows(values(1.0), shift="null", recipe="bilstm")
    other += rows(values(1.0, start=2), shift="gc", dose="5", recipe="bilstm")
    found = ruled(table + other, RISES, recipes=("cnn", "bilstm"))
    assert found.recipes == {"cnn": "out", "bilstm": "not out"}
    assert found.verdict == "undecided"


def test_what_was_not_run_is_undecided_with_the_reason():
    found = ruled(rows(values(1.0), shift="null"), RISES)
    assert (found.verdict, found.checks[0].reason) == ("undecided", "no number")
    assert math.isnan(found.checks[0].value)
    single = ruled(rows({(0, 0): 1.0}), Check(says="", task="t", metric="rmse", above=0.5)).checks[0]
    assert single.verdict == "undecided"
    assert "2 of each needed" in single.reason


def test_a_mean_over_outputs_that_is_undefined_is_not_replaced_by_the_outputs_that_are():
    table = rows(values(1.0), output="a") + rows(values(3.0), output="b")
    undefined = [row | {"status": "undefined"} for row in rows(dict.fromkeys(values(0.0), math.nan))]
    above = Check(says="", task="t", metric="rmse", above=0.5)
    found = ruled(table + undefined, above).checks[0]
    assert (found.verdict, found.reason) == (
        "undecided",
        "no number in 12 of 12 runs, or a ratio to one that is not above 0",
    )
    assert math.isnan(found.value)
    partly = ruled(rows(values(1.0))[1:] + undefined[:1], above).checks[0]
    assert (partly.verdict, partly.reason[:26]) == ("undecided", "no number in 1 of 12 runs,")
    assert ruled(rows(values(1.0), output="a"), above).checks[0].verdict == "out", "the only output is the mean"


def test_a_ratio_to_what_is_not_above_0_says_nothing():
    """A reduction that turns from -.05 to .2 has not fallen to less than half, whatever their ratio."""
    table = rows(values(-0.05, noise=0.001), shift="null") + rows(values(0.2, noise=0.001), shift="gc", dose="5")
    halved = Check(says="", task="t", metric="rmse", at="gc:5", compare="ratio", against="null:0", below=0.5)
    assert ruled(table, halved).verdict == "undecided"


def test_one_simulated_world_says_nothing_of_others():
    table = rows(values(1.0, worlds=1), shift="null") + rows(values(1.5, worlds=1), shift="gc", dose="5")
    check = ruled(table, RISES).checks[0]
    assert (check.verdict, check.reason) == ("undecided", "1 world; a verdict on simulated worlds needs 2")
    assert check.value == pytest.approx(1.5, abs=0.02)


def test_rows_of_other_wrappers_strata_and_ensembles_are_not_mixed_in():
    table = rows(values(1.0))
    for more in ({"wrapper": "views"}, {"stratum": "HC"}, {"budget": 32}, {"seed": -1}, {"output": "k562"}):
        table += rows(values(9.0), **more)
    assert ruled(table, Check(says="", task="t", metric="rmse", above=0.5)).checks[0].value == pytest.approx(
        1, abs=0.02
    )


def test_holm_keeps_chance_from_breaking_a_claim_of_many_checks():
    """A claim all of whose numbers lie on their bounds: broken in at most 2.5 % of draws, 3.9 SE over 200 draws."""
    checks = tuple(Check(says=str(i), task="t", metric=f"m{i}", above=1.0) for i in range(6))
    rng = np.random.default_rng(3)

    def broken(levels):
        table = []
        for i in range(6):
            drawn = {(world, 0): levels[i] + 0.05 * rng.normal() for world in range(4)}
            table += rows(drawn, metric=f"m{i}")
        return ruled(table, *checks).verdict == "not out"

    share = np.mean([broken([1.0] * 6) for _ in range(200)])
    assert share <= 0.025 + 3.9 * math.sqrt(0.025 * 0.975 / 200)
    assert broken([1.5] * 5 + [0.5])


@pytest.mark.parametrize("name", ["shift", "lentimpra"])
def test_claims_of_the_bundled_suites_are_told_apart_by_name(name):
    names = [claim.name for claim in load_suite(name).claim]
    assert names
    assert len(set(names)) == len(names)
