"""Shifts within the joint lentiMPRA library: GC tails, other sources, other cell types, strata, and what leaks."""

import numpy as np
import pytest

from shiftbench.arrays import check_sample
from shiftbench.errors import InputError
from shiftbench.spec import Data
from shiftbench.tasks.lentimpra import CELLS, INSERT, load
from shiftbench.tasks.lentimpra_leak import leaks, touching
from shiftbench.tasks.lentimpra_split import SPLITS, divide, strata
from shiftbench.tasks.lentimpra_task import TRANSFERS, LentiMpra
from shiftbench.tasks.overlap import shared
from tests import naive
from tests.lentimpra_files import SOURCES, invented, joint

GC_SETS = ("middle", "low", "high", "lowest5", "highest5", "low_matched", "high_matched")
FITTED = ("train", "validation", "calibration")


def build(files, role, split, **more):
    return LentiMpra().build(Data(provider="lentimpra", version=2, role=role, split=split, **more), files)


def fitted(files, split):
    return {**build(files, "training", split).samples, **build(files, "calibration", split).samples}


def drawn(files, split, subset, **more):
    return build(files, "test", split, subset=subset, **more).samples["test"]


def inserts(*samples):
    return np.concatenate([sample.sequence[:, INSERT] for sample in samples])


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return joint(tmp_path_factory.mktemp("toy") / "data", range(439))


def bounds():
    """GC of each invented natural insert, and the ends of the fifths and twentieths of GC in its source."""
    names, letters, _ = invented()
    gc = {name: sum(c in "GC" for c in text) / 200 for name, text in zip(names[:400], letters, strict=False)}
    of_source = [np.quantile([gc[names[i]] for i in range(s, 400, 4)], (0.05, 0.2, 0.8, 0.95)) for s in range(4)]
    return gc, {name: of_source[i % 4] for i, name in enumerate(names[:400])}


def test_gc_trains_on_the_middle_of_each_source_and_tests_both_tails_apart(toy):
    gc, bound = bounds()
    for sample in fitted(toy, "gc").values():
        assert len(sample.id)
        assert all(bound[name][1] - 1e-6 <= gc[name] <= bound[name][2] + 1e-6 for name in sample.id)
    rows = {name: set(drawn(toy, "gc", name).id) for name in GC_SETS}
    assert all(gc[name] < bound[name][1] for name in rows["low"])
    assert all(gc[name] > bound[name][2] for name in rows["high"])
    assert rows["lowest5"] == {name for name in rows["low"] if gc[name] < bound[name][0]}
    assert rows["highest5"] == {name for name in rows["high"] if gc[name] > bound[name][3]}
    assert not rows["middle"] & (rows["low"] | rows["high"])
    assert min(map(len, rows.values())) > 3


def test_gc_leaves_out_tail_rows_whose_cluster_is_fitted_on_and_counts_them(toy):
    gc, bound = bounds()
    used = {name for sample in fitted(toy, "gc").values() for name in sample.id}
    used |= {name for subset in GC_SETS for name in drawn(toy, "gc", subset).id}
    absent = set(gc) - used
    assert absent
    assert all(not bound[name][1] <= gc[name] <= bound[name][2] for name in absent)
    assert build(toy, "test", "gc", subset="low").facts["dropped"] == len(absent)


@pytest.mark.parametrize("rows", [0, 12])
def test_matched_tails_have_the_source_mix_of_the_middle(toy, rows):
    mix = {name: np.sum(drawn(toy, "gc", "middle", rows=rows).table["source"] == name) for name in SOURCES}
    for tail in ("low", "high"):
        sample = drawn(toy, "gc", f"{tail}_matched", rows=rows)
        whole = drawn(toy, "gc", tail)
        assert set(sample.id) <= set(whole.id)
        for name in SOURCES:
            available = int(np.sum(whole.table["source"] == name))
            assert np.sum(sample.table["source"] == name) == min(mix[name], available)


def test_source_shift_trains_on_one_source_and_drops_what_reaches_into_another(toy):
    names = invented()[0]
    mine = [name for i, name in enumerate(names[:400]) if i % 4 == 0]
    # rows i and 201 + i share 100 bases: of neighbouring sources
    paired = {names[i] for i in range(60)} | {names[i] for i in range(201, 261)}
    parts = fitted(toy, "source:HepG2")
    seen = {name for sample in (*parts.values(), drawn(toy, "source:HepG2", "HepG2")) for name in sample.id}
    assert seen == set(mine) - paired
    facts = build(toy, "test", "source:HepG2", subset="K562").facts
    assert facts["dropped"] == len(set(mine) & paired) == 30
    assert facts["notes"][0].startswith("30 sequences of the source HepG2 are left out")
    for other in SOURCES[1:]:
        sample = drawn(toy, "source:HepG2", other)
        assert len(sample.id) == 100
        assert set(sample.table["source"]) == {other}


@pytest.mark.parametrize("split", [split for split in SPLITS if split != "id"])
def test_nothing_tested_shares_50_bases_with_anything_fitted_on(toy, split):
    known = inserts(*fitted(toy, split).values())
    subsets = {"overlap": ("",), "gc": GC_SETS}.get(split, SOURCES)
    for subset in subsets:
        sample = drawn(toy, split, subset)
        check_sample(sample, subset)
        assert not shared(inserts(sample), known).any()


