"""Sequences against the laws that a genome states."""

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from simulators import genome, motif, mpra
from simulators.random import key

pytestmark = pytest.mark.statistical
N = 20_000


@pytest.fixture(scope="module")
def law():
    return mpra.world(0).genome


def draw(law):
    return genome.draw(law, motif.RELEASE, key(1, "statistical genome"), N)


def gc_misses(law):
    """Distances of mean and SD of the insert GC from their targets in standard errors.

    The law is solved on 4,096 sequences, so their sampling error counts as well.
    """
    drawn = draw(law).sequence[:, len(law.left) : len(law.left) + law.length]
    share = ((drawn == 1) | (drawn == 2)).mean(axis=1)
    error = mpra.GC_SD * (1 / N + 1 / 4096) ** 0.5
    return abs(share.mean() - mpra.GC_MEAN) / error, abs(share.std() - mpra.GC_SD) / (error / 2**0.5)


def test_inserts_have_the_gc_law_of_the_library(law):
    """Two z-tests at 4 standard errors: 0.01 % false alarms; the control is the law before sites were allowed for."""
    assert max(gc_misses(law)) < 4
    assert max(gc_misses(replace(law, gc_mean=mpra.GC_MEAN, gc_sd=mpra.GC_SD))) > 4


def site_letters(law, drawn, k):
    """Counts (width, 4) of the letters of the sites of motif `k`, read along the motif."""
    width = int(motif.load(law.motifs[k : k + 1]).width[0])
    row, slot = np.nonzero(drawn.site == k)
    start, turned = drawn.start[row, slot], drawn.reverse[row, slot]
    letters = drawn.sequence[row[:, None], start[:, None] + np.arange(width)]
    letters[turned] = 3 - letters[turned, ::-1]
    return np.stack([(letters == letter).sum(axis=0) for letter in range(4)], axis=1), turned


def test_planted_sites_follow_their_matrices_on_both_strands(law):
    """Chi-square a motif, Bonferroni over 50 motifs at 1e-3; the control compares with the next motif's columns."""
    drawn = draw(law)
    probability = motif.load(law.motifs).probability
    found, control, strands = [], [], []
    for k in range(len(law.motifs)):
        count, turned = site_letters(law, drawn, k)
        if len(turned) < 50:
            continue
        strands.append(stats.binomtest(int(turned.sum()), len(turned)).pvalue)
        for against, out in ((probability[k], found), (probability[k - 1], control)):
            width = min(len(count), len(against))
            expected = against[:width] * len(turned)
            enough = expected >= 5
            statistic = ((count[:width] - expected) ** 2 / expected)[enough].sum()
            freedom = (enough.sum(axis=1) - enough.all(axis=1)).sum()  # a column with all letters loses one
            out.append(stats.chi2.sf(statistic, freedom))
    assert len(found) > 40
    assert min(found) > 1e-3 / 50
    assert min(strands) > 1e-3 / 50
    assert max(control) < 1e-3 / 50


def test_motifs_are_planted_as_often_as_their_abundance_says(law):
    """Chi-square at 1e-3; the control is equal abundance. Few sites, so that none is left out for lack of room."""
    law = replace(law, plants=0.5)
    site = draw(law).site
    count = np.bincount(site[site >= 0], minlength=len(law.motifs))
    share = np.array(law.abundance) / sum(law.abundance)
    kept = share * count.sum() >= 5
    count, share = count[kept], share[kept] / share[kept].sum()
    assert stats.chisquare(count, share * count.sum()).pvalue > 1e-3
    assert stats.chisquare(count).pvalue < 1e-3


def test_the_number_of_sites_is_poisson(law):
    """Chi-square at 1e-3; the control is a mean 5 % higher. Sites of 8 letters, so that 200 letters hold them all."""
    widths = motif.load(law.motifs).width
    short = [name for name, width in zip(law.motifs, widths, strict=True) if width <= 9]
    small = replace(law, motifs=tuple(short), abundance=(1.0,) * len(short), plants=4.0)
    sites = (draw(small).site >= 0).sum(axis=1)
    observed = np.bincount(np.minimum(sites, 11), minlength=12)

    def p(mean):
        mass = stats.poisson.pmf(np.arange(12), mean)
        mass[-1] = stats.poisson.sf(10, mean)
        return stats.chisquare(observed, mass * N).pvalue

    assert len(short) >= 2
    assert p(4.0) > 1e-3
    assert p(4.2) < 1e-3


def test_background_letters_are_even_within_strong_and_weak_and_have_no_memory(law):
    """Three z-tests at 4 SD: 0.02 % false alarms; the control is the memory of the planted genome's GC itself."""
    drawn = draw(replace(law, plants=0.0)).sequence[:, len(law.left) : len(law.left) + law.length]
    strong = (drawn == 1) | (drawn == 2)
    n_strong, n_weak = strong.sum(), (~strong).sum()
    assert abs((drawn == 1).sum() - n_strong / 2) < 4 * (n_strong / 4) ** 0.5
    assert abs((drawn == 0).sum() - n_weak / 2) < 4 * (n_weak / 4) ** 0.5
    centered = strong - strong.mean(axis=1, keepdims=True)
    product = (centered[:, :-1] * centered[:, 1:]).mean(axis=1)
    near, within = product.mean() + centered.var(axis=1).mean() / (law.length - 1), product.std() / N**0.5
    assert abs(near) < 4 * within
    across = strong - strong.mean()
    assert (across[:, :-1] * across[:, 1:]).mean() > 4 * within


def test_match_gc_meets_other_targets(law):
    """z-tests at 4 standard errors, as above."""
    wanted = genome.match_gc(law, motif.RELEASE, "other targets", 0.45, 0.1)
    drawn = draw(wanted).sequence[:, len(law.left) : len(law.left) + law.length]
    share = ((drawn == 1) | (drawn == 2)).mean(axis=1)
    error = 0.1 * (1 / N + 1 / 4096) ** 0.5
    assert share.mean() == pytest.approx(0.45, abs=4 * error)
    assert share.std() == pytest.approx(0.1, abs=3 * error)
