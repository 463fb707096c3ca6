"""Worlds and samples as a whole: JSON and back, the same bytes from the same seed, noise that worlds share."""

import hashlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import msgspec
import numba
import numpy as np
import pytest
from msgspec.structs import replace

from simulators import assay, mpra, program, threads
from simulators.contract import Sample, World
from tests.golden import regenerate

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def world():
    return mpra.world(0)


def arrays(sample: Sample):
    yield from (sample.sequence, sample.observed, sample.noise_sd, sample.replicates)
    yield from (sample.truth.mean, sample.truth.expected, sample.truth.sd)
    yield from sample.table.values()


def same(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(arrays(a), arrays(b), strict=True))


def test_json_and_back(world):
    text = world.to_json()
    again = World.from_json(text)
    assert again == world
    assert again.to_json() == text
    assert set(json.loads(text)) == {"genome", "program", "assay"}
    assert same(mpra.draw(again, 20, seed=1), mpra.draw(world, 20, seed=1))


@pytest.mark.parametrize(
    ("part", "name", "value", "message"),
    [
        ("genome", "lenght", 200, r"unknown field `lenght`.*\$\.genome"),
        ("assay", "barcode_mean", -1, r"> 0.*\$\.assay\.barcode_mean"),
        ("assay", "replicates", "three", r"Expected `int`, got `str`.*\$\.assay\.replicates"),
        ("genome", "gc_mean", 1.5, r"<= 1.*\$\.genome\.gc_mean"),
    ],
)
def test_a_wrong_field_is_named(world, part, name, value, message):
    text = json.loads(world.to_json())
    text[part][name] = value
    with pytest.raises(msgspec.ValidationError, match=message):
        World.from_json(json.dumps(text))


def test_a_missing_field_is_named(world):
    text = json.loads(world.to_json())
    del text["program"]["pairs"]
    with pytest.raises(msgspec.ValidationError, match=r"missing required field `pairs`.*\$\.program"):
        World.from_json(json.dumps(text))


def test_the_same_seed_gives_the_same_world_and_another_another(world):
    assert mpra.world(0).to_json() == world.to_json()
    other, secret = mpra.world(1), mpra.world(b"a secret")
    assert len({w.program.public for w in (world, other, secret)}) == 3
    assert len({w.program.identity for w in (world, other, secret)}) == 3


def test_a_world_has_different_motifs_pairs_and_dark_ones(world):
    law = world.program
    assert len(set(law.public + law.dark)) == mpra.PUBLIC + mpra.DARK
    assert world.genome.motifs == law.public + law.dark
    assert len({frozenset(pair) for pair in law.pairs}) == mpra.PAIRS
    assert all(a != b and max(a, b) < mpra.PUBLIC for a, b in law.pairs)


def test_a_sample_has_the_shapes_of_the_contract(world):
    n = 25
    sample = mpra.draw(world, n, seed=3, split="train", start=7)
    assert sample.sequence.shape == (n, 230)
    assert sample.replicates.shape == (n, 3, 3)
    floats = (sample.observed, sample.noise_sd, sample.truth.mean, sample.truth.expected, sample.truth.sd)
    assert all(x.shape == (n, 3) and x.dtype == np.float32 for x in floats)
    measured = sample.table["barcodes"] >= world.assay.least_barcodes
    assert all((np.isfinite(x).all(axis=1) == measured).all() for x in floats[:2])
    assert all(np.isfinite(x).all() for x in floats[2:])
    assert sample.id[0] == "train:000007"
    assert len(set(sample.id.tolist())) == n
    assert sample.reference.tolist() == [-1] * n
    assert sample.outputs == world.program.cells
    assert set(sample.table) == {"gc", "barcodes", "plants", "batch"}
    assert sample.truth.mean.tobytes() == program.evaluate(world.program, sample.sequence).tobytes()


def test_an_item_is_the_same_alone_as_prefix_as_slice_and_with_other_threads(world, monkeypatch):
    whole = mpra.draw(world, 50, seed=4)
    most = numba.get_num_threads()
    numba.set_num_threads(1)
    slow = mpra.draw(world, 50, seed=4)
    numba.set_num_threads(most)
    monkeypatch.setattr(threads, "STRETCH", 7)
    assert same(slow, whole)
    assert same(mpra.draw(world, 50, seed=4), whole)
    pieces = [mpra.draw(world, 10, seed=4, start=start) for start in range(40, -1, -10)][::-1]
    for name in ("sequence", "observed", "noise_sd", "replicates", "id"):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        assert joined.tobytes() == getattr(whole, name).tobytes()
    for name in ("mean", "expected", "sd"):
        joined = np.concatenate([getattr(piece.truth, name) for piece in pieces])
        assert joined.tobytes() == getattr(whole.truth, name).tobytes()
    assert mpra.draw(world, 1, seed=4, start=23).sequence[0].tobytes() == whole.sequence[23].tobytes()


