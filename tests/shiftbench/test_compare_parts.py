"""The parts of a comparison: numbers from rows, ranks, win probability, ledger, what a family could have seen."""

import math
from dataclasses import replace

import numpy as np
import pytest

from shiftbench.comparison.chosen import cells
from shiftbench.comparison.contents import Contender, contender
from shiftbench.comparison.difference import difference, parts
from shiftbench.comparison.families import family
from shiftbench.comparison.ledger import ledger, needs
from shiftbench.comparison.measured import MEANS, ROOTS, Numbers, measure, row_losses
from shiftbench.comparison.ranks import ranks
from shiftbench.comparison.winning import win_probability
from shiftbench.errors import InputError, Undefined
from shiftbench.metrics.table import METRICS
from shiftbench.prediction import gaussian
from shiftbench.stated import Cell, Stated
from shiftbench.stats.crossed import crossed
from shiftbench.stats.multiplicity import benjamini_hochberg, holm
from shiftbench.stats.power import Variances, design, power, seeds_of, smallest_effect, worlds_of
from shiftbench.targets import ALL, TestSet
from tests import naive
from tests.cases import case
from tests.compared import predicted, sample


@pytest.mark.parametrize("name", [*MEANS, *ROOTS])
def test_the_losses_of_rows_make_the_number(name):
    metric, compared = METRICS[name], 0
    for seed in range(40):
        found = case(seed)
        try:
            value = metric.compute(*found.of(metric))
        except Undefined:
            continue
        losses = row_losses(metric, found.of(metric))
        mean = math.sqrt(losses.mean()) if name in ROOTS else losses.mean()
        assert mean == pytest.approx(value, rel=1e-9, abs=1e-12 * found.unit)
        compared += 1
    assert compared > 10


def _numbers(values, cells=None, replicates=None, trained=True):
    values = np.asarray(values, float)
    drawn = np.zeros((len(values), 2)) if replicates is None else replicates
    clusters = np.arange(10 if cells is None else cells.shape[1])
    return Numbers(values, drawn, cells, clusters, trained)


def _measured(metric="rmse", target="f", seeds=3, number=0, per_cluster=3, resamples=4000):
    rng = np.random.default_rng(number)
    tests = TestSet(sample(rng, n=150, per_cluster=per_cluster), "value", 0, resamples, "draws")
    cell = next(cells(f"{metric}@{target}" if target else metric, ()))
    arms = [predicted(rng, tests.sample, count) for count in (seeds, seeds + 1)]
    return [measure([[Stated(tests, one, column) for column in (0, 1)] for one in arm], cell) for arm in arms]


@pytest.mark.parametrize(("metric", "target"), [("rmse", "f"), ("mae", "f"), ("crps", ""), ("interval_score", "")])
def test_clusters_carry_the_variance_that_the_bootstrap_finds(metric, target):
    """To first order, and 4,000 draws: standard errors agree within a tenth."""
    first, second = _measured(metric, target)
    np.testing.assert_allclose(first.cells.mean(axis=1), first.values)
    by_cells = parts((first, second))
    drawn = [Numbers(arm.values, arm.replicates, None, arm.clusters) for arm in (first, second)]
    by_draws = parts(drawn)
    assert by_cells.value == pytest.approx(by_draws.value)
    assert by_cells.rows == pytest.approx(by_draws.rows)
    assert math.sqrt(by_cells.columns) == pytest.approx(math.sqrt(by_draws.columns), rel=0.1)
    np.testing.assert_allclose(np.sqrt(by_cells.residuals), np.sqrt(by_draws.residuals), rtol=0.1)


def test_against_itself_without_change_the_test_is_the_crossed_t():
    """A recipe against one that is not trained and always right is its own crossed t."""
    table = np.random.default_rng(0).normal(0.3, 1, (5, 40)) + np.random.default_rng(1).normal(size=(5, 1))
    zero = _numbers([0.0], np.zeros((1, 40)), trained=False)
    found = difference({0: _numbers(table.mean(axis=1), table)}, {0: zero}, simulated=False).mean
    assert found == pytest.approx(crossed(table))


def test_seeds_are_not_paired():
    first, second = _measured(seeds=3)
    turned = Numbers(first.values[::-1], first.replicates[::-1], first.cells[::-1], first.clusters, rows=first.rows)
    assert difference({0: first}, {0: second}, simulated=True).mean == pytest.approx(
        difference({0: turned}, {0: second}, simulated=True).mean
    )


