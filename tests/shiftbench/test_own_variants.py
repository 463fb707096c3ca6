"""Own variants: what is refused and with which words, alleles of every kind, windows, test sets, and both formats."""

import gzip

import numpy as np
import pandas as pd
import pytest

from shiftbench.arrays import check_sample
from shiftbench.errors import InputError
from shiftbench.own.content import identified
from shiftbench.own.variants import OwnVariants
from shiftbench.own.variants_elements import LEAST, REST
from shiftbench.own.variants_load import load
from shiftbench.own.variants_windows import frame, inside, lay
from shiftbench.spec import Data, Variants
from shiftbench.targets import TestSet
from shiftbench.tasks.lentimpra import encode
from tests.naive import changed_window

OTHERS = {letter: [each for each in "ACGT" if each != letter] for letter in "ACGT"}
HEAD = ("element", "position", "ref", "alt", "effect", "p")
VCF = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def letters(row):
    return "".join("ACGTN"[code] for code in row)


def element(length, seed=0):
    return "".join(np.random.default_rng(seed).choice([*"ACGT"], length))


ONE, TWO = element(260, 1), element(150, 2)
REFERENCES = {"one": ONE, "two": TWO}


def substitutions(name, known, seed=0):
    """All substitutions of an element, with effects and p values at random."""
    rng = np.random.default_rng(seed)
    return [
        (name, at + 1, ref, alt, round(rng.normal(), 3), round(rng.uniform(), 4))
        for at, ref in enumerate(known)
        for alt in OTHERS[ref]
    ]


def write_fasta(folder, references=REFERENCES):
    text = "".join(f">{name} some words\n{known[:70]}\n{known[70:].lower()}\n" for name, known in references.items())
    (folder / "references.fa").write_text(text)
    return str(folder / "references.fa")


@pytest.fixture
def asked(tmp_path):
    """Maker of records of variants in a file of the given rows or text, beside the FASTA of both elements."""

    def make(content, name="variants.tsv", references=REFERENCES, **more):
        path = tmp_path / name
        if isinstance(content, str):
            path.write_text(content)
        else:
            pd.DataFrame(content, columns=list(HEAD)).to_csv(path, sep="\t", index=False)
        known = {"confidence": "p", "at_most": 0.3, "output": "cell", "window": 200, "left": "ACGTA", "right": "GG"}
        return identified(Variants(file=str(path), fasta=write_fasta(tmp_path, references), **known | more))

    return make


def build(asked, subset="one", split="substitutions", rows=0):
    data = Data(provider="variants", version=1, role="test", subset=subset, split=split, variants=asked, rows=rows)
    return OwnVariants().build(data, None)


# What is wrong with a table


def one_row(**more):
    """A right row of a table, changed, after another one, as text."""
    row = {"element": "one", "position": 12, "ref": ONE[11], "alt": OTHERS[ONE[11]][0], "effect": 0.5, "p": 0.01}
    right = ("two", 3, TWO[2], OTHERS[TWO[2]][0], -1, 0.5)
    return "\n".join(["\t".join(HEAD), "\t".join(map(str, right)), "\t".join(map(str, (row | more).values())), ""])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"element": "ones"}, r"line 3, column 'element': 'ones' is no entry of .*references.fa; did you mean 'one'\?"),
        ({"position": 0}, "line 3, column 'position': 0; expected 1 to 260 .* since one has 260 letters; if the first"),
        ({"position": 261}, "line 3, column 'position': 261; expected 1 to 260"),
        ({"position": "1.5"}, "line 3, column 'position': 1.5; expected a whole number"),
        ({"position": "x"}, "line 3, column 'position': found 'x'; expected a finite number"),
        ({"ref": "R"}, "line 3, column 'ref': 'R'; expected letters A C G T, or - for none"),
        ({"alt": "N"}, "line 3, column 'alt': 'N'; expected letters A C G T"),
        ({"alt": ONE[11].lower()}, "line 3, column 'alt': '[ACGT]' is the reference allele; expected another one"),
        ({"effect": "high"}, "line 3, column 'effect': found 'high'; expected a finite number"),
        ({"effect": "inf"}, "line 3, column 'effect': found 'inf'; expected a finite number"),
        ({"p": "<1e-5"}, "line 3, column 'p': found '<1e-5'; expected a finite number"),
        (
            {"element": "two", "position": 3, "ref": TWO[2], "alt": OTHERS[TWO[2]][0]},
            r"line 3, column 'alt': the variant of line 2 again; expected each once \(1 are not\)",
        ),
    ],
)
def test_wrong_fields_are_named_by_line_and_column(asked, changed, message):
    with pytest.raises(InputError, match=message):
        load(asked(one_row(**changed)))


