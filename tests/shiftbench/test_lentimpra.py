"""The joint lentiMPRA library: parsing and splitting on a made-up library, counts and leaks on the real one."""

import csv
import gzip

import numpy as np
import pytest

from shiftbench.arrays import check_sample
from shiftbench.errors import InputError, Skipped
from shiftbench.spec import Data
from shiftbench.tasks import lentimpra
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import DESIGN, INSERT, encode
from shiftbench.tasks.lentimpra_task import LentiMpra
from shiftbench.tasks.overlap import shared
from tests.lentimpra_files import SOURCES, construct, invented, joint

PARTS = ("train", "validation", "calibration", "test")


def build(files, role, split="overlap", seed=0, **sizes):
    return LentiMpra().build(Data(provider="lentimpra", version=2, role=role, split=split, seed=seed, **sizes), files)


def samples(files, **more):
    found = {}
    for role in ("training", "calibration", "test"):
        found |= build(files, role, **more).samples
    return found


def inserts(sample):
    return np.ascontiguousarray(sample.sequence[:, INSERT])


@pytest.fixture(scope="module")
def toy_files(tmp_path_factory):
    return joint(tmp_path_factory.mktemp("toy") / "data", range(439))


def test_values_and_letters_are_those_of_the_files(toy_files):
    names, letters, values = invented()
    for sample in samples(toy_files).values():
        check_sample(sample, "toy")
        for row in range(len(sample.id)):
            i = names.index(sample.id[row])
            assert sample.sequence[row].tolist() == ["ACGT".index(c) for c in construct(letters[i])]
            assert sample.observed[row] == pytest.approx(values[i], abs=1e-6)
            assert sample.table["gc"][row] == pytest.approx(sum(c in "GC" for c in letters[i]) / 200)
            assert sample.table["source"][row] == SOURCES[i % 4]
        assert np.isnan(sample.noise_sd).all()


def test_parts_share_no_row_and_leave_out_what_is_not_natural(toy_files):
    found = samples(toy_files)
    ids = np.concatenate([found[part].id for part in PARTS])
    assert sorted(ids) == sorted(invented()[0][:400])
    facts = build(toy_files, "test").facts
    # the insert of UC88 is the one that was not measured
    assert facts["left_out"] == {"designed": 20, "shuffled": 10, "control": 8, "inside_saturated_elements": ["LDLR"]}
    assert facts["available"] == {part: len(found[part].id) for part in PARTS}


def test_overlapping_inserts_are_in_one_part_and_in_one_group(toy_files):
    found = samples(toy_files)
    for part in PARTS:
        others = np.concatenate([inserts(found[other]) for other in PARTS if other != part])
        assert not shared(inserts(found[part]), others).any()
    group = {name: label for part in PARTS for name, label in zip(found[part].id, found[part].group, strict=True)}
    assert len(set(group.values())) == 340


def test_split_by_id_leaks_and_keeps_everything_with_orientations_together(toy_files):
    found = samples(toy_files, split="id")
    assert sum(len(found[part].id) for part in PARTS) == 439
    assert shared(inserts(found["test"]), inserts(found["train"])).any()
    assert build(toy_files, "test", split="id").facts["leaks"]
    part = {name: part for part in PARTS for name in found[part].id}
    assert all(part[f"C:SLEA_{i}"] == part[f"C:SLEA_{i}_Reversed:"] for i in range(10))


@pytest.mark.parametrize("split", ["overlap", "id"])
def test_smaller_samples_begin_larger_ones(toy_files, split):
    whole = build(toy_files, "training", split=split).samples
    some = build(toy_files, "training", split=split, rows=50, validation=3).samples
    assert {name: len(sample.id) for name, sample in some.items()} == {"train": 50, "validation": 3}
    for name, sample in some.items():
        assert sample.id.tolist() == whole[name].id[: len(sample.id)].tolist()
        assert np.array_equal(sample.sequence, whole[name].sequence[: len(sample.id)])
    for role in ("calibration", "test"):
        few = build(toy_files, role, split=split, rows=4).samples[role]
        assert few.id.tolist() == build(toy_files, role, split=split).samples[role].id[:4].tolist()


