"""Families of shift: one part each, the severity asked, and everything else left alone."""

import functools

import msgspec
import numpy as np
import pytest

from simulators import mpra, program, severity, shift
from simulators.concept import TOLERANCE
from simulators.program import PARTS

LADDER = [("gc", s) for s in (0.05, 0.15, 0.3, 0.5, 0.75)]
LADDER += [("rewiring", s) for s in (0.05, 0.15, 0.3, 0.5, 0.75, 1.0)]
LADDER += [("depth", s) for s in (0.05, 0.15, 0.3)]
PART = {"gc": "genome", "rewiring": "program", "depth": "assay"}


@pytest.fixture(scope="module")
def world():
    return mpra.world(0)


@pytest.fixture(scope="module")
def sample(world):
    return mpra.draw(world, 300, seed=1)


@functools.cache
def solved(family, dose):
    """World 0 shifted; several tests look at the same doses."""
    return shift.apply(mpra.world(0), family, dose)


def shifted_sample(world, family, dose):
    new = shift.apply(world, family, dose).world
    return new, mpra.draw(new, 300, seed=1)


def residual(sample):
    return (sample.observed - sample.truth.expected) / sample.truth.sd


@pytest.mark.parametrize("family", PART)
def test_severity_0_is_the_same_world_and_the_same_bytes(world, sample, family):
    found = shift.apply(world, family, 0)
    assert found.world is world
    assert (found.family, found.part, found.severity, found.parameter) == (family, PART[family], 0.0, {})
    again = mpra.draw(found.world, 300, seed=1)
    assert again.sequence.tobytes() == sample.sequence.tobytes()
    assert again.replicates.tobytes() == sample.replicates.tobytes()


@pytest.mark.parametrize(("family", "dose"), LADDER)
def test_a_family_replaces_one_part_and_reaches_the_severity(world, family, dose):
    found = solved(family, dose)
    for part in ("genome", "program", "assay"):
        same = getattr(found.world, part) == getattr(world, part)
        assert same == (part != PART[family])
    assert found.part == PART[family]
    assert found.severity == pytest.approx(dose, abs=TOLERANCE if dose == 1 else 2e-4)
    assert mpra.World.from_json(found.world.to_json()) == found.world


@pytest.mark.parametrize("family", PART)
def test_solving_again_gives_the_same_world(world, family):
    assert shift.apply(world, family, 0.15).world.to_json() == solved(family, 0.15).world.to_json()


@pytest.mark.parametrize("family", PART)
def test_the_parameter_moves_one_way_with_the_severity(family):
    doses = [dose for name, dose in LADDER if name == family]
    values = np.array([list(solved(family, dose).parameter.values()) for dose in doses])
    steps = np.diff(values, axis=0)
    assert (steps < 0).all() if family == "depth" else (steps > 0).all()


def test_gc_leaves_f_of_the_same_letters_and_the_noise_stream(world, sample):
    new, drawn = shifted_sample(world, "gc", 0.5)
    assert msgspec.structs.replace(new.genome, gc_mean=world.genome.gc_mean) == world.genome
    assert mpra.evaluate(new, sample.sequence).mean.tobytes() == sample.truth.mean.tobytes()
    assert drawn.table["barcodes"].tobytes() == sample.table["barcodes"].tobytes()
    assert np.corrcoef(residual(drawn).ravel(), residual(sample).ravel())[0, 1] > 0.98
    assert drawn.table["gc"].mean() > sample.table["gc"].mean() + 0.05


def test_rewiring_leaves_the_letters_and_all_parts_but_two(world, sample):
    new, drawn = shifted_sample(world, "rewiring", 0.5)
    assert drawn.sequence.tobytes() == sample.sequence.tobytes()
    assert drawn.table["barcodes"].tobytes() == sample.table["barcodes"].tobytes()
    basis = program.basis(world.program, sample.sequence)
    before, after = (program.parts(w.program, basis) for w in (world, new))
    changed = [not np.array_equal(before[..., k], after[..., k]) for k in range(len(PARTS))]
    assert changed == [name in ("motif", "pair") for name in PARTS]


