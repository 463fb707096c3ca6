"""Simulated MPRA as a task: splits apart, the right world for each oracle, no dark motif in any control."""

from pathlib import Path

import numpy as np
import pytest

from shiftbench.errors import Skipped
from shiftbench.models.controls import DECOYS, MotifPrior, PwmRidge
from shiftbench.models.oracle import Oracle, SourceOracle
from shiftbench.spec import Data
from shiftbench.tasks.files import Files
from shiftbench.tasks.simulated import Mpra
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
    assert len(rows) == 4 * 60
    noise = np.corrcoef([(sample.observed - sample.truth.expected).ravel() for sample in samples])
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
    assert np.array_equal(oracle.mean, test.truth.expected)
    assert np.allclose(oracle.sd, test.truth.sd, rtol=1e-6)
    assert np.abs(source.mean - test.truth.expected).mean() > 0.005
    plain = build("test").samples["test"]
    unshifted = SourceOracle()
    state = unshifted.fit(training.samples["train"], training.samples["validation"], training.facts)
    assert np.array_equal(unshifted.predict(state, plain.sequence, {}).mean, plain.truth.expected)


def test_controls_hold_no_dark_motif():
    training = build("training")
    program = World.from_json(training.facts["source_world"]).program
    ridge, prior = (set(control().setup(training.samples["train"], training.facts)["motifs"].tolist())
                    for control in (PwmRidge, MotifPrior))  # fmt: skip
    assert prior == set(program.public)
    assert len(ridge & set(program.public)) == len(program.public) // 2
    assert len(ridge - set(program.public)) == DECOYS >= 5 * len(ridge & set(program.public))
    assert not (ridge | prior) & set(program.dark)


def test_a_severity_out_of_reach_is_skipped_with_the_reason():
    with pytest.raises(Skipped, match="it ends at"):
        build("test", shift="depth", severity=0.75)
