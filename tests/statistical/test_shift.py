"""Severities against estimators that share nothing with the solvers, and the marginals that a shift must keep."""

import functools

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from simulators import assay, covariate, genome, mpra, program, shift
from simulators.calibrate import correlation, turn
from simulators.program import PARTS
from simulators.random import key

pytestmark = pytest.mark.statistical
WORLDS = range(6)
DARK = PARTS.index("dark")
LEAST_DARK = 0.30


@functools.cache
def world(seed):
    return mpra.world(seed)


def fresh(drawn, n, purpose="statistical shift"):
    """Letters that no constant of the world was computed on."""
    return genome.draw(drawn.genome, drawn.program.release, key(5, purpose), n).sequence


def background_gc(law, release, n, purpose):
    """Numbers of C and G in inserts without sites, as long as the letters that sites leave free."""
    letters = genome.free_letters(law, release)
    bare = replace(law, length=letters, left="", right="", plants=0.0)
    sequence = genome.draw(bare, release, key(6, purpose), n).sequence
    return ((sequence == 1) | (sequence == 2)).sum(axis=1)


@pytest.mark.parametrize("dose", [0.05, 0.3, 0.75])
def test_gc_severity_is_the_total_variation_of_drawn_letters(dose):
    """Largest gap of the two empirical distribution functions, 60,000 a side, within .012: four SD.

    That is the total variation, because the two laws of GC counts cross once. The control is a dose .03 higher.
    """
    source, n = world(0), 60_000
    release = source.program.release
    here = background_gc(source.genome, release, n, "source")

    def gap(severity):
        there = background_gc(shift.apply(source, "gc", severity).world.genome, release, n, "target")
        return stats.ks_2samp(here, there).statistic

    assert gap(dose) == pytest.approx(dose, abs=0.012)
    assert abs(gap(dose + 0.03) - dose) > 0.012


def test_no_statistic_of_the_sequences_sees_more_than_the_gc_severity():
    """Total variation of (f, GC, occupancy) in 8 x 8 x 8 bins, same law taken off, is at most that of the letters."""
    source, dose = world(0), 0.5
    target = shift.apply(source, "gc", dose).world

    def statistics(drawn, purpose):
        basis = program.basis(source.program, fresh(drawn, 10_000, purpose))
        f = program.link(source.program, program.parts(source.program, basis)).mean(axis=1)
        return np.stack([f, basis.gc, basis.occupancy.sum(axis=1)])

    here, again, there = statistics(source, "a"), statistics(source, "b"), statistics(target, "c")
    edges = [np.quantile(x, np.linspace(0, 1, 9)[1:-1]) for x in here]

    def cells(values):
        return sum(np.searchsorted(e, x) * 8**i for i, (e, x) in enumerate(zip(edges, values, strict=True)))

    def variation(a, b):
        return np.abs(np.bincount(cells(a), minlength=512) - np.bincount(cells(b), minlength=512)).sum() / 20_000

    seen = variation(here, there) - variation(here, again)
    assert 0.3 * dose < seen < dose + 0.02


@functools.cache
def other_basis(seed):
    """Basis of 10,000 sequences of a world that no constant was computed on."""
    return program.basis(world(seed).program, fresh(world(seed), 10_000))


def activity(law, seed):
    return program.link(law, program.parts(law, other_basis(seed)))


def lost(seed, dose):
    """1 - corr^2 of the activities before and after rewiring, one value an output."""
    f, g = (activity(w.program, seed) for w in (world(seed), shift.apply(world(seed), "rewiring", dose).world))
    return np.array([1 - correlation(f[:, c], g[:, c]) ** 2 for c in range(f.shape[1])])


@pytest.mark.parametrize("dose", [0.05, 0.3, 0.75])
def test_rewiring_has_its_severity_on_other_sequences(dose):
    """Within .04 at 10,000 sequences: over four SD of 1 - r^2 of both draws; the control is another dose."""
    assert np.abs(lost(0, dose) - dose).max() < 0.04
    assert np.abs(lost(0, dose + 0.15) - dose).min() > 0.04


def test_full_rewiring_leaves_no_correlation():
    """|r| within .09 on other sequences: sqrt(.005) of tolerance and 2 SD of r; the control is severity .9."""
    assert np.sqrt(np.maximum(0, 1 - lost(2, 1))).max() < 0.09
    assert np.sqrt(1 - lost(2, 0.9)).min() > 0.2


