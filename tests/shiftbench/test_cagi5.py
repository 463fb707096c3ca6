"""Variant effects on made-up elements: windows, strands, sets, strata, controls, ceilings, and the sample they make."""

import gzip

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from shiftbench.arrays import check_sample
from shiftbench.errors import InputError, Skipped
from shiftbench.models.annotation import Conservation, PositionMean, Repeat, annotations
from shiftbench.prediction import QUANTILES, Prediction
from shiftbench.spec import Data
from shiftbench.targets import TestSet
from shiftbench.tasks import cagi5_controls as controls
from shiftbench.tasks.cagi5 import Cagi5
from shiftbench.tasks.cagi5_ceilings import of_repeat
from shiftbench.tasks.cagi5_elements import CELLS, ELEMENTS, EXPERIMENTS
from shiftbench.tasks.cagi5_sets import choose, named
from shiftbench.tasks.cagi5_strata import standard_error, strata
from shiftbench.tasks.cagi5_variants import read
from shiftbench.tasks.cagi5_windows import FRAMES, Frame, cut
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import CELLS as OUTPUTS
from shiftbench.tasks.lentimpra import LEFT, RIGHT, encode
from tests.naive import variant_window

COMPLEMENT = str.maketrans("ACGT", "TGCA")
OTHERS = {letter: [each for each in "ACGT" if each != letter] for letter in "ACGT"}
START = 1000


def letters(row):
    return "".join("ACGTN"[code] for code in row)


def element(length, seed=0):
    return "".join(np.random.default_rng(seed).choice([*"ACGT"], length))


# Windows


@pytest.mark.parametrize("length", [150, 187, 200, 201, 260, 318])
@pytest.mark.parametrize("frame", FRAMES)
def test_windows_are_those_of_the_plain_twin(frame, length):
    known, laid = element(length), FRAMES[frame]
    place = np.random.default_rng(length).integers(0, length, 40)
    place[:2] = 0, length - 1
    alt = [("-" if i % 3 == 0 else OTHERS[known[p]][i % 3]) for i, p in enumerate(place)]
    found = cut(laid, encode(known), place, encode("".join(alt)))
    pairs = [set() for _ in place]
    for row, variant in enumerate(found.variant):
        pairs[variant].add((letters(found.references[found.reference[row]]), letters(found.alternatives[row])))
    assert pairs == [
        {variant_window(known, p, a, laid.width, offset, laid.beyond) for offset in laid.offsets}
        for p, a in zip(place.tolist(), alt, strict=True)
    ]
    assert len(found.variant) == sum(map(len, pairs))  # a window that two offsets share counts once


@pytest.mark.parametrize(
    ("length", "place", "start"),
    [(400, 0, 0), (400, 100, 0), (400, 101, 1), (400, 250, 150), (400, 300, 200), (400, 399, 200), (200, 150, 0)],
)
def test_variant_is_centred_unless_the_window_would_leave_the_element(length, place, start):
    known = encode(element(length))
    found = cut(FRAMES[""], known, np.array([place]), encode("-"))
    assert found.start.tolist() == [start]
    assert np.array_equal(found.references[0], known[start : start + 200])


def test_variants_in_the_middle_are_seen_at_all_five_offsets():
    known = encode(element(600))
    found = cut(FRAMES["offsets"], known, np.array([300, 0]), 3 - known[[300, 0]])
    assert found.start.tolist() == [140, 170, 200, 230, 260, 0]
    assert found.variant.tolist() == [0, 0, 0, 0, 0, 1]
    assert (found.alternatives != found.references[found.reference]).argmax(axis=1).tolist() == [
        160,
        130,
        100,
        70,
        40,
        0,
    ]


def test_window_of_the_original_protocol_has_unknown_letters_beyond_the_element():
    known = element(300)
    found = cut(FRAMES["paper-window"], encode(known), np.array([0, 150, 299]), 3 - encode(known)[[0, 150, 299]])
    assert letters(found.references[0]) == "N" * 115 + known[:115]
    assert letters(found.references[1]) == known[35:265]
    assert letters(found.references[2]) == known[184:] + "N" * 114
    assert (found.alternatives != found.references[found.reference]).argmax(axis=1).tolist() == [115, 115, 115]


def test_short_element_is_centred_between_unknown_letters():
    known = encode(element(187))
    found = cut(FRAMES[""], known, np.array([0, 90, 186]), 3 - known[[0, 90, 186]])
    assert found.references.shape == (1, 200)
    assert found.references[0].tolist() == [4] * 6 + known.tolist() + [4] * 7
    assert found.start.tolist() == [-6] * 3


