"""Variant effects of the published table: counts, letters, strands, strata, ceilings and leaks of all experiments."""

import csv
import gzip

import numpy as np
import pytest

from shiftbench.arrays import check_sample
from shiftbench.spec import Data
from shiftbench.tasks import overlap
from shiftbench.tasks.cagi5 import Cagi5
from shiftbench.tasks.cagi5_ceilings import of_replicates
from shiftbench.tasks.cagi5_controls import ANNOTATED, CONSERVATION, repeat
from shiftbench.tasks.cagi5_elements import EXPERIMENTS, Experiment
from shiftbench.tasks.cagi5_sets import PAPER, choose
from shiftbench.tasks.cagi5_strata import standard_error, strata
from shiftbench.tasks.cagi5_variants import VARIANTS, read
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import DESIGN, INSERT, SATURATED, encode

COMPLEMENT = str.maketrans("ACGT", "TGCA")
TABLE_ROWS = 44_658
"""Rows of the table in one release."""


def letters(row):
    return "".join("ACGTN"[code] for code in row)


@pytest.fixture(scope="module")
def files(real_data, tmp_path_factory):
    return Files(data_dir=real_data, cache=tmp_path_factory.mktemp("cache"), offline=True)


@pytest.fixture(scope="module")
def build(files):
    def make(name, split="all-snv", rows=0):
        asked = {"role": "test", "split": split, "subset": name, "rows": rows, "optional": Cagi5.optional}
        return Cagi5().build(Data(provider="cagi5", version=Cagi5.version, **asked), files)

    return make


@pytest.fixture(scope="module")
def found(files):
    return {name: read(files.path(VARIANTS), each) for name, each in EXPERIMENTS.items()}


# Counts


def test_every_row_of_the_table_is_scored_or_counted(files, found):
    total = 0
    for name, variants in found.items():
        snv, deletions = (choose(part, name, variants, files) for part in ("all-snv", "deletions"))
        total += len(snv.rows) + sum(snv.left_out.values()) + variants.unplaced
        assert deletions.left_out["substitutions"] == len(snv.rows) + snv.left_out["under 10 barcodes"]
        assert snv.left_out["deletions"] == len(deletions.rows) + deletions.left_out["under 10 barcodes"]
    assert total == TABLE_ROWS


def test_counts_of_the_four_clean_promoters(build):
    facts = {name: build(name).facts for name in PAPER}
    assert {name: each["variants"] for name, each in facts.items()} == {
        "GP1BB": 1154, "HBB": 561, "HBG1": 820, "PKLR": 1379,
    }  # fmt: skip
    assert {name: each["high_confidence"] for name, each in facts.items()} == {
        "GP1BB": 178, "HBB": 85, "HBG1": 168, "PKLR": 270,
    }  # fmt: skip
    assert sum(each["variants"] + each["left_out"]["under 10 barcodes"] for each in facts.values()) == 3944


def test_counts_of_the_listed_sets(build):
    paper = {name: build(name, "paper-test").facts for name in PAPER}
    assert {name: each["variants"] for name, each in paper.items()} == {
        "GP1BB": 866, "HBB": 432, "HBG1": 630, "PKLR": 1022,
    }  # fmt: skip
    assert sum(each["left_out"]["not in the table"] for each in paper.values()) == 2959 - 2950
    assert sum(each["high_confidence"] for each in paper.values()) == 495
    challenge = [build(name, "challenge").facts for name, each in EXPERIMENTS.items() if each.challenge]
    assert sum(each["variants"] for each in challenge) == 13_163
    assert sum(each["left_out"]["not in the table"] for each in challenge) == 13_186 - 13_163


def test_conservation_covers_the_training_part_and_none_of_the_test_part(build):
    known = {split: build("HBG1", split).samples["test"] for split in ("all-snv", "challenge")}
    counts = {
        split: int(np.isfinite(sample.table["control:conservation"][sample.reference >= 0]).sum())
        for split, sample in known.items()
    }
    assert counts == {"all-snv": 192, "challenge": 0}


def test_conservation_is_the_rejected_substitutions(files):
    """Expected less observed substitutions: never above the expected ones, and below 0 where a base changes fast."""
    with files.path(ANNOTATED).open(newline="") as file:
        rows = [(float(row[CONSERVATION]), float(row["GerpN"])) for row in csv.DictReader(file)]
    assert all(rejected <= neutral for rejected, neutral in rows)
    assert sum(rejected < 0 for rejected, _ in rows) > 1000


# Letters and strands


