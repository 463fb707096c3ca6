"""The plan: every node once, sizes in no name, controls always there."""

import json
import pickle

import msgspec
import pytest

from shiftbench.catalog import expand, load_recipe, load_suite
from shiftbench.errors import InputError
from shiftbench.plan import plan
from shiftbench.spec import TIERS, Budget, Data, Fit, Predict, Recipe, Score, digest
from shiftbench.validate import Selection
from simulators.shift import Family


def planned(name, tier="smoke", **selection):
    return plan(expand(load_suite(name)), tier, Selection(**selection))


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", ["shift", "lentimpra", "cagi5", "all"])
def test_every_need_is_planned_before_the_node(name, tier):
    seen = set()
    for node, needs in planned(name, tier).ordered().items():
        assert set(needs) <= seen
        seen.add(node)


def test_cagi5_alone_and_in_all_use_the_same_fits():
    alone, all_ = planned("cagi5"), planned("all")
    fits = {name for name, node in alone.nodes.items() if isinstance(node, Fit) and node.recipe.kind == "network"}
    assert fits
    assert fits <= set(planned("lentimpra").nodes)
    assert set(alone.nodes) <= set(all_.nodes)


def test_another_dose_or_seed_keeps_the_fits_that_are_there():
    few = {name for name, node in planned("shift", shifts=("gc",)).nodes.items() if isinstance(node, Fit)}
    many = {name for name, node in planned("shift", seeds=4).nodes.items() if isinstance(node, Fit)}
    assert few < many


def test_a_tier_of_the_same_sizes_gives_the_same_names():
    suite = load_suite("shift")
    sizes = {"smoke": suite.task[0].tiers["smoke"], "other": suite.task[0].tiers["smoke"]}
    twin = msgspec.structs.replace(suite, task=(msgspec.structs.replace(suite.task[0], tiers=sizes),))
    assert set(plan([twin], "smoke", Selection()).nodes) == set(plan([twin], "other", Selection()).nodes)


def test_controls_cannot_be_switched_off_and_never_take_seeds():
    fits = [node for node in planned("shift", recipes=("cnn",), seeds=3).nodes.values() if isinstance(node, Fit)]
    names = [fit.recipe.name for fit in fits]
    assert names.count("cnn") == 3
    for control in ("training_mean", "gc_ridge", "kmer_ridge", "pwm_ridge", "motif_prior", "source_oracle", "oracle"):
        assert names.count(control) == 1


def test_no_fit_sees_calibration_or_test_data():
    made = planned("all")
    for node in made.nodes.values():
        if isinstance(node, Fit):
            training = made.nodes[node.training]
            assert isinstance(training, Data)
            assert training.role == "training"
            assert not node.parents


def test_scores_speak_of_their_own_test_set():
    made = planned("shift")
    for name, row in made.scores:
        node = made.nodes[name]
        assert isinstance(node, Score)
        test = made.nodes[node.test]
        assert isinstance(test, Data)
        assert (test.shift, test.severity) == (row["shift"], row["severity"])
        for prediction in node.predictions:
            stored = made.nodes[prediction]
            assert isinstance(stored, Predict)
            assert stored.test == node.test


def test_each_field_of_a_recipe_changes_the_fit():
    recipe = load_recipe("cnn")
    fit = next(node for node in planned("shift").nodes.values() if isinstance(node, Fit) and node.recipe.name == "cnn")
    for field, value in msgspec.structs.asdict(recipe).items():
        changed = {str: f"{value}x", int: value, float: 0.123}[type(value)] if not isinstance(value, int) else value + 1
        other = msgspec.structs.replace(fit, recipe=msgspec.structs.replace(recipe, **{field: changed}))
        assert digest(other) != digest(msgspec.structs.replace(fit, recipe=recipe))


def test_unknown_tier_of_a_suite():
    with pytest.raises(InputError, match="no tier 'smok'; did you mean 'smoke'"):
        planned("shift", "smok")


def test_a_recipe_from_a_path_carries_the_digest_of_its_file(tmp_path):
    file = tmp_path / "model.py"
    file.write_text("def net(length, outputs): ...\n")
    recipe = load_recipe(f"{file}:net")
    assert recipe == Recipe(name="net", network=f"{file}:net", code=recipe.code)
    assert len(recipe.code) == 32


