"""The plan: which data, fits, predictions and scores a run needs, each node once, in topological order."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from shiftbench.catalog import find_task, load_recipe
from shiftbench.metrics.table import VERSION as METRICS_VERSION
from shiftbench.own.content import identified
from shiftbench.prediction import unseen
from shiftbench.registry import CONTROLS, PROVIDERS
from shiftbench.spec import (
    COMPOUND_DOSES,
    NULL,
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
    digest,
)
from shiftbench.validate import Selection, check_claims, check_recipes, check_selection, check_task
from shiftbench.wrappers import WRAPPERS, Wrapper

ORACLES = {"floor": "training_mean", "source": "source_oracle", "target": "oracle"}
"""Recipes that give the floor and the two ceilings of a scaled score."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Test:
    """A test set with what its rows will say of it."""

    __test__ = False  # not a test of pytest's
    data: Data
    row: Row


@dataclass(slots=True)
class Plan:
    """Nodes by digest with their labels (no two alike) and needs, and for each Score node the columns of its rows."""

    nodes: dict[str, Node] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scores: list[tuple[str, Row]] = field(default_factory=list)
    unplanned: list[tuple[str, Row]] = field(default_factory=list)
    """Scores that cannot be asked for, as reason and columns."""

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
            return 1 if node.recipe.kind != "control" else 3
        case Predict():
            return 4
        case Score():
            return 5


def plan(suites: list[Suite], tier: str, selection: Selection, present: Collection[str] = ()) -> Plan:
    """Everything that the suites ask for at a tier.

    `present` names the public files that are at hand: a test set says which optional ones it was made with.
    Raises `InputError` for unknown names in the suites or in the selection.
    """
    made = Plan()
    check_selection(suites, selection)
    for suite in suites:
        check_claims(suite)
        for task in suite.task:
            if (not selection.tasks or task.name in selection.tasks) and (not task.at or tier in task.at):
                _Planner(made, suite, task, tier, selection, present).run()
    return made


Member = tuple[str, Fit]
"""Digest of a fit, and the fit."""


def at_width(recipe: Recipe, tier: Tier) -> Recipe:
    """The recipe with the share of its channels that a tier gives ours."""
    return msgspec.structs.replace(recipe, channels=max(8, round(recipe.channels * tier.width)))