def test_letters_agree_with_the_windows_of_the_challenge(real_data, found):
    """An independent copy of 14 elements, + strand: all letters agree, and few would if one were shifted by a place.

    Rows ending in MOD repeat an element with another first letter. SORT1-flip has one letter more than the element.
    """
    (path,) = real_data.rglob("base_seqs_v2.csv")
    compared = set()
    for row in csv.DictReader(path.open()):
        name = row["regulatory_element"]
        for experiment in (key for key, each in EXPERIMENTS.items() if each.element == name):
            variants = found[experiment]
            minus = EXPERIMENTS[experiment].strand == "-"
            reference = 3 - variants.reference[::-1] if minus else variants.reference
            first = int(variants.position.min()) - int(row["start_pos"]) - 1
            there = encode(row["ref_sequence"])
            inside = [i for i in range(experiment == "SORT1-flip", len(reference)) if 0 <= first + i < len(there)]
            assert len(inside) >= len(reference) - 2
            assert np.array_equal(reference[inside], there[[first + i for i in inside]]), experiment
            beside = [i for i in inside if first + i + 1 < len(there)]
            assert np.mean(reference[beside] == there[[first + i + 1 for i in beside]]) < 0.5
            compared.add(name)
    assert len(compared) == 14


@pytest.mark.parametrize("split", ["all-snv", "deletions/offsets", "all-snv/paper-window"])
@pytest.mark.parametrize("name", ["HBB", "SORT1-flip", "IRF6", "TCF7L2"])
def test_samples_keep_the_contract(build, name, split):
    sample = build(name, split).samples["test"]
    check_sample(sample, name)
    assert sample.sequence.shape[1] == 230
    assert np.isfinite(sample.observed[sample.reference >= 0]).all()
    assert len({row.tobytes() for row in sample.sequence[sample.reference < 0]}) == (sample.reference < 0).sum()


@pytest.mark.parametrize("name", ["GP1BB", "HBB", "PKLR", "IRF6"])
def test_windows_carry_the_published_letters(build, name):
    sample = build(name).samples["test"]
    minus = EXPERIMENTS[name].strand == "-"
    for row in np.flatnonzero(sample.reference >= 0):
        alt, ref = sample.sequence[row], sample.sequence[sample.reference[row]]
        (place,) = np.flatnonzero(alt != ref)
        published = [sample.table[column][row] for column in ("ref", "alt")]
        expected = [letter.translate(COMPLEMENT) if minus else letter for letter in published]
        assert [letters(ref[[place]]), letters(alt[[place]])] == expected


def test_promoters_are_read_towards_their_gene(found):
    """TATA boxes of the globins before their first exons; first codons of GP1BB, ends at those of F9 and MSMB."""
    sense = {name: letters(each.reference) for name, each in found.items()}
    assert sense["HBB"].index("CATAAAAGTC") < sense["HBB"].index("ACATTTGCTTCTGACAC")
    assert sense["HBG1"].index("AATAAAAGGA") < sense["HBG1"].index("ACACTCGCTTCTGGAACG")
    assert "ATGGGCTCCGGTGAGT" in sense["GP1BB"]
    assert sense["PKLR"].index("AGATAAGACC") > 300
    assert sense["F9"].endswith("CACAATCTGCTAGCAAAGGTTA")
    assert sense["MSMB"].endswith("GGAGTCCTGCTT")


def first_in_run(variants):
    """Of the deletions in runs of equal letters, the shares that stand at the first and at the last letter of it."""
    reference, place = variants.reference, variants.place[variants.deletion & variants.counted]
    starts = np.append(True, reference[1:] != reference[:-1])[place]
    ends = np.append(reference[1:] != reference[:-1], True)[place]
    run = ~(starts & ends)
    return starts[run].mean(), ends[run].mean()


def test_deletions_tell_the_strand_of_the_construct(files, found):
    """Aligned to the construct, a deletion in a run is put at its first letter; on the other strand at its last."""
    for name, variants in found.items():
        first, last = first_in_run(variants)
        assert first > 0.65 > 0.25 > last, name
    turned = Experiment("IRF6", "HaCaT", "IRF6", flipped=True)
    assert turned.strand != EXPERIMENTS["IRF6"].strand
    first, last = first_in_run(read(files.path(VARIANTS), turned))
    assert first < 0.25 < 0.65 < last


# Strata, controls, ceilings


def test_standard_errors_are_a_constant_over_the_root_of_the_barcodes(found):
    """So a stratum of barcodes is one of standard errors. Of what is no standard error, the effects, this is not so."""

    def spread(values):
        logarithm = np.log(values)
        return np.quantile(np.abs(logarithm - np.median(logarithm)), 0.95)

    for name, variants in found.items():
        error, root = standard_error(variants), np.sqrt(variants.barcodes)
        known = np.isfinite(error) & variants.counted & ~variants.deletion
        assert spread(error[known] * root[known]) < 0.04, name
        assert spread(np.abs(variants.effect[known]) * root[known]) > 2, name


