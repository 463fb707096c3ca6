"""Saturation mutagenesis: rows and references, addresses, what no molecule tells, p values and confidence."""

from dataclasses import fields

import numba
import numpy as np
import pytest
from msgspec.structs import replace
from scipy.stats import norm

from simulators import mpra, program, satmut, shift, threads
from simulators.contract import LETTERS
from simulators.satmut import Library

SMALL = Library(molecules=400, barcodes=3.0)


@pytest.fixture(scope="module")
def world():
    """A world of short inserts."""
    drawn = mpra.world(0)
    return replace(drawn, genome=replace(drawn.genome, length=60))


@pytest.fixture(scope="module")
def sample(world):
    return satmut.draw(world, 3, seed=0, library=SMALL)


def contents(sample, rows=slice(None)):
    """Bytes of everything in `rows` that does not count rows."""
    columns = {field.name: getattr(sample, field.name) for field in fields(sample)}
    truth = {name: getattr(sample.truth, name) for name in ("mean", "expected", "sd")}
    kept = {name: value for name, value in columns.items() if isinstance(value, np.ndarray) and name != "reference"}
    return {name: value[rows].tobytes() for name, value in (kept | truth | sample.table).items()}


def test_an_element_is_the_same_alone_and_among_others(world, sample):
    size = 1 + 3 * 60
    for element in (0, 2):
        alone = satmut.draw(world, 1, seed=0, start=element, library=SMALL)
        assert contents(alone) == contents(sample, slice(element * size, (element + 1) * size))
    assert satmut.draw(world, 0, seed=0, library=SMALL).sequence.shape == (0, 90)


def test_the_number_of_threads_changes_no_bit(world, sample, monkeypatch):
    monkeypatch.setattr(threads, "STRETCH", 7)
    most = numba.get_num_threads()
    try:
        for count in {1, most}:
            numba.set_num_threads(count)
            assert contents(satmut.draw(world, 3, seed=0, library=SMALL)) == contents(sample)
    finally:
        numba.set_num_threads(most)


def test_rows_are_a_reference_and_its_single_substitutions(world, sample):
    assert len(sample.id) == len(set(sample.id)) == 3 * 181
    for row, reference in enumerate(sample.reference):
        table = {name: column[row] for name, column in sample.table.items()}
        assert table["element"] == row // 181
        if row % 181 == 0:
            assert reference == -1
            assert (table["ref"], table["alt"], table["position"], table["barcodes"]) == ("", "", -1, 0)
            continue
        assert reference == row - row % 181
        (place,) = np.flatnonzero(sample.sequence[row] != sample.sequence[reference])
        assert place == len(world.genome.left) + table["position"] - 1
        assert LETTERS[sample.sequence[reference, place]] == table["ref"]
        assert LETTERS[sample.sequence[row, place]] == table["alt"]
        assert sample.id[row] == f"satmut:{row // 181:04d}:{table['position']}{table['ref']}>{table['alt']}"


def test_blocks_hold_ten_adjacent_positions_of_one_element(sample):
    for block in np.unique(sample.group):
        rows = (sample.group == block) & (sample.reference >= 0)
        assert rows.sum() == 30
        assert np.ptp(sample.table["position"][rows]) == 9
        assert len(set(sample.table["element"][rows])) == 1


def test_truth_is_f_of_the_letters(world, sample):
    assert sample.truth.mean.tobytes() == program.evaluate(world.program, sample.sequence).tobytes()


def test_f_of_molecules_is_f_of_their_letters(world, sample):
    reference = sample.sequence[181]
    insert = slice(15, 75)
    rng = np.random.default_rng(0)
    molecules = np.repeat(reference[None], 100, axis=0)
    molecules[:, insert] = satmut.mutagenesis.mutate(reference[insert], 100, *rng.integers(0, 99, (2, 4), np.uint32))
    carried = satmut.mutagenesis.carried(np.ascontiguousarray(molecules[:, insert]), reference[insert])
    assert {0, 1, 2} <= set(np.diff(carried.first))
    f = satmut._activity(world, molecules, carried, sample.truth.mean[181:362])
    assert f.tobytes() == program.evaluate(world.program, molecules).tobytes()