def test_wrong_files_are_refused(asked, tmp_path):
    for content, message in (
        ("\t".join(HEAD) + "\n", "no row; expected variants below the header"),
        (one_row(effect="NA").replace("\t-1\t", "\t\t"), r"no variant is left of 2 rows \(2 without an effect\)"),
        (one_row().replace("effect", "beta"), "--variant-effect: no column 'effect'; known: alt, beta, element"),
    ):
        with pytest.raises(InputError, match=message):
            load(asked(content))
    with pytest.raises(InputError, match="--references: none; expected a FASTA"):
        load(Variants(file="a.tsv"))
    with pytest.raises(InputError, match=r"nowhere.fa: cannot read \(No such file"):
        load(Variants(file=asked(one_row()).file, fasta=str(tmp_path / "nowhere.fa")))


@pytest.mark.parametrize(
    "more",
    [{"confidence": ""}, {"at_most": None}, {"at_least": 5.0}, {"confidence": "", "at_most": None, "at_least": 1.0}],
)
def test_confidence_needs_one_bound(asked, more):
    with pytest.raises(InputError, match="expected --variant-confidence with either --confident-at-most"):
        load(asked(one_row(), **more))


# References that are not what the alleles say


def shifted(rows, by):
    return [(name, at + by, *more) for name, at, *more in rows]


def turned(rows, references=REFERENCES, mirrored=False):
    """Alleles of the other strand, with positions counted from the other end too if `mirrored`."""
    other = str.maketrans("ACGT", "TGCA")
    return [
        (name, len(references[name]) + 1 - at if mirrored else at, ref.translate(other), alt.translate(other), *more)
        for name, at, ref, alt, *more in rows
    ]


BOTH = substitutions("one", ONE)[:300] + substitutions("two", TWO)[30:200]


@pytest.mark.parametrize(
    ("rows", "hint", "zero_based"),
    [
        (shifted(BOTH, -1)[3:], "100% would agree one letter later: .* so give --zero-based", False),
        (BOTH, "100% would agree one letter earlier: .* so leave --zero-based away", True),
        (turned(BOTH), "100% would agree with complementary letters: alleles look to be of the other strand", False),
        (turned(BOTH, mirrored=True), "100% would agree counted from the other end with comp.* so turn it", False),
        (shifted(BOTH, 2), "No shift by one letter and no other strand explains it", False),
    ],
)
def test_reference_that_disagrees_is_told_with_what_would_agree(asked, rows, hint, zero_based):
    with pytest.raises(InputError, match=hint) as raised:
        load(asked(rows, zero_based=zero_based))
    line = int(str(raised.value).split("line ")[1].split(",")[0])
    name, at, ref = rows[line - 2][:3]
    assert REFERENCES[name][at - (not zero_based)] != ref  # the line that it names is the first that is wrong
    assert all(REFERENCES[n][p - (not zero_based)] == r for n, p, r, *_ in rows[: line - 2])


def test_one_wrong_letter_is_told_without_a_hint_at_shifts(asked):
    rows = list(BOTH)
    wrong = OTHERS[rows[7][2]][0]
    rows[7] = (*rows[7][:2], wrong, OTHERS[wrong][0], *rows[7][4:])
    with pytest.raises(InputError, match=rf"line 9, column 'ref': '{wrong}', but .* has '{BOTH[7][2]}' there \(one, "):
        load(asked(rows))
    with pytest.raises(InputError, match=r"1 of 470 variants disagree\. No shift"):
        load(asked(rows))


