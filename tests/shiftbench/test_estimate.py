"""What a larger tier would cost: in proportion to the work of each kind of node."""

import pytest

from shiftbench.catalog import load_suite
from shiftbench.estimate import _work, above, larger_tiers
from shiftbench.plan import Plan, plan
from shiftbench.spec import Fit, Predict, Score
from shiftbench.validate import Selection


def works(tier, kind=object):
    nodes = plan([load_suite("shift")], tier, Selection()).nodes
    return {_work(node, nodes, {}) for node in nodes.values() if isinstance(node, kind)}


def test_a_prediction_and_a_score_cost_by_provider_since_a_row_of_each_is_another_amount():
    kinds = {kind for _, kind, _ in works("smoke")}
    of = "predict network cnn"
    assert {f"{of}, mpra", f"{of}, satmut", "score mpra", "score satmut"} <= kinds


def test_a_score_costs_by_its_resamples_and_a_prediction_by_its_passes():
    sizes = {tier: load_suite("shift").task[0].tiers[tier] for tier in ("smoke", "bench")}
    for tier, size in sizes.items():
        assert ("score", "score mpra", size.test * size.resamples) in works(tier, Score)
    predicted = {work for _, kind, work in works("smoke", Predict) if kind == "predict network cnn, mpra"}
    rows = sizes["smoke"].test
    assert {rows, 10 * rows, 20 * rows} <= predicted


class Measured:
    """A store in which every node took a second a unit of its work."""

    def __init__(self, made: Plan) -> None:
        self.made = made

    def entry(self, name):
        nodes = self.made.nodes
        self.seconds = _work(nodes[name], nodes, {})[-1]
        return self

    def cost(self):
        return {"cpu_seconds": self.seconds}

    def folder(self, name):
        return self

    def exists(self):
        return False


def test_a_network_that_was_not_measured_costs_what_others_do():
    suite = load_suite("shift")
    done = plan([suite], "smoke", Selection(shifts=("gc",)))
    fitted = {node.recipe.name for node in done.nodes.values() if isinstance(node, Fit)}
    assert "bilstm_prior" not in fitted
    hours = larger_tiers([suite], ["bench"], Selection(shifts=("gc",)), done, Measured(done))
    bench = plan([suite], "bench", Selection(shifts=("gc",)))
    work = sum(_work(node, bench.nodes, {})[-1] for node in bench.nodes.values())
    assert hours["bench"] == pytest.approx(work / 3600)


def test_a_tier_with_another_family_of_nodes_is_left_out():
    suite = load_suite("shift")
    done = plan([suite], "smoke", Selection(shifts=("gc",)))
    done.nodes = {name: node for name, node in done.nodes.items() if not isinstance(node, Score)}
    assert larger_tiers([suite], ["bench"], Selection(), done, Measured(done)) == {}


def test_tiers_above_are_those_at_which_something_is_run():
    assert above([load_suite("shift")], "bench") == ["core", "full"]
    assert above([load_suite("board")], "bench") == ["core"]
    assert above([load_suite("board")], "core") == []
