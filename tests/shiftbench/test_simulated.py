"""Simulated MPRA as a task: splits apart, the right world for each oracle, no dark motif in any control."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from shiftbench.errors import Skipped
from shiftbench.models.controls import MotifPrior, PwmRidge
from shiftbench.models.oracle import Oracle, SourceOracle
from shiftbench.models.structural import DECOYS
from shiftbench.spec import Data
from shiftbench.tasks import simulated
from shiftbench.tasks.files import Files
from shiftbench.tasks.simulated import Mpra, measured
from simulators import motif, mpra
from simulators.contract import World


def build(role, rows=60, **more):
    data = Data(provider="mpra", version=1, role=role, rows=rows, validation=rows if role == "training" else 0, **more)
    return Mpra().build(data, Files(cache=Path("unused"), offline=True))


def test_splits_share_no_sequence_and_no_noise():
    samples = [
        *build("training").samples.values(),
        build("calibration").samples["calibration"],
        build("test").samples["test"],
    ]
    rows = {row.tobytes() for sample in samples for row in sample.sequence}
    assert len(rows) == sum(len(sample.id) for sample in samples) > 4 * 50
    least = min(len(sample.id) for sample in samples)
    noise = np.corrcoef([(sample.observed - sample.truth.expected)[:least].ravel() for sample in samples])
    assert np.all(np.abs(noise[np.triu_indices(4, 1)]) < 4 / np.sqrt(180))


@pytest.mark.parametrize(("shift", "part"), [("gc", "genome"), ("rewiring", "program"), ("depth", "assay")])
def test_a_shifted_set_differs_from_its_source_in_one_part(shift, part):
    facts = build("test", shift=shift, severity=0.15).facts
    source, target = (World.from_json(facts[name]) for name in ("source_world", "world"))
    assert [name for name in ("genome", "program", "assay") if getattr(source, name) != getattr(target, name)] == [part]
    assert facts["part"] == part


@pytest.mark.parametrize("shift", ["rewiring", "depth"])
def test_the_oracle_knows_the_world_tested_and_the_source_oracle_the_one_trained_on(shift):
    training, built = build("training"), build("test", shift=shift, severity=0.3)
    test = built.samples["test"]

    def mean(control):
        state = control.fit(training.samples["train"], training.samples["validation"], training.facts)
        return control.predict(state, test.sequence, built.facts if control.sees_test_world else {})

    oracle, source = mean(Oracle()), mean(SourceOracle())
    law = {name: mpra.evaluate(World.from_json(built.facts[name]), test.sequence) for name in ("world", "source_world")}
    assert np.array_equal(oracle.mean, law["world"].expected)
    assert np.allclose(oracle.sd, law["world"].sd, rtol=1e-6)
    assert np.array_equal(source.mean, law["source_world"].expected)
    assert np.abs(source.mean - oracle.mean).mean() > 0.005


def test_controls_hold_no_dark_motif():
    training = build("training")
    program = World.from_json(training.facts["source_world"]).program
    ridge, prior = (set(control().setup(training.samples["train"], training.facts)["motifs"].tolist())
                    for control in (PwmRidge, MotifPrior))  # fmt: skip
    assert prior == set(program.public)
    assert len(ridge & set(program.public)) == len(program.public) // 2
    assert len(ridge - set(program.public)) == DECOYS * len(ridge & set(program.public))
    decoys = motif.load(sorted(ridge - set(program.public)))
    world = motif.load((*program.public, *program.dark))
    assert not motif.resembles(decoys, world, mpra.RESEMBLANCE).any(), "a decoy tells of nothing in the world"
    assert not (ridge | prior) & set(program.dark)


def test_a_severity_out_of_reach_is_skipped_with_the_reason():
    told = set()
    for severity in (0.5, 0.75):
        with pytest.raises(Skipped, match="shift depth: severity in world 0 ends at 0") as caught:
            build("test", shift="depth", severity=severity)
        told.add(str(caught.value))
    assert len(told) == 1  # so that a run tells of all doses beyond the end in one line


@pytest.fixture
def few_barcodes(monkeypatch):
    """A world whose assay leaves many inserts without a measurement."""
    drawn = mpra.world(0)
    assay = msgspec.structs.replace(drawn.assay, barcode_mean=6.0, least_barcodes=4)
    monkeypatch.setattr(simulated, "source_world", lambda number: msgspec.structs.replace(drawn, assay=assay))


@pytest.mark.parametrize("role", ["training", "calibration", "test"])
def test_rows_that_were_not_measured_are_left_out_and_counted(few_barcodes, role):
    built = build(role)
    drawn = mpra.draw(simulated.source_world(0), 60, seed=0, split="train" if role == "training" else role)
    kept = np.isfinite(drawn.observed).all(axis=1)
    sample = built.samples["train" if role == "training" else role]
    assert 0 < kept.sum() < 60
    assert sample.id.tolist() == drawn.id[kept].tolist()
    assert np.array_equal(sample.observed, drawn.observed[kept])
    assert np.array_equal(sample.truth.sd, drawn.truth.sd[kept])
    assert np.array_equal(sample.replicates, drawn.replicates[kept])
    assert np.array_equal(sample.table["gc"], drawn.table["gc"][kept])
    assert built.facts["drawn"] == dict.fromkeys(built.samples, 60)


def test_a_sample_that_is_all_measured_stays_as_it_is(toy):
    sample = toy(5)
    assert measured(sample) is sample


def test_the_null_shift_has_the_same_world_and_other_rows():
    plain, null = build("test"), build("test", shift="null")
    assert null.facts["world"] == plain.facts["world"]
    assert "part" not in null.facts
    rows = [{row.tobytes() for row in one.samples["test"].sequence} for one in (plain, null)]
    assert not rows[0] & rows[1]


def test_laws_of_the_plain_test_set_count_its_rows():
    built = build("test")
    told = built.facts["laws"]
    cells = built.samples["test"].outputs
    assert set(told) == {"GC", *(f"{what}, {cell}" for what in ("f", "SD") for cell in cells)}
    assert all(sum(law["count"]) == len(built.samples["test"].id) for law in told.values())
    assert told["GC"]["low"] == pytest.approx(built.samples["test"].table["gc"].min())
    assert "laws" not in build("test", shift="null").facts