@pytest.mark.parametrize("name", ["LDLR.2", "PKLR", "SORT1", "TERT-GBM"])
def test_high_confidence_selects_on_the_effect_and_barcodes_do_not(found, name):
    """Mean square of the effect inside over outside, as two experiments tell it together: free of their noise."""
    variants, other = found[name], found[EXPERIMENTS[name].repeat]
    rows = np.flatnonzero(variants.counted & ~variants.deletion)
    square = (repeat(variants, other) * variants.effect)[rows]
    told = strata(variants, rows, sweep=True)
    ratio = {key: np.nanmean(square[chosen]) / np.nanmean(square[~chosen]) for key, chosen in told.items()}
    assert min(ratio["HC"], 1 / ratio["LC"]) > 10
    assert 0.6 < ratio["many barcodes"] < 1.6


def test_ceilings_are_those_of_the_repeats_else_of_the_handout(build):
    ceiling = {name: build(name).facts["ceiling"] for name in ("LDLR", "SORT1", "PKLR", "TERT-GBM", "HBB", "BCL11A")}
    high = [ceiling[name]["spearman@HC"] for name in ("LDLR", "SORT1", "PKLR", "TERT-GBM")]
    low = [ceiling[name]["spearman@LC"] for name in ("LDLR", "SORT1", "PKLR", "TERT-GBM")]
    assert [next(iter(each.values())) for each in high] == pytest.approx([0.99, 0.97, 0.96, 0.97], abs=0.011)
    assert [next(iter(each.values())) for each in low] == pytest.approx([0.62, 0.47, 0.62, 0.65], abs=0.04)
    assert ceiling["HBB"] == {"pearson": {"K562": 0.62}}
    assert ceiling["BCL11A"] == {}
    assert "pearson" not in build("HBB", "deletions").facts["ceiling"]


def test_all_experiments_of_the_challenge_have_a_replicate_correlation(files):
    told = {name: of_replicates(name, files) for name in EXPERIMENTS}
    assert {name for name, value in told.items() if value is not None} == {
        name for name, each in EXPERIMENTS.items() if each.challenge
    }
    assert (told["MYCrs6983267"], told["TERT-GBM"], told["TERT-HEK"], told["LDLR.2"]) == (0.55, 0.9, 0.65, 0.99)


# Leaks


def elements_sharing(inserts, found, k):
    """Elements that share k bases with each insert that shares them with any, by row of the insert."""
    reference = {EXPERIMENTS[name].element: variants.reference for name, variants in found.items()}
    longest = max(map(len, reference.values()))
    padded = np.stack([np.pad(each, (0, longest - len(each)), constant_values=4) for each in reference.values()])
    hits = np.flatnonzero(overlap.shared(inserts, padded, k)).tolist()
    return {hit: {name for name, row in zip(reference, padded, strict=True)
                  if overlap.shared(row[None], inserts[[hit]], k)[0]} for hit in hits}  # fmt: skip


def test_clean_elements_share_no_twenty_bases_with_any_designed_insert(files, found):
    lines = gzip.decompress(files.path(DESIGN).read_bytes()).decode().split()
    inserts = np.ascontiguousarray(encode("".join(lines[1::2])).reshape(len(lines) // 2, -1)[:, INSERT])
    names = [line[1:] for line in lines[::2]]
    sharing = {names[row]: elements for row, elements in elements_sharing(inserts, found, 20).items()}
    assert sharing == {insert: {element} for insert, element in SATURATED.items()}
    leaking = {each.element for each in EXPERIMENTS.values() if each.leakage != "clean"}
    assert leaking == set.union(*sharing.values())


def test_folds_at_hand_of_the_large_libraries_overlap_three_elements(files, found):
    overlapping = {}
    for name in ("val_HepG2.tsv", "test_HepG2.tsv", "val_WTC11.tsv", "test_WTC11.tsv"):
        with files.path(name).open() as file:
            inserts = np.stack([encode(row["seq"])[INSERT] for row in csv.DictReader(file, delimiter="\t")])
        overlapping[name] = set().union(*elements_sharing(inserts, found, 50).values())
    none = {"test_HepG2.tsv": set(), "val_WTC11.tsv": set()}
    assert overlapping == none | {"val_HepG2.tsv": {"SORT1", "UC88"}, "test_WTC11.tsv": {"FOXE1"}}
