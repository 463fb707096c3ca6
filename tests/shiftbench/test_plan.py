"""The plan: every node once, sizes in no name, controls always there."""

import msgspec
import pytest

from shiftbench.catalog import expand, load_recipe, load_suite
from shiftbench.errors import InputError
from shiftbench.plan import Selection, plan
from shiftbench.spec import TIERS, Data, Fit, Predict, Recipe, Score, digest


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
    fits = {name for name, node in alone.nodes.items() if isinstance(node, Fit)}
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
