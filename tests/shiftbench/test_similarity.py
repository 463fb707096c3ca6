"""The nearest sequence: all that is planted is found, nothing else, and what is promised holds; about 15 seconds."""

import numpy as np
import pytest

from shiftbench.tasks import similarity, similarity_kernels
from shiftbench.tasks.lentimpra_split import divide
from shiftbench.tasks.overlap import shared
from shiftbench.tasks.similarity import lengths, nearest, reverse_complement, shares, without_adapters
from tests import naive

LENGTH = 230
ADAPTERS = np.tile(np.array([0, 1, 2, 3, 3], np.uint8), 3), np.tile(np.array([2, 2, 1, 0, 1], np.uint8), 3)


def random_rows(rng, n, length=LENGTH):
    return rng.integers(0, 4, (n, length), dtype=np.uint8)


def substituted(rng, row, count):
    """A row with other letters at `count` random places."""
    row, places = row.copy(), rng.permutation(len(row))[:count]
    row[places] = (row[places] + rng.integers(1, 4, count)) % 4
    return row


def gapped(rng, row, count):
    """A row with other letters at `count` places and 1 to 5 letters lost or new, as long as it was; that number."""
    row, size, at = substituted(rng, row, count), int(rng.integers(1, 6)), int(rng.integers(10, len(row) - 15))
    new = random_rows(rng, 1, size)[0]
    parts = (row[:at], row[at + size :], new) if rng.random() < 0.5 else (row[:at], new, row[at:-size])
    return np.concatenate(parts), size


def turned(row):
    return 3 - row[::-1]


def planted(rng, train, n, change):
    """`n` changed copies of training rows, every other one on the other strand, their sources and strands."""
    source, reverse = rng.permutation(len(train))[:n], np.arange(n) % 2 == 1
    rows = [change(train[i]) for i in source]
    return np.array([turned(row) if back else row for row, back in zip(rows, reverse, strict=True)]), source, reverse


@pytest.fixture(scope="module")
def train():
    return random_rows(np.random.default_rng(1), 4000)


@pytest.mark.parametrize("changed", [0, 1, 10, 23])
def test_all_copies_with_substitutions_are_found_and_their_identity_is_exact(train, changed):
    """23 of 230 letters: 90 %. A random row that matches more has probability under 1e-60."""
    rng = np.random.default_rng(changed)
    test, source, reverse = planted(rng, train, 500, lambda row: substituted(rng, row, changed))
    found = nearest(test, train)
    assert np.array_equal(found.row, source)
    assert np.array_equal(found.reverse, reverse)
    assert np.array_equal(found.identity, np.full(500, (LENGTH - changed) / LENGTH, np.float32))


def test_all_copies_with_substitutions_and_a_gap_are_found(train):
    rng = np.random.default_rng(0)
    sizes = []

    def change(row):
        row, size = gapped(rng, row, 18)
        sizes.append(size)
        return row

    test, source, reverse = planted(rng, train, 500, change)
    found = nearest(test, train)
    assert np.array_equal(found.row, source)
    assert np.array_equal(found.reverse, reverse)
    left = LENGTH - 18 - np.array(sizes)
    assert (found.identity * LENGTH >= left - similarity_kernels.GAP - 0.01).all()
    assert (found.identity >= np.float32(0.9))[left >= 207 + similarity_kernels.GAP].all()


def test_nothing_is_near_among_random_rows(train):
    """False alarms: under 1e-60 at identity .9 by the binomial law, under 1e-4 at .5, over 2e9 diagonals."""
    found = nearest(random_rows(np.random.default_rng(2), 1000), train)
    assert found.identity.max() < 0.5
    assert found.row.min() >= 0


def test_a_copy_with_two_fifths_changed_is_not_near(train):
    """The positive control: what is not a near duplicate is not taken for one, though its source is mostly found."""
    rng = np.random.default_rng(3)
    test, source, _ = planted(rng, train, 200, lambda row: substituted(rng, row, 92))
    found = nearest(test, train)
    assert found.identity.max() < 0.7
    assert 0.2 < np.mean(found.row == source) < 1


