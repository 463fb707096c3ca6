"""Families of shift: one part each, the severity asked, and everything else left alone."""

import functools

import numpy as np
import pytest
from msgspec.structs import replace

from simulators import concept, covariate, measurement, mpra, program, severity, shift, standard
from simulators.program import PARTS

PART = {
    "gc": "genome",
    "motif_density": "genome",
    "grammar_use": "genome",
    "turnover_sites": "genome",
    "turnover_pwm": "program",
    "grammar_rule": "program",
    "rewiring": "program",
    "cell_type": "program",
    "depth": "assay",
    "batch": "assay",
    "pcr_gc": "assay",
    "heteroscedastic": "assay",
    "heavy_tail": "assay",
    "protocol": "assay",
    "dropout": "assay",
}
BOTH = {
    "gc+batch": "genome+assay",
    "motif_density+heteroscedastic": "genome+assay",
    "rewiring+heteroscedastic": "program+assay",
    "cell_type+batch": "program+assay",
    "gc+rewiring": "genome+program",
    "turnover_sites+turnover_pwm": "genome+program",
}
REVERSIBLE = ("grammar_rule", "rewiring", "cell_type")
ESTIMATED = ("motif_density", "grammar_use", "turnover_sites")
LADDER = [(family, dose) for family in PART for dose in (0.05, 0.15, 0.3) if (family, dose) != ("dropout", 0.3)]
FALLING = {"plants", "factor", "gain", "gc_linear", "gc_square", "overlap"}
"""Parameters that fall with the severity; `factor` rises in motif_density."""


@functools.cache
def world():
    return mpra.world(0)


@functools.cache
def solved(family, dose):
    """World 0 shifted; several tests look at the same doses."""
    return shift.apply(world(), family, dose)


@functools.cache
def sample(family="null", dose=0.0):
    return mpra.draw(solved(family, dose).world, 300, seed=1)


def residual(drawn):
    found = (drawn.observed - drawn.truth.expected) / drawn.truth.sd
    return found[np.isfinite(sample().observed) & np.isfinite(drawn.observed)]


def test_every_family_is_listed_with_its_part():
    assert {name: family.part for name, family in shift.FAMILIES.items()} == PART | BOTH | {"null": "none"}
    assert tuple(name for name, family in shift.FAMILIES.items() if family.reversible) == REVERSIBLE
    assert all(family.text and family.solve.__doc__ for family in shift.FAMILIES.values())
    assert len({family.text for family in shift.FAMILIES.values()}) == len(shift.FAMILIES)


@pytest.mark.parametrize("family", [*PART, *BOTH, "null"])
def test_severity_0_is_the_same_world(family):
    found = shift.apply(world(), family, 0)
    assert found.world is world()
    part = (PART | BOTH | {"null": "none"})[family]
    assert (found.family, found.part, found.severity, found.parameter) == (family, part, 0.0, {})


@pytest.mark.parametrize(("family", "dose"), LADDER)
def test_a_family_replaces_one_part_and_reaches_the_severity(family, dose):
    found = solved(family, dose)
    changed = [part for part in ("genome", "program", "assay") if getattr(found.world, part) != getattr(world(), part)]
    assert changed == [PART[family]] == [found.part]
    near = covariate.TOLERANCE if family in ESTIMATED else 0.01 * dose
    assert found.severity == pytest.approx(dose, abs=near)
    assert mpra.World.from_json(found.world.to_json()) == found.world


@pytest.mark.parametrize("family", PART)
def test_the_parameter_moves_one_way_with_the_severity(family):
    found = [solved(name, dose).parameter for name, dose in LADDER if name == family]
    for name in found[0]:
        falls = name in FALLING and family != "motif_density"
        steps = np.diff([parameter[name] for parameter in found])
        assert (steps < 0).all() if falls else (steps > 0).all()


@pytest.mark.parametrize("family", BOTH)
def test_a_compound_replaces_two_parts_each_by_itself(family):
    found, names = solved(family, 0.15), family.split("+")
    changed = [part for part in ("genome", "program", "assay") if getattr(found.world, part) != getattr(world(), part)]
    assert "+".join(changed) == found.part == BOTH[family]
    for name in names:
        alone = solved(name, 0.15)
        assert getattr(found.world, PART[name]) == getattr(alone.world, PART[name])
        assert found.parameter[f"{name}.severity"] == alone.severity
        assert {f"{name}.{key}" for key in alone.parameter} <= set(found.parameter)
    assert found.severity == pytest.approx(0.15, abs=0.002)


@pytest.mark.parametrize("family", ["turnover_sites", "turnover_pwm", "cell_type", "batch"])
def test_solving_again_in_another_order_gives_the_same_world(family):
    first = solved(family, 0.15).world.to_json()
    for kept in (covariate._numbers, concept._blended, measurement._reliability):
        kept.cache_clear()
    assert shift.apply(world(), family, 0.15).world.to_json() == first


