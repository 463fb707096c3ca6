"""Sequences: against a slow twin, the same however they are drawn, one parameter changes what it should alone."""

import numba
import numpy as np
import pytest
from msgspec.structs import replace

from simulators import genome, motif, threads
from simulators.contract import Genome, Module
from simulators.random import ITEMS, key
from tests import naive

MOTIFS = motif.vertebrate_ids()[5:300:60]
LAW = Genome(
    length=120, left="ACGT", right="GGNTT", gc_mean=0.5, gc_sd=0.1, plants=3.0, motifs=MOTIFS,
    abundance=tuple(range(1, len(MOTIFS) + 1)),
)  # fmt: skip
MODULES = (
    Module(first=0, second=1, spacing=22.0, same_strand=True),
    Module(first=2, second=4, spacing=31.5, same_strand=False),
)
WIDE = tuple(sorted(motif.vertebrate_ids(), key=lambda name: -motif.load([name]).width[0])[:4])
RICH = replace(LAW, modules=MODULES, module_plants=1.2, arranged=0.6)
KEY = key(0, "genome test")


def draw(n, start=0, law=LAW):
    return genome.draw(law, motif.RELEASE, KEY, n, start)


def same(a, b):
    return all(
        getattr(a, x).tobytes() == getattr(b, x).tobytes() for x in ("sequence", "site", "start", "reverse", "modules")
    )


def sites(drawn, row):
    """Sites of a row as a set of (motif, start, reverse)."""
    used = int((drawn.site[row] >= 0).sum())
    columns = (drawn.site[row, :used], drawn.start[row, :used], drawn.reverse[row, :used])
    return set(zip(*(column.tolist() for column in columns), strict=True))


def covered(drawn, law):
    """Letters of the whole sequence that lie in a site, bool like `sequence`."""
    width, mask = motif.load(law.motifs).width, np.zeros(drawn.sequence.shape, bool)
    for row in range(len(mask)):
        for k, start, _ in sites(drawn, row):
            mask[row, start : start + width[k]] = True
    return mask


@pytest.mark.parametrize(
    "law",
    [
        LAW,
        replace(RICH, decay=0.3),
        replace(RICH, plants=12.0, gc_mean=0.3, arranged=0.0, module_plants=3.0, module_reach=35.0),
        replace(RICH, length=43, gc_sd=0.02, module_plants=2.0, module_reach=4.0),
        replace(RICH, length=20),
        replace(LAW, motifs=WIDE, abundance=(1.0,) * len(WIDE), left="", right=""),
    ],
)
def test_rows_are_those_of_the_slow_twin(law):
    motifs = motif.load(law.motifs)
    matrices = [p[:width] for p, width in zip(motifs.probability, motifs.width, strict=True)]
    drawn, left = draw(25, 7, law), len(law.left)
    for row in range(25):
        letters, planted = naive.genome_row(law, matrices, KEY, 7 + row)
        assert drawn.sequence[row, left : left + law.length].tolist() == letters
        used = len(planted)
        assert (drawn.site[row, used:] == -1).all()
        listed = zip(drawn.site[row], drawn.start[row] - left, drawn.reverse[row], strict=True)
        assert [tuple(x) for x in listed][:used] == planted


def test_an_item_is_the_same_alone_in_a_batch_in_any_order_as_prefix_and_as_slice():
    batch = draw(40)
    for item in reversed(range(40)):
        alone = draw(1, item)
        assert alone.sequence[0].tobytes() == batch.sequence[item].tobytes()
        assert alone.start[0].tobytes() == batch.start[item].tobytes()
    assert draw(7).sequence.tobytes() == batch.sequence[:7].tobytes()
    assert draw(20, 13).sequence.tobytes() == batch.sequence[13:33].tobytes()
    assert draw(1, ITEMS - 1).sequence.shape == (1, 129)


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="numba has one thread only")
def test_one_thread_and_two_give_the_same_bytes(monkeypatch):
    monkeypatch.setattr(threads, "STRETCH", 7)
    most = numba.get_num_threads()
    drawn = []
    for count in (1, 2):
        numba.set_num_threads(count)
        drawn.append(draw(300, law=RICH))
    numba.set_num_threads(most)
    assert same(*drawn)


def test_adapters_surround_the_insert():
    sequence = draw(20).sequence
    assert sequence.dtype == np.uint8
    assert (sequence[:, :4] == genome.encode("ACGT")).all()
    assert (sequence[:, 124:] == genome.encode("ggntt")).all()
    assert sequence[:, 4:124].max() <= 3


def test_sites_lie_in_the_insert_and_never_overlap():
    drawn = draw(500, law=replace(RICH, plants=8.0))
    width = motif.load(MOTIFS).width
    counts = (drawn.site >= 0).sum(axis=1)
    assert counts.min() < counts.max()
    assert drawn.site.shape[1] == 120 // width.min()
    for site, start, used in zip(drawn.site, drawn.start, counts, strict=True):
        assert (site[used:] == -1).all()
        assert (start[used:] == -1).all()
        order = np.argsort(start[:used])
        first, end = start[:used][order], (start[:used] + width[site[:used]])[order]
        assert (first >= np.concatenate([[4], end[:-1]])[:used]).all()
        assert (end <= 124).all()


def test_planting_changes_the_letters_of_the_sites_alone():
    bare, drawn = draw(300, law=replace(RICH, plants=0.0, module_plants=0.0)), draw(300, law=RICH)
    inside = covered(drawn, RICH)
    assert (bare.sequence == drawn.sequence)[~inside].all()
    assert (bare.sequence != drawn.sequence)[inside].mean() > 0.5
    assert (bare.site == -1).all()