GOLDEN = {
    "6444bf1f": Data(provider="mpra", version=1, role="test", rows=10, shift="gc", severity=0.15),
    "3e627580": Fit(training="a", recipe=Recipe(name="cnn", network="cnn"), seed=1, budget=Budget(epochs=2, batch=32)),
    "ddf35fbc": Predict(fit="a", test="b"),
    "5cbef8c0": Score(
        predictions=("a",),
        calibration=(),
        test="b",
        calibration_set="",
        references={"floor": "c"},
        wrapper="none",
        metrics=("rmse",),
        scored="value",
        version=1,
        resamples=200,
    ),
}


@pytest.mark.parametrize(("start", "node"), GOLDEN.items())
def test_digests_stay_what_they_are(start, node):
    assert digest(node).startswith(start)


@pytest.mark.parametrize("node", GOLDEN.values())
def test_another_process_gives_the_same_digest(node):
    copied = msgspec.convert(json.loads(json.dumps(msgspec.to_builtins(node))), type(node))
    assert digest(copied) == digest(node)
    assert digest(pickle.loads(pickle.dumps(node))) == digest(node)


@pytest.mark.parametrize("tier", TIERS)
def test_labels_and_rows_are_unique(tier):
    made = planned("all", tier)
    assert len(set(made.labels.values())) == len(made.labels)
    keys = [tuple(sorted((key, str(value)) for key, value in row.items())) for _, row in made.scores]
    assert len(set(keys)) == len(keys)


def test_width_of_a_tier_does_not_rename_controls():
    smoke, core = (
        {node.recipe for node in planned("lentimpra", tier).nodes.values() if isinstance(node, Fit)}
        for tier in ("smoke", "core")
    )
    assert {recipe for recipe in smoke if recipe.kind == "control"} == {r for r in core if r.kind == "control"}


def test_one_seed_leaves_a_row_that_says_why_there_is_no_ensemble():
    made = planned("lentimpra", seeds=1)
    assert {(reason, row["wrapper"]) for reason, row in made.unplanned} == {
        ("one training seed; ensemble joins two or more", "ensemble")
    }


def test_two_recipes_of_one_name_are_refused(tmp_path):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("class Net: ...\n")
    with pytest.raises(InputError, match="two recipes are called 'Net'"):
        planned("lentimpra", recipes=(f"{tmp_path / 'a.py'}:Net", f"{tmp_path / 'b.py'}:Net"))


def test_a_control_is_not_planned_where_the_task_does_not_name_it():
    names = {
        node.recipe.name for node in planned("lentimpra", recipes=("oracle",)).nodes.values() if isinstance(node, Fit)
    }
    assert names == {"training_mean", "gc_ridge", "kmer_ridge", "pwm_ridge"}


