"""Finished runs of made-up predictions: two recipes or more, alike or not, in worlds or on one data set."""

import numpy as np

from shiftbench import arrays, gather
from shiftbench.execute import Outcome
from shiftbench.metrics.table import VERSION
from shiftbench.nodes import Context, Maker
from shiftbench.plan import Plan
from shiftbench.prediction import gaussian
from shiftbench.spec import Budget, Data, Fit, Predict, Recipe, Score, Suite, Task, Tier
from shiftbench.store import Store
from simulators.contract import Sample, Truth

OUTPUTS = ("k562", "hepg2")


def sample(rng, n=60, per_cluster=2, outputs=OUTPUTS, simulated=True):
    shape = (n, len(outputs))
    f = rng.normal(size=shape).astype(np.float32)
    sd = np.full(shape, 0.3, np.float32)
    return Sample(
        id=np.arange(n).astype(str),
        sequence=np.zeros((n, 4), np.uint8),
        observed=(f + sd * rng.normal(size=shape)).astype(np.float32),
        noise_sd=sd,
        reference=np.full(n, -1, np.int32),
        group=(np.arange(n) // per_cluster).astype(np.int32),
        outputs=tuple(outputs),
        truth=Truth(f, f, sd) if simulated else None,
    )


def predicted(rng, test, seeds, error=0.5, seed_error=0.2, spread=0.1):
    """Predictions of trainings: an error that all share, one of each, whose size differs from training to training."""
    shape = test.observed.shape
    shared, f = error * rng.normal(size=shape), test.observed if test.truth is None else test.truth.mean
    means = [f + shared * np.exp(spread * rng.normal()) + seed_error * rng.normal(size=shape) for _ in range(seeds)]
    return [gaussian(mean.astype(np.float32), np.full(shape, 0.5, np.float32)) for mean in means]


def finished(folder, samples, predictions, metrics=("rmse", "spearman"), primary="rmse against the observed value"):
    """Folder of a run with its store beside it.

    `samples`: by (world, test set), which is iid, shift:dose or a subset; `predictions`: by recipe, then by the same, a
    list of one a seed. Recipes whose names end in _ridge are controls.
    """
    made, store = Plan(), Store(folder / "store")
    store.prepare()
    contents, columns = {}, []
    training = made.add(Data(provider="made up", version=1, role="training"), "task/world0/training")
    contents[training] = lambda at: {"rows": {"train": 600}}
    for (world, test), found in samples.items():
        shift, _, dose = test.partition(":") if ":" in test else ("", "", "0")
        subset = "" if shift or test == "iid" else test
        data = Data(provider="made up", version=1, role="test", world=world, shift=shift, subset=subset,
                    severity=float(dose) / 10)  # fmt: skip
        label = f"suite/task/world{world}/{test}"
        name = made.add(data, f"{label}/test")
        contents[name] = lambda at, found=found: arrays.save_sample(at / "test.npz", found) or {}
        row = {"suite": "suite", "task": "task", "world": world, "split": "", "part": "", "shift": shift, "dose": dose}
        row |= {"severity": data.severity, "wrapper": "none", "budget": 0, "view": "plain"}
        row |= {"group": subset} if subset else {}
        for recipe, by_place in predictions.items():
            for seed, prediction in enumerate(by_place.get((world, test), [])):
                kind = "control" if recipe.endswith("_ridge") else "network"
                of = Recipe(name=recipe, network=recipe, kind=kind)
                fit = Fit(training=training, recipe=of, seed=seed, budget=Budget(epochs=world + 1, batch=1))
                fitted = made.add(fit, f"task/world{world}/fit/{recipe}/seed{seed}")
                contents[fitted] = lambda at, found=found: {"outputs": found.outputs}
                predict = made.add(Predict(fit=fitted, test=name), f"{label}/prediction/{recipe}/plain/seed{seed}")
                contents[predict] = lambda at, p=prediction, found=found: (
                    arrays.save_prediction(at / "prediction.npz", p) or {"outputs": found.outputs, "members": 1}
                )
                score = Score(predictions=(predict,), calibration=(), test=name, calibration_set="", references={},
                              wrapper="none", metrics=metrics, scored="value", version=VERSION,
                              resamples=20)  # fmt: skip
                scored = made.add(score, f"{label}/score/{recipe}/none/plain/budget0/seed{seed}")
                columns.append((scored, row | {"recipe": recipe, "seed": seed}))
    made.scores.extend(columns)
    for name, fill in contents.items():
        store.write(made.nodes[name], fill, {})
    maker = Maker(Context(store=store.root, cache=folder), made.nodes)
    outcomes = {name: Outcome("made") if name in contents else maker(name) for name in made.nodes}
    assert {outcome.state for outcome in outcomes.values()} == {"made"}, outcomes
    tier = Tier(rows=1, validation=1, calibration=1, test=1, seeds=1)
    task = Task(name="task", data="made up", recipes=(), wrappers=(), metrics=metrics, tiers={"smoke": tier})
    suite = Suite(name="suite", version=1, title="", question="", source="", primary=primary, task=(task,))
    manifest = {"suites": {"suite": 1}, "primary": {"suite": primary}, "store": str(store.root)}
    gather.write(folder, [suite], made, store, outcomes, manifest)
    return folder


def several(folder, worlds=(0,), tests=("iid", "gc:1", "gc:5"), recipes=(("a", 3), ("b", 3)), number=0, **more):
    """A run of recipes alike, each with so many seeds; `more` of `predicted` by recipe, and of `sample`."""
    rng = np.random.default_rng(number)
    simulated = more.pop("simulated", True)
    samples = {(world, test): sample(rng, simulated=simulated) for world in worlds for test in tests}
    predictions = {
        recipe: {at: predicted(rng, found, seeds, **more.get(recipe, {})) for at, found in samples.items()}
        for recipe, seeds in recipes
    }
    return finished(folder, samples, predictions)