def test_positions_may_count_from_0(asked):
    one, other = load(asked(BOTH)), load(asked(shifted(BOTH, -1), "zero.tsv", zero_based=True))
    assert np.array_equal(one.placed.place, other.placed.place)
    assert np.array_equal(one.known["position"] - 1, other.known["position"])


# What is left out, and told


def test_rows_without_numbers_and_symbolic_alleles_are_left_out_and_counted(asked):
    rows = [list(row) for row in BOTH]
    rows[0][4], rows[1][4], rows[2][5], rows[3][1] = "", "NA", "nan", "."
    rows[4][3], rows[5][3] = "<DEL>", "*"
    found = load(asked(rows)).placed
    assert len(found.place) == len(BOTH) - 6
    assert found.rows.left_out == {
        "with a symbolic alternative (such as <DEL> or *)": 2,
        "without a position": 1,
        "without an effect": 2,
        "without a confidence": 1,
    }
    notes = " ".join(build(asked(rows)).facts["notes"])
    assert "Left out of variants.tsv: 2 with a symbolic alternative (such as <DEL> or *); 1 without a position" in notes


def test_names_that_differ_by_chr_are_tolerated_and_told(asked):
    for prefix, other in (("chr", ""), ("", "chr")):
        rows = [(f"{prefix}{name}", *more) for name, *more in BOTH]
        found = load(asked(rows, references={f"{other}{name}": known for name, known in REFERENCES.items()})).placed
        assert set(found.element.tolist()) == {f"{other}one", f"{other}two"}
        assert found.notes[0].startswith("Names that differ by chr alone are taken for the same: ")
    unused = asked(BOTH, references=REFERENCES | {"three": "ACGT" * 30})
    assert load(unused).placed.notes == ("1 of 3 entries of references.fa have no variant.",)


# Alleles


@pytest.mark.parametrize(
    ("at", "ref", "alt", "place", "removed", "inserted"),
    [
        (12, ONE[11], "-", 11, 1, ""),
        (12, ONE[11:14], "", 11, 3, ""),
        (12, "-", "GATTACA", 11, 0, "GATTACA"),
        (11, ONE[10:12], ONE[10], 11, 1, ""),  # as a VCF says it
        (11, ONE[10], ONE[10] + "GG", 11, 0, "GG"),
        (11, ONE[10:13], ONE[10] + OTHERS[ONE[11]][0] + ONE[12], 11, 1, OTHERS[ONE[11]][0]),
        (11, ONE[10:12], OTHERS[ONE[10]][0] + OTHERS[ONE[11]][0], 10, 2, OTHERS[ONE[10]][0] + OTHERS[ONE[11]][0]),
        (261, "-", "AC", 260, 0, "AC"),
    ],
)
def test_alleles_lose_what_they_share(asked, at, ref, alt, place, removed, inserted):
    found = load(asked([("one", at, ref, alt, 0.5, 0.01)])).placed
    assert (found.place[0], found.removed[0], found.inserted[0]) == (place, removed, inserted)
    assert found.single[0] == (removed == 1 and len(inserted) == 1)


@pytest.mark.parametrize("length", [150, 199, 200, 203, 330])
@pytest.mark.parametrize("name", ["", "offsets"])
def test_windows_are_those_of_the_plain_twin(name, length):
    """Changes of every kind at random, and at both ends, against one written with strings."""
    rng = np.random.default_rng(length)
    known, laid = element(length), frame(name, 200)
    place = np.concatenate([[0, 0, length - 1, length], rng.integers(0, length, 60)])
    removed = np.minimum(np.concatenate([[1, 0, 1, 0], rng.integers(0, 5, 60)]), length - place)
    inserted = np.array(["", "GAT", "", "CC", *("".join(rng.choice([*"ACGT"], rng.integers(0, 4))) for _ in range(60))])
    windows = lay(laid, encode(known), place, removed, inserted)
    pairs = [set() for _ in place]
    for row, variant in enumerate(windows.variant):
        pairs[variant].add((letters(windows.references[windows.reference[row]]), letters(windows.alternatives[row])))
    every = list(zip(place.tolist(), removed.tolist(), inserted.tolist(), strict=True))
    assert pairs == [{changed_window(known, *one, laid.width, offset) for offset in laid.offsets} for one in every]
    shown = inside(windows, 200, place, removed, inserted)
    assert not shown[3] or length < 200  # what is inserted behind the last letter of a full window is not in it
    for (at, gone, new), seen, pair in zip(every, shown, pairs, strict=True):
        assert not seen or all(one != other for one, other in pair), (at, gone, new)