def test_depth_leaves_letters_and_f(world, sample):
    new, drawn = shifted_sample(world, "depth", 0.15)
    assert drawn.sequence.tobytes() == sample.sequence.tobytes()
    assert drawn.truth.mean.tobytes() == sample.truth.mean.tobytes()
    assert (drawn.truth.sd > sample.truth.sd).all()
    assert new.assay.dna_depth / world.assay.dna_depth == pytest.approx(new.assay.rna_depth / world.assay.rna_depth)


@pytest.mark.parametrize("family", PART)
def test_a_vanishing_dose_moves_nothing_much(world, sample, family):
    """Samplers of fixed consumption: noise at severity 1e-6 is that of severity 0."""
    _, drawn = shifted_sample(world, family, 1e-6)
    assert np.corrcoef(residual(drawn).ravel(), residual(sample).ravel())[0, 1] > 0.99
    assert (drawn.sequence != sample.sequence).mean() < 1e-3


def test_depth_says_where_it_ends_and_why(world):
    with pytest.raises(shift.Unreachable) as found:
        shift.apply(world, "depth", 0.75)
    text = r"shift depth: severity 0\.75 cannot be reached; it ends at 0\.3\d\d: .*pseudocount"
    assert found.match(text)
    assert 0.3 < found.value.largest < 0.75
    assert shift.apply(world, "depth", found.value.largest - 1e-3).severity == pytest.approx(
        found.value.largest, abs=2e-3
    )


def test_gc_says_where_it_ends_and_why(world):
    with pytest.raises(shift.Unreachable, match=r"it ends at 0\.9\d\d: a mean GC above 0\.95 is not used"):
        shift.apply(world, "gc", 0.99)


def test_rewiring_cannot_turn_what_is_dark(world):
    dark = msgspec.structs.replace(world.program, shares=(0.05, 0.02, 0.06, 0.8, 0.07))
    raw = program.parts(dark, program.reference(world.genome, dark))
    other = msgspec.structs.replace(world, program=program.standardise(dark, raw))
    with pytest.raises(shift.Unreachable, match=r"shift rewiring: severity 0\.75 .* the parts of cell\d that are not"):
        shift.apply(other, "rewiring", 0.75)
    assert shift.apply(other, "rewiring", 0.05).severity == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_depth_reaches_30_and_rewiring_100_percent_in_every_world(seed):
    drawn = mpra.world(seed)
    assert shift.apply(drawn, "depth", 0.3).severity == pytest.approx(0.3, abs=2e-4)
    assert shift.apply(drawn, "rewiring", 1).severity > 0.995


@pytest.mark.parametrize(
    ("family", "dose", "message"),
    [
        ("weather", 0.5, "shift 'weather': unknown; expected one of gc, rewiring, depth"),
        ("gc", -0.1, r"shift gc: severity -0\.1; expected 0 to 1"),
        ("gc", 1.1, r"shift gc: severity 1\.1; expected 0 to 1"),
        ("gc", float("nan"), "shift gc: severity nan; expected 0 to 1"),
    ],
)
def test_a_wrong_call_is_named(world, family, dose, message):
    with pytest.raises(ValueError, match=message):
        shift.apply(world, family, dose)


def test_a_family_that_replaces_another_part_is_stopped(world, monkeypatch):
    wrong = shift.Family("gc", "program", "says program, changes the genome", shift.FAMILIES["gc"].solve)
    monkeypatch.setitem(shift.FAMILIES, "gc", wrong)
    with pytest.raises(TypeError, match="shift gc: gave a Genome; expected a new program"):
        shift.apply(world, "gc", 0.3)


def test_bisection():
    assert severity.bisect(lambda x: x * x, 2.0, 0.0, 5.0) == pytest.approx(2**0.5, abs=1e-10)