def test_transfer_holds_an_output_against_another_cell_type_on_the_same_rows(toy):
    plain = drawn(toy, "overlap", "")
    for subset, (model, assay) in TRANSFERS.items():
        built = build(toy, "test", "overlap", subset=subset)
        sample = built.samples["test"]
        check_sample(sample, subset)
        assert sample.id.tolist() == plain.id.tolist()
        assert sample.outputs == (model,)
        assert np.array_equal(sample.observed[:, 0], plain.observed[:, CELLS.index(assay)])
        assert (built.facts["predicted"], built.facts["measured_in"]) == (model, assay)
        assert built.facts["ceiling"] == {}
        assert "not at hand" in built.facts["ceiling_missing"][model]


def test_strata_are_sources_and_fifths_of_gc_within_them(toy):
    library = load(toy)
    found = strata(library)
    sources = np.array([found[f"source {name}"] for name in SOURCES])
    fifths = np.array([found[f"GC fifth {i}"] for i in range(1, 6)])
    assert np.array_equal(sources.sum(0), library.eligible)
    assert np.array_equal(fifths.sum(0), library.eligible)
    for mine in sources:
        gc = library.gc[mine]
        place = fifths[:, mine].argmax(0)
        assert np.array_equal(place, np.searchsorted(np.quantile(gc, (0.2, 0.4, 0.6, 0.8)), gc, side="right"))
    table = drawn(toy, "overlap", "").table
    assert {name for name in table if name.startswith("stratum:")} == {f"stratum:{name}" for name in found}


def test_leaks_are_those_of_slow_sets_of_kmers(toy):
    library = load(toy)
    split = divide(library, "id", 0)
    train, test = split.part == "train", split.part == "test"
    for leak in leaks(library, train, test):
        words = [(row, naive.overlap_kmers(library.insert[row], leak.length)) for row in np.flatnonzero(train)]
        pairs = []
        for row in np.flatnonzero(test):
            mine = naive.overlap_kmers(library.insert[row], leak.length)
            pairs += [(row, other) for other, theirs in words if mine & theirs][:1]
        assert (leak.tested, leak.touched) == (test.sum(), len(pairs))
        assert leak.touched > 2
        one, other = (library.observed[list(rows)] for rows in zip(*pairs, strict=True))
        for i, cell in enumerate(CELLS):
            assert leak.copied[cell] == pytest.approx(np.corrcoef(one[:, i], other[:, i])[0, 1])


def test_touching_rows_of_both_sides_are_those_of_the_whole_index(toy):
    insert = load(toy).insert
    few, many = touching(insert[:50], insert[150:])
    assert np.array_equal(few, shared(insert[:50], insert[150:]))
    assert np.array_equal(many, shared(insert[150:], insert[:50]))
    assert few.any()


@pytest.mark.parametrize(
    ("split", "subset", "message"),
    [
        ("gcc", "", "no split 'gcc'; did you mean 'gc'"),
        ("gc", "", "split gc: no subset ''"),
        ("gc", "midle", "no subset 'midle'; did you mean 'middle'"),
        ("source:HepG3", "K562", "no split 'source:HepG3'; did you mean 'source:HepG2'"),
        ("id", "HepG2->K562", "split id: no subset 'HepG2->K562'"),
    ],
)
def test_unknown_splits_and_subsets(toy, split, subset, message):
    with pytest.raises(InputError, match=message):
        build(toy, "test", split, subset=subset)


def test_training_has_no_subsets(toy):
    with pytest.raises(InputError, match="subset 'low' of role 'training'; expected none"):
        build(toy, "training", "gc", subset="low")


# The real library; about 10 seconds


@pytest.mark.parametrize(
    ("split", "subsets"),
    [("overlap", [""]), ("gc", ["middle", "low", "high"]), ("source:HepG2", SOURCES), ("source:WTC11", SOURCES)],
)
def test_real_splits_share_no_50_bases(real_files, split, subsets):
    known = inserts(*fitted(real_files, split).values())
    assert not shared(inserts(*(drawn(real_files, split, subset) for subset in subsets)), known).any()


def test_real_gc_tails_keep_the_source_mix_and_move_gc(real_files):
    means, mixes = {}, {}
    for name in ("middle", "low", "high", "lowest5", "highest5", "low_matched", "high_matched"):
        sample = drawn(real_files, "gc", name)
        means[name] = float(sample.table["gc"].mean())
        mixes[name] = np.array([np.mean(sample.table["source"] == source) for source in SOURCES])
    assert means["lowest5"] < means["low"] < means["middle"] < means["high"] < means["highest5"]
    assert mixes["low_matched"] == pytest.approx(mixes["middle"])
    assert mixes["high_matched"] == pytest.approx(mixes["middle"])
    assert len(drawn(real_files, "gc", "highest5").id) > 2000


def test_real_leaks_are_told_once_in_words(real_files):
    notes = build(real_files, "test", "overlap").facts["notes"]
    assert "Split by id, 565 of 5,785 test sequences (9.8%) share 50 bases or more" in notes[0]
    assert "Split by overlap cluster, as here, 0 of 5,783 test sequences (0.0%) share 50" in notes[2]
