"""f(x) against plain sums over letters, and what must not change when a sequence is turned round."""

import numpy as np
import pytest
from msgspec.structs import replace

from simulators import effects, field, genome, grammar, motif, mpra, program, scoring, threads
from simulators.effects import normals
from simulators.program import PARTS
from simulators.random import key
from tests import naive


@pytest.fixture(scope="module")
def world():
    return mpra.world(0)


@pytest.fixture(scope="module")
def rows(world):
    """Sequences of the world; some hold N, the last two are N and GC alone."""
    sequence = genome.draw(world.genome, world.program.release, key(0, "program test"), 60).sequence
    sequence[3, 100] = sequence[4, 0] = sequence[4, 229] = 4
    sequence[5, 40:200] = 4
    sequence[58] = 4
    sequence[59] = 1
    for i in range(6, 30):  # sites of a pair and of a quencher close to each other, some on top of one another
        a, b = world.program.pairs[i % len(world.program.pairs)]
        for k, start in ((a, 60), (b, 60 + i), (world.program.quenchers[i % 4], 130 - 2 * i)):
            best = consensus(world.program.public[k])
            sequence[i, start : start + len(best)] = best if i % 3 else 3 - best[::-1]
    return sequence


def consensus(name):
    found = motif.load((name,))
    return found.probability[0, : found.width[0]].argmax(axis=1).astype(np.uint8)


@pytest.fixture(scope="module")
def basis(world, rows):
    return program.basis(world.program, rows)


def sites(law, row):
    """Site weights of every motif of a program on both strands, by plain sums."""
    motifs = motif.load(law.public + law.dark)
    for width, bits in zip(motifs.width.tolist(), motif.log_odds(motifs), strict=True):
        cut = scoring.threshold(bits[:width], law.tail)
        yield np.array(naive.site_weights(row, bits[:width], cut, law.temperature))


