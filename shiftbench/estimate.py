"""What a larger tier would cost here, from the measured costs of a run."""

from collections import defaultdict
from collections.abc import Mapping

from shiftbench.errors import StoreError
from shiftbench.plan import Plan, Selection, plan
from shiftbench.spec import Data, Fit, Node, Predict, Score, Suite
from shiftbench.store import Store


def larger_tiers(
    suites: list[Suite], tiers: list[str], selection: Selection, done: Plan, store: Store
) -> dict[str, float]:
    """Core-hours of each tier on this machine, each kind of node in proportion to its work; an unmeasured kind is free.

    Work is rows x epochs x channels for a network, and rows for the rest.
    """
    seconds: dict[str, float] = defaultdict(float)
    work: dict[str, float] = defaultdict(float)
    available = _available(done, store)
    for name, node in done.nodes.items():
        try:
            spent = store.entry(name).cost()["cpu_seconds"]
        except StoreError:
            continue
        kind, amount = _work(node, done.nodes, available)
        seconds[kind] += spent
        work[kind] += amount
    rate = {kind: seconds[kind] / work[kind] for kind in work if work[kind]}
    return {tier: _hours(plan(suites, tier, selection), rate, available) for tier in tiers}


def _hours(planned: Plan, rate: Mapping[str, float], available: Mapping[str, int]) -> float:
    parts = (_work(node, planned.nodes, available) for node in planned.nodes.values())
    return sum(rate.get(kind, 0.0) * amount for kind, amount in parts) / 3600


def _available(done: Plan, store: Store) -> dict[str, int]:
    """Rows of a task whose size is "all": what its provider says it has."""
    found: dict[str, int] = {}
    for name, node in done.nodes.items():
        if isinstance(node, Data) and store.folder(name).exists():
            facts = store.entry(name).facts
            total = facts.get("available", facts["rows"]).get("train" if node.role == "training" else node.role, 0)
            found[f"{node.task}/{node.role}"] = total
    return found


def _work(node: Node, nodes: Mapping[str, Node], available: Mapping[str, int]) -> tuple[str, float]:
    match node:
        case Data():
            return f"data {node.task}", _rows(node, available)
        case Fit():
            rows = _rows(nodes[node.training], available)
            if node.recipe.head == "control":
                return f"fit {node.recipe.name}", rows
            return f"fit {node.recipe.name}", rows * node.budget.epochs * node.recipe.channels
        case Predict():
            fit = nodes[node.fit]
            assert isinstance(fit, Fit)
            return f"predict {fit.recipe.name}", _rows(nodes[node.test], available)
        case Score():
            return "score", _rows(nodes[node.test], available)


def _rows(node: Node, available: Mapping[str, int]) -> float:
    assert isinstance(node, Data)
    return node.rows or available.get(f"{node.task}/{node.role}", 0)
