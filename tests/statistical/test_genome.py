"""Sequences against the laws that a genome states."""

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from simulators import genome, motif
from simulators.contract import Genome, Module
from simulators.random import key

pytestmark = pytest.mark.statistical
N = 20_000
MOTIFS = motif.vertebrate_ids()[:800:16]
SHORT = tuple(name for name in MOTIFS if motif.load([name]).width[0] <= 9)
LAW = Genome(
    length=200, left="ACGTA", right="TTC", gc_mean=0.52, gc_sd=0.087, plants=6.0, motifs=MOTIFS,
    abundance=tuple(0.2 + (7 * k % 10) / 5 for k in range(50)),
    modules=(
        Module(first=0, second=1, spacing=24.0, same_strand=True),
        Module(first=7, second=30, spacing=33.7, same_strand=False),
    ),
    module_plants=0.8, arranged=0.6,
)  # fmt: skip
BARE = replace(LAW, plants=0.0, module_plants=0.0)


def draw(law, n=N):
    return genome.draw(law, motif.RELEASE, key(1, "statistical genome"), n)


def insert(law, n=N):
    return draw(law, n).sequence[:, len(law.left) : len(law.left) + law.length]


def is_strong(letters):
    return (letters == 1) | (letters == 2)


def fair(count, n):
    return stats.binomtest(int(count), int(n)).pvalue


def gc_misses(law, mean, sd):
    """Distances of mean and SD of the insert GC from their targets in standard errors.

    The law is solved on 4,096 sequences, so their sampling error counts as well.
    """
    share = is_strong(insert(law)).mean(axis=1)
    error = sd * (1 / N + 1 / 4096) ** 0.5
    return abs(share.mean() - mean) / error, abs(share.std() - sd) / (error / 2**0.5)


@pytest.mark.parametrize(("mean", "sd", "decay"), [(0.52, 0.087, 0.0), (0.45, 0.1, 0.3)])
def test_matched_inserts_have_the_gc_law_asked_for(mean, sd, decay):
    """Two z-tests at 4 standard errors: 0.01 % false alarms; the control is the law before sites were allowed for."""
    before = replace(LAW, gc_mean=mean, gc_sd=sd, decay=decay)
    assert max(gc_misses(genome.match_gc(before, motif.RELEASE, "targets", mean, sd), mean, sd)) < 4
    assert max(gc_misses(before, mean, sd)) > 4


