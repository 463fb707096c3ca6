"""What a larger tier would cost here, from the measured costs of a run."""

from collections import defaultdict
from collections.abc import Mapping

from shiftbench.errors import StoreError
from shiftbench.plan import Plan, plan
from shiftbench.prediction import VIEWS
from shiftbench.spec import TIERS, Data, Fit, Node, Predict, Score, Suite
from shiftbench.store import Store
from shiftbench.validate import Selection


def above(suites: list[Suite], tier: str) -> list[str]:
    """Larger tiers at which some task is run and every task that is has its sizes."""
    tasks = [task for suite in suites for task in suite.task if task.tiers]
    run_at = {name: [task for task in tasks if not task.at or name in task.at] for name in TIERS}
    larger = TIERS[TIERS.index(tier) + 1 :]
    return [name for name in larger if run_at[name] and all(name in task.tiers for task in run_at[name])]


def larger_tiers(
    suites: list[Suite], tiers: list[str], selection: Selection, done: Plan, store: Store
) -> dict[str, float]:
    """Core-hours of each tier on this machine, each kind of node in proportion to its work.

    A kind that was not measured here costs what others of its family did, and a tier with a family that was not is
    left out. Work is rows x epochs x channels for a network, rows x resamples for a score, rows x passes for a
    prediction, and rows for the rest; a row of a test set means what its provider counts.
    """
    seconds: dict[str, float] = defaultdict(float)
    work: dict[str, float] = defaultdict(float)
    available = _available(done, store)
    for digest, node in done.nodes.items():
        try:
            spent = store.entry(digest).cost()["cpu_seconds"]
        except (StoreError, KeyError):
            continue
        family, kind, amount = _work(node, done.nodes, available)
        for name in (family, kind):
            seconds[name] += spent
            work[name] += amount
    rate = {kind: seconds[kind] / work[kind] for kind in work if work[kind]}
    hours = {tier: _hours(plan(suites, tier, selection), rate, available) for tier in tiers}
    return {tier: found for tier, found in hours.items() if found is not None}


def _hours(planned: Plan, rate: Mapping[str, float], available: Mapping[str, int]) -> float | None:
    parts = [_work(node, planned.nodes, available) for node in planned.nodes.values()]
    rates = [rate.get(kind, rate.get(family)) for family, kind, _ in parts]
    if None in rates:
        return None
    return sum(each * amount for each, (_, _, amount) in zip(rates, parts, strict=True) if each) / 3600


def _available(done: Plan, store: Store) -> dict[str, int]:
    """Rows of a task whose size is "all": what its provider says it has."""
    found: dict[str, int] = {}
    for name, node in done.nodes.items():
        if isinstance(node, Data) and store.folder(name).exists():
            facts = store.entry(name).facts
            total = facts.get("available", facts["rows"]).get("train" if node.role == "training" else node.role, 0)
            found[f"{node.provider}/{node.role}"] = total
    return found


def _work(node: Node, nodes: Mapping[str, Node], available: Mapping[str, int]) -> tuple[str, str, float]:
    """Family and kind of a node, and its work."""
    match node:
        case Data():
            return "data", f"data {node.provider}", _rows(node, available)
        case Fit():
            recipe, rows = node.recipe, _rows(nodes[node.training], available)
            work = rows * node.budget.epochs * recipe.channels if recipe.kind == "network" else rows
            return f"fit {recipe.kind}", f"fit of {recipe.name}", work
        case Predict():
            fit, test = nodes[node.fit], nodes[node.test]
            assert isinstance(fit, Fit)
            family, view = f"predict {fit.recipe.kind}", VIEWS[node.view]
            passes = view.samples or len(view.reverse) * len(view.shifts)
            return family, f"{family} {fit.recipe.name}, {_provider(test)}", passes * _rows(test, available)
        case Score():
            test = nodes[node.test]
            return "score", f"score {_provider(test)}", _rows(test, available) * node.resamples


def _provider(node: Node) -> str:
    assert isinstance(node, Data)
    return node.provider


def _rows(node: Node, available: Mapping[str, int]) -> float:
    assert isinstance(node, Data)
    return node.rows or available.get(f"{node.provider}/{node.role}", 0)
