"""The cis/trans MPRA: counting and splitting on a made-up library, figures and leaks on the real one."""

import statistics

import numpy as np
import pandas as pd
import pytest

from shiftbench.arrays import check_sample
from shiftbench.errors import InputError, Skipped
from shiftbench.spec import Data
from shiftbench.tasks import turnover_library as library
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import encode
from shiftbench.tasks.overlap import shared
from shiftbench.tasks.turnover import CROSSED, PARTS, Turnover
from shiftbench.tasks.turnover_agreement import identity, reliability
from shiftbench.tasks.turnover_library import ALPHA, CELLS, DNA, FILES, INDEX, RNA, STARTS
from tests.lentimpra_files import listed

STARTS_OF_TOY = 120


def build(files, role="test", subset="", **more):
    return Turnover().build(
        Data(provider="turnover", version=1, role=role, split="orthologs", subset=subset, **more), files
    )


def every(files, **more):
    found = build(files, "training", **more).samples | build(files, "calibration", **more).samples
    return found | {subset: build(files, subset=subset, **more).samples["test"] for subset in PARTS}


# A made-up library: 120 human starts with one tile, 80 of them with a mouse ortholog that has one base in ten changed.


def toy_elements():
    rng = np.random.default_rng(8)
    human = rng.choice([*"ACGT"], (STARTS_OF_TOY, 144))
    human[1, :60] = human[0, 84:]
    mouse = np.where(rng.random((80, 144)) < 0.1, rng.choice([*"ACGT"], (80, 144)), human[:80])
    names = [f"HUMAN_EVO_TSS__h.{i}__tile1" for i in range(STARTS_OF_TOY)]
    names += [f"MOUSE_EVO_TSS__m.{i}__tile1" for i in range(80)]
    return names, ["".join(row) for row in [*human, *mouse]]


def toy_tables():
    """Tables by file name; element 3 has too few barcodes, and the last barcode of each too little DNA."""
    rng = np.random.default_rng(9)
    names, elements = toy_elements()
    rows = [(f"{e:04d}-{b}", e) for e in range(len(names)) for b in range(4 if e == 3 else 8)]
    barcode = [name for name, _ in rows]
    index = pd.DataFrame(
        {
            "barcode": [*barcode, "random"],
            "element": [elements[e] for _, e in rows] + ["A" * 144],
            "tile_type": ["WILDTYPE"] * len(rows) + ["RANDOM"],
            "name": [names[e] for _, e in rows] + ["random_sequence"],
        }
    )
    activity = rng.normal(0, 1, len(names))
    dna = [9 if name.endswith("-7") else int(rng.integers(20, 200)) for name in barcode]
    counts = {DNA: dna}
    for cell in CELLS:
        for file in RNA[cell]:
            noisy = activity[[e for _, e in rows]] + rng.normal(0, 0.3, len(rows))
            counts[file] = (np.array(dna) * 2**noisy).astype(int).tolist()
    tables = {name: pd.DataFrame({"barcode": barcode, "count": reads}).sample(frac=1, random_state=1)
              for name, reads in counts.items()}  # fmt: skip
    for species, mark, first in (("human", "h", 0), ("mouse", "m", STARTS_OF_TOY)):
        n = STARTS_OF_TOY if species == "human" else 80
        tables[STARTS[species]] = pd.DataFrame(
            {"element": [*elements[first : first + n], None], "tss_id": [*(f"{mark}.{i}" for i in range(n)), None],
             "tss_tile_num": [*["tile1"] * n, None]}
        )  # fmt: skip
    return {INDEX: index} | tables


def write(folder):
    folder.mkdir()
    for name, table in toy_tables().items():
        table.to_csv(folder / name, sep="\t", index=False)
    # As in the published table: one field holds a newline within quotes.
    pairs = ["hg19_id\tmm9_id\ttss_tile_num\tstatus"] + [f'h.{i}\tm.{i}\ttile1\t"cis\nup"' for i in range(80)]
    (folder / library.PAIRS).write_text("\n".join([*pairs, pairs[-1]]) + "\n")
    return listed(Files(data_dir=folder, cache=folder / "cache", offline=True, sources={}), *FILES)


@pytest.fixture(scope="module")
def toy_files(tmp_path_factory):
    return write(tmp_path_factory.mktemp("toy") / "data")