def test_a_repeat_has_the_same_elements_and_other_noise(world, sample):
    repeat = satmut.draw(world, 3, seed=0, library=SMALL, experiment=1)
    assert np.array_equal(repeat.sequence, sample.sequence)
    assert np.array_equal(repeat.truth.mean, sample.truth.mean)
    known = np.isfinite(repeat.observed) & np.isfinite(sample.observed)
    assert not np.any(repeat.observed[known] == sample.observed[known])


@pytest.mark.parametrize("family", ["rewiring", "depth"])
def test_elements_and_molecules_stay_under_a_shift_of_program_or_assay(world, sample, family):
    shifted = shift.apply(mpra.world(0), family, 0.15).world
    shifted = replace(shifted, genome=world.genome)
    found = satmut.draw(shifted, 3, seed=0, source=world, library=SMALL)
    assert np.array_equal(found.sequence, sample.sequence)
    assert np.array_equal(found.table["barcodes"], sample.table["barcodes"])
    noise = [(each.observed - each.truth.expected)[:, 0] for each in (found, sample)]
    known = np.isfinite(noise[0]) & np.isfinite(noise[1])
    assert np.corrcoef(noise[0][known], noise[1][known])[0, 1] > 0.5


def test_elements_are_more_active_than_inserts(world):
    chosen = satmut.choose(world, 12, seed=0)
    plain = mpra.draw(world, 300, seed=0).truth.mean.mean(axis=1)
    assert np.median(program.evaluate(world.program, chosen).mean(axis=1)) > np.quantile(plain, 0.9)


def test_what_no_molecule_tells_is_nan_and_never_confident(world):
    few = satmut.draw(world, 1, seed=0, library=Library(molecules=150, barcodes=1.0))
    variant = few.reference >= 0
    absent = variant & (few.table["barcodes"] == 0)
    known = np.isfinite(few.observed).all(axis=1)
    assert 0 < absent.sum() < variant.sum()
    assert not known[absent].any()
    assert not known[~variant].any()
    assert known.any()
    for values in (few.noise_sd, few.truth.expected, few.truth.sd):
        assert np.array_equal(np.isfinite(values).all(axis=1), known)
    for cell in few.outputs:
        assert np.array_equal(np.isfinite(few.table[f"p_value_{cell}"]), known)
        assert np.array_equal(np.isfinite(few.table[f"confidence_{cell}"]), known)
        assert not few.table[f"high_confidence_{cell}"][~known].any()


def test_p_values_and_confidence_are_those_of_the_normal_law(sample):
    for c, cell in enumerate(sample.outputs):
        known = np.isfinite(sample.observed[:, c])
        z = sample.observed[known, c].astype(float) / sample.noise_sd[known, c]
        p_value = 2 * norm.sf(np.abs(z))
        np.testing.assert_allclose(sample.table[f"p_value_{cell}"][known], p_value, rtol=1e-10)
        with np.errstate(divide="ignore"):
            expected = np.minimum(50, -np.log10(p_value)) / 50
        np.testing.assert_allclose(sample.table[f"confidence_{cell}"][known], expected, rtol=1e-10, atol=1e-14)
        assert np.array_equal(sample.table[f"high_confidence_{cell}"][known], p_value <= 1e-5)


def test_confidence_is_capped_and_keeps_gaps():
    tables = satmut._confidence(np.float32([[40], [100], [np.nan], [0]]), np.ones((4, 1), np.float32), ("a",))
    assert tables["confidence_a"][:2].tolist() == [1, 1]
    assert np.isnan(tables["confidence_a"][2])
    assert tables["confidence_a"][3] == 0
    assert tables["high_confidence_a"].tolist() == [True, True, False, False]


def test_elements_beyond_the_addresses_are_refused(world):
    with pytest.raises(ValueError, match="outside"):
        satmut.choose(world, 1, seed=0, start=2**32 // satmut.POOL[1])