def test_copies_are_found_among_adapters_spacers_and_repeats():
    """Rows share adapters and a spacer; half are of one family (15 % from its consensus), some are microsatellites."""
    rng = np.random.default_rng(4)
    inner = random_rows(rng, 3000, 200)
    inner[:, 90:120] = inner[0, 90:120]
    family = random_rows(rng, 1, 200)[0]
    inner[1000:2500] = [substituted(rng, family, 30) for _ in range(1500)]
    inner[2500:2600, :150] = np.tile(np.array([1, 0], np.uint8), 75)
    around = [np.tile(end, (3000, 1)) for end in ADAPTERS]
    library = np.concatenate([around[0], inner, around[1]], axis=1)
    chosen = np.concatenate([rng.permutation(1000)[:100], 1000 + rng.permutation(1500)[:200], np.arange(2500, 2600)])
    copies = [substituted(rng, inner[i], 20) for i in chosen]
    test = np.array([np.concatenate([ADAPTERS[0], row, ADAPTERS[1]]) for row in copies])
    found = nearest(test, library)
    assert np.array_equal(found.row, chosen)
    assert (found.identity >= np.float32(0.9)).all()
    assert np.array_equal(nearest(np.array([turned(row) for row in test]), library).reverse, np.ones(400, bool))


def relatives(rng, length, n=16):
    """Few rows and copies of them with up to a sixth of the letters changed, some moved or turned, some unknown."""
    known = random_rows(rng, n, length)
    test = np.array([substituted(rng, known[i], int(rng.integers(0, length // 6))) for i in rng.integers(0, n, n)])
    for row in range(0, n, 3):
        test[row] = np.roll(test[row], int(rng.integers(1, length)))
    test[1::4] = [turned(row) for row in test[1::4]]
    test[rng.random(test.shape) < 0.01] = known[rng.random(known.shape) < 0.01] = 4
    return test, known


@pytest.mark.parametrize("length", [20, 47, 81, 130])
@pytest.mark.parametrize("hits", [-1, similarity.HITS])
def test_no_row_above_what_is_sure_is_missed(monkeypatch, length, hits):
    """Against all diagonals of all rows; with few hits less is sure, and that is told."""
    monkeypatch.setattr(similarity, "HITS", hits)
    test, known = relatives(np.random.default_rng(length), length)
    found = nearest(test, known)
    letters = (test <= 3).sum(1)
    strands = [[max(naive.diagonal_matches(row, other) for other in known) for row in rows]
               for rows in (test, reverse_complement(test))]  # fmt: skip
    best = np.max(strands, axis=0) / letters
    sure = best > found.sure + 1e-6
    if hits < 0:
        assert not sure.any()
        return
    assert sure.sum() > 2
    assert (found.identity[sure] >= np.float32(best[sure])).all()


@pytest.mark.parametrize("length", [20, 47, 80, 89, 100, 150, 200, 230])
def test_nine_tenths_of_the_letters_are_sure_at_every_length(length):
    rng = np.random.default_rng(length)
    sure = nearest(random_rows(rng, 30, length), random_rows(rng, 300, length)).sure
    assert (np.rint((1 - sure) * length) > length // 10).all()


def test_gapped_alignment_is_that_of_the_slow_twin():
    rng = np.random.default_rng(6)
    for _ in range(15):
        one = random_rows(rng, 1, 60)[0]
        other, _ = gapped(rng, one, 6)
        found = similarity_kernels.aligned(one, other, 0) % similarity_kernels._UNIT
        assert found == naive.gapped_matches(one, other, similarity_kernels.GAP, 2 * similarity_kernels.BAND)


def test_the_same_for_any_number_of_threads(monkeypatch, train):
    test = np.concatenate([train[:1200] ^ 1, random_rows(np.random.default_rng(7), 400)])
    made = []
    for threads in (1, 3):
        monkeypatch.setattr("numba.get_num_threads", lambda threads=threads: threads)
        made.append(nearest(test, train))
    assert all(np.array_equal(a, b) for a, b in zip(*made, strict=True))


def test_of_equal_rows_the_lowest_forward_one_is_taken(train):
    test = train[100:101]
    library = np.concatenate([train[:50], turned(test[0])[None], test, test])
    found = nearest(test, library)
    assert (found.row[0], found.identity[0]) == (50, 1)
    assert found.reverse[0]
    found = nearest(test, library[np.r_[51:53, :51]])
    assert (found.row[0], bool(found.reverse[0])) == (0, False)


def test_unknown_letters_match_nothing_and_do_not_count(train):
    row = train[5].copy()
    row[50:100] = 4
    library = train[:20].copy()
    library[5, 150:160] = 4
    found = nearest(row[None], library)
    assert found.row[0] == 5
    assert found.identity[0] == np.float32(170 / 180)
    assert nearest(np.full((2, 40), 4, np.uint8), train).row.tolist() == [-1, -1]


def test_sequences_of_other_lengths(train):
    part = np.full((1, LENGTH), 4, np.uint8)
    part[0, :120] = train[9, 60:180]
    found = nearest(part, train)
    assert (found.row[0], found.identity[0]) == (9, 1)
    longer = np.concatenate([random_rows(np.random.default_rng(8), 1, 100), train[9:10]], axis=1)
    found = nearest(longer, train)
    assert (found.row[0], found.identity[0]) == (9, np.float32(230 / 330))


def test_no_rows():
    assert nearest(np.zeros((0, 30), np.uint8), np.zeros((3, 30), np.uint8)).row.size == 0
    assert nearest(np.zeros((2, 30), np.uint8), np.zeros((0, 30), np.uint8)).sure.tolist() == [1, 1]


def test_sequences_that_are_too_long():
    rows = np.zeros((2, 70_000), np.uint8)
    with pytest.raises(ValueError, match="sequences have 70,000 letters; expected fewer than 65,536"):
        nearest(rows, rows)


@pytest.mark.parametrize("stretch", [12, 50, 100])
def test_shared_stretches_are_those_of_slow_sets_of_kmers(stretch):
    rng = np.random.default_rng(stretch)
    test, known = random_rows(rng, 30, 160), random_rows(rng, 30, 160)
    for row in range(24):  # one letter too few, exactly enough, more
        size, at = stretch - 1 + row % 3, int(rng.integers(0, 160 - stretch - 1))
        piece = known[row, at : at + size]
        test[row, 20 : 20 + size] = turned(piece) if row % 2 else piece
    test[rng.random(test.shape) < 0.002] = 4
    words = set().union(*(naive.overlap_kmers(row, stretch) for row in known))
    expected = [bool(naive.overlap_kmers(row, stretch) & words) for row in test]
    assert shares(test, known, stretch).tolist() == expected
    assert 5 < sum(expected) < 25
    if stretch <= 64:
        assert expected == shared(test, known, stretch).tolist()


def test_adapters_are_cut_wherever_a_row_ends():
    rng = np.random.default_rng(9)
    rows = np.full((40, 90), 4, np.uint8)
    for row in rows:
        inner = random_rows(rng, 1, int(rng.integers(40, 60)))[0]
        whole = np.concatenate([ADAPTERS[0], inner, ADAPTERS[1]])
        row[: len(whole)] = whole
    _, cut = without_adapters(rows, rows)
    assert np.array_equal(lengths(cut), lengths(rows) - 30)
    assert all(np.array_equal(mine[:40], row[15:55]) for mine, row in zip(cut, rows, strict=True))


def test_rows_of_one_element_keep_their_ends(train):
    rng = np.random.default_rng(10)
    library = np.array([substituted(rng, train[0], 1) for _ in range(300)])
    assert without_adapters(library, library)[1] is library


def test_reverse_complement_of_padded_rows():
    row = np.array([[0, 0, 1, 4, 3, 4, 4]], np.uint8)
    assert reverse_complement(row).tolist() == [[0, 4, 2, 3, 3, 4, 4]]


def test_real_library_split_by_id_shares_what_is_known(real_files):
    """565 of 5,785 test inserts share 50 bases with a training insert, as counted by sets of k-mers."""
    from shiftbench.tasks.lentimpra import load

    library = load(real_files)
    part = divide(library, "id", 0).part
    assert shares(library.insert[part == "test"], library.insert[part == "train"], 50).sum() == 565
    apart = divide(library, "overlap", 0).part
    assert not shares(library.insert[apart == "test"], library.insert[apart == "train"], 50).any()
