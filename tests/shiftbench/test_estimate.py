"""What a larger tier would cost: in proportion to the work of each kind of node."""

from shiftbench.catalog import load_suite
from shiftbench.estimate import _work
from shiftbench.plan import plan
from shiftbench.spec import Predict, Score
from shiftbench.validate import Selection


def test_a_prediction_and_a_score_cost_by_provider_since_a_row_of_each_is_another_amount():
    nodes = plan([load_suite("shift")], "smoke", Selection()).nodes
    kinds = {kind for node in nodes.values() for kind, _ in [_work(node, nodes, {})]}
    assert {"predict cnn, mpra", "predict cnn, satmut", "score mpra", "score satmut"} <= kinds


def test_a_score_costs_by_its_resamples():
    planned = {tier: plan([load_suite("shift")], tier, Selection()).nodes for tier in ("smoke", "bench")}
    work = {
        tier: {_work(node, nodes, {}) for node in nodes.values() if isinstance(node, Score)}
        for tier, nodes in planned.items()
    }
    assert ("score mpra", 1000 * 200) in work["smoke"]
    assert ("score mpra", 2000 * 1000) in work["bench"]
    predicted = {_work(node, planned["smoke"], {}) for node in planned["smoke"].values() if isinstance(node, Predict)}
    assert ("predict cnn, mpra", 1000) in predicted