def test_a_higher_gc_turns_weak_letters_strong_and_nothing_else():
    low, high = draw(200, law=RICH), draw(200, law=replace(RICH, gc_mean=0.6))
    for name in ("site", "start", "reverse", "modules"):
        assert getattr(low, name).tobytes() == getattr(high, name).tobytes()
    changed = low.sequence != high.sequence
    assert 0 < changed.mean() < 0.2
    assert not changed[covered(low, RICH)].any()
    assert np.isin(low.sequence[changed], (0, 3)).all()
    assert np.isin(high.sequence[changed], (1, 2)).all()


def test_more_single_sites_leave_the_others_and_all_other_letters_as_they_are():
    few, many = draw(300, law=RICH), draw(300, law=replace(RICH, plants=6.0))
    assert few.modules.tobytes() == many.modules.tobytes()
    assert all(sites(few, row) <= sites(many, row) for row in range(300))
    assert (many.site >= 0).sum() > 1.2 * (few.site >= 0).sum()
    new = covered(many, RICH) & ~covered(few, RICH)
    assert (few.sequence == many.sequence)[~new].all()


def test_more_modules_leave_the_modules_as_they_are_whatever_the_single_sites():
    few, many = draw(300, law=RICH), draw(300, law=replace(RICH, module_plants=2.4, plants=9.0))
    for row in range(300):
        pairs = 2 * few.modules[row]
        assert few.site[row, :pairs].tolist() == many.site[row, :pairs].tolist()
        assert few.start[row, :pairs].tolist() == many.start[row, :pairs].tolist()
    assert many.modules.sum() > few.modules.sum()


def test_fewer_arranged_modules_differ_in_those_modules_and_what_made_room_for_them():
    most, fewer = draw(400, law=replace(RICH, plants=0.0)), draw(400, law=replace(RICH, plants=0.0, arranged=0.5))
    alone = (most.modules == 1) & (fewer.modules == 1)
    same = (most.start[alone, :2] == fewer.start[alone, :2]).all(axis=1)
    assert 0.75 < same.mean() < 1
    assert most.site[alone, :2].tobytes() == fewer.site[alone, :2].tobytes()
    assert most.reverse[alone, 0].tobytes() == fewer.reverse[alone, 0].tobytes()


def test_decay_gives_letters_back_to_the_background_one_after_the_other():
    bare = draw(300, law=replace(RICH, plants=0.0, module_plants=0.0)).sequence
    whole = draw(300, law=RICH)
    before = whole.sequence
    for decay in (0.2, 0.5, 1.0):
        now = draw(300, law=replace(RICH, decay=decay))
        assert sites(now, 5) == sites(whole, 5)
        changed = now.sequence != before
        assert changed.any()
        assert (now.sequence == bare)[changed].all()
        before = now.sequence
    assert before.tobytes() == bare.tobytes()


def test_a_genome_without_motifs_plants_none():
    drawn = draw(10, law=replace(LAW, motifs=(), abundance=()))
    assert (drawn.site == -1).all()
    assert drawn.sequence.tobytes() == draw(10, law=replace(LAW, plants=0.0)).sequence.tobytes()


@pytest.mark.parametrize(
    ("n", "start", "law", "message"),
    [
        (2, ITEMS - 1, LAW, "items 4294967295 to 4294967297: outside 0 to 4294967296"),
        (1, -1, LAW, "items -1 to 0"),
        (1, 0, replace(LAW, gc_sd=0.5), "gc_sd 0.5: too large for a share with mean 0.5"),
        (1, 0, replace(LAW, gc_mean=1.0), "gc_sd 0.1: too large for a share with mean 1"),
        (1, 0, replace(LAW, abundance=(1.0,)), "5 motifs but 1 abundances"),
        (1, 0, replace(RICH, motifs=MOTIFS[:4], abundance=(1.0,) * 4), "module 1: motif 4; expected a row below 4"),
        (1, 0, replace(LAW, module_plants=1.0), "module_plants 1: the genome has no modules; expected 0"),
        (1, 0, replace(LAW, length=40_000), "40009 letters with adapters; at most 32767"),
        (1, 0, replace(LAW, left="AXG"), "letter 'X': expected one of ACGTN"),
        (1, 0, replace(LAW, motifs=("nothing",), abundance=(1.0,)), "motif 'nothing'"),
    ],
)
def test_what_cannot_be_drawn_is_named(n, start, law, message):
    with pytest.raises(ValueError, match=message):
        draw(n, start, law)


def test_gc_counts_known_letters():
    rows = np.array([[0, 1, 2, 3], [1, 4, 4, 4], [0, 3, 1, 4], [4, 4, 4, 4]], np.uint8)
    np.testing.assert_array_equal(genome.gc(rows), np.array([0.5, 1, 1 / 3, np.nan], np.float32))
    drawn = draw(20).sequence
    np.testing.assert_allclose(genome.gc(drawn), [naive.gc_share(row) for row in drawn], rtol=1e-6)


@pytest.mark.parametrize("decay", [0.0, 0.4])
def test_free_letters_are_what_sites_and_modules_leave_on_average(decay):
    law = replace(RICH, decay=decay)
    inside = covered(draw(4000, law=law), law).sum(axis=1).mean()
    assert genome.free_letters(law, motif.RELEASE) == pytest.approx(120 - (1 - decay) * inside, abs=1.2)
    assert genome.free_letters(replace(LAW, plants=0.0), motif.RELEASE) == 120
    assert genome.free_letters(replace(LAW, motifs=(), abundance=()), motif.RELEASE) == 120