@pytest.mark.parametrize(
    ("at", "inserted", "whole"), [(259, "G", True), (259, "GC", False), (258, "GC", True), (260, "G", False)]
)
def test_insertion_at_the_end_of_a_window_must_be_whole_in_it(at, inserted, whole):
    known, one = encode("A" * 260), [np.array([at]), np.array([0]), np.array([inserted])]
    assert inside(lay(frame("", 200), known, *one), 200, *one).tolist() == [whole]


def test_change_that_its_window_does_not_show_is_left_out_and_told(asked):
    rows = [("one", at, ONE[at - 1], "-", 0.5, 0.2) for at in range(1, 61, 2)] + [("one", 261, "-", "AC", 1, 0.2)]
    built = build(asked(rows), split="indels")
    assert built.facts["left_out"] == {"not wholly within their window": 1}
    assert built.facts["variants"] == 30
    assert "1 more do not show wholly in their window and are left out" in built.facts["notes"][-1]
    assert max(built.samples["test"].table["position"]) == 59


# Test sets and the sample


def test_elements_with_few_variants_are_one_test_set(asked):
    few = substitutions("two", TWO)[: LEAST - 1]
    found = load(asked(substitutions("one", ONE) + few))
    assert list(found.sets("substitutions")) == ["one", REST]
    built = build(asked(substitutions("one", ONE) + few), REST)
    assert (built.samples["test"].reference >= 0).sum() == LEAST - 1
    assert np.isnan(built.samples["test"].table["control:centre_distance"]).all()
    assert list(load(asked(few)).sets("indels")) == []
    with pytest.raises(InputError, match="no subset 'one'; known: other elements"):
        build(asked(few))