def test_activities_are_medians_over_barcodes_with_enough_dna(toy_files):
    tables, names = toy_tables(), toy_elements()[0]
    dna = tables[DNA].set_index("barcode")["count"]
    elements = library.load(toy_files)
    for row in (0, 40, 150):
        e = names.index(elements.name[row])
        for c, cell in enumerate(CELLS):
            for r, file in enumerate(RNA[cell]):
                rna = tables[file].set_index("barcode")["count"]
                ratios = [
                    np.log2((rna[b] + 1) / rna.sum() / (dna[b] / dna.sum())) for b in (f"{e:04d}-{k}" for k in range(7))
                ]
                assert elements.replicates[row, r, c] == pytest.approx(statistics.median(ratios), abs=1e-5)
        assert elements.barcodes[row] == 7
    assert elements.counted == {"wild_type": 200, "few_barcodes": 1}
    assert names[3] not in elements.name


def test_noise_is_that_of_the_made_up_barcodes(toy_files):
    # Seven barcodes of SD .3 in each of three replicates: .3 / sqrt(3) x 1.2533 / sqrt(7) = .082; the median absolute
    # deviation of so few is some 10 to 15 % too small.
    noise = library.load(toy_files).noise_sd
    assert 0.055 < np.median(noise) < 0.09


def test_pairs_are_found_across_newlines_in_quotes_and_each_once(toy_files):
    elements = library.load(toy_files)
    found = {tuple(elements.name[list(pair)].tolist()) for pair in elements.pairs}
    assert found == {(f"HUMAN_EVO_TSS__h.{i}__tile1", f"MOUSE_EVO_TSS__m.{i}__tile1") for i in range(80) if i != 3}
    assert len(elements.pairs) == 79


def test_orthologs_and_overlaps_are_in_one_part(toy_files):
    found = every(toy_files)
    group = {name: label for sample in found.values() for name, label in zip(sample.id, sample.group, strict=True)}
    known = {f"h.{i}" for i in range(80) if i != 3}
    for name in known:
        pair = f"HUMAN_EVO_TSS__{name}__tile1", f"MOUSE_EVO_TSS__m{name[1:]}__tile1"
        assert (pair[1] in group) == (pair[0] in found["human"].id)
    assert group["HUMAN_EVO_TSS__h.0__tile1"] == group["HUMAN_EVO_TSS__h.1__tile1"]
    human = [set(found[name].id) for name in ("train", "validation", "calibration", "human")]
    assert sum(map(len, human)) == len(set.union(*human)) == STARTS_OF_TOY - 1


def test_a_pair_is_the_mouse_value_less_the_human_value_of_the_same_cell(toy_files):
    found = every(toy_files)
    pairs, mouse, human = found["pairs"], found["mouse"], found["human"]
    check_sample(pairs, "pairs")
    rows = np.flatnonzero(pairs.reference >= 0)
    assert 0 < len(rows) == len(mouse.id)
    for row in rows:
        other, _, own = pairs.id[row].partition(" - ")
        reference = pairs.reference[row]
        assert pairs.id[reference] == own
        i, j = human.id.tolist().index(own), mouse.id.tolist().index(other)
        assert pairs.observed[row] == pytest.approx(mouse.observed[j] - human.observed[i], abs=1e-5)
        assert pairs.replicates[row].mean(0) == pytest.approx(pairs.observed[row], abs=1e-5)
        assert pairs.noise_sd[row] == pytest.approx(np.hypot(mouse.noise_sd[j], human.noise_sd[i]), rel=1e-5)
        assert np.array_equal(pairs.sequence[row], mouse.sequence[j])
        assert np.array_equal(pairs.sequence[reference], human.sequence[i])
    assert np.isnan(pairs.observed[pairs.reference < 0]).all()
    marked = np.sum([column for name, column in pairs.table.items() if name.startswith("stratum:identity")], axis=0)
    assert marked.tolist() == (pairs.reference >= 0).tolist()


def test_a_transfer_holds_one_output_against_the_other_cell(toy_files):
    found = every(toy_files)
    for subset, (own, other) in CROSSED.items():
        assert found[subset].outputs == (own,)
        assert np.array_equal(found[subset].observed[:, 0], found["human"].observed[:, CELLS.index(other)])
        assert build(toy_files, subset=subset).facts["measured_in"] == other