def test_wrappers_of_the_same_trainings_are_paired_by_seed():
    first, _ = _measured(seeds=3)
    better = replace(first, values=first.values - 0.02, replicates=first.replicates - 0.02, cells=first.cells - 0.02)
    noisy = np.random.default_rng(1).normal(0, 1e-4, first.cells.shape)
    better = replace(better, cells=better.cells + noisy, values=better.values + noisy.mean(axis=1))
    alone, together = (difference({0: first}, {0: better}, simulated=True, paired=paired) for paired in (False, True))
    assert alone.value == pytest.approx(together.value)
    assert together.mean.p < 1e-6 < alone.mean.p
    assert win_probability({0: first}, {0: better}, higher=False, paired=True) == 0
    same = difference({0: first, 1: first}, {0: first, 1: first}, simulated=True, paired=True)
    assert same.tie


def test_answers_for_other_rows_are_not_compared():
    first, second = _measured(seeds=3)
    with pytest.raises(Undefined, match="a part of the rows"):
        difference({0: first}, {0: replace(second, rows=second.rows - 1)}, simulated=True)


def test_rows_that_one_contender_leaves_out_are_no_pairs():
    rng = np.random.default_rng(0)
    tests = TestSet(sample(rng, outputs=("k562",)), "value", 0, 50, "draws")
    (whole,), (part,) = (predicted(rng, tests.sample, 1) for _ in range(2))
    part = type(part)(part.mean, part.quantiles, part.aleatoric, None, np.arange(60)[:, None] < 40)
    cell = Cell(METRICS["mae"], "observed", None, ALL)
    arms = [measure([[Stated(tests, one, 0)]], cell, trained=False) for one in (whole, part)]
    found = parts(arms)
    assert found.clusters == 20
    drawn = arms[0].replicates[0] - arms[1].replicates[0]
    assert found.columns == pytest.approx(20 / 19 * drawn.var(ddof=1))


@pytest.mark.parametrize("nominal", ["coverage@0.9", "mean_z2"])
def test_a_number_with_a_nominal_value_is_its_distance(nominal):
    rng = np.random.default_rng(0)
    tests = TestSet(sample(rng), "value", 0, 50, "draws")
    cell = next(cells(nominal, ()))
    wide = gaussian(tests.sample.truth.mean, np.full((60, 2), 5.0, np.float32))
    found = measure([[Stated(tests, wide, column) for column in (0, 1)]], cell)
    assert cell.metric.better == "nominal"
    assert found.cells is None
    aim = 0.9 if cell.level else 1.0
    plain = [cell.metric.compute(*(Stated(tests, wide, c).argument(n, cell, tests.targets["observed", ALL][c])
                                   for n in cell.metric.needs)) for c in (0, 1)]  # fmt: skip
    assert found.values[0] == pytest.approx(abs(np.mean(plain) - aim))
    assert np.all(found.replicates >= 0)


@pytest.mark.parametrize("higher", [True, False])
def test_win_probability_is_that_of_plain_loops(higher):
    rng = np.random.default_rng(0)
    first, second = ([rng.integers(0, 4, (seeds, 30)).astype(float) for _ in range(3)] for seeds in (2, 4))
    of = [{w: _numbers(np.zeros(len(r)), replicates=r) for w, r in enumerate(arm)} for arm in (first, second)]
    assert win_probability(*of, higher=higher) == pytest.approx(naive.win_probability(first, second, higher))
    assert win_probability(of[0], of[0], higher=higher) == 0.5
    assert win_probability(*of, higher=True) + win_probability(*of, higher=False) == pytest.approx(1)


def test_ranks_hold_what_is_decided():
    values = {"a": 0.1, "b": 0.2, "c": 0.2, "d": 0.5, "e": math.nan}
    decided = [("a", "d"), ("b", "d"), ("a", "c")]
    found = {
        rank.name: (rank.place, rank.best, rank.worst, rank.group) for rank in ranks(values, decided, higher=False)
    }
    assert found == {"a": (1, 1, 2, 1), "b": (2, 1, 3, 1), "c": (2, 2, 4, 2), "d": (4, 3, 4, 2)}
    turned = {name: -value for name, value in reversed(values.items())}
    again = ranks(turned, decided[::-1], higher=True)
    assert {rank.name: (rank.place, rank.best, rank.worst, rank.group) for rank in again} == found


def test_without_a_decision_all_share_a_group_and_every_rank():
    found = ranks(dict.fromkeys("abc", 1.0), [], higher=True)
    assert {(rank.place, rank.best, rank.worst, rank.group) for rank in found} == {(1, 1, 3, 1)}


