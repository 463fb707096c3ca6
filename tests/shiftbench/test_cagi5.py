"""Variant windows: letters, strands and offsets, on made-up elements and on the real table."""

import csv
import gzip

import numpy as np
import pytest

from shiftbench.arrays import check_sample
from shiftbench.errors import InputError, Skipped
from shiftbench.spec import Data
from shiftbench.tasks import cagi5
from shiftbench.tasks.cagi5 import ELEMENTS, Cagi5, Element, read, windows
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import LEFT, RIGHT

COMPLEMENT = str.maketrans("ACGT", "TGCA")
HEADER = ("Chrom", "Pos", "Ref", "Alt", "Barcodes", "DNA", "RNA", "Coefficient", "pValue", "Element", "Release")


def build(files, element, **more):
    asked = {"role": "test", "split": "all-snv", "subset": element, "optional": Cagi5.optional} | more
    return Cagi5().build(Data(provider="cagi5", version=1, **asked), files)


def letters(row):
    return "".join("ACGTN"[code] for code in row)


@pytest.mark.parametrize(
    ("length", "place", "start"),
    [(400, 0, 0), (400, 100, 0), (400, 101, 1), (400, 250, 150), (400, 300, 200), (400, 399, 200), (200, 150, 0)],
)
def test_variant_is_centred_unless_the_window_would_leave_the_element(length, place, start):
    reference = np.random.default_rng(0).integers(0, 4, length, dtype=np.uint8)
    starts, window = windows(reference, np.array([place]))
    assert starts.tolist() == [start]
    assert np.array_equal(window[start], reference[start : start + 200])


def test_short_element_is_centred_between_unknown_letters():
    reference = np.random.default_rng(0).integers(0, 4, 187, dtype=np.uint8)
    starts, window = windows(reference, np.array([0, 90, 186]))
    assert starts.tolist() == [0, 0, 0]
    assert window.shape == (1, 200)
    assert window[0].tolist() == [4] * 6 + reference.tolist() + [4] * 7


def table(path, rows):
    """Write a table in the published form."""
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerows([HEADER, *rows])
    return path


@pytest.fixture
def toy(tmp_path):
    """Table with a deletion and a substitution (9, 10 or 11 barcodes) at each of 210 positions, and its letters."""
    known = np.random.default_rng(2).choice([*"ACGT"], 210)
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}
    end = ("TOY", "GRCh37")
    rows = [("1", 5, "A", "C", 99, 1, 1, 1, 0.5, "TOY", "GRCh38"), ("NA", "NA", "NA", "NA", 9, 1, 1, 1, 0.5, *end)]
    for i, ref in enumerate(known):
        rows.append(("1", 1000 + i, ref, "-", 50, 1, 1, -0.1, 0.5, *end))
        rows.append(("1", 1000 + i, ref, other[ref], 9 + i % 3, 1, 1, i / 100, 0.05, *end))
    return table(tmp_path / "elements.tsv.gz", rows), "".join(known)


def test_minus_strand_is_reverse_complemented_with_its_alleles(toy):
    path, known = toy
    plus, minus = read(path, Element("TOY", "+", "x")), read(path, Element("TOY", "-", "x"))
    assert letters(plus.reference) == known
    assert letters(minus.reference) == known[::-1].translate(COMPLEMENT)
    assert np.array_equal(minus.place, 209 - plus.place)
    assert letters(minus.alt) == letters(plus.alt).translate(COMPLEMENT)
    assert minus.alt_letter.tolist() == plus.alt_letter.tolist()


def test_few_barcodes_and_deletions_are_left_out_and_counted(toy):
    variants = read(toy[0], Element("TOY", "+", "x"))
    assert len(variants.place) == 140
    assert variants.barcodes.min() == 10
    assert variants.left_out == {"deletions": 210, "few_barcodes": 70}


def test_gap_in_the_element_is_named(tmp_path):
    rows = [("1", position, "A", "C", 50, 1, 1, 0.1, 0.5, "TOY", "GRCh37") for position in (10, 11, 13)]
    with pytest.raises(InputError, match="TOY has no row at position 12"):
        read(table(tmp_path / "gap.tsv.gz", rows), Element("TOY", "+", "x"))


def test_standard_error_gives_back_the_p_value():
    found = cagi5._standard_error(np.array([1.959964, -2.575829, 1, 1], np.float32), np.array([0.05, 0.01, 0, 1]))
    assert found[:2] == pytest.approx([1, 1], rel=1e-5)
    assert np.isnan(found[2:]).all()


def test_what_it_refuses(tmp_path):
    files = Files(data_dir=tmp_path, cache=tmp_path, offline=True)
    with pytest.raises(InputError, match="subset is 'LDLR'; expected 'GP1BB' or 'HBB' or 'HBG1' or 'PKLR'"):
        build(files, "LDLR")
    with pytest.raises(InputError, match="split is 'overlap'; expected 'all-snv'"):
        build(files, "HBB", split="overlap")
    with pytest.raises(InputError, match="role is 'training'; expected 'test'"):
        build(files, "HBB", role="training")
    with pytest.raises(Skipped, match=r"elements\.tsv\.gz"):
        build(files, "HBB")


