"""The plan: which data, fits, predictions and scores a run needs, each node once, in topological order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shiftbench.catalog import find_task, load_recipe
from shiftbench.errors import InputError
from shiftbench.metrics.table import METRICS
from shiftbench.metrics.table import VERSION as METRICS_VERSION
from shiftbench.registry import CONTROLS, TASKS
from shiftbench.spec import (
    SEVERITIES,
    Budget,
    Data,
    Fit,
    Node,
    Predict,
    Recipe,
    Score,
    Suite,
    Task,
    Tier,
    did_you_mean,
    digest,
)
from shiftbench.wrappers import WRAPPERS

CLUSTER_RESAMPLES = 200
ORACLES = {"floor": "training_mean", "source": "source_oracle", "target": "oracle"}
"""Recipes that give the floor and the two ceilings of a scaled score."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a suite is run; empty means all. Controls are always run."""

    tasks: tuple[str, ...] = ()
    shifts: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    seeds: int = 0


@dataclass(frozen=True, slots=True)
class Test:
    """A test set with what its rows will say of it."""

    __test__ = False  # not a test of pytest's
    data: Data
    row: Row


@dataclass(slots=True)
class Plan:
    """Nodes by digest with their labels and needs, and for each Score node the columns of its rows."""

    nodes: dict[str, Node] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scores: list[tuple[str, Row]] = field(default_factory=list)

    def add(self, node: Node, label: str, needs: tuple[str, ...] = ()) -> str:
        """Digest of the node, which is planned once."""
        name = digest(node)
        self.nodes.setdefault(name, node)
        self.labels.setdefault(name, label)
        self.needs.setdefault(name, needs)
        return name

    def ordered(self) -> dict[str, tuple[str, ...]]:
        """Needs by digest, in the order in which nodes are best started: what others wait for longest comes first."""
        return dict(sorted(self.needs.items(), key=lambda item: _rank(self.nodes[item[0]])))


def _rank(node: Node) -> int:
    match node:
        case Data():
            return 0 if node.role == "training" else 2
        case Fit():
            return 1 if node.recipe.head != "control" else 3
        case Predict():
            return 4
        case Score():
            return 5


def plan(suites: list[Suite], tier: str, selection: Selection) -> Plan:
    """Everything that the suites ask for at a tier; `InputError` for unknown names in them or in the selection."""
    made = Plan()
    _check_selection(suites, selection)
    for suite in suites:
        for task in suite.task:
            if not selection.tasks or task.name in selection.tasks:
                _Planner(made, suite, task, tier, selection).run()
    return made


def _check_selection(suites: list[Suite], selection: Selection) -> None:
    tasks = [task for suite in suites for task in suite.task]
    for option, asked, known in (
        ("--tasks", selection.tasks, [task.name for task in tasks]),
        ("--shifts", selection.shifts, [shift for task in tasks for shift in task.shifts]),
    ):
        for name in asked:
            if name not in known:
                raise InputError(f"{option}: no {name!r} in this suite{did_you_mean(name, known)}")


