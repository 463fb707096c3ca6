"""Molecules of error-prone PCR: what they carry, and that a molecule does not depend on the others."""

import numpy as np

from simulators import mutagenesis
from simulators.random import key

REFERENCE = np.random.default_rng(0).integers(0, 4, 37, dtype=np.uint8)
RATES, MOLECULES = key(0, "rates"), key(0, "molecules")


def test_every_substitution_is_there_once_in_order():
    rows = mutagenesis.substituted(REFERENCE)
    found = [(int(place), int(row[place])) for row in rows for place in np.flatnonzero(row != REFERENCE)]
    assert found == [(i, letter) for i in range(37) for letter in range(4) if letter != REFERENCE[i]]


def test_columns_name_the_substitutions_of_each_molecule():
    molecules = mutagenesis.mutate(REFERENCE, 200, RATES, MOLECULES)
    carried = mutagenesis.carried(molecules, REFERENCE)
    rows = mutagenesis.substituted(REFERENCE)
    assert carried.columns == 1 + len(rows)
    for i, molecule in enumerate(molecules):
        rebuilt = REFERENCE.copy()
        for column in carried.column[carried.first[i] : carried.first[i + 1]]:
            changed = rows[column - 1] != REFERENCE
            rebuilt[changed] = rows[column - 1][changed]
        assert np.array_equal(rebuilt, molecule)


def test_some_of_the_molecules_carry_what_they_carried_among_all():
    carried = mutagenesis.carried(mutagenesis.mutate(REFERENCE, 200, RATES, MOLECULES), REFERENCE)
    rows = np.array([0, 3, 4, 77, 199])
    part = carried.of(rows)
    for i, row in enumerate(rows):
        whole = carried.column[carried.first[row] : carried.first[row + 1]]
        assert part.column[part.first[i] : part.first[i + 1]].tolist() == whole.tolist()


def test_the_first_molecules_are_the_same_among_more():
    few, many = (mutagenesis.mutate(REFERENCE, n, RATES, MOLECULES) for n in (30, 300))
    assert np.array_equal(few, many[:30])
    assert not np.array_equal(few, mutagenesis.mutate(REFERENCE, 30, RATES, key(1, "molecules")))