# The real table


@pytest.fixture(scope="module")
def files(real_data, tmp_path_factory):
    return Files(data_dir=real_data, cache=tmp_path_factory.mktemp("cache"), offline=True)


@pytest.fixture(scope="module")
def built(files):
    return {name: build(files, name) for name in ELEMENTS}


def test_real_counts(built):
    eligible = {name: each.facts["eligible"] for name, each in built.items()}
    confident = {name: each.facts["high_confidence"] for name, each in built.items()}
    assert eligible == {"GP1BB": 1154, "HBB": 561, "HBG1": 820, "PKLR": 1379}
    assert confident == {"GP1BB": 178, "HBB": 85, "HBG1": 168, "PKLR": 270}
    assert sum(eligible.values()) + sum(each.facts["left_out"]["few_barcodes"] for each in built.values()) == 3944


def test_real_ceilings(built):
    assert {name: each.facts["ceiling"]["pearson"]["K562"] for name, each in built.items()} == {
        "GP1BB": 0.74, "HBB": 0.62, "HBG1": 0.78, "PKLR": 0.79,
    }  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTS)
def test_real_windows_carry_the_published_letters(built, files, name):
    sample = built[name].samples["test"]
    check_sample(sample, name)
    minus = ELEMENTS[name].strand == "-"
    for row in np.flatnonzero(sample.reference >= 0):
        alt, ref = sample.sequence[row], sample.sequence[sample.reference[row]]
        (place,) = np.flatnonzero(alt != ref)
        published = [sample.table[column][row] for column in ("ref", "alt")]
        expected = [letter.translate(COMPLEMENT) if minus else letter for letter in published]
        assert [letters(ref[[place]]), letters(alt[[place]])] == expected
    assert all(letters(row).startswith(LEFT) and letters(row).endswith(RIGHT) for row in sample.sequence)


@pytest.mark.parametrize("name", ELEMENTS)
def test_real_variants_lie_in_the_middle_or_at_a_clipped_end(built, name):
    sample = built[name].samples["test"]
    variant = sample.reference >= 0
    place = (sample.sequence[variant] != sample.sequence[sample.reference[variant]]).argmax(axis=1) - len(LEFT)
    windows_used = np.bincount(sample.reference[variant])
    inner = windows_used[sample.reference[variant]] <= 3
    assert (place[inner] == 100).all()
    assert inner.any() == (name != "HBB")
    assert np.isnan(sample.observed[~variant]).all()
    assert np.isfinite(sample.observed[variant]).all()
    assert len({row.tobytes() for row in sample.sequence[~variant]}) == (~variant).sum()


def test_real_orientation_reads_towards_the_gene(built, files):
    """TATA boxes of the globins before their first exons; GP1BB's first codons (Met Gly Ser) and splice site."""
    sense = {name: letters(read(files.path(cagi5.VARIANTS), ELEMENTS[name]).reference) for name in ELEMENTS}
    assert sense["HBB"].index("CATAAAAGTC") < sense["HBB"].index("ACATTTGCTTCTGACAC")
    assert sense["HBG1"].index("AATAAAAGGA") < sense["HBG1"].index("ACACTCGCTTCTGGAACG")
    assert "ATGGGCTCCGGTGAGT" in sense["GP1BB"]
    assert sense["PKLR"].index("AGATAAGACC") > 300


def test_real_standard_errors_fall_with_the_root_of_the_barcodes(built):
    """Slope -1/2 in logarithms; what is not a standard error has no such slope (the effects themselves: near 0)."""
    sample = built["GP1BB"].samples["test"]
    known = np.isfinite(sample.noise_sd[:, 0])
    barcodes = np.log(sample.table["barcodes"][known])
    assert np.polyfit(barcodes, np.log(sample.noise_sd[known, 0]), 1)[0] == pytest.approx(-0.5, abs=0.01)
    assert np.polyfit(barcodes, np.log(np.abs(sample.observed[known, 0])), 1)[0] > -0.4


def test_real_smaller_set_lies_in_the_larger(files, built):
    whole = set(built["PKLR"].samples["test"].id)
    small, smaller = (build(files, "PKLR", rows=rows).samples["test"] for rows in (200, 40))
    assert (small.reference >= 0).sum() == 200
    assert set(smaller.id) < set(small.id) < whole
    assert set(small.group) <= set(built["PKLR"].samples["test"].group)


def test_blocks_hold_ten_adjacent_positions(built):
    sample = built["HBB"].samples["test"]
    for block in np.unique(sample.group):
        chosen = sample.table["position"][(sample.group == block) & (sample.reference >= 0)]
        assert np.ptp(chosen) < 10