@pytest.mark.parametrize(
    ("place", "alt", "expected"),
    [
        (0, "-", ("ACGTAC", "CGTACG")),  # the first letter gone, the next one of the element drawn up
        (5, "-", ("GTACGG", "GTAGGT")),
        (9, "-", ("ACGGTT", "ACGGTN")),  # nothing follows the element
        (9, "A", ("ACGGTT", "ACGGTA")),
        (3, "C", ("ACGTAC", "ACGCAC")),
    ],
)
def test_letters_of_small_windows(place, alt, expected):
    found = cut(Frame(6, (3,), False, ""), encode("ACGTACGGTT"), np.array([place]), encode(alt))
    assert (letters(found.references[0]), letters(found.alternatives[0])) == expected


# The table


class Folder:
    """Files of a folder, whatever their digests."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        if not (self.folder / name).exists():
            raise Skipped(f"{name} not at hand")
        return self.folder / name


def line(position, ref, alt, barcodes, effect, p_value, name, release="GRCh37"):
    return "\t".join(map(str, ("19", position, ref, alt, barcodes, 1, 1, effect, p_value, name, release)))


@pytest.fixture
def toy(tmp_path):
    """Folder with LDLR.2, its repeat LDLR and IRF6 (- strand) on the same 240 letters, and the files beside.

    Three substitutions and a deletion at each position: effects and p values at random, 9 to 29 barcodes.
    """
    rng, known, rows = np.random.default_rng(3), element(240, seed=5), []
    for name in ("LDLR.2", "LDLR", "IRF6"):
        rows.append(line("NA", "NA", "NA", 9, 1, 0.5, name))
        for i, ref in enumerate(known):
            for alt in (*OTHERS[ref], "-"):
                p_value = 10.0 ** -rng.uniform(0, 10)
                rows.append(line(START + i, ref, alt, rng.integers(9, 30), round(rng.normal(), 4), p_value, name))
    rows.append(line(7, "A", "C", 99, 1, 0.5, "LDLR.2", "GRCh38"))
    header = "Chrom Pos Ref Alt Barcodes DNA RNA Coefficient pValue Element Release".replace(" ", "\t")
    (tmp_path / "elements.tsv.gz").write_bytes(gzip.compress("\n".join([header, *rows, ""]).encode()))
    listed = [f"19\t{START + i}\t{known[i]}\t{OTHERS[known[i]][0]}\tLDLR" for i in (0, 1, 2, 2, 50)]
    listed += [f"19\t{START - 1}\tA\tC\tLDLR", f"19\t{START + 9}\tA\tC\tIRF6"]
    (tmp_path / "TestDataset.txt").write_text("\n".join(["Chrom\tPos\tRef\tAlt\tPromoter_Enhancer", *listed, ""]))
    scores = [f"19,{START + i},A,C,0,0,0,release_LDLR,0,0,0,{i - 5}" for i in range(10)] + [
        f"1,{START + 20},A,C" + ",0" * 8
    ]
    (tmp_path / "cagi5_df.csv").write_text(
        "\n".join(
            ["#Chrom,Pos,Ref,Alt,Value,Confidence,class,regulatory_element,phastCon,phyloP,GerpN,GerpRS", *scores]
        )
    )
    return tmp_path, known


def variants(toy, name):
    return read(toy[0] / "elements.tsv.gz", EXPERIMENTS[name])


def build(toy, name="LDLR.2", split="all-snv", **more):
    asked = {"role": "test", "optional": ("TestDataset.txt", "cagi5_df.csv")} | more
    return Cagi5().build(Data(provider="cagi5", version=2, subset=name, split=split, **asked), Folder(toy[0]))


def test_minus_strand_is_reverse_complemented_with_its_alleles(toy):
    plus, minus = variants(toy, "LDLR.2"), variants(toy, "IRF6")
    assert letters(plus.reference) == toy[1]
    assert letters(minus.reference) == toy[1][::-1].translate(COMPLEMENT)
    assert np.array_equal(minus.place, 239 - plus.place)
    assert minus.alt_letter.tolist() == plus.alt_letter.tolist()
    letter = minus.alt_letter[~minus.deletion]
    assert letters(minus.alt[~minus.deletion]) == "".join(letter).translate(COMPLEMENT)
    assert (minus.alt[minus.deletion] == 4).all()
    assert np.array_equal(minus.deletion, minus.alt_letter == "-")


def test_rows_without_a_position_are_counted_and_those_of_another_release_are_not(toy):
    found = variants(toy, "LDLR.2")
    assert len(found.place) == 960
    assert found.unplaced == 1
    assert found.position.min() == START


def test_position_without_a_row_is_an_unknown_letter(tmp_path):
    rows = [line(position, "A", "C", 50, 0.1, 0.5, "RET") for position in (10, 11, 13)]
    (tmp_path / "gap.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    assert letters(read(tmp_path / "gap.gz", EXPERIMENTS["RET"]).reference) == "AANA"


def test_table_of_other_elements_is_refused(toy):
    with pytest.raises(InputError, match="no row of ZFAND3 in GRCh37; expected"):
        variants(toy, "ZFAND3")


# Sets, strata, controls, ceilings


def test_sets_keep_and_count(toy):
    found, files = variants(toy, "LDLR.2"), Folder(toy[0])
    substitutions, few = ~found.deletion, found.barcodes < 10
    assert few.any()
    chosen = choose("all-snv", "LDLR.2", found, files)
    assert np.array_equal(chosen.rows, np.flatnonzero(substitutions & ~few))
    assert chosen.left_out == {"deletions": 240, "under 10 barcodes": (substitutions & few).sum()}
    chosen = choose("deletions", "LDLR.2", found, files)
    assert np.array_equal(chosen.rows, np.flatnonzero(~substitutions & ~few))
    assert chosen.left_out == {"substitutions": 720, "under 10 barcodes": (~substitutions & few).sum()}
    chosen = choose("challenge", "LDLR.2", found, files)
    assert (found.position[chosen.rows] - START).tolist() == [0, 1, 2, 50]
    assert chosen.left_out == {"not in the table": 1}
    assert chosen.text.startswith("4 of the 5 variants that the CAGI5 challenge lists for LDLR")


@pytest.mark.parametrize(("split", "name"), [("challenge", "LDLR"), ("paper-test", "LDLR.2")])
def test_sets_without_the_experiment_are_refused(toy, split, name):
    with pytest.raises(InputError, match=f"subset of split {split} is '{name}'; expected 'GP1BB' or 'HBB'"):
        choose(split, name, variants(toy, name), Folder(toy[0]))


def test_strata_cut_where_they_say(toy):
    found = variants(toy, "LDLR.2")
    rows = np.flatnonzero(found.deletion)
    p_value = found.p_value[rows]
    told = strata(found, rows, sweep=True)
    assert list(told) == ["HC", "LC", "p 1e-3", "p 1e-4", "p 1e-6", "p 1e-8", "many barcodes"]
    for name, cut_at in {"HC": 1e-5, "p 1e-3": 1e-3, "p 1e-8": 1e-8}.items():
        assert np.array_equal(told[name], p_value <= cut_at)
    assert np.array_equal(told["LC"], ~told["HC"])
    assert np.array_equal(told["many barcodes"], found.barcodes[rows] >= np.median(found.barcodes[rows]))
    assert list(strata(found, rows, sweep=False)) == ["HC", "LC"]


def test_standard_error_gives_back_the_p_value(toy):
    found = variants(toy, "LDLR.2")
    found.p_value[:4], found.effect[:4] = [0.05, 0.01, 0, 1], [1.959964, -2.575829, 1, 1]
    error = standard_error(found)
    assert error[:2] == pytest.approx([1, 1], rel=1e-5)
    assert np.isnan(error[2:4]).all()


def test_position_mean_is_that_of_the_others(toy):
    found = variants(toy, "LDLR.2")
    told = controls.position_mean(found)
    lonely = 0
    for i in range(len(told)):
        others = [
            found.effect[j]
            for j in range(len(told))
            if j != i and found.place[j] == found.place[i] and found.alt[j] < 4 and found.barcodes[j] >= 10
        ]
        lonely += not others
        assert told[i] == pytest.approx(np.mean(others) if others else np.nan, abs=1e-6, nan_ok=True)
    found.barcodes[found.place == 7] = 9
    found.barcodes[np.flatnonzero(found.place == 7)[0]] = 10
    assert np.isnan(controls.position_mean(found)[found.place == 7]).tolist() == [True, False, False, False]


def test_no_variant_tells_of_itself(toy):
    found = variants(toy, "LDLR.2")
    before, here = controls.position_mean(found), 101
    found.effect[here] += 5
    after = controls.position_mean(found)
    beside = (found.place == found.place[here]) & (np.arange(len(after)) != here)
    assert after[here] == pytest.approx(before[here])
    assert (after[beside] > before[beside] + 1).all()


def test_conserved_bases_are_predicted_to_lose_activity(toy):
    told = controls.conservation(variants(toy, "LDLR.2"), Folder(toy[0]))
    place = variants(toy, "LDLR.2").place
    known = np.isfinite(told)
    assert np.array_equal(known, place < 10)  # a score of the same position on chromosome 1 is not this one's
    assert told[known].tolist() == (5.0 - place[known]).tolist()


def test_repeat_is_the_same_variant_elsewhere(toy):
    one, two = variants(toy, "LDLR.2"), variants(toy, "LDLR")
    told = controls.repeat(one, two)
    where = {key: j for j, key in enumerate(two.names())}
    for i, key in enumerate(one.names()):
        enough = two.barcodes[where[key]] >= 10
        assert told[i] == pytest.approx(two.effect[where[key]] if enough else np.nan, nan_ok=True)


def test_ceilings_are_correlations_on_shared_rows():
    rng = np.random.default_rng(0)
    effect = rng.normal(size=60).astype(np.float32)
    repeat = effect + rng.normal(size=60)
    repeat[::7] = np.nan
    known, half = np.isfinite(repeat), np.arange(60) < 30
    few = np.isin(np.arange(60), np.flatnonzero(known)[:9])
    found = of_repeat(effect, repeat, {"HC": half, "few": few})
    assert found == pytest.approx(
        {
            "pearson": pearsonr(effect[known], repeat[known])[0],
            "spearman": spearmanr(effect[known], repeat[known])[0],
            "pearson@HC": pearsonr(effect[known & half], repeat[known & half])[0],
            "spearman@HC": spearmanr(effect[known & half], repeat[known & half])[0],
        }
    )
    assert of_repeat(effect, np.where(known, 1.0, np.nan), {}) == {}


# The sample


def test_what_it_refuses(toy):
    with pytest.raises(InputError, match=r"no subset 'LDLR2'; did you mean 'LDLR.2'\?"):
        build(toy, "LDLR2")
    for split in ("overlap", "all-snv/centre", ""):
        with pytest.raises(InputError, match=rf"split is '{split}'; expected 'all-snv' or .* ending in /offsets"):
            build(toy, split=split)
    with pytest.raises(InputError, match="role 'training', shift ''; expected 'test' and none"):
        build(toy, role="training")
    with pytest.raises(Skipped, match=r"elements\.tsv\.gz"):
        build((toy[0] / "none", ""))
    (toy[0] / "TestDataset.txt").unlink()
    with pytest.raises(Skipped, match="TestDataset"):
        build(toy, split="challenge")


def test_real_files_are_asked_for_by_name(tmp_path):
    data = Data(provider="cagi5", version=2, role="test", subset="HBB", split="all-snv")
    with pytest.raises(Skipped, match=r"elements\.tsv\.gz"):
        Cagi5().build(data, Files(data_dir=tmp_path, cache=tmp_path, offline=True))


@pytest.mark.parametrize("split", ["all-snv", "all-snv/offsets", "all-snv/paper-window", "deletions", "challenge"])
@pytest.mark.parametrize("name", ["LDLR.2", "IRF6"])
def test_sample_holds_each_variant_beside_its_reference(toy, name, split):
    sample = build(toy, name, split).samples["test"]
    check_sample(sample, split)
    assert sample.sequence.shape[1] == 230
    assert len(set(sample.id.tolist())) == len(sample.id)
    assert sample.outputs == ("HepG2",)
    variant, adapted = sample.reference >= 0, "paper" not in split
    if adapted:
        assert all(letters(row).startswith(LEFT) and letters(row).endswith(RIGHT) for row in sample.sequence)
    table = sample.table
    assert (table["variant"][~variant] == -1).all()
    assert np.isnan(sample.observed[~variant]).all()
    assert not table["confident"][~variant].any()
    minus = name == "IRF6"
    for row in np.flatnonzero(variant & (table["alt"] != "-")):
        alt, ref = sample.sequence[row], sample.sequence[sample.reference[row]]
        (place,) = np.flatnonzero(alt != ref)
        published = [table[column][row] for column in ("ref", "alt")]
        expected = [letter.translate(COMPLEMENT) if minus else letter for letter in published]
        assert [letters(ref[[place]]), letters(alt[[place]])] == expected
    seen = np.unique(table["variant"][variant], return_counts=True)[1]
    assert (seen.max() > 1) == ("offsets" in split)
    for number in range(len(seen)):
        rows = table["variant"] == number
        assert len({sample.observed[row, 0] for row in np.flatnonzero(rows)}) == 1
        assert len(set(sample.group[rows])) == 1


def test_blocks_hold_ten_adjacent_positions(toy):
    sample = build(toy, "IRF6").samples["test"]
    blocks = [sample.table["position"][(sample.group == b) & (sample.reference >= 0)] for b in np.unique(sample.group)]
    assert len(blocks) == 24
    assert max(np.ptp(block) for block in blocks) == 9


def test_smaller_set_lies_in_the_larger_with_the_same_strata(toy):
    whole, small, smaller = (build(toy, rows=rows).samples["test"] for rows in (0, 200, 40))
    assert (small.reference >= 0).sum() == 200
    assert set(smaller.id) < set(small.id) < set(whole.id)
    row = {name: i for i, name in enumerate(whole.id.tolist())}
    same = [row[name] for name in small.id.tolist()]
    for name, column in small.table.items():
        if name.startswith(("stratum:", "control:")):
            assert np.array_equal(column, whole.table[name][same], equal_nan=True), name
    assert any(column.any() and not column.all() for name, column in small.table.items() if name == "stratum:HC")


def test_predicted_effect_is_the_mean_over_the_windows_of_a_variant(toy):
    sample = build(toy, split="all-snv/offsets").samples["test"]
    mean = np.random.default_rng(1).normal(size=(len(sample.id), 1)).astype(np.float32)
    found = TestSet(sample, "difference", 0, 10, "draws")
    (target,) = found.targets["observed", ""]
    numbers = sample.table["variant"][target.rows]
    assert len(set(numbers)) == len(numbers) == sample.table["variant"].max() + 1
    compared = found.compared(mean, 0)
    for row, number in zip(target.rows, numbers, strict=True):
        rows = np.flatnonzero(sample.table["variant"] == number)
        by_hand = np.mean([float(mean[i, 0]) - float(mean[sample.reference[i], 0]) for i in rows])
        assert compared[row] == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize("control", [PositionMean(), Conservation(), Repeat()])
def test_controls_answer_with_their_column(toy, control):
    sample = build(toy, split="all-snv/offsets").samples["test"]
    facts = {"annotations": annotations(sample)}
    prediction = control.predict({"outputs": np.array(1)}, sample.sequence, facts)
    found = TestSet(sample, "difference", 0, 10, "draws")
    (target,) = found.targets["observed", ""]
    column = sample.table[f"control:{control.name}"][target.rows]
    kept = prediction.kept[target.rows, 0]
    assert np.array_equal(kept, np.isfinite(column))
    assert kept.sum() > 0
    assert found.compared(prediction.mean, 0)[target.rows][kept] == pytest.approx(column[kept], abs=1e-6)
    assert prediction.quantiles.shape == (len(sample.id), 1, len(QUANTILES))
    assert isinstance(prediction, Prediction)


def test_facts_tell_what_was_left_out_and_what_stands_for_what(toy):
    facts = build(toy, "LDLR.2").facts
    assert facts["variants"] + facts["left_out"]["under 10 barcodes"] == 720
    assert facts["left_out"]["without a position"] == 1
    assert (facts["cell"], facts["match"], facts["leakage"]) == ("HepG2", "same", "reference in training")
    assert facts["ceiling_source"].startswith("the repeat experiment LDLR, on the ")
    assert set(facts["ceiling"]) >= {"pearson", "spearman", "spearman@HC", "spearman@LC"}
    assert sum("ENSG00000130164" in note for note in facts["notes"]) == 1
    assert not any("ENSG" in note for note in build(toy, "IRF6").facts["notes"])


def test_without_the_files_beside_it_nothing_of_them_is_known(toy):
    built = build(toy, "IRF6", optional=())
    assert np.isnan(built.samples["test"].table["control:conservation"][built.samples["test"].reference >= 0]).all()
    assert built.facts["ceiling"] == {}
    assert any("Conservation is not known" in note for note in built.facts["notes"])


# The table of experiments


def test_experiments_fit_together():
    assert (len(EXPERIMENTS), len(ELEMENTS)) == (29, 21)
    assert {each.element for each in EXPERIMENTS.values()} == set(ELEMENTS)
    assert {each.cell for each in EXPERIMENTS.values()} == set(CELLS)
    assert {asked.output for asked in CELLS.values()} <= set(OUTPUTS)
    assert all((cell == asked.output) == (asked.match == "same") for cell, asked in CELLS.items())
    for name, each in EXPERIMENTS.items():
        if each.repeat:
            other = EXPERIMENTS[each.repeat]
            assert (each.element, each.cell) == (other.element, other.cell)
            assert each.repeat != name
    challenge = [each.challenge for each in EXPERIMENTS.values() if each.challenge]
    assert len(challenge) == len(set(challenge)) == 15


def test_split_names_a_set_and_a_frame():
    assert named("paper-test/paper-window") == ("paper-test", "paper-window")
    assert named("deletions") == ("deletions", "")