def test_parts_and_order_do_not_depend_on_the_order_of_the_workbook(toy_files, tmp_path):
    shuffled = joint(tmp_path / "data", np.random.default_rng(1).permutation(439).tolist())
    again, once = samples(shuffled), samples(toy_files)
    for part in PARTS:
        assert again[part].id.tolist() == once[part].id.tolist()


def test_seed_draws_another_split(toy_files):
    assert set(samples(toy_files, seed=1)["test"].id) != set(samples(toy_files)["test"].id)


def test_prepared_file_gives_the_same_library_and_a_damaged_one_is_made_anew(toy_files):
    first = lentimpra.load(toy_files)
    (prepared,) = (toy_files.cache / "prepared").iterdir()
    size = prepared.stat().st_size
    for damage in (b"", prepared.read_bytes()[: size // 2], b"not a zip file"):
        prepared.write_bytes(damage)
        again = lentimpra.load(toy_files)
        assert prepared.stat().st_size == size
        for name in ("name", "source", "sequence", "observed", "cluster"):
            assert np.array_equal(getattr(again, name), getattr(first, name))
    assert lentimpra.load(toy_files).clusters == first.clusters == 380


def test_no_ceiling_without_the_large_libraries(toy_files):
    facts = build(toy_files, "test").facts
    assert facts["ceiling"] == {}
    assert facts["ceiling_missing"].keys() == {"HepG2", "K562", "WTC11"}
    assert "val_HepG2.tsv" in facts["ceiling_missing"]["HepG2"]


def test_what_it_refuses(toy_files, tmp_path):
    with pytest.raises(InputError, match="no split 'overlapp'; did you mean 'overlap'"):
        build(toy_files, "test", split="overlapp")
    with pytest.raises(InputError, match="subset 'promoter'"):
        build(toy_files, "test", subset="promoter")
    with pytest.raises(Skipped, match=DESIGN):
        build(Files(data_dir=tmp_path, cache=tmp_path, offline=True), "test")


# The real library


def test_real_counts(real_files):
    facts = build(real_files, "test").facts
    assert (facts["designed"], facts["measured"]) == (60_000, 56_975)
    assert (facts["clusters"], facts["largest_cluster"]) == (54_695, 376)
    assert facts["sources"] == {
        "HepG2": 18_093, "K562": 17_877, "WTC11": 18_030, "promoter": 2_311,
        "designed": 323, "shuffled": 196, "control": 145,
    }  # fmt: skip
    assert sum(facts["available"].values()) == 56_975 - 323 - 196 - 145 - 4


def test_real_ceiling(real_files):
    facts = build(real_files, "test", optional=LentiMpra.optional[:4]).facts
    assert facts["ceiling_sequences"] == {"HepG2": 3_507, "WTC11": 3_095}
    reliability = {cell: value**2 for cell, value in facts["ceiling"]["pearson"].items()}
    assert reliability == pytest.approx({"HepG2": 0.895, "WTC11": 0.853}, abs=5e-4)


def test_real_split_by_id_leaks(real_files):
    leaky = samples(real_files, split="id")
    assert shared(inserts(leaky["test"]), inserts(leaky["train"])).mean() > 0.08


def test_real_inserts_inside_saturated_elements_are_exactly_those_left_out(real_files):
    letters = {}
    with gzip.open(real_files.path("elements.tsv.gz"), "rt") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["Release"] == "GRCh37" and row["Pos"] != "NA":
                letters.setdefault(row["Element"], {})[int(row["Pos"])] = row["Ref"]
    elements = ["".join(known.get(i, "N") for i in range(min(known), max(known) + 1)) for known in letters.values()]
    assert len(elements) == 29
    codes = np.stack([encode(element.ljust(601, "N")) for element in elements])
    library = lentimpra.load(real_files)
    hit = shared(np.ascontiguousarray(library.sequence[:, INSERT]), codes)
    assert set(library.name[hit]) == set(lentimpra.SATURATED)
    clean = [i for i, name in enumerate(letters) if name in ("GP1BA", "HBB", "HBG1", "PKLR-48h")]
    assert len(clean) == 4
    assert not shared(codes[clean], np.ascontiguousarray(library.sequence[:, INSERT]), k=25).any()
