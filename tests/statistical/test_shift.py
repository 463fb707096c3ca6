"""Severities against estimators that share nothing with the solvers, and the marginals that a shift must keep."""

import functools
import math

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from simulators import assay, covariate, genome, mpra, program, shift
from simulators.random import key
from tests import naive

pytestmark = pytest.mark.statistical
GENOME = ("motif_density", "grammar_use", "turnover_sites")
PROGRAM = ("rewiring", "cell_type", "grammar_rule", "turnover_pwm")
ASSAY = ("depth", "batch", "pcr_gc", "heteroscedastic", "heavy_tail", "protocol", "dropout")
N = 10_000


@functools.cache
def world():
    return mpra.world(0)


@functools.cache
def shifted(family, dose):
    return shift.apply(world(), family, dose).world


@functools.cache
def fresh(drawn, n, purpose="statistical shift"):
    """Letters that no constant of the world was computed on."""
    return genome.draw(drawn.genome, drawn.program.release, key(5, purpose), n).sequence


def correlation(x, y):
    return np.corrcoef(x.astype(float), y.astype(float))[0, 1]


# genome


def background_gc(law, release, n, purpose):
    """Numbers of C and G in inserts without sites, as long as the letters that sites leave free."""
    letters = genome.free_letters(law, release)
    bare = replace(law, length=letters, left="", right="", plants=0.0, module_plants=0.0)
    sequence = genome.draw(bare, release, key(6, purpose), n).sequence
    return ((sequence == 1) | (sequence == 2)).sum(axis=1)


@pytest.mark.parametrize("dose", [0.05, 0.3, 0.75])
def test_gc_severity_is_the_total_variation_of_drawn_letters(dose):
    """Largest gap of the two empirical distribution functions, 60,000 a side, within .012: four SD.

    That is the total variation, because the two laws of GC counts cross once. The control is a dose .03 higher.
    """
    source, n = world(), 60_000
    release = source.program.release
    here = background_gc(source.genome, release, n, "source")

    def gap(severity):
        there = background_gc(shifted("gc", severity).genome, release, n, "target")
        return stats.ks_2samp(here, there).statistic

    assert gap(dose) == pytest.approx(dose, abs=0.012)
    assert abs(gap(dose + 0.03) - dose) > 0.012


def test_the_overlap_of_gc_is_the_effective_share_of_weighted_draws():
    """ESS / n of exact weights on drawn counts, 100,000, within 3 %: over four SD. Control: a dose .03 higher."""
    letters = genome.free_letters(world().genome, world().program.release)

    def law(drawn):
        mean, sd = drawn.genome.gc_mean, drawn.genome.gc_sd
        total = mean * (1 - mean) / sd**2 - 1
        return stats.betabinom(letters, mean * total, (1 - mean) * total)

    count = law(world()).rvs(100_000, random_state=1)

    def found(dose):
        weight = law(shifted("gc", dose)).pmf(count) / law(world()).pmf(count)
        return weight.sum() ** 2 / (weight**2).sum() / len(weight)

    told = shift.apply(world(), "gc", 0.3).parameter["overlap"]
    assert found(0.3) == pytest.approx(told, rel=0.03)
    assert found(0.33) != pytest.approx(told, rel=0.03)


def test_the_closed_form_law_of_gc_sums_to_one():
    assert covariate._compared(120, 0.087, 0.52, 0.52) == pytest.approx((0, 1), abs=1e-9)
    mass = [covariate._beta_binomial(k, 120, 0.52, 0.087) for k in range(121)]
    assert sum(mass) == pytest.approx(1, abs=1e-9)
    assert np.dot(mass, np.arange(121)) == pytest.approx(0.52 * 120, rel=1e-9)