def test_a_moved_model_is_the_same_and_an_edited_one_another(tmp_path):
    digests = []
    for folder, text in (("a", "class Net: ...\n"), ("b", "class Net: ...\n"), ("c", "class Net: x = 1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.py").write_text(text)
        made = planned("lentimpra", recipes=(f"{tmp_path / folder / 'model.py'}:Net",), seeds=1)
        digests.append(
            [name for name, node in made.nodes.items() if isinstance(node, Fit) and node.recipe.name == "Net"]
        )
    assert digests[0] == digests[1] != digests[2]


@pytest.fixture
def families(monkeypatch):
    """Families of every kind, none of which is ever solved."""
    parts = {"gc": "genome", "rewiring": "program", "depth": "assay", "gc+depth": "genome+assay", "null": "none"}
    made = {name: Family(name, part, "a change", lambda *_: None, name == "rewiring") for name, part in parts.items()}
    monkeypatch.setattr("simulators.shift.FAMILIES", made)
    return tuple(made)


def shifted(families, doses, *, arms=(), narrow=(), **selection):
    """Family, dose, part and severity of every test set of a task with these families."""
    suite = load_suite("shift")
    tier = msgspec.structs.replace(suite.task[0].tiers["smoke"], doses=doses, shifts=narrow, worlds=1)
    task = msgspec.structs.replace(suite.task[0], shifts=families, arms=arms, tiers={"smoke": tier})
    made = plan([msgspec.structs.replace(suite, task=(task,), claim=())], "smoke", Selection(**selection))
    return {tuple(row[name] for name in ("shift", "dose", "part", "severity")) for _, row in made.scores}


def test_every_kind_of_family_has_its_doses(families):
    arms = ("rewiring:full", "rewiring:reverse", "depth:3")
    assert shifted(families, (2, 5), arms=arms) == {
        ("", "0", "", 0.0),
        ("null", "0", "none", 0.0),
        ("gc", "2", "genome", 0.15),
        ("gc", "5", "genome", 0.75),
        ("rewiring", "2", "program", 0.15),
        ("rewiring", "5", "program", 0.75),
        ("rewiring", "full", "program", 1.0),
        ("rewiring", "reverse", "program", 2.0),
        ("depth", "2", "assay", 0.15),
        ("depth", "3", "assay", 0.3),
        ("depth", "5", "assay", 0.75),
        ("gc+depth", "2", "genome+assay", 0.15),
    }


def test_compounds_stop_at_dose_3_and_the_null_shift_is_always_there(families):
    found = shifted(families, (1, 2, 3, 4, 5), shifts=("gc+depth",))
    tests = {(shift, dose) for shift, dose, *_ in found}
    assert tests == {("", "0"), ("null", "0"), ("gc+depth", "2"), ("gc+depth", "3")}


def test_a_tier_may_narrow_the_families_and_their_arms(families):
    found = shifted(families, (2,), arms=("rewiring:full", "depth:3"), narrow=("gc", "depth"))
    assert {shift for shift, *_ in found} == {"", "null", "gc", "depth"}
    assert ("depth", "3", "assay", 0.3) in found
    with pytest.raises(InputError, match="tier smoke: no shift 'gd'; did you mean 'gc'"):
        shifted(families, (2,), narrow=("gd",))


def test_only_a_reversible_family_has_the_arm_reverse(families):
    with pytest.raises(InputError, match="arm gc:reverse: no dose 'reverse'"):
        shifted(families, (2,), arms=("gc:reverse",))


def test_the_null_shift_is_another_test_set_of_the_same_world(families):
    plain = Data(provider="mpra", version=1, role="test", rows=9)
    assert digest(msgspec.structs.replace(plain, shift="null")) != digest(plain)


def test_worlds_asked_for_are_drawn_where_there_are_worlds():
    made = planned("all", worlds=2, shifts=("gc",))
    drawn = {(row["suite"], row["world"]) for _, row in made.scores}
    assert {suite for suite, world in drawn if world == 1} == {"shift"}
    assert {("shift", 0), ("lentimpra", 0), ("turnover", 0)} <= drawn
    assert {row["world"] for _, row in planned("shift", "bench", worlds=1).scores} == {0}
    with pytest.raises(InputError, match="--worlds: -1; expected at least 1, or 0 for the worlds of the tier"):
        planned("shift", worlds=-1)


def altered(changes, *, sizes=None, tier="smoke", number=0, **selection):
    """Plan of the shift suite with one of its tasks, and the sizes of its fits, changed."""
    suite = load_suite("shift")
    tasks = [msgspec.structs.replace(task, shifts=("null",), arms=(), doses=()) for task in suite.task]
    tasks[number] = msgspec.structs.replace(tasks[number], **changes)
    small = msgspec.structs.replace(suite.task[0].tiers[tier], **(sizes or {}))
    tasks[0] = msgspec.structs.replace(tasks[0], tiers=suite.task[0].tiers | {tier: small})
    return plan([msgspec.structs.replace(suite, task=tuple(tasks), claim=())], tier, Selection(**selection))


def test_a_task_is_run_at_its_tiers_only():
    at = {number: {row["task"] for _, row in altered({"at": ("bench",)}, number=2, tier=number).scores}
          for number in ("smoke", "bench")}  # fmt: skip
    assert at == {"smoke": {"mpra", "repair"}, "bench": {"mpra", "repair", "variants"}}


def test_a_tier_narrows_the_networks_and_gives_some_fewer_seeds():
    made = altered({}, sizes={"recipes": ("cnn", "bilstm"), "seeds": 3, "seeds_of": {"bilstm": 2}})
    fits = [node for node in made.nodes.values() if isinstance(node, Fit) and node.recipe.kind == "network"]
    assert sorted((fit.recipe.name, fit.seed) for fit in fits) == [
        ("bilstm", 0), ("bilstm", 1), ("cnn", 0), ("cnn", 1), ("cnn", 2)
    ]  # fmt: skip
    with pytest.raises(InputError, match="tier smoke: no recipe 'cmn'; did you mean 'cnn'"):
        altered({}, sizes={"recipes": ("cmn",)})


def test_subsets_may_be_fewer_at_a_tier():
    suite = load_suite("lentimpra")
    task = msgspec.structs.replace(
        suite.task[0], subsets=("a", "b"), fewer={"smoke": ("b",)}, name="t", trained_on="", at=()
    )
    for tier, expected in (("smoke", {"b"}), ("bench", {"a", "b"})):
        made = plan([msgspec.structs.replace(suite, task=(task,), claim=())], tier, Selection())
        assert {row["group"] for _, row in made.scores} == expected
    wrong = msgspec.structs.replace(task, fewer={"smoke": ("c",)})
    with pytest.raises(InputError, match="fewer: no subset 'c'"):
        plan([msgspec.structs.replace(suite, task=(wrong,), claim=())], "smoke", Selection())


def test_calibrating_wrappers_are_tried_with_every_budget_and_others_once():
    wrappers = ("none", "conformal_split", "conformal_weighted_gc")
    made = altered({"labelled": 256, "budgets": (0, 32, 256), "wrappers": wrappers}, number=1)
    rows = [row for _, row in made.scores if row["task"] == "repair" and row["recipe"] == "cnn"]
    found = {(row["wrapper"], row["budget"]) for row in rows}
    split = {("conformal_split", budget) for budget in (0, 32, 256)}
    assert found == {("none", 0), *split, ("conformal_weighted_gc", 0)}
    for name, row in made.scores:
        node = made.nodes[name]
        assert node.labelled == (256 if row["task"] == "repair" else 0)
        if row["task"] == "repair" and row["budget"]:
            assert node.calibration_set == node.test
            assert node.calibration == node.predictions
    with pytest.raises(InputError, match="labelled is 32; expected at least the largest of budgets, 256"):
        altered({"labelled": 32, "budgets": (0, 256)}, number=1)
    with pytest.raises(InputError, match="budgets are 256; wrapper conformal_weighted_gc expected one of 0"):
        altered({"labelled": 256, "budgets": (256,), "wrappers": wrappers}, number=1)


def test_a_wrapper_with_a_view_of_its_own_reads_that_view_once():
    made = altered({"wrappers": ("none", "mc_dropout", "views"), "views": ("plain", "reverse")}, number=1)
    rows = [(made.nodes[name], row) for name, row in made.scores if row["task"] == "repair" and row["recipe"] == "cnn"]
    views = {(row["wrapper"], row["view"]): {made.nodes[one].view for one in node.predictions} for node, row in rows}
    assert views == {
        ("none", "plain"): {"plain"},
        ("none", "reverse"): {"reverse"},
        ("mc_dropout", "plain"): {"dropout"},
        ("views", "plain"): {"strands_shifts"},
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"metric": "rsme"}, "no metric 'rsme'; did you mean 'rmse'"),
        ({"task": "mpar"}, "no task 'mpar'; did you mean 'mpra'"),
        ({"at": "gv:5"}, "no test set 'gv:5'; did you mean 'gc:'"),
        ({"below": 1.0}, "has two bounds; expected either above or below"),
        ({"above": None}, "has no bound; expected either above or below"),
        ({"compare": "ratio"}, "expected compare together with against, or with prior"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(change, says):
    suite = load_suite("shift")
    claim = next(claim for claim in suite.claim if claim.name == "C5")
    broken = msgspec.structs.replace(claim, check=(msgspec.structs.replace(claim.check[0], **change),))
    with pytest.raises(InputError, match=says):
        plan([msgspec.structs.replace(suite, claim=(broken,))], "smoke", Selection())


def test_a_claim_on_a_task_with_several_views_is_refused():
    suite = load_suite("shift")
    task = msgspec.structs.replace(suite.task[0], views=("plain", "strands"))
    with pytest.raises(InputError, match="claim C1: task mpra has 2 views; expected one to judge"):
        plan([msgspec.structs.replace(suite, task=(task, *suite.task[1:]))], "smoke", Selection())