def test_the_ledger_finds_the_variances():
    """Relative errors of variances from 40 worlds, 1,600 trainings and 2,400 items: within 4 of sqrt(2 / n)."""
    rng, worlds = np.random.default_rng(0), {}
    for world in range(40):
        table = 2 * rng.normal() + rng.normal(size=(20, 1)) + 3 * rng.normal(size=60) + 1.5 * rng.normal(size=(20, 60))
        other = 0.5 * rng.normal(size=(20, 1)) + np.zeros((20, 60))
        worlds[world] = parts([_numbers(each.mean(axis=1), each) for each in (table, other)])
    found = ledger(worlds)
    assert found.world == pytest.approx(4, rel=4 * math.sqrt(2 / 40))
    assert found.seed == pytest.approx(1.25, rel=0.2)
    assert found.item == pytest.approx(9, rel=0.15)
    assert found.residual == pytest.approx(2.25, rel=0.03)
    assert (found.worlds, found.seeds, found.items, found.arms) == (40, 20, 60, 2)


def test_what_a_ledger_cannot_tell_is_told():
    one = ledger({0: parts([_numbers([1.0], np.ones((1, 8)) + np.eye(1, 8))])})
    assert math.isnan(one.seed)
    assert math.isnan(one.world)
    assert "a single fit" in one.reason
    assert "one world" in one.reason
    assert needs(one, 0.1, 0.95) == (None, None, "a single fit or ensemble: nobody can tell how many seeds would do")


@pytest.mark.parametrize(
    ("of", "worlds"), [(Variances(0, 1, 4, 4), 1), (Variances(0.05, 1, 1, 1), 8), (Variances(0.2, 2, 0, 0), 5)]
)
def test_seeds_and_worlds_needed_are_the_fewest_that_do(of, worlds):
    effect = 1.2

    def chance(worlds, seeds):
        return power(effect, *design(of, worlds, seeds, 100, 2))

    seeds = seeds_of(effect, of, worlds, 100, 2)
    assert chance(worlds, seeds) >= 0.8
    assert seeds == 2 or chance(worlds, seeds - 1) < 0.8
    several = worlds_of(effect, of, 3, 100)
    assert chance(several, 3) >= 0.8
    assert several == 2 or chance(several - 1, 3) < 0.8


def test_no_number_of_seeds_makes_up_for_rows():
    with pytest.raises(Undefined, match="more than a million seeds"):
        seeds_of(0.1, Variances(0, 1, 4, 4), 1, 20, 2)


def test_two_recipes_have_the_freedom_of_both():
    error, freedom = design(Variances(seed=2.0), 1, 5, 1000, arms=2)
    assert (error, freedom) == pytest.approx((math.sqrt(2 / 5), 8))


@pytest.mark.parametrize(("name", "adjust"), [("Holm", holm), ("Benjamini-Hochberg", benjamini_hochberg)])
def test_the_threshold_is_where_one_more_is_found(name, adjust):
    p = np.array([0.001, 0.2, np.nan, 0.02, 0.9, 0.0004])
    found = family(p, name, 0.95)
    assert found.size == 5
    np.testing.assert_array_equal(found.adjusted, adjust(p))
    for number in np.flatnonzero(~found.rejected & ~np.isnan(p)):
        for share, known in ((0.999, True), (1.001, False)):
            changed = p.copy()
            changed[number] = share * found.threshold
            assert family(changed, name, 0.95).rejected[number] == known


def test_smallest_effect_is_that_of_the_family():
    first, second = _measured()
    mean = difference({0: first}, {0: second}, simulated=True).mean
    alone = smallest_effect(mean.error, mean.freedom, 1 - family([0.3], "Holm", 0.95).threshold)
    of_ten = smallest_effect(mean.error, mean.freedom, 1 - family([0.3] * 10, "Holm", 0.95).threshold)
    assert alone == pytest.approx(smallest_effect(mean.error, mean.freedom))
    assert of_ten > 1.2 * alone


def test_few_clusters_tell_nothing_of_others():
    table = np.random.default_rng(0).normal(size=(3, 4))
    arm, zero = _numbers(table.mean(axis=1), table), _numbers([0.0], np.zeros((1, 4)), trained=False)
    found = difference({0: arm}, {0: zero}, simulated=False)
    assert found.mean is None
    assert found.reason == "4 clusters of test rows, 5 needed"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cnn", Contender("cnn")),
        ("cnn/ensemble", Contender("cnn", "ensemble")),
        ("cnn/ensemble/0", Contender("cnn", "ensemble")),
        ("cnn/isotonic/32", Contender("cnn", "isotonic", 32)),
    ],
)
def test_contenders_are_named_by_recipe_wrapper_and_budget(text, found):
    known = [Contender("cnn"), Contender("cnn", "ensemble"), Contender("cnn", "isotonic", 32)]
    assert contender(text, known) == found
    with pytest.raises(InputError, match="expected cnn/ensemble/0"):
        contender("cnn/ensemble/x", known)
    with pytest.raises(InputError, match="no wrapper"):
        contender("cnn/none-such", known)