class _Planner:
    """Plans one task at one tier."""

    def __init__(
        self, made: Plan, suite: Suite, task: Task, tier: str, selection: Selection, present: Collection[str]
    ) -> None:
        self.plan, self.suite, self.task, self.selection, self.present = made, suite, task, selection, present
        self.teacher = find_task(task.trained_on, suite) if task.trained_on else task
        check_task(suite.name, task, self.teacher, tier)
        self.size = tier
        self.tier: Tier = self.teacher.tiers[tier]

    def run(self) -> None:
        """Plan all worlds of the task."""
        recipes = self._recipes()
        for world in self._worlds():
            source = f"{self.teacher.name}/world{world}"
            training = self.plan.add(self._data("training", world), f"{source}/training")
            calibration = ""
            if 0 in self.task.budgets and any(WRAPPERS[name].calibrated for name in self.task.wrappers):
                calibration = self.plan.add(self._data("calibration", world), f"{source}/calibration")
            fits = [[*self._fits(recipe, training, source)] for recipe in recipes]
            for test in self._tests(world):
                self._score_test(test, fits, calibration, f"{source}/calibration")

    def _worlds(self) -> range:
        """Numbers of the worlds: as many as the tier has, or as are asked for where there are any to draw."""
        simulated = getattr(PROVIDERS.get(self.teacher.data), "simulated", False)
        first, count = self.teacher.first_world, self.tier.worlds
        return range(first, first + (self.selection.worlds if simulated and self.selection.worlds else count))

    def _data(self, role: Literal["training", "calibration", "test"], world: int, **more: Any) -> Data:
        task, tier = self.task if role == "test" else self.teacher, self.tier
        provider = PROVIDERS.get(task.data)
        test_rows = self.task.sizes.get(self.size, 0) if self.task.trained_on else tier.test
        optional = [name for name in getattr(provider, "optional", ()) if name in self.present]
        return Data(
            provider=PROVIDERS.locator(task.data),
            version=provider.version,
            code=PROVIDERS.code(task.data),
            role=role,
            seed=world,
            world=world,
            split=task.split,
            rows={"training": tier.rows, "calibration": tier.calibration, "test": test_rows}[role],
            validation=tier.validation if role == "training" else 0,
            optional=tuple(optional) if role == "test" else (),
            table=identified(task.table),
            variants=identified(task.variants),
            round=task.round,
            **more,
        )

    def _recipes(self) -> list[Recipe]:
        """Recipes of the task, or of the selection with the controls of the task; the tier sets the width of ours."""
        asked = [name for name in self.selection.recipes if not _control(name)]
        kept = self.tier.recipes or self.task.recipes
        names = [name for name in self.task.recipes if (not self.selection.recipes and name in kept) or _control(name)]
        recipes = [load_recipe(name) for name in dict.fromkeys([*names, *asked])]
        check_recipes(recipes)
        return [
            recipe if recipe.kind == "control" or recipe.code else at_width(recipe, self.tier) for recipe in recipes
        ]

    def _fits(self, recipe: Recipe, training: str, source: str) -> Iterator[Member]:
        trained = recipe.kind == "network"
        budget = Budget(epochs=self.tier.epochs, batch=self.tier.batch) if trained else Budget(epochs=0, batch=0)
        seeds = self.selection.seeds or self.tier.seeds_of.get(recipe.name, self.tier.seeds)
        first = self.selection.first_seed
        for seed in range(first, first + seeds) if trained else range(1):
            fit = Fit(training=training, recipe=recipe, seed=seed, budget=budget)
            yield self.plan.add(fit, f"{source}/fit/{recipe.name}/seed{seed}", (training,)), fit

    def _tests(self, world: int) -> Iterator[Test]:
        base = {"suite": self.suite.name, "task": self.task.name, "world": world, "split": self.task.split}
        plain = {"part": "", "shift": "", "dose": "0", "severity": 0.0}
        for subset in self.task.fewer.get(self.size, self.task.subsets):
            group = {"group": subset} if subset else {}
            yield Test(self._data("test", world, subset=subset), base | plain | group)
        for shift, dose in self._doses():
            severity = SEVERITIES[dose]
            row = {"part": _part(shift), "shift": shift, "dose": dose, "severity": severity}
            yield Test(self._data("test", world, shift=shift, severity=severity), base | row)

    def _doses(self) -> Iterator[tuple[str, str]]:
        """Family and dose of every shifted test set: doses of the tier, then arms, each once.

        The null shift has dose 0 alone; it is always there, since no gap is read without it.
        """
        arms = [tuple(arm.split(":")) for arm in self.task.arms]
        for shift in self.task.shifts:
            if shift == NULL:
                yield shift, "0"
            elif all(not only or shift in only for only in (self.selection.shifts, self.tier.shifts)):
                asked = [str(dose) for dose in self.tier.doses if not self.task.doses or dose in self.task.doses]
                doses = [dose for dose in asked if "+" not in shift or dose in COMPOUND_DOSES]
                named = [dose for family, dose in arms if family == shift]
                yield from ((shift, dose) for dose in dict.fromkeys([*doses, *named]))

    def _score_test(self, test: Test, fits: list[list[Member]], calibration: str, source: str) -> None:
        shift = f"{test.row['shift']}:{test.row['dose']}" if test.row["shift"] else "iid"
        label = f"{self.suite.name}/{self.task.name}/world{test.row['world']}/{test.row.get('group', shift)}"
        name = self.plan.add(test.data, f"{label}/test")
        references = {
            role: self._predict(members[0], name, "plain", label)
            for role, recipe in ORACLES.items()
            for members in fits
            if members[0][1].recipe.name == recipe and members[0][1].recipe.kind == "control"
        }
        for view in self.task.views:
            for members in fits:
                row = test.row | {"view": view}
                for wrapper, chosen in self._wrapped(members, row):
                    for budget in self._budgets(WRAPPERS[wrapper], row | _of(chosen)):
                        known = (name, label) if budget else (calibration, source)
                        self._score(test, name, references, wrapper, chosen, budget, known, view, label)

    def _wrapped(self, members: list[Member], row: Row) -> Iterator[tuple[str, list[Member]]]:
        """Wrappers of a recipe with the fits that each joins; a control is shown as it is."""
        recipe = members[0][1].recipe
        for name in ("none",) if recipe.kind == "control" else self.task.wrappers:
            if WRAPPERS[name].view and row["view"] != self.task.views[0]:
                continue  # it reads a view of its own, whichever the task asks for
            if reason := unseen(recipe.kind, WRAPPERS[name].view or row["view"]):
                self._left_out(reason, row, recipe, name)
            elif WRAPPERS[name].scope == "seed":
                yield from ((name, [member]) for member in members)
            elif len(members) > 1:
                yield name, members
            else:
                self._left_out(f"one training seed; {name} joins two or more", row, recipe, name)

    def _left_out(self, reason: str, row: Row, recipe: Recipe, wrapper: str) -> None:
        columns = {"recipe": recipe.name, "wrapper": wrapper, "budget": 0, "seed": -1}
        self.plan.unplanned.append((reason, row | columns))

    def _budgets(self, wrapper: Wrapper, row: Row) -> Iterator[int]:
        """Numbers of labelled target rows with which a wrapper is tried; one that it cannot use is told."""
        for budget in self.task.budgets if wrapper.calibrated else (0,):
            if budget in wrapper.budgets or not wrapper.calibrated:
                yield budget
            else:
                reason = f"{wrapper.name} cannot use {budget} labels of the target"
                self.plan.unplanned.append((reason, row | {"wrapper": wrapper.name, "budget": budget}))

    def _score(
        self, test: Test, name: str, references: dict[str, str], wrapper: str, members: list[Member],
        budget: int, known: tuple[str, str], view: str, label: str,
    ) -> None:  # fmt: skip
        """`known`: digest of the set whose labels calibrate, and the beginning of its labels in the plan."""
        read = WRAPPERS[wrapper].view or view
        predictions = tuple(self._predict(member, name, read, label) for member in members)
        calibrated: tuple[str, ...] = ()
        if WRAPPERS[wrapper].calibrated:
            calibrated = tuple(self._predict(member, known[0], read, known[1]) for member in members)
        node = Score(
            predictions=predictions,
            calibration=calibrated,
            test=name,
            calibration_set=known[0] if calibrated else "",
            references=references,
            wrapper=wrapper,
            metrics=self.task.metrics,
            scored=self.task.scored,
            version=METRICS_VERSION,
            resamples=self.tier.resamples,
            labelled=self.task.labelled,
            budget=budget,
        )
        needs = dict.fromkeys((*predictions, *calibrated, *references.values(), name, *known[:1] * bool(calibrated)))
        of = _of(members)
        where = f"{label}/score/{of['recipe']}/{wrapper}/{view}/budget{budget}/seed{of['seed']}"
        columns = {"wrapper": wrapper, "budget": budget, "view": view}
        self.plan.scores.append((self.plan.add(node, where, tuple(needs)), test.row | of | columns))

    def _predict(self, member: Member, test: str, view: str, label: str) -> str:
        name, fit = member
        node = Predict(fit=name, test=test, view=view)
        return self.plan.add(node, f"{label}/prediction/{fit.recipe.name}/{view}/seed{fit.seed}", (name, test))


def _of(members: list[Member]) -> Row:
    """Recipe of the fits that are joined, and their seed; -1 of several."""
    fit = members[0][1]
    return {"recipe": fit.recipe.name, "seed": fit.seed if len(members) == 1 else -1}


def _control(name: str) -> bool:
    return name in CONTROLS.names()


def _part(shift: str) -> str:
    from simulators.shift import FAMILIES

    return str(FAMILIES[shift].part)