def test_rewiring_keeps_mean_and_sd_of_f():
    """Exactly on the reference sequences, within sampling error on others; without standardising again it fails."""
    source = world(0)
    target = shift.apply(source, "rewiring", 0.75).world
    found = program.reference(source.genome, source.program)
    f = program.link(target.program, program.parts(target.program, found))
    np.testing.assert_allclose(f.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(f.std(axis=0), program.SD, rtol=1e-10)
    other = activity(target.program, 0)
    assert np.abs(other.mean(axis=0)).max() < 4 * program.SD * (1 / 10_000 + 1 / 20_000) ** 0.5
    assert np.abs(other.std(axis=0) - program.SD).max() < 0.04
    names = ("centers", "scales", "total_center", "total_scale", "link_center", "link_scale")
    old = replace(target.program, **{name: getattr(source.program, name) for name in names})
    drifted = activity(old, 0)
    assert max(np.abs(drifted.mean(axis=0)).max(), np.abs(drifted.std(axis=0) - program.SD).max()) > 0.08


@pytest.mark.parametrize("dose", [0.05, 0.15, 0.3])
def test_depth_severity_from_simulated_observations(dose):
    """Var f / (Var f + Var(observed - f)) within .015 at 10,000 x 3: four SD; the control is a dose .05 higher."""
    f = activity(world(0).program, 0).astype(np.float32)

    def reliability(law):
        noise = assay.measure(law, f, key(7, "depth")).observed.astype(float) - f
        return f.astype(float).var(axis=0) / (f.astype(float).var(axis=0) + noise.var(axis=0))

    def found(severity):
        after = reliability(shift.apply(world(0), "depth", severity).world.assay)
        return 1 - (after / reliability(world(0).assay)).mean()

    assert found(dose) == pytest.approx(dose, abs=0.015)
    assert abs(found(min(dose + 0.05, 0.25 if dose == 0.3 else 1)) - dose) > 0.015


def dark_share(drawn):
    """Share of Var f that is left when all but the dark parts are known; one value an output.

    Least squares on every occupancy, strand difference and pair, GC, the parts, their squares and products, and powers
    and the softplus of their sum, fitted on half of the sequences and judged on the other half.
    """
    law = drawn.program
    basis = program.reference(drawn.genome, law)
    raw, n = program.parts(law, basis), program.REFERENCE // 2
    f = program.link(law, raw)
    scaled = np.delete((raw - np.array(law.centers)) * np.sqrt(law.shares) / np.array(law.scales), DARK, axis=2)
    letters = np.concatenate([basis.occupancy, basis.strand, basis.pair, np.ones((2 * n, 1))], axis=1)
    shares = []
    for c in range(f.shape[1]):
        part, total = scaled[:, c], scaled[:, c].sum(axis=1)
        products = [part[:, i] * part[:, j] for i in range(4) for j in range(i + 1)]
        bent = [total**2, total**3, total**4, np.logaddexp(0, total + law.link_offset)]
        known = np.column_stack([letters, part, *products, *bent])
        weights = np.linalg.lstsq(known[:n], f[:n, c], rcond=None)[0]
        shares.append((f[n:, c] - known[n:] @ weights).var() / f[n:, c].var())
    return np.array(shares)


@pytest.mark.parametrize("seed", WORLDS)
def test_at_least_30_percent_of_f_is_dark(seed):
    """Every output of every world; sampling moves a share by .005 (SD). The control has a dark share of .2."""
    drawn = world(seed)
    assert dark_share(drawn).min() > LEAST_DARK
    if seed == 0:
        found = program.reference(drawn.genome, drawn.program)
        light = replace(drawn.program, shares=(0.5, 0.15, 0.08, 0.2, 0.07))
        light = program.standardise(light, program.parts(light, found))
        assert dark_share(replace(drawn, program=light)).max() < LEAST_DARK


def test_orientation_and_cell_types_matter_as_much_as_in_real_libraries():
    """Means over three worlds. Real: strands .740 and .747 of reliability .853-.895, so .83-.87; cells .49-.61."""
    strands, cells, no_orientation = [], [], []
    for seed in range(3):
        drawn = world(seed)
        sequence = fresh(drawn, 4000)
        f, g = (program.evaluate(drawn.program, x) for x in (sequence, turn(drawn, sequence)))
        strands += [correlation(f[:, c], g[:, c]) for c in range(3)]
        cells += [correlation(f[:, a], f[:, b]) for a, b in ((0, 1), (0, 2), (1, 2))]
        flat = replace(drawn.program, orientation_weights=((0.0,) * mpra.PUBLIC,) * 3)
        f, g = (program.evaluate(flat, x) for x in (sequence, turn(drawn, sequence)))
        no_orientation += [correlation(f[:, c], g[:, c]) for c in range(3)]
    assert 0.80 < np.mean(strands) < 0.90
    assert 0.49 < np.mean(cells) < 0.70
    assert min(no_orientation) > 0.90


def test_the_closed_form_law_of_gc_sums_to_one():
    assert covariate._total_variation(120, 0.087, 0.52, 0.52) == 0
    mass = [covariate._beta_binomial(k, 120, 0.52, 0.087) for k in range(121)]
    assert sum(mass) == pytest.approx(1, abs=1e-9)
    assert np.dot(mass, np.arange(121)) == pytest.approx(0.52 * 120, rel=1e-9)