@pytest.mark.parametrize("split", ["substitutions", "substitutions/offsets", "indels"])
@pytest.mark.parametrize("name", ["one", "two"])
def test_sample_holds_each_variant_beside_its_reference(asked, name, split):
    known = REFERENCES[name]
    indels = [(name, at, known[at - 1], "-", 0.5, 0.1) for at in range(1, len(known), 3)]
    built = build(asked(substitutions(name, known) + indels), name, split)
    sample = built.samples["test"]
    check_sample(sample, split)
    assert sample.sequence.shape[1] == 207
    assert all(letters(row).startswith("ACGTA") and letters(row).endswith("GG") for row in sample.sequence)
    assert len(set(sample.id.tolist())) == len(sample.id)
    assert sample.outputs == ("cell",)
    variant, table = sample.reference >= 0, sample.table
    assert len(np.unique(table["variant"][variant])) == (len(indels) if split == "indels" else 3 * len(known))
    assert np.array_equal(table["stratum:HC"][variant], table["confidence"][variant] <= 0.3)
    assert np.array_equal(table["stratum:LC"], ~table["stratum:HC"] & variant)
    blocks = [table["position"][(sample.group == b) & variant] for b in np.unique(sample.group)]
    assert len(blocks) == -(-len(known) // 10)
    assert max(np.ptp(block) for block in blocks) <= 9
    centre = np.abs(table["position"] - (len(known) + 1) / 2) - len(known) / 2
    assert table["control:centre_distance"][variant] == pytest.approx(centre[variant])
    assert (table["control:centre_distance"][variant] < 0).all()


def test_position_mean_leaves_the_variant_itself_out_and_reads_substitutions_alone(asked):
    rows = substitutions("one", ONE) + [("one", at, ONE[at - 1], "-", 9, 0.1) for at in range(1, 61)]
    of = {}
    for _, at, _, alt, effect, _ in rows[:-60]:
        of.setdefault(at, {})[alt] = effect
    for split in ("substitutions", "indels"):
        table = build(asked(rows), split=split).samples["test"].table
        for at, alt, told in zip(*(table[key] for key in ("position", "alt", "control:position_mean")), strict=True):
            if at > 0:
                others = [effect for letter, effect in of[at].items() if letter != alt]
                assert told == pytest.approx(np.mean(others), abs=1e-6)


def test_smaller_set_lies_in_the_larger(asked):
    made = asked(substitutions("one", ONE))
    whole, small = (build(made, rows=rows).samples["test"] for rows in (0, 90))
    assert (small.reference >= 0).sum() == 90
    assert set(small.id) < set(whole.id)


def test_repeat_is_a_control_and_the_ceiling(asked):
    rows = substitutions("one", ONE)
    frame = pd.DataFrame(rows, columns=list(HEAD))
    frame["again"] = frame["effect"] + np.random.default_rng(0).normal(size=len(rows))
    frame.loc[::7, "again"] = np.nan
    built = build(asked(frame.to_csv(sep="\t", index=False), repeat="again"))
    known = frame["again"].notna()
    expected = np.corrcoef(frame["effect"][known], frame["again"][known])[0, 1]
    assert built.facts["ceiling"]["pearson"]["cell"] == pytest.approx(expected, abs=1e-6)
    assert {"spearman@HC", "spearman@LC"} < set(built.facts["ceiling"])
    found = TestSet(built.samples["test"], "difference", 0, 10, "draws")
    assert np.isfinite(found.known("repeat", 0)).sum() == known.sum()


def test_without_a_confidence_there_is_no_stratum(asked):
    built = build(asked(substitutions("one", ONE), confidence="", at_most=None))
    assert not any(name.startswith("stratum") or name == "confident" for name in built.samples["test"].table)
    assert "high confidence" not in " ".join(built.facts["notes"]).lower()


def test_confidence_may_grow(asked):
    table = build(asked(substitutions("one", ONE), at_most=None, at_least=0.7)).samples["test"].table
    assert np.array_equal(table["confident"][table["variant"] >= 0], table["confidence"][table["variant"] >= 0] >= 0.7)


# Chromosomes


def test_runs_of_variants_on_a_chromosome_are_elements_in_windows_of_it(asked):
    chromosome = element(20_000, 9)
    runs = {"chr7:5001-5060": range(5000, 5060), "chr7:5260-5289": range(5259, 5289), "chr7:1-30": range(30)}
    rows = [("7", at + 1, chromosome[at], OTHERS[chromosome[at]][0], 0.1, 0.2) for run in runs.values() for at in run]
    rows.append(("7", 15_000, chromosome[14_999], OTHERS[chromosome[14_999]][1], 0.3, 0.1))
    made = asked(rows, references={"chr7": chromosome})
    found = load(made).sets("substitutions")
    assert set(found) == {*runs, REST}
    for name, run in {**runs, REST: [14_999]}.items():
        sample = build(made, name).samples["test"]
        for row in np.flatnonzero(sample.reference >= 0):
            at = int(sample.table["position"][row]) - 1
            start = min(max(at - 100, 0), 19_800)
            assert letters(sample.sequence[sample.reference[row], 5:-2]) == chromosome[start : start + 200]
            assert at in run
    notes = " ".join(build(made, "chr7:1-30").facts["notes"])
    assert "References over 10,000 letters are taken for chromosomes" in notes


# VCF


def vcf(rows, head=VCF):
    """Rows as a VCF with the letter before what is deleted or inserted, alternatives of a position on one line."""
    lines = {}
    for name, at, *alleles, effect, p in rows:
        place, anchor = at, ""
        if "-" in alleles:
            place, anchor = at - 1, REFERENCES[name][at - 2]
        ref, alt = (f"{anchor}{allele}".replace("-", "") for allele in alleles)
        lines.setdefault((name, place, ref), []).append((alt, effect, p))
    text = [
        "\t".join([name, str(place), ".", ref, ",".join(alt for alt, _, _ in told), ".", "PASS",
                   f"EFF={','.join(str(e) for _, e, _ in told)};DB;P={','.join(str(p) for _, _, p in told)}"])
        for (name, place, ref), told in lines.items()
    ]  # fmt: skip
    return head + "\n".join(text) + "\n"


def test_vcf_and_table_make_the_same_samples(asked, tmp_path):
    rows = substitutions("one", ONE) + [("one", at, ONE[at - 1], "-", at / 9, 0.2) for at in range(2, 200, 4)]
    keys = {"effect": "EFF", "confidence": "P"}
    table = asked(rows)
    pd.DataFrame(rows, columns=list(HEAD)).to_parquet(tmp_path / "variants.parquet")
    with gzip.open(tmp_path / "packed.vcf.gz", "wt") as file:
        file.write(vcf(rows))
    plain = asked(vcf(rows), "variants.vcf", **keys)
    packed = identified(Variants(**{**_fields(plain), "file": str(tmp_path / "packed.vcf.gz")}))
    parquet = identified(Variants(**{**_fields(table), "file": str(tmp_path / "variants.parquet")}))
    assert packed.digest == plain.digest != table.digest
    for split in ("substitutions", "substitutions/offsets", "indels"):
        expected = by_effect(build(table, split=split).samples["test"])
        assert expected == by_effect(build(parquet, split=split).samples["test"])
        assert expected == by_effect(build(plain, split=split).samples["test"])
        assert expected == by_effect(build(packed, split=split).samples["test"])
        assert len(expected) >= 49


def _fields(record):
    return {name: getattr(record, name) for name in record.__struct_fields__}


def by_effect(sample):
    """What is compared of a sample, whatever order and names the variants have."""
    rows = np.flatnonzero(sample.reference >= 0)
    return sorted(
        (letters(sample.sequence[row]), letters(sample.sequence[sample.reference[row]]), float(sample.observed[row, 0]),
         bool(sample.table["confident"][row]), round(float(sample.table["control:position_mean"][row]), 6))
        for row in rows
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("one\t1\n", "line 1: 'one.*' before the header; expected #CHROM"),
        ("##a\n", "no header; expected a VCF with a line #CHROM"),
        ("#CHROM POS\n", "line 1: header '#CHROM POS'; expected #CHROM POS ID REF ALT QUAL FILTER INFO, by tabs"),
        (f"{VCF}one\t1\n", "line 3: 2 columns; expected at least 8, divided by tabs"),
        (f"{VCF}one\t1\t.\tA\tC,G\t.\t.\tEFF=1;P=.1,.2\n", "line 3, INFO EFF: 1 values for 2 alternatives; expected"),
        (
            f"{VCF}one\t1\t.\tA\tC\t.\t.\tEFFECT=1;P=.1\n",
            "--variant-effect: INFO of no line has the key 'EFF'; did you",
        ),
        (f"{VCF}one\t1\t.\tA\tC\t.\t.\t.\n", "--variant-effect: INFO of no line has the key 'EFF'; INFO is empty"),
        (f"{VCF}one\t1\t.\tA\tC\t.\t.\tEFF=x;P=.1\n", "line 3, column 'INFO EFF': found 'x'; expected a finite number"),
        (f"{VCF}one\tx\t.\tA\tC\t.\t.\tEFF=1;P=.1\n", "line 3, column 'POS': found 'x'; expected a finite number"),
        (f"{VCF}one\t1\t.\tAN\tC\t.\t.\tEFF=1;P=.1\n", "line 3, column 'REF': 'AN'; expected letters A C G T"),
    ],
)
def test_wrong_vcfs_are_refused_by_line(asked, content, message):
    with pytest.raises(InputError, match=message):
        load(asked(content, "variants.vcf", effect="EFF", confidence="P"))


def test_vcf_counts_from_1_and_tells_what_it_lacks(asked):
    rows = substitutions("one", ONE)
    text = vcf(rows) + f"one\t9\t.\t{ONE[8]}\t.\t.\t.\tEFF=1;P=1\none\t10\t.\t{ONE[9]}\t<DUP>\t.\t.\tP=1\n"
    with pytest.raises(InputError, match="--zero-based; expected none, since the positions of a VCF count from 1"):
        load(asked(text, "variants.vcf", effect="EFF", confidence="P", zero_based=True))
    found = load(asked(text, "variants.vcf", effect="EFF", confidence="P")).placed.rows
    assert found.left_out == {"without an alternative": 1, "with a symbolic alternative (such as <DEL> or *)": 1}
    assert len(found.kept) == len(rows)