@pytest.mark.parametrize(("mean", "sd"), [(0.52, 0.087), (0.2, 0.15), (0.7, 0.01)])
def test_strong_letters_of_a_background_are_beta_binomial(mean, sd):
    """Chi-square at 1e-3; the controls are an SD 6 % larger and a mean higher by a 15th of it."""
    found = is_strong(insert(replace(BARE, gc_mean=mean, gc_sd=sd))).sum(axis=1)

    def p(mean, sd):
        total = mean * (1 - mean) / sd**2 - 1
        expected = N * stats.betabinom.pmf(np.arange(201), 200, mean * total, (1 - mean) * total)
        cell = np.minimum((np.cumsum(expected) - expected / 2) // (N / 40), 39).astype(int)
        counts = [np.bincount(cell, x, minlength=40) for x in (np.bincount(found, minlength=201), expected)]
        kept = counts[1] > 0
        return stats.chisquare(counts[0][kept], counts[1][kept] * N / counts[1][kept].sum()).pvalue

    whole = (sd**2 + mean * (1 - mean) / 200) ** 0.5
    assert p(mean, sd) > 1e-3
    assert p(mean, ((1.06 * whole) ** 2 - mean * (1 - mean) / 200) ** 0.5) < 1e-3
    assert p(mean + whole / 15, sd) < 1e-3


def test_background_letters_are_even_within_strong_and_weak_and_have_no_memory():
    """Three z-tests at 4 SD: 0.02 % false alarms; the control is the memory that the GC of a sequence is."""
    letters = insert(BARE)
    strong = is_strong(letters)
    n_strong, n_weak = strong.sum(), (~strong).sum()
    assert abs((letters == 1).sum() - n_strong / 2) < 4 * (n_strong / 4) ** 0.5
    assert abs((letters == 0).sum() - n_weak / 2) < 4 * (n_weak / 4) ** 0.5
    centered = strong - strong.mean(axis=1, keepdims=True)
    product = (centered[:, :-1] * centered[:, 1:]).mean(axis=1)
    near, within = product.mean() + centered.var(axis=1).mean() / (BARE.length - 1), product.std() / N**0.5
    assert abs(near) < 4 * within
    across = strong - strong.mean()
    assert (across[:, :-1] * across[:, 1:]).mean() > 4 * within


def test_gc_far_finer_than_a_letters_bits_counts_in_full():
    """A z-test of a Poisson count at 4 SD: 0.006 % false alarms; the control is twice the step.

    All sequences have one chance here, a third of its last bit higher the second time.
    """
    law = replace(BARE, gc_mean=0.4, gc_sd=1e-6)
    before = insert(law)
    changed, control = ((insert(replace(law, gc_mean=0.4 + step)) != before).sum() for step in (1e-5, 2e-5))
    expected = before.size * 1e-5
    assert abs(changed - expected) < 4 * expected**0.5
    assert abs(control - expected) > 4 * expected**0.5


def site_letters(drawn, k, width):
    """Counts (width, 4) of the letters of the sites of motif `k`, read along the motif; which are turned."""
    row, slot = np.nonzero(drawn.site == k)
    start, turned = drawn.start[row, slot], drawn.reverse[row, slot]
    letters = drawn.sequence[row[:, None], start[:, None] + np.arange(width)]
    letters[turned] = 3 - letters[turned, ::-1]
    return np.stack([(letters == letter).sum(axis=0) for letter in range(4)], axis=1), turned


def test_planted_sites_follow_their_matrices_on_both_strands():
    """Chi-square a column and a strand, Bonferroni at 1e-3; the control takes another motif's columns."""
    drawn, motifs = draw(LAW), motif.load(MOTIFS)
    found, control, strands = [], [], []
    for k, width in enumerate(motifs.width):
        count, turned = site_letters(drawn, k, width)
        strands.append(fair(turned.sum(), len(turned)))
        worst = []
        for column in range(width):
            for row, out in ((k, found), (k - 1, worst)):
                share = motifs.probability[row, column]
                kept = share * len(turned) >= 5
                expected = share[kept] / share[kept].sum() * count[column, kept].sum()
                out.append(stats.chisquare(count[column, kept], expected).pvalue)
        control.append(min(worst))
    assert min(found) > 1e-3 / len(found)
    assert min(strands) > 1e-3 / len(strands)
    assert max(control) < 1e-3 / len(found)


def test_motifs_are_planted_as_often_as_their_abundance_says():
    """Chi-square at 1e-3; the control is equal abundance. Of every row the first site, which is never left out."""
    site = draw(replace(LAW, module_plants=0.0)).site[:, 0]
    count = np.bincount(site[site >= 0], minlength=len(MOTIFS))
    share = np.array(LAW.abundance) / sum(LAW.abundance)
    assert stats.chisquare(count, share * count.sum()).pvalue > 1e-3
    assert stats.chisquare(count).pvalue < 1e-3


@pytest.mark.parametrize("single", [True, False])
def test_the_numbers_of_sites_and_of_modules_are_poisson(single):
    """Chi-square at 1e-3; the control is a mean 12 % higher. 8,000 letters, so that hardly a site is left out."""
    wide = replace(BARE, length=8000, motifs=SHORT, abundance=(1.0,) * len(SHORT), modules=LAW.modules[:1])
    drawn = draw(replace(wide, plants=1.0) if single else replace(wide, module_plants=1.0), N // 4)
    sites = (drawn.site >= 0).sum(axis=1)
    assert (drawn.modules == (0 if single else sites // 2)).all()
    observed = np.bincount(np.minimum(sites if single else sites // 2, 6), minlength=7)

    def p(mean):
        mass = stats.poisson.pmf(np.arange(7), mean)
        mass[-1] = stats.poisson.sf(5, mean)
        return stats.chisquare(observed, mass * N / 4).pvalue

    assert len(SHORT) >= 2
    assert p(1.0) > 1e-3
    assert p(1.12) < 1e-3


def test_a_first_site_starts_anywhere_alike():
    """Chi-square at 1e-3; the control are all sites of crowded inserts, which the ends favour."""
    law = replace(BARE, motifs=SHORT[:1], abundance=(1.0,), modules=(), plants=20.0)
    drawn, width = draw(law), int(motif.load(SHORT[:1]).width[0])
    starts = drawn.start - len(law.left)
    first, every = starts[:, 0][drawn.site[:, 0] >= 0], starts[drawn.site >= 0]
    bins = law.length - width + 1
    assert stats.chisquare(np.bincount(first, minlength=bins)).pvalue > 1e-3
    assert stats.chisquare(np.bincount(every, minlength=bins)).pvalue < 1e-3


def first_pairs(law):
    """Of the first module of every row: which it is, distance between centers, order, strands (n, 2)."""
    drawn = draw(law)
    has = drawn.modules > 0
    site, reverse = drawn.site[has, :2], drawn.reverse[has, :2]
    center = drawn.start[has, :2] + motif.load(MOTIFS).width[site] / 2
    which = (site[:, 0] != law.modules[0].first).astype(int)
    return which, np.abs(center[:, 1] - center[:, 0]), center[:, 1] > center[:, 0], reverse


def test_arranged_modules_have_their_spacing_and_strands_in_either_order():
    """Three binomial tests at 1e-3 / 3; the control is the modules that are not arranged, in the next test."""
    which, apart, order, reverse = first_pairs(replace(LAW, arranged=1.0))
    spacing = np.array([m.spacing for m in LAW.modules])[which]
    together = np.array([m.same_strand for m in LAW.modules])[which]
    assert (np.abs(apart - spacing) <= 0.5).all()
    assert ((reverse[:, 0] == reverse[:, 1]) == together).all()
    for side in (which, order, reverse[:, 0]):
        assert fair(side.sum(), len(side)) > 1e-3 / 3


def offsets(law, which, apart, order):
    """Letters between starts beyond the least, and how many there can be, of the first module's pairs in one order."""
    width = motif.load(MOTIFS).width[[law.modules[0].first, law.modules[0].second]]
    one, two = width if order else width[::-1]
    return (apart + (one - two) / 2 - one).astype(int), int(law.module_reach + (one - two) / 2) - one + 1


def test_other_modules_have_any_distance_within_reach_and_any_strands():
    """Chi-square of distances in both orders and of strands at 1e-3 / 3; the control is one arranged in 20."""

    def p(law):
        which, apart, order, reverse = first_pairs(law)
        found = [stats.chisquare(np.bincount(2 * reverse[:, 0] + reverse[:, 1], minlength=4)).pvalue]
        for side in (True, False):
            beyond, possible = offsets(law, which, apart[(which == 0) & (order == side)], side)
            assert beyond.max() < possible
            found.append(stats.chisquare(np.bincount(beyond, minlength=possible)).pvalue)
        return min(found)

    assert p(replace(LAW, arranged=0.0)) > 1e-3 / 3
    assert p(replace(LAW, arranged=0.05)) < 1e-3 / 3


def test_the_share_of_arranged_modules_is_the_one_asked_for():
    """Binomial at 1e-3, by distance and strands, chance hits allowed for; the control is a share 0.04 higher."""

    def as_asked(share):
        which, apart, _, reverse = first_pairs(replace(LAW, arranged=share))
        chosen = which == 0
        exact = np.abs(apart - LAW.modules[0].spacing) <= 0.5
        return (exact & (reverse[:, 0] == reverse[:, 1]))[chosen]

    chance = as_asked(0.0).mean()
    found = as_asked(0.6)

    def p(share):
        return stats.binomtest(int(found.sum()), len(found), share + (1 - share) * chance).pvalue

    assert p(0.6) > 1e-3
    assert p(0.64) < 1e-3


def test_decay_takes_its_share_of_the_letters():
    """Binomial at 1e-3 over the letters in which site and background differ; the control is a share 0.01 higher."""
    whole, bare = insert(LAW), insert(BARE)
    differs = whole != bare
    lost = insert(replace(LAW, decay=0.35))[differs] == bare[differs]
    assert stats.binomtest(int(lost.sum()), len(lost), 0.35).pvalue > 1e-3
    assert stats.binomtest(int(lost.sum()), len(lost), 0.36).pvalue < 1e-3