def test_smaller_samples_begin_larger_ones(toy_files):
    for subset in ("human", "mouse"):
        some, whole = (build(toy_files, subset=subset, rows=rows).samples["test"] for rows in (5, 0))
        assert some.id.tolist() == whole.id[:5].tolist()
    train = build(toy_files, "training", rows=20, validation=2).samples
    assert {name: len(sample.id) for name, sample in train.items()} == {"train": 20, "validation": 2}
    assert set(build(toy_files, subset="pairs", rows=5).samples["test"].id) < set(
        build(toy_files, subset="pairs").samples["test"].id
    )
    assert set(build(toy_files, subset="human", seed=1).samples["test"].id) != set(
        build(toy_files, subset="human").samples["test"].id
    )


def test_identity_counts_the_bases_that_are_aligned_to_themselves(toy_files):
    elements = library.load(toy_files)
    codes = {name: elements.sequence[elements.name == name][0] for name in elements.name}
    share = identity(elements, elements.pairs)
    for (one, other), value in zip(elements.pairs, share, strict=True):
        same = np.mean(codes[elements.name[one]] == codes[elements.name[other]])
        assert value == pytest.approx(same, abs=0.03)  # substitutions only, so no gap helps by more than a few bases


def test_identity_follows_an_insertion_and_finds_none_between_strangers():
    rng = np.random.default_rng(3)
    one, stranger = ("".join(rng.choice([*"ACGT"], 144)) for _ in range(2))
    moved = (one[:40] + "ACGTAC" + one[40:])[:144]
    blank = np.zeros((3, 0))
    elements = library.Elements(
        name=np.array(["a", "b", "c"]), species=np.array(["human", "mouse", "mouse"]),
        sequence=np.stack([encode(each) for each in (one, moved, stranger)]), replicates=blank, halves=blank,
        noise_sd=blank, barcodes=blank, cluster=blank, pairs=np.array([[0, 1], [0, 2]]), counted={},
    )  # fmt: skip
    same, none = identity(elements, elements.pairs)
    assert same == pytest.approx(138 / 144, abs=0.02)
    assert none < 0.3


def test_reliability_is_that_of_the_mean_of_both_halves():
    # Signal of variance 1, noise of variance 1 in each half: the mean has noise .5, so 1 / 1.5.
    rng = np.random.default_rng(2)
    signal = rng.normal(size=20_000)
    assert reliability(signal + rng.normal(size=(2, 20_000))) == pytest.approx(2 / 3, abs=0.02)


def test_what_it_refuses(toy_files, tmp_path):
    with pytest.raises(InputError, match="no subset 'mous'; did you mean 'mouse'"):
        build(toy_files, subset="mous")
    with pytest.raises(InputError, match="no subset 'mouse'"):
        build(toy_files, "training", subset="mouse")
    with pytest.raises(InputError, match="no split 'id'"):
        Turnover().build(Data(provider="turnover", version=1, role="test", split="id", subset="human"), toy_files)
    with pytest.raises(Skipped, match=INDEX):
        build(Files(data_dir=tmp_path, cache=tmp_path, offline=True), subset="human")


# The real library


@pytest.fixture(scope="module")
def files(real_data, tmp_path_factory):
    return Files(data_dir=real_data, cache=tmp_path_factory.mktemp("cache"), offline=True)


def test_real_counts_and_agreement(files):
    facts = build(files, subset="mouse", optional=(ALPHA,)).facts
    counts = facts["elements"]
    assert (counts["wild_type"], counts["human"] + counts["mouse"]) == (13_533, 12_688)
    assert len(library.load(files).pairs) == 2_934
    assert facts["ceiling"]["pearson"] == pytest.approx({"HUES64": 0.972, "mESC": 0.972}, abs=5e-3)
    published = facts["notes"][-1]
    assert "0.906" in published  # between the cells, as computed by others from the same table
    assert "0.639 (HUES64)" in published  # between orthologs


def test_real_parts_share_no_thirty_bases(files):
    found = every(files)
    for name in ("validation", "calibration", "human", "mouse"):
        assert not shared(found[name].sequence, found["train"].sequence, k=30).any()
    # Overlap is there to be found: a split that knows no clusters would leak.
    drawn = np.random.default_rng(0).permutation(len(found["train"].sequence))
    half = found["train"].sequence[drawn[: len(drawn) // 2]], found["train"].sequence[drawn[len(drawn) // 2 :]]
    assert shared(*half, k=30).mean() > 0.1


def test_real_differences_are_smaller_between_closer_orthologs(files):
    pairs = build(files, subset="pairs").samples["test"]
    spread = [pairs.observed[pairs.table[f"stratum:identity {third} third"]].std() for third in ("lowest", "highest")]
    assert spread[0] > 1.2 * spread[1]
