"""Sequences: items the same however they are drawn, sites where they are said to be, letters left alone."""

import numba
import numpy as np
import pytest
from msgspec.structs import replace

from simulators import genome, motif
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
RICH = replace(LAW, modules=MODULES, module_plants=1.2, arranged=0.6)
KEY = key(0, "genome test")


def draw(n, start=0, law=LAW):
    return genome.draw(law, motif.RELEASE, KEY, n, start)


def same(a, b):
    return all(getattr(a, x).tobytes() == getattr(b, x).tobytes() for x in ("sequence", "site", "start", "reverse"))


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
def test_one_thread_and_two_give_the_same_bytes():
    most = numba.get_num_threads()
    drawn = []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        drawn.append(draw(300))
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
    bare, drawn = draw(300, law=replace(LAW, plants=0.0)), draw(300)
    width = motif.load(MOTIFS).width
    covered = np.zeros(drawn.sequence.shape, bool)
    for row, (site, start) in enumerate(zip(drawn.site, drawn.start, strict=True)):
        for k, first in zip(site[site >= 0], start[site >= 0], strict=True):
            covered[row, first : first + width[k]] = True
    assert (bare.sequence == drawn.sequence)[~covered].all()
    assert (bare.sequence != drawn.sequence)[covered].mean() > 0.5
    assert (bare.site == -1).all()


def test_a_higher_gc_turns_weak_letters_strong_and_nothing_else():
    low, high = draw(200), draw(200, law=replace(LAW, gc_mean=0.6))
    assert low.site.tobytes() == high.site.tobytes()
    assert low.start.tobytes() == high.start.tobytes()
    changed = low.sequence != high.sequence
    assert 0 < changed.mean() < 0.2
    assert np.isin(low.sequence[changed], (0, 3)).all()
    assert np.isin(high.sequence[changed], (1, 2)).all()


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


def test_free_letters_are_what_sites_leave_on_average():
    drawn = draw(4000)
    width = motif.load(MOTIFS).width
    covered = np.where(drawn.site >= 0, width[drawn.site], 0).sum(axis=1)
    assert genome.free_letters(LAW, motif.RELEASE) == pytest.approx(120 - covered.mean(), abs=1)
    assert genome.free_letters(replace(LAW, plants=0.0), motif.RELEASE) == 120
