"""Simulated variant effects as a task: worlds, oracles of differences, rows that no molecule tells."""

from pathlib import Path

import numpy as np
import pytest

from shiftbench.arrays import check_sample
from shiftbench.catalog import load_suite
from shiftbench.errors import InputError
from shiftbench.metrics.correlation import pearson
from shiftbench.models.oracle import Oracle, SourceOracle
from shiftbench.plan import plan
from shiftbench.prediction import gaussian
from shiftbench.score import Scorer
from shiftbench.spec import Data, Fit, Score
from shiftbench.tasks.files import Files
from shiftbench.tasks.satmut import Satmut
from shiftbench.tasks.simulated import measured
from shiftbench.validate import Selection
from shiftbench.wrappers.evidence import Wrapped
from simulators import mpra, satmut
from simulators.contract import World


def build(**more):
    data = Data(**{"provider": "satmut", "version": 1, "role": "test", "rows": 1} | more)
    return Satmut().build(data, Files(cache=Path("unused"), offline=True))


@pytest.fixture(scope="module", autouse=True)
def small():
    """Libraries of a tenth of their size, the same in all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(satmut.Library.__init__, "__defaults__", (2000, 7.0))
        yield


def test_its_version_is_raised_with_that_of_the_worlds_and_that_of_the_draws():
    assert Satmut.version // 1000 == mpra.VERSION


@pytest.fixture(scope="module")
def built():
    return build()


def differences(prediction, sample):
    variant = np.flatnonzero(sample.reference >= 0)
    return prediction.mean[variant] - prediction.mean[sample.reference[variant]]


def correlations(prediction, sample):
    """Pearson with what is expected of the measured effects, by output."""
    expected = sample.truth.expected[sample.reference >= 0]
    known = np.isfinite(expected).all(axis=1)
    return [pearson(x[known], y[known]) for x, y in zip(differences(prediction, sample).T, expected.T, strict=True)]


def oracles(built):
    """What the oracle and the source oracle say of the test set."""
    letters, facts = built.samples["test"].sequence, built.facts
    state = SourceOracle().fit(None, None, {"source_world": facts["source_world"]})
    return Oracle().predict({}, letters, facts), SourceOracle().predict(state, letters, {})


def test_facts_count_what_there_is(built):
    sample, facts = built.samples["test"], built.facts
    variant = sample.reference >= 0
    assert facts["drawn"] == {"test": 601}
    assert facts["variants"] == 600 == variant.sum() + facts["undetermined"]
    assert facts["undetermined"] > 0
    for cell in sample.outputs:
        assert facts["high_confidence"][cell] == (sample.table[f"p_value_{cell}"] <= 1e-5).sum() > 0


def test_oracles_are_right_about_differences(built):
    oracle, source = oracles(built)
    assert np.array_equal(oracle.mean, source.mean)
    assert min(correlations(oracle, built.samples["test"])) > 0.9  # molecules carry more than one substitution
    turned = gaussian(oracle.mean[::-1].copy(), oracle.sd)
    assert max(correlations(turned, built.samples["test"])) < 0.5  # of other rows it says nothing


def test_under_a_concept_shift_only_the_oracle_knows_the_effects(built):
    shifted = build(shift="rewiring", severity=0.75)
    sample, plain = shifted.samples["test"], built.samples["test"]
    source, target = (World.from_json(shifted.facts[name]) for name in ("source_world", "world"))
    assert (source.genome, source.assay) == (target.genome, target.assay)
    assert shifted.facts["part"] == "program"
    assert np.array_equal(sample.sequence, plain.sequence)
    assert np.array_equal(sample.id, plain.id)
    knows, trained = (correlations(each, sample) for each in oracles(shifted))
    assert min(knows) > 0.9
    assert np.mean(trained) < np.mean(knows) - 0.1


def test_the_null_shift_has_other_elements(built):
    null = build(shift="null")
    assert null.facts["world"] == built.facts["world"]
    assert not np.array_equal(null.samples["test"].sequence, built.samples["test"].sequence)


def test_what_no_molecule_tells_is_left_out_and_the_others_keep_their_reference(built):
    sample = built.samples["test"]
    check_sample(sample, "variants")
    world = World.from_json(built.facts["world"])
    drawn = satmut.draw(world, 1, seed=0, split="test")
    kept = np.isfinite(drawn.observed).all(axis=1)
    assert sample.id.tolist() == [drawn.id[0], *drawn.id[kept].tolist()]
    assert len(sample.id) == 1 + kept.sum() < 601
    assert sample.reference.tolist() == [-1] + [0] * kept.sum()
    changed = sample.sequence != sample.sequence[0]
    assert (changed[1:].sum(axis=1) == 1).all()
    two = satmut.draw(world, 2, seed=0, split="test")
    several = measured(two)
    first = np.flatnonzero(several.reference == -1)
    assert np.array_equal(np.unique(several.reference), [-1, *first])
    assert ((several.sequence != several.sequence[several.reference]).sum(axis=1)[several.reference >= 0] == 1).all()


def test_a_task_of_differences_is_scored_on_the_rows_with_an_effect(built):
    sample = built.samples["test"]
    oracle, _ = oracles(built)
    mean = gaussian(np.zeros_like(oracle.mean), oracle.sd)
    scorer = Scorer(
        sample, {"floor": mean, "source": oracle, "target": oracle}, metrics=["pearson", "spearman"],
        scored="difference", resamples=50, draws="satmut",
    )  # fmt: skip
    rows = {(row["metric"], row["target"], row["output"]): row for row in scorer.rows(Wrapped(oracle))}
    for cell in sample.outputs:
        known = {rows["pearson", target, cell]["n"] for target in ("observed", "expected", "f")}
        assert known == {built.facts["variants"] - built.facts["undetermined"]}
        assert rows["pearson", "observed", cell]["value"] < rows["pearson", "expected", cell]["value"]
        assert rows["spearman", "f", cell]["value"] > 0.99


@pytest.mark.parametrize("more", [{"role": "training", "validation": 1}, {"role": "calibration"}, {"rows": 0}])
def test_all_but_a_test_set_is_refused(more):
    with pytest.raises(InputError, match="task satmut"):
        build(**more)


def test_variants_are_asked_of_the_fits_of_mpra_at_the_sizes_of_the_tier():
    suite = load_suite("shift")
    alone = plan([suite], "smoke", Selection(tasks=("variants",)))
    both = plan([suite], "smoke", Selection())
    fits = [{name for name, node in each.nodes.items() if isinstance(node, Fit)} for each in (alone, both)]
    assert fits[0] == fits[1]
    assert {node.rows for node in alone.nodes.values() if isinstance(node, Data) and node.provider == "satmut"} == {4}
    assert {node.scored for node in alone.nodes.values() if isinstance(node, Score)} == {"difference"}
    larger = plan([suite], "bench", Selection(tasks=("variants",)))
    assert {node.rows for node in larger.nodes.values() if isinstance(node, Data) and node.provider == "satmut"} == {8}