def test_groups_are_rows(world):
    assert mpra.draw(world, 4, seed=0, start=10).group.tolist() == [10, 11, 12, 13]
    assert mpra.draw(world, 1, seed=0, start=2**31 - 1).group.tolist() == [2**31 - 1]
    with pytest.raises(ValueError, match="items 2147483647 to 2147483649: outside 0 to 2147483648"):
        mpra.draw(world, 2, seed=0, start=2**31 - 1)


def test_other_seeds_and_splits_share_nothing(world):
    drawn = [mpra.draw(world, 30, seed=seed, split=split) for seed in (0, 1, b"0") for split in ("train", "test")]
    assert len({row.tobytes() for sample in drawn for row in sample.sequence}) == 180
    noise = [np.nan_to_num(sample.observed - sample.truth.expected).ravel() for sample in drawn]
    together = np.corrcoef(noise)[np.triu_indices(6, 1)]
    assert np.abs(together).max() < 0.45  # |r| of 90 independent values: SD .105


def test_two_worlds_that_differ_in_the_program_share_letters_and_noise(world):
    other = replace(world, program=replace(world.program, link_offset=world.program.link_offset + 1e-6))
    a, b = (mpra.draw(w, 300, seed=5) for w in (world, other))
    assert a.sequence.tobytes() == b.sequence.tobytes()
    assert a.table["barcodes"].tobytes() == b.table["barcodes"].tobytes()
    np.testing.assert_allclose(a.observed - a.truth.mean, b.observed - b.truth.mean, atol=0.02)


def test_the_truth_of_any_sequence_is_that_of_the_sample_over_all_batches(world):
    sample = mpra.draw(world, 12, seed=6)
    found = mpra.evaluate(world, sample.sequence[::-1])
    assert found.mean[::-1].tobytes() == sample.truth.mean.tobytes()
    gc = sample.table["gc"].astype(np.float64)
    batches = range(len(world.assay.batches))
    each = [assay.moments(world.assay, sample.truth.mean, gc, np.full(12, b, np.int32)) for b in batches]
    expected, sd = (np.array(x, np.float64) for x in zip(*each, strict=True))
    np.testing.assert_allclose(found.expected[::-1], expected.mean(axis=0), rtol=1e-5, atol=1e-6)
    spread = np.sqrt((sd**2).mean(axis=0) + expected.var(axis=0))
    np.testing.assert_allclose(found.sd[::-1], spread, rtol=1e-5)


def test_batches_are_six_different_ones_without_effect_on_average(world):
    batches = world.assay.batches
    assert len(set(batches)) == mpra.BATCHES >= 6
    for name, least in (("offset", 0.01), ("gc_linear", 0.05), ("gc_square", 0.1)):
        values = np.array([getattr(batch, name) for batch in batches])
        assert abs(values.mean()) < 1e-12
        assert values.std() > least


promised = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="digests are promised on Linux x86-64"
)


@promised
def test_digests_of_a_small_world_and_small_draws():
    assert regenerate.digests() == json.loads(regenerate.STORED.read_text()), (
        "if the change is meant: raise mpra.VERSION, python -m tests.golden.regenerate"
    )


@promised
@pytest.mark.parametrize(
    "setting",
    [
        {"NUMBA_NUM_THREADS": "1"},
        {"NUMBA_NUM_THREADS": "4"},
        {"SHIFTBENCH_KERNEL": "portable"},
        {"NUMBA_CPU_NAME": "generic"},
    ],
    ids=str,
)
def test_digests_with_other_threads_kernels_and_cpu_targets(setting):
    command = [sys.executable, "-m", "tests.golden.regenerate", "--check"]
    done = subprocess.run(command, env=os.environ | setting, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@promised
def test_a_check_of_digests_names_what_differs(monkeypatch, tmp_path, capsys):
    wrong = tmp_path / "mpra.json"
    wrong.write_text(regenerate.STORED.read_text().replace('"mpra observed": "', '"mpra observed": "0'))
    monkeypatch.setattr(regenerate, "STORED", wrong)
    assert regenerate.main(["--check"]) == 1
    assert "mpra observed" in capsys.readouterr().out


def test_a_digest_sees_one_bit(world):
    sample = mpra.draw(world, 5, seed=0)
    before = hashlib.blake2b(sample.observed.tobytes(), digest_size=16).hexdigest()
    assert regenerate.digest(sample.observed) == before
    sample.observed[0, 0] = np.nextafter(sample.observed[0, 0], np.float32(9))
    assert regenerate.digest(sample.observed) != before