@pytest.mark.parametrize("i", [0, 3, 4, 5, *range(6, 30, 5), 58, 59])
def test_basis_against_plain_sums(world, rows, basis, i):
    law, row = world.program, rows[i]
    weights = list(sites(law, row))
    public = len(law.public)
    width = motif.load(law.public + law.dark).width.tolist()
    left, place, pairs = naive.arrangement(law, width, weights, len(row))
    both = np.array([naive.saturated(total) for total in left])
    np.testing.assert_allclose(basis.occupancy[i], both[:public], rtol=1e-4)
    np.testing.assert_allclose(basis.dark[i], both[public:], rtol=1e-4)
    strand = [naive.saturated(w[0].sum()) - naive.saturated(w[1].sum()) for w in weights[:public]]
    np.testing.assert_allclose(basis.strand[i], strand, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(basis.position[i], place, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(basis.pair[i], pairs, rtol=1e-4, atol=1e-6)
    table = field.field(law.identity, len(law.cells))
    np.testing.assert_allclose(basis.field[i], naive.field_sum(row, table), rtol=1e-9, atol=1e-11)
    assert basis.gc[i] == pytest.approx(naive.gc_share(row))


def test_field_against_plain_sums():
    found = field.field("a seed", 2)
    expected = naive.smooth_field(normals(key(0, "a seed", "field"), 4096, 0, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_field_is_alike_on_both_strands_and_holds_no_gc():
    found = field.field("another seed", 3)
    words = np.array(np.unravel_index(np.arange(4096), (4,) * 6)).T
    turned = np.ravel_multi_index((3 - words[:, ::-1]).T, (4,) * 6)
    np.testing.assert_allclose(found, found[turned], rtol=1e-9, atol=1e-12)
    strong = ((words == 1) | (words == 2)).sum(axis=1)
    for count in range(7):
        np.testing.assert_allclose(found[strong == count].mean(axis=0), 0, atol=1e-12)
    near = np.arange(4096) ^ 1  # the last letter changed
    assert np.corrcoef(found[:, 0], found[near, 0])[0, 1] > 0.2  # smooth over neighbours; SD .016


def test_parts_are_weighted_sums(world, rows, basis):
    law = world.program
    raw = program.parts(law, basis)
    assert raw.shape == (len(rows), len(law.cells), len(PARTS))
    dark = np.array(law.dark_weights)
    expected = [
        basis.occupancy @ np.array(law.motif_weights).T,
        basis.pair @ np.array(law.pair_weights).T,
        np.repeat(basis.gc[:, None], len(law.cells), axis=1),
        basis.dark @ dark[:, :-1].T + basis.field * dark[:, -1],
        basis.strand @ np.array(law.orientation_weights).T + basis.position @ np.array(law.position_weights).T,
    ]
    np.testing.assert_allclose(raw, np.stack(expected, axis=2), rtol=1e-9, atol=1e-11)


def test_f_is_the_link_of_the_standardised_sum(world, rows, basis):
    raw = program.parts(world.program, basis)
    found = program.evaluate(world.program, rows)
    assert found.dtype == np.float32
    for i in range(len(rows)):
        expected = [naive.activity(world.program, c, raw[i, c]) for c in range(len(world.program.cells))]
        np.testing.assert_allclose(found[i], expected, rtol=1e-5, atol=1e-6)


def test_f_has_mean_0_and_its_nominal_sd_on_the_reference_sequences(world):
    raw = program.parts(world.program, program.reference(world.genome, world.program))
    f = program.link(world.program, raw)
    np.testing.assert_allclose(f.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(f.std(axis=0), program.SD, rtol=1e-10)


def test_each_output_is_dark_by_the_dark_share(world):
    law = world.program
    raw = program.parts(law, program.reference(world.genome, law))
    scaled = (raw - np.array(law.centers)) * np.sqrt(law.shares) / np.array(law.scales)
    dark = PARTS.index("dark")
    np.testing.assert_allclose(scaled[..., dark].var(axis=0), law.shares[dark], rtol=1e-9)
    rest = np.delete(scaled, dark, axis=2).sum(axis=2)
    np.testing.assert_allclose(rest.var(axis=0), 1 - law.shares[dark], rtol=1e-9)


def test_all_parts_but_orientation_are_the_same_on_the_other_strand(world, rows):
    turned = np.array([naive.reverse_complement(row) for row in rows], np.uint8)
    here, there = (program.basis(world.program, x) for x in (rows, turned))
    for name in ("occupancy", "pair", "dark", "field", "gc"):
        np.testing.assert_allclose(getattr(here, name), getattr(there, name), rtol=1e-5, atol=1e-6, err_msg=name)
    for name in ("strand", "position"):
        np.testing.assert_allclose(getattr(here, name), -getattr(there, name), rtol=1e-5, atol=1e-6, err_msg=name)
    assert np.abs(here.strand).max() > 0.5


def test_f_does_not_depend_on_other_rows_or_on_threads(world, rows, basis, monkeypatch):
    whole = program.evaluate(world.program, rows)
    alone = np.concatenate([program.evaluate(world.program, rows[i : i + 1]) for i in reversed(range(len(rows)))])
    assert alone[::-1].tobytes() == whole.tobytes()
    monkeypatch.setattr(threads, "STRETCH", 7)
    assert program.evaluate(world.program, rows).tobytes() == whole.tobytes()
    again = program.basis(world.program, rows)
    for name in program.Basis.__dataclass_fields__:
        assert getattr(again, name).tobytes() == getattr(basis, name).tobytes()


def test_a_destroyed_site_counts_and_a_site_by_chance_counts(world):
    """Where a site stands in random letters f moves as it does for planted sites: f knows letters alone."""
    law = world.program
    best = consensus(law.public[0])
    row = genome.draw(replace(world.genome, plants=0.0), law.release, key(0, "bare"), 1).sequence
    planted = row.copy()
    planted[0, 100 : 100 + len(best)] = best
    broken = planted.copy()
    broken[0, 100 + len(best) // 2] = 3 - broken[0, 100 + len(best) // 2]
    bare, held, gone = (program.basis(law, x).occupancy[0, 0] for x in (row, planted, broken))
    assert held > 0.5 > bare
    assert gone < held


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 230), np.int64), np.full((2, 230), 5, np.uint8), np.zeros(230, np.uint8)]
)
def test_what_is_no_table_of_letters_is_refused(world, wrong):
    with pytest.raises(ValueError, match=r"expected uint8 \(n, length\) with codes 0 to 4"):
        program.evaluate(world.program, wrong)


def test_no_rows_and_short_rows(world):
    assert program.evaluate(world.program, np.empty((0, 230), np.uint8)).shape == (0, 3)
    assert np.isfinite(program.evaluate(world.program, np.zeros((2, 3), np.uint8))).all()


def test_quenchers_weaken_others_alone_and_only_near(world, rows):
    law = world.program
    here = program.basis(law, rows)
    free = program.basis(replace(law, quench=0.0), rows)
    others = np.setdiff1d(np.arange(len(law.public)), law.quenchers)
    assert (here.occupancy[:, others] <= free.occupancy[:, others] + 1e-12).all()
    assert (free.occupancy - here.occupancy)[:, others].max() > 0.05
    assert here.occupancy[:, law.quenchers].tobytes() == free.occupancy[:, law.quenchers].tobytes()
    near = program.basis(replace(law, quench_reach=1e-9), rows)
    np.testing.assert_allclose(near.occupancy, free.occupancy, rtol=1e-9)


def test_two_rules_add_with_their_weights(world, rows):
    law = world.program
    other = effects.rule(law.identity, "another", len(law.pairs))
    one, two = (program.basis(replace(law, rules=(r,)), rows).pair for r in (law.rules[0], other))
    both = program.basis(replace(law, rules=(law.rules[0], other), rule_weights=(0.6, -0.3)), rows).pair
    np.testing.assert_allclose(both, 0.6 * one - 0.3 * two, rtol=1e-9, atol=1e-12)
    assert np.abs(one - two).max() > 0.05


def test_the_spacing_law_has_its_peak_at_the_best_distance_and_the_turn_of_the_helix(world):
    law = replace(world.program, helix=0.5)
    best = law.rules[0].spacing[0]
    distance = best + np.array([0.0, 5.25, 10.5, 1e3])
    peak, trough, next_turn, far = grammar.spacing_law(law, 0, distance)
    assert peak == pytest.approx(1)
    assert trough < next_turn < peak
    assert far == 0
    expected = [naive.spacing(d, best, law.rules[0].spread[0], 0.5, law.pair_reach) for d in distance]
    np.testing.assert_allclose([peak, trough, next_turn, far], expected, rtol=1e-12)


def test_effects_grow_with_gc_above_the_onset_and_not_below(world, rows):
    law = world.program
    plain = replace(law, gc_gain=0.0)
    raw = program.parts(law, program.basis(law, rows))
    moved = np.abs(program.link(law, raw) - program.link(plain, raw)).max(axis=1)
    share = raw[:, 0, 2]
    assert (moved[share <= law.gc_onset] == 0).all()
    assert (moved[share > law.gc_onset + 0.02] > 0).all()
    assert (share > law.gc_onset + 0.02).sum() > 3