@pytest.mark.parametrize("apart", [0.0, 0.2, 0.4, 0.8, 1.3, 2.3])
def test_total_variation_of_normal_numbers_that_lie_apart(apart):
    """Truth 2 Phi(d / 2) - 1. Error at most .02: four SD of .005, and .03 at d = 0 where squares are cut off at 0.

    The control is the raw difference of histograms, and that less its noise, which miss it where d is .4.
    """
    rng = np.random.default_rng(7)
    truth = 2 * stats.norm.cdf(apart / 2) - 1
    here, there = rng.standard_normal((2, 20_000, 3))
    there[:, 0] += apart
    edges = np.sort(here, axis=0)[20_000 * np.arange(1, 8) // 8].T
    count = [covariate.histogram(edges, x) for x in (here, there)]
    assert covariate.corrected(*count) == pytest.approx(truth, abs=0.02 if apart else 0.03)
    raw, noise = covariate._differences(*count)
    assert raw == pytest.approx(naive.variation(*count))
    if apart == 0.4:
        assert raw > truth + 0.02
        assert raw - noise < truth - 0.02


@functools.cache
def numbers(drawn, purpose):
    """Mean f, GC, total occupancy and strength of pairs of 20,000 fresh sequences, (n, 4)."""
    basis = program.basis(world().program, fresh(drawn, 20_000, purpose))
    f = program.link(world().program, program.parts(world().program, basis)).mean(axis=1)
    return np.stack([f, basis.gc, basis.occupancy.sum(axis=1), basis.pair.sum(axis=1)], axis=1)


@functools.cache
def seen(family, dose):
    """Total variation that a classifier trained on other draws sees."""
    columns = [0, 3, 2] if family == "grammar_use" else [0, 1, 2]
    here, there = numbers(world(), "here"), numbers(shifted(family, dose), "there")
    return naive.classified_variation(here[:, columns], there[:, columns])


@pytest.mark.parametrize("dose", [0.05, 0.3])
@pytest.mark.parametrize("family", GENOME)
def test_a_classifier_sees_the_severity_of_a_genome(family, dose):
    """Within .03: four SD of a share of 10,000 less another. The control is the dose .15."""
    assert seen(family, dose) == pytest.approx(dose, abs=0.03)
    assert abs(seen(family, 0.15) - dose) > 0.03


def test_no_classifier_sees_more_than_the_severity_of_gc():
    """What three numbers tell of a sequence is no more than all of its letters; half of it at least is seen."""
    assert 0.25 < seen("gc", 0.5) < 0.52


@pytest.mark.parametrize("family", ["gc", *GENOME])
def test_genomes_leave_what_is_measured_of_given_letters(family):
    """f of the same letters has the same bytes; residuals of shifted letters have mean 0 within 4 SE (6e-5).

    The control are residuals about the f of rewired effects.
    """
    new, letters = shifted(family, 0.3), fresh(world(), 500)
    assert mpra.evaluate(new, letters).mean.tobytes() == mpra.evaluate(world(), letters).mean.tobytes()
    drawn = mpra.draw(new, N, seed=2)
    kept = np.isfinite(drawn.observed[:, 0])

    def worst(expected):
        z = (drawn.observed - expected)[kept] / drawn.truth.sd[kept]
        slope = np.abs((z * (drawn.truth.mean[kept] > 0)).mean(axis=0)) * math.sqrt(2 * len(z))
        return max((np.abs(z.mean(axis=0)) * math.sqrt(len(z))).max(), slope.max())

    assert worst(drawn.truth.expected) < 4
    wrong = program.evaluate(shifted("rewiring", 0.3).program, drawn.sequence)
    assert worst(drawn.truth.expected + wrong - drawn.truth.mean) > 4


# program


@functools.cache
def activity(family, dose):
    law = shifted(family, dose).program if dose else world().program
    return program.evaluate(law, fresh(world(), N))


def lost(family, dose):
    """1 - r |r| of the activities before and after, one value an output."""
    f, g = activity("rewiring", 0), activity(family, dose)
    r = np.array([correlation(f[:, c], g[:, c]) for c in range(f.shape[1])])
    return 1 - r * np.abs(r)


@pytest.mark.parametrize("dose", [0.05, 0.3])
@pytest.mark.parametrize("family", PROGRAM)
def test_a_program_has_its_severity_on_other_sequences(family, dose):
    """Mean over outputs, and each output where each has an angle, within .04: over four SD of 1 - r^2 of both draws.

    The control is the dose .15.
    """
    assert lost(family, dose).mean() == pytest.approx(dose, abs=0.04)
    if family in ("rewiring", "cell_type"):
        assert np.abs(lost(family, dose) - dose).max() < 0.04
    assert abs(lost(family, 0.15).mean() - dose) > 0.04


def test_full_rewiring_leaves_hardly_any_correlation_and_reverse_turns_it_round():
    """r below sqrt of the tolerance .02 and four SE of r, .04; the controls are severity .9 and the source itself."""
    assert np.sqrt(np.maximum(0, 1 - lost("rewiring", 1))).max() < 0.18
    assert np.sqrt(1 - lost("rewiring", 0.9)).min() > 0.25
    told = shift.apply(world(), "rewiring", 2).severity
    assert lost("rewiring", 2).mean() == pytest.approx(told, abs=0.04)
    assert lost("rewiring", 2).min() > 1.2


@pytest.mark.parametrize("family", PROGRAM)
def test_a_program_keeps_mean_and_sd_of_f(family):
    """Exactly on the reference sequences, within four SE on others; without standardising again it fails."""
    target = shifted(family, 0.3).program
    found = program.reference(world().genome, target)
    f = program.link(target, program.parts(target, found))
    np.testing.assert_allclose(f.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(f.std(axis=0), program.SD, rtol=1e-9)
    other = activity(family, 0.3)
    assert np.abs(other.mean(axis=0)).max() < 4 * program.SD * (1 / N + 1 / 20_000) ** 0.5
    assert np.abs(other.std(axis=0) - program.SD).max() < 0.04
    names = ("centers", "scales", "total_center", "total_scale", "link_center", "link_scale")
    old = replace(target, **{name: getattr(world().program, name) for name in names})
    drifted = program.link(old, program.parts(old, found))
    assert max(np.abs(drifted.mean(axis=0)).max(), np.abs(drifted.std(axis=0) - program.SD).max()) > 0.03


@pytest.mark.parametrize("family", PROGRAM)
def test_programs_leave_letters_and_noise(family):
    drawn, source = (mpra.draw(w, 300, seed=3) for w in (shifted(family, 0.3), world()))
    assert drawn.sequence.tobytes() == source.sequence.tobytes()
    for column in ("batch", "barcodes", "gc"):
        assert drawn.table[column].tobytes() == source.table[column].tobytes()
    noise = [((x.observed - x.truth.expected) / x.truth.sd)[np.isfinite(x.observed)] for x in (drawn, source)]
    assert correlation(*noise) > 0.95


# assay


@functools.cache
def reliability(family, dose):
    """Var f / (Var f + Var(observed - f)) of simulated measurements, one value an output."""
    law = shifted(family, dose).assay if dose else world().assay
    letters = fresh(world(), N)
    f, gc = activity("rewiring", 0), genome.gc(letters).astype(float)
    observed = assay.measure(law, f, gc, key(7, "measured")).observed
    kept = np.isfinite(observed[:, 0])
    signal, noise = f.astype(float).var(axis=0), (observed[kept].astype(float) - f[kept]).var(axis=0)
    return signal / (signal + noise)


@pytest.mark.parametrize("family", ASSAY)
def test_an_assay_has_its_severity_in_simulated_measurements(family):
    """Within .02 at 10,000 x 3: over four SD, .004. The controls are the doses .05 and .25."""

    def found(dose):
        return 1 - (reliability(family, dose) / reliability(family, 0)).mean()

    assert found(0.15) == pytest.approx(0.15, abs=0.02)
    assert abs(found(0.05) - 0.15) > 0.02
    assert abs(found(0.25) - 0.15) > 0.02


@pytest.mark.parametrize("family", ASSAY)
def test_assays_leave_letters_and_f(family):
    drawn, source = (mpra.draw(w, 300, seed=3) for w in (shifted(family, 0.15), world()))
    assert drawn.sequence.tobytes() == source.sequence.tobytes()
    assert drawn.truth.mean.tobytes() == source.truth.mean.tobytes()
    assert not np.array_equal(drawn.truth.sd, source.truth.sd)


def told(law):
    """Var f / (Var f + E[sd^2] + Var(expected - f)) by the moments, one value an output."""
    expected, sd = assay.moments(law, activity("rewiring", 0), genome.gc(fresh(world(), N)).astype(float))
    f = activity("rewiring", 0).astype(float)
    return f.var(axis=0) / (f.var(axis=0) + (sd.astype(float) ** 2).mean(axis=0) + (expected - f).var(axis=0))


def test_new_batches_are_new_and_no_effect_of_them_rules_alone():
    """Every batch changes; what one kind of effect does alone is less than three quarters of the severity."""
    new, old = shifted("batch", 0.3).assay.batches, world().assay.batches
    assert len(new) == len(old)
    assert not set(new) & set(old)
    names = ("offset", "slope", "gc_linear", "gc_square")
    for kept in names:
        alone = tuple(replace(b, **{kept: getattr(a, kept)}) for a, b in zip(new, old, strict=True))
        lost = 1 - np.mean(told(replace(world().assay, batches=alone)) / told(world().assay))
        assert 0.02 < lost < 0.75 * 0.3


# oracle

WORLDS = [("gc+batch", 0.15), ("rewiring+heteroscedastic", 0.15), ("turnover_sites+turnover_pwm", 0.15)]
WORLDS += [("heavy_tail", 0.3), ("protocol", 0.3), ("dropout", 0.15), ("pcr_gc", 0.3), ("grammar_use", 0.3)]


@pytest.mark.parametrize(("family", "dose"), WORLDS)
def test_the_error_of_the_oracle_is_its_sd_in_shifted_worlds(family, dose):
    """Mean square of observed - expected is the mean variance, within 3 SE (false alarm .3 % an output).

    The control is the oracle of the source under those shifts that touch the assay.
    """
    drawn = mpra.draw(shifted(family, dose), N, seed=4)
    kept = np.isfinite(drawn.observed[:, 0])

    def misses(expected, sd):
        excess = (drawn.observed - expected)[kept].astype(float) ** 2 - sd[kept].astype(float) ** 2
        return np.abs(excess.mean(axis=0)) / excess.std(axis=0) * math.sqrt(kept.sum())

    assert misses(drawn.truth.expected, drawn.truth.sd).max() < 3
    if "assay" in shift.FAMILIES[family].part:
        gc = drawn.table["gc"].astype(float)
        source = assay.moments(world().assay, drawn.truth.mean, gc, drawn.table["batch"])
        assert misses(*source).min() > 3