@pytest.mark.parametrize("family", PART)
def test_a_vanishing_dose_moves_nothing_much(family):
    """Samplers of fixed consumption: letters and noise at severity 1e-6 are those of severity 0."""
    drawn = sample(family, 1e-6)
    assert np.corrcoef(residual(drawn), residual(sample()))[0, 1] > 0.99
    assert (drawn.sequence != sample().sequence).mean() < 1e-3
    assert np.abs(drawn.truth.mean - sample().truth.mean).max() < 0.05


@pytest.mark.parametrize("family", PART)
def test_a_real_dose_moves_the_part_and_leaves_the_others(family):
    """Letters belong to the genome, f of given letters to the program, what is read of it to the assay."""
    drawn, part = sample(family, 0.15), PART[family]
    new = solved(family, 0.15).world
    letters = sample().sequence
    assert np.array_equal(drawn.sequence, letters) == (part != "genome")
    f = program.evaluate(new.program, letters)
    assert np.array_equal(f, sample().truth.mean) == (part != "program")
    assert np.array_equal(drawn.table["batch"], sample().table["batch"])
    again = mpra.evaluate(new, letters)
    assert np.array_equal(again.expected, mpra.evaluate(world(), letters).expected) == (part == "genome")


@pytest.mark.parametrize(
    ("family", "parts"),
    [
        ("rewiring", {"motif", "pair"}),
        ("cell_type", {"motif", "pair", "dark", "orientation"}),
        ("grammar_rule", {"pair", "orientation"}),
        ("turnover_pwm", {"motif", "pair", "dark", "orientation"}),  # dark sites by their quenchers, which are public
    ],
)
def test_only_the_parts_of_a_program_that_are_meant_change(family, parts):
    letters = sample().sequence
    before, after = (
        program.parts(w.program, program.basis(w.program, letters)) for w in (world(), solved(family, 0.15).world)
    )
    changed = {name for k, name in enumerate(PARTS) if not np.allclose(before[..., k], after[..., k], rtol=1e-9)}
    assert changed == parts


def test_cell_types_keep_what_they_share_and_the_field():
    """Far from the source every cell type still has the sign of each effect, and the 6-mer field its weight."""
    old, new = world().program, solved("cell_type", 0.3).world.program
    assert [row[-1] for row in new.dark_weights] == [row[-1] for row in old.dark_weights]
    turned = np.array(new.motif_weights)
    shared = concept.effects.shared(old.identity, "motif", len(old.public))
    angle = np.array(list(solved("cell_type", 0.3).parameter.values()))[:, None]
    own = np.array(old.motif_weights) - shared
    far = concept.effects.effects(old.identity, "motif", 6, len(old.public))[3:] - shared
    np.testing.assert_allclose(turned - shared, np.cos(angle) * own + np.sin(angle) * far, rtol=1e-9, atol=1e-12)
    assert (own * shared >= 0).all()


def test_reversed_rewiring_changes_every_sign_but_that_of_gc():
    found, old = solved("rewiring", 2), world().program
    for purpose in concept.WEIGHTS:
        before, after = (np.array(getattr(law, f"{purpose}_weights")) for law in (old, found.world.program))
        np.testing.assert_allclose(after, -before, atol=1e-12)
    assert found.severity > 1.3
    f, g = (program.evaluate(law, sample().sequence) for law in (old, found.world.program))
    assert all(np.corrcoef(f[:, c], g[:, c])[0, 1] < -0.4 for c in range(3))


def test_reversed_rules_and_cell_types_change_the_sign_of_what_turns():
    rules = solved("grammar_rule", 2).world.program
    assert rules.rule_weights == pytest.approx((-1, 0), abs=1e-12)
    np.testing.assert_allclose(rules.position_weights, -np.array(world().program.position_weights), atol=1e-12)
    assert rules.motif_weights == world().program.motif_weights
    cells = np.array(solved("cell_type", 2).world.program.motif_weights)
    shared = concept.effects.shared(world().program.identity, "motif", cells.shape[1])
    np.testing.assert_allclose(cells - shared, shared - np.array(world().program.motif_weights), atol=1e-12)
    assert solved("cell_type", 2).severity > solved("cell_type", 0.3).severity