class _Planner:
    """Plans one task at one tier."""

    def __init__(self, made: Plan, suite: Suite, task: Task, tier: str, selection: Selection) -> None:
        self.plan, self.suite, self.task, self.selection = made, suite, task, selection
        self.teacher = find_task(task.trained_on) if task.trained_on else task
        if tier not in self.teacher.tiers:
            raise InputError(
                f"task {self.teacher.name}: no tier {tier!r}{did_you_mean(tier, list(self.teacher.tiers))}"
            )
        self.tier: Tier = self.teacher.tiers[tier]
        self.where = f"{suite.name}/{task.name}"
        for kind, asked, known in (("wrapper", task.wrappers, WRAPPERS), ("metric", task.metrics, METRICS)):
            for name in asked:
                if name not in known:
                    raise InputError(
                        f"suite {suite.name}, task {task.name}: no {kind} {name!r}{did_you_mean(name, list(known))}"
                    )

    def run(self) -> None:
        """Plan all worlds of the task."""
        for world in range(self.tier.worlds):
            training = self._data("training", world)
            training_name = self.plan.add(training, f"{self.teacher.name}/world{world}/training")
            calibration = self._data("calibration", world)
            calibration_name = self.plan.add(calibration, f"{self.teacher.name}/world{world}/calibration")
            fits = [fit for recipe in self._recipes() for fit in self._fits(recipe, training_name, world)]
            for test in self._tests(world):
                self._score_test(test, fits, calibration_name)

    def _data(self, role: Any, world: int, **more: Any) -> Data:
        task, tier = self.task if role == "test" else self.teacher, self.tier
        return Data(
            task=task.data,
            version=TASKS.get(task.data)().version,
            role=role,
            seed=world,
            world=world,
            split=task.split,
            rows={
                "training": tier.rows,
                "calibration": tier.calibration,
                "test": 0 if self.task.trained_on else tier.test,
            }[role],
            validation=tier.validation if role == "training" else 0,
            **more,
        )

    def _recipes(self) -> Iterator[Recipe]:
        chosen = self.selection.recipes
        names = [name for name in self.task.recipes if not chosen or name in chosen or name in CONTROLS.names()]
        for name in dict.fromkeys([*names, *chosen]):
            recipe = load_recipe(name)
            yield msgspec.structs.replace(recipe, channels=max(8, round(recipe.channels * self.tier.width)))

    def _fits(self, recipe: Recipe, training: str, world: int) -> Iterator[tuple[str, Fit]]:
        control = recipe.head == "control"
        seeds = 1 if control else self.selection.seeds or self.tier.seeds
        budget = Budget(epochs=0, batch=0) if control else Budget(epochs=self.tier.epochs, batch=self.tier.batch)
        for seed in range(seeds):
            fit = Fit(training=training, recipe=recipe, seed=seed, budget=budget)
            label = f"{self.teacher.name}/world{world}/fit/{recipe.name}/seed{seed}"
            yield self.plan.add(fit, label, (training,)), fit

    def _tests(self, world: int) -> Iterator[Test]:
        base = {"suite": self.suite.name, "task": self.task.name, "world": world, "split": self.task.split}
        plain = {"part": "", "shift": "", "dose": "0", "severity": 0.0}
        for subset in self.task.subsets:
            group = {"group": subset} if subset else {}
            yield Test(self._data("test", world, subset=subset), base | plain | group)
        for shift, dose in self._doses():
            severity = SEVERITIES[dose]
            row = {"part": _part(shift), "shift": shift, "dose": dose, "severity": severity}
            yield Test(self._data("test", world, shift=shift, severity=severity), base | row)

    def _doses(self) -> Iterator[tuple[str, str]]:
        arms = [tuple(arm.split(":", 1)) for arm in self.task.arms]
        for shift in self.task.shifts:
            if self.selection.shifts and shift not in self.selection.shifts:
                continue
            named = [arm[1] for arm in arms if arm[0] == shift]
            for dose in [*map(str, self.tier.doses), *named]:
                if dose not in SEVERITIES:
                    raise InputError(f"suite {self.suite.name}: no dose {dose!r}{did_you_mean(dose, list(SEVERITIES))}")
                yield shift, dose

    def _score_test(self, test: Test, fits: list[tuple[str, Fit]], calibration: str) -> None:
        shift = f"{test.row['shift']}:{test.row['dose']}" if test.row["shift"] else "iid"
        label = f"{self.where}/world{test.row['world']}/{test.row.get('group', shift)}"
        test_name = self.plan.add(test.data, f"{label}/test")
        self.references = {
            role: self._predict(fit_name, fit, test_name, "plain", label)
            for role, recipe in ORACLES.items()
            for fit_name, fit in fits
            if fit.recipe.name == recipe
        }
        for view in self.task.views:
            by_recipe: dict[str, list[tuple[str, Fit]]] = {}
            for fit_name, fit in fits:
                by_recipe.setdefault(fit.recipe.name, []).append((fit_name, fit))
            for members in by_recipe.values():
                for wrapper, chosen in self._wrapped(members):
                    self._score(test, test_name, members[0][1].recipe, wrapper, chosen, calibration, view, label)

    def _wrapped(self, members: list[tuple[str, Fit]]) -> Iterator[tuple[str, list[tuple[str, Fit]]]]:
        """Wrappers of a recipe with the fits that each joins; a control is shown as it is."""
        control = members[0][1].recipe.head == "control"
        for name in ("none",) if control else self.task.wrappers:
            if WRAPPERS[name].scope == "seed":
                yield from ((name, [member]) for member in members)
            elif len(members) > 1:
                yield name, members

    def _score(self, test: Test, test_name: str, recipe: Recipe, wrapper: str, members: list[tuple[str, Fit]],
               calibration: str, view: str, label: str) -> None:  # fmt: skip
        predictions = tuple(self._predict(name, fit, test_name, view, label) for name, fit in members)
        calibrated: tuple[str, ...] = ()
        if WRAPPERS[wrapper].needs_calibration:
            calibrated = tuple(self._predict(name, fit, calibration, view, "calibration") for name, fit in members)
        node = Score(
            predictions=predictions,
            calibration=calibrated,
            test=test_name,
            calibration_set=calibration if calibrated else "",
            references=self.references,
            wrapper=wrapper,
            metrics=self.task.metrics,
            scored=self.task.scored,
            version=METRICS_VERSION,
            resamples=CLUSTER_RESAMPLES,
        )
        needs = (*predictions, *calibrated, *self.references.values(), test_name, *filter(None, [node.calibration_set]))
        seed = members[0][1].seed if len(members) == 1 else -1
        score = self.plan.add(node, f"{label}/score/{recipe.name}/{wrapper}/{view}/seed{seed}", needs)
        self.plan.scores.append(
            (score, test.row | {"recipe": recipe.name, "wrapper": wrapper, "view": view, "seed": seed})
        )

    def _predict(self, fit_name: str, fit: Fit, test: str, view: str, label: str) -> str:
        node = Predict(fit=fit_name, test=test, view=view)
        return self.plan.add(node, f"{label}/prediction/{fit.recipe.name}/{view}/seed{fit.seed}", (fit_name, test))


def _part(shift: str) -> str:
    from simulators.shift import FAMILIES

    if shift not in FAMILIES:
        raise InputError(f"no shift {shift!r}{did_you_mean(shift, list(FAMILIES))}")
    return str(FAMILIES[shift].part)
