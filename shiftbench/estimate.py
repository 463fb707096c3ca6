"""What a larger tier would cost here, from the measured costs of a run."""

from collections import defaultdict
from collections.abc import Mapping

from shiftbench.errors import StoreError
from shiftbench.plan import Plan, plan
from shiftbench.spec import Data, Fit, Node, Predict, Score, Suite
from shiftbench.store import Store
from shiftbench.validate import Selection


def larger_tiers(
    suites: list[Suite], tiers: list[str], selection: Selection, done: Plan, store: Store
) -> dict[str, float]:
    """Core-hours of each tier on this machine, each kind of node in proportion to its work.

    A tier with a kind of node that was not measured here is left out.
    Work is rows x epochs x channels for a network, rows x resamples for a score, and rows for the rest; a row of a
    test set means what its provider counts.
    """
    seconds: dict[str, float] = defaultdict(float)
    work: dict[str, float] = defaultdict(float)
    available = _available(done, store)
    for name, node in done.nodes.items():
        try:
            spent = store.entry(name).cost()["cpu_seconds"]
        except (StoreError, KeyError):
            continue
        kind, amount = _work(node, done.nodes, available)
        seconds[kind] += spent
        work[kind] += amount
    rate = {kind: seconds[kind] / work[kind] for kind in work if work[kind]}
    hours = {tier: _hours(plan(suites, tier, selection), rate, available) for tier in tiers}
    return {tier: found for tier, found in hours.items() if found is not None}


def _hours(planned: Plan, rate: Mapping[str, float], available: Mapping[str, int]) -> float | None:
    parts = [_work(node, planned.nodes, available) for node in planned.nodes.values()]
    if any(kind not in rate for kind, _ in parts):
        return None
    return sum(rate[kind] * amount for kind, amount in parts) / 3600


def _available(done: Plan, store: Store) -> dict[str, int]:
    """Rows of a task whose size is "all": what its provider says it has."""
    found: dict[str, int] = {}
    for name, node in done.nodes.items():
        if isinstance(node, Data) and store.folder(name).exists():
            facts = store.entry(name).facts
            total = facts.get("available", facts["rows"]).get("train" if node.role == "training" else node.role, 0)
            found[f"{node.provider}/{node.role}"] = total
    return found


def _work(node: Node, nodes: Mapping[str, Node], available: Mapping[str, int]) -> tuple[str, float]:
    match node:
        case Data():
            return f"data {node.provider}", _rows(node, available)
        case Fit():
            rows = _rows(nodes[node.training], available)
            if node.recipe.kind == "control":
                return f"fit {node.recipe.name}", rows
            return f"fit {node.recipe.name}", rows * node.budget.epochs * node.recipe.channels
        case Predict():
            fit = nodes[node.fit]
            assert isinstance(fit, Fit)
            return f"predict {fit.recipe.name}, {_provider(nodes[node.test])}", _rows(nodes[node.test], available)
        case Score():
            test = nodes[node.test]
            return f"score {_provider(test)}", _rows(test, available) * node.resamples


def _provider(node: Node) -> str:
    assert isinstance(node, Data)
    return node.provider


def _rows(node: Node, available: Mapping[str, int]) -> float:
    assert isinstance(node, Data)
    return node.rows or available.get(f"{node.provider}/{node.role}", 0)