@pytest.mark.parametrize(
    ("family", "dose", "message"),
    [
        ("gc", 0.99, r"it ends at 0\.9\d\d: a mean GC above 0\.95 is not used"),
        ("grammar_use", 0.95, r"it ends at 0\.[45]\d\d: then all sites are pairs, all arranged"),
        ("grammar_rule", 0.9, r"it ends at 0\.\d\d\d: parts that have no rule of arrangement stay"),
        ("cell_type", 0.95, r"it ends at 0\.\d\d\d: what cell\d shares with other cell types stays"),
        (
            "turnover_pwm",
            0.95,
            r"it ends at 0\.\d\d\d: then all public motifs are permuted; dark ones,",
        ),
        ("depth", 0.75, r"it ends at 0\.3\d\d: at less than 0\.01 of the reads pseudocounts decide"),
        ("protocol", 0.75, r"it ends at 0\.4\d\d: then 0\.1 of the gain is left"),
        ("dropout", 0.5, r"it ends at 0\.2\d\d: at a loss above 0\.98 hardly an insert is measured"),
        ("heavy_tail", 0.99, r"it ends at 0\.9\d\d: the rate of jackpots ends at 0\.3"),
    ],
)
def test_a_family_says_where_it_ends_and_why(family, dose, message):
    with pytest.raises(
        shift.Unreachable, match=rf"shift {family}: severity {dose} cannot be reached; {message}"
    ) as found:
        shift.apply(world(), family, dose)
    assert 0 < found.value.largest < dose


def test_a_world_without_what_a_family_shifts_is_told():
    bare = replace(world().genome, plants=0.0, module_plants=0.0, modules=())
    for family, genome, reason in (
        ("motif_density", bare, "the genome plants no sites"),
        ("grammar_use", bare, "the genome has no modules or plants no single sites"),
        ("turnover_sites", replace(world().genome, decay=1.0), "all sites have decayed in the source"),
    ):
        with pytest.raises(shift.Unreachable, match=f"it ends at 0.000: {reason}"):
            shift.apply(replace(world(), genome=genome), family, 0.3)
    permuted = replace(world(), program=replace(world().program, turnover=1.0))
    with pytest.raises(shift.Unreachable, match=r"it ends at 0\.000: all public motifs are permuted in the source"):
        shift.apply(permuted, "turnover_pwm", 0.3)


def test_rewiring_cannot_turn_what_is_dark():
    dark = replace(world().program, shares=(0.05, 0.02, 0.06, 0.8, 0.07))
    raw = program.parts(dark, program.reference(world().genome, dark))
    other = replace(world(), program=standard.standardise(dark, raw))
    with pytest.raises(shift.Unreachable, match=r"shift rewiring: severity 0\.75 .* the parts of cell\d that are not"):
        shift.apply(other, "rewiring", 0.75)
    assert shift.apply(other, "rewiring", 0.05).severity == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize(
    ("family", "dose", "message"),
    [
        ("weather", 0.5, "shift 'weather': unknown; expected one of gc, motif_density, "),
        ("gc", -0.1, r"shift gc: severity -0\.1; expected 0 to 1$"),
        ("gc", 1.1, r"shift gc: severity 1\.1; expected 0 to 1$"),
        ("rewiring", 1.1, r"shift rewiring: severity 1\.1; expected 0 to 1, or 2$"),
        ("gc", float("nan"), "shift gc: severity nan; expected 0 to 1"),
        ("gc", 2, "shift gc: severity 2; it has no arm reverse, expected 0 to 1"),
        ("gc+batch", 2, "shift gc.batch: severity 2; it has no arm reverse, expected 0 to 1"),
        ("null", 0.3, r"shift null: severity 0\.3; expected 0, for it changes nothing"),
    ],
)
def test_a_wrong_call_is_named(family, dose, message):
    with pytest.raises(ValueError, match=message):
        shift.apply(world(), family, dose)


def test_a_family_that_replaces_another_part_is_stopped(monkeypatch):
    wrong = shift.Family("gc", "program", "says program, changes the genome", shift.FAMILIES["gc"].solve)
    monkeypatch.setitem(shift.FAMILIES, "gc", wrong)
    with pytest.raises(TypeError, match="shift gc: gave a new Genome; expected a new program"):
        shift.apply(world(), "gc", 0.3)


def test_bisection():
    assert severity.bisect(lambda x: x * x, 2.0, 0.0, 5.0) == pytest.approx(2**0.5, abs=1e-10)


@pytest.mark.parametrize("power", [0.5, 1, 2, 3])
@pytest.mark.parametrize("target", [1e-6, 0.05, 0.3, 0.75])
def test_climbing_finds_the_argument_in_few_steps(power, target):
    asked = []

    def rising(x):
        asked.append(x)
        return x**power

    found, value = severity.climb(rising, target, (0.1, 0.4, 1.0), 1e-4 * target)
    assert value == found**power == pytest.approx(target, rel=1.01e-4)
    assert len(asked) < (40 if target == 1e-6 else 12)
    assert max(asked) <= next(rung for rung in (0.1, 0.4, 1.0) if rung**power >= target)


def test_climbing_beyond_the_last_rung_ends_there():
    assert severity.climb(lambda x: x / 2, 0.75, (0.1, 1.0), 1e-4) == (1.0, 0.5)


def test_total_variation_of_histograms_is_0_for_equal_and_1_for_disjoint_ones():
    here = np.array([5000, 5000, 0, 0])
    assert covariate.corrected(here, here) == 0
    assert covariate.corrected(here, here[::-1].copy()) == pytest.approx(1, abs=1e-9)
