"""Own variants on the published saturation mutagenesis: the same samples as the tried task, from a table and a VCF."""

import csv

import numpy as np
import pytest

from shiftbench.own.content import identified
from shiftbench.own.variants import OwnVariants
from shiftbench.own.variants_load import load
from shiftbench.spec import Data, Variants
from shiftbench.tasks.cagi5 import Cagi5
from shiftbench.tasks.cagi5_elements import EXPERIMENTS
from shiftbench.tasks.cagi5_strata import CONFIDENT
from shiftbench.tasks.cagi5_variants import MIN_BARCODES, VARIANTS, complement, read
from shiftbench.tasks.lentimpra import LEFT, RIGHT, encode

NAMES = ("GP1BB", "HBB")
"""One of 385 letters on the + strand, and one of 187, shorter than a window, on the -."""
WINDOWS = {"all-snv": "substitutions", "all-snv/offsets": "substitutions/offsets", "deletions": "indels"}


def letters(row):
    return "".join("ACGTN"[code] for code in row)


@pytest.fixture(scope="module")
def published(real_files):
    return {name: read(real_files.path(VARIANTS), EXPERIMENTS[name]) for name in NAMES}


@pytest.fixture(scope="module")
def written(real_data, published, tmp_path_factory):
    """Both elements, on the strand that the task shows, as a table, as a VCF, and with the FASTA beside.

    The letters of the FASTA are those of the derived windows, not of the table of variants.
    """
    folder = tmp_path_factory.mktemp("own")
    (path,) = real_data.rglob("reference_windows.tsv")
    with path.open(newline="") as file:
        known = {row["element"]: row["ref_seq_GRCh37"] for row in csv.DictReader(file, delimiter="\t")}
    elements, table, vcf = {}, ["element\tposition\tref\talt\teffect\tp"], []
    for name, variants in published.items():
        codes = encode(known[EXPERIMENTS[name].table])
        elements[name] = letters(complement(codes[::-1]) if EXPERIMENTS[name].strand == "-" else codes)
        for row in np.flatnonzero(variants.counted):
            at, alt = int(variants.place[row]), "ACGT-"[variants.alt[row]]
            numbers = (float(variants.effect[row]), float(variants.p_value[row]))
            table.append("\t".join(map(str, (name, at + 1, elements[name][at], alt, *map(repr, numbers)))))
            vcf.append(as_vcf(name, elements[name], at, alt, numbers))
    (folder / "own.fa").write_text("".join(f">{name}\n{text}\n" for name, text in elements.items()))
    (folder / "own.tsv").write_text("\n".join([*table, ""]))
    head = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    (folder / "own.vcf").write_text("\n".join(["##fileformat=VCFv4.3", head, *vcf, ""]))
    return folder


def as_vcf(name, element, at, alt, numbers):
    """A line of a VCF, a deletion with the letter before it, of the first letter with the one after it."""
    if alt != "-":
        place, ref = at, element[at]
    elif at:
        place, ref, alt = at - 1, element[at - 1 : at + 1], element[at - 1]
    else:
        place, ref, alt = 0, element[:2], element[1]
    return "\t".join([name, str(place + 1), ".", ref, alt, ".", ".", "EFFECT={!r};P={!r}".format(*numbers)])


@pytest.fixture(scope="module")
def build(written):
    def make(ending, name, split):
        keys = {"effect": "EFFECT", "confidence": "P"} if ending == ".vcf" else {"confidence": "p"}
        shown = {"at_most": CONFIDENT, "output": EXPERIMENTS[name].asked.output}
        ends = {"window": 200, "left": LEFT, "right": RIGHT}
        asked = Variants(file=str(written / f"own{ending}"), fasta=str(written / "own.fa"), **keys, **shown, **ends)
        data = Data(provider="variants", version=1, role="test", subset=name, split=split, variants=identified(asked))
        return OwnVariants().build(data, None).samples["test"]

    return make


def compared(sample):
    """Rows that show a variant, whatever their names and order: letters, effects, strata, controls and blocks."""
    found = []
    for row in np.flatnonzero(sample.reference >= 0).tolist():
        told = [sample.table[name][row] for name in ("stratum:HC", "stratum:LC", "control:position_mean")]
        effect, reference = sample.observed[row, 0], sample.sequence[sample.reference[row]]
        found.append((letters(sample.sequence[row]), letters(reference), float(effect), *map(float, told)))
    return sorted(found), np.unique(np.unique(sample.group, return_counts=True)[1], return_counts=True)


@pytest.mark.parametrize("split", WINDOWS)
@pytest.mark.parametrize("name", NAMES)
def test_table_and_vcf_make_the_samples_of_the_tried_task(build, real_files, name, split):
    data = Data(provider="cagi5", version=Cagi5.version, role="test", subset=name, split=split)
    tried = Cagi5().build(data, real_files).samples["test"]
    rows, blocks = compared(tried)
    assert len(rows) >= 35
    for ending in (".tsv", ".vcf"):
        own = build(ending, name, WINDOWS[split])
        found, of_blocks = compared(own)
        assert len(found) == len(rows)
        assert [one[:5] for one in found] == [one[:5] for one in rows]
        means = np.array([[one[5], other[5]] for one, other in zip(found, rows, strict=True)])
        apart = ~np.isclose(*means.T, rtol=0, atol=1e-6, equal_nan=True)
        # Of a first letter that is the second one too, a VCF can only say that the second is gone.
        assert apart.sum() == (ending == ".vcf" and (name, split) == ("HBB", "deletions"))
        assert np.array_equal(of_blocks, blocks)
        assert own.outputs == tried.outputs
        assert (own.reference == -1).sum() == (tried.reference == -1).sum()


def test_every_variant_with_enough_barcodes_is_there(build, written, published):
    for name in NAMES:
        variants = published[name]
        for kind, chosen in (("substitutions", ~variants.deletion), ("indels", variants.deletion)):
            sample = build(".tsv", name, kind)
            assert (sample.reference >= 0).sum() == (chosen & (variants.barcodes >= MIN_BARCODES)).sum()


def test_variants_of_a_vcf_lie_where_the_table_says(written):
    files = [("own.tsv", {"confidence": "p"}), ("own.vcf", {"effect": "EFFECT", "confidence": "P"})]
    ends = {"fasta": str(written / "own.fa"), "at_most": 1.0, "output": "K562", "window": 200}
    table, vcf = (load(identified(Variants(file=str(written / name), **keys, **ends))).placed for name, keys in files)
    moved = table.place != vcf.place
    assert np.array_equal(table.removed, vcf.removed)
    assert np.array_equal(vcf.place[moved], np.ones(moved.sum()))
    assert moved.sum() == 1
