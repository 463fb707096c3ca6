"""Splits and shifts of a user's table: nothing shared across parts, planted overlaps found, every shift or its reason.

About 5 seconds.
"""

import numpy as np
import pytest

from shiftbench.errors import InputError
from shiftbench.own import shifts as own_shifts
from shiftbench.own.content import identified
from shiftbench.own.shifts import divide, identity, inventory, strata
from shiftbench.own.split import LEAST, SHARES, apart, kin, leaking, overlap_of, parts
from shiftbench.own.table import load
from shiftbench.spec import Table
from tests import naive

FITTED = ("train", "validation", "calibration")


@pytest.fixture
def make(tmp_path):
    """Maker of rows from letters and further columns."""

    def rows(letters, **columns):
        noise = ("sd",) if "sd" in columns else ()
        columns = {"seq": letters, "a": np.arange(len(letters)) % 17} | columns
        lines = ["\t".join(columns), *("\t".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
        path = tmp_path / f"{len(letters)}-{'-'.join(columns)}.tsv"
        path.write_text("\n".join(lines) + "\n")
        named = {name: name for name in ("group", "split") if name in columns}
        return load(identified(Table(file=str(path), sequence="seq", targets=("a",), noise=noise, **named)))

    return rows


def drawn(n, length=80, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(row) for row in rng.choice([*"ACGT"], (n, length))]


def reverse_complement(letters):
    return letters[::-1].translate(str.maketrans("ACGT", "TGCA"))


def shared_kmers(rows, bases, part):
    """Slow: k-mers on either strand that test rows and fitted rows have in common."""
    words = {True: set(), False: set()}
    for codes, where in zip(rows.sequence, part, strict=True):
        if where:
            words[where == "test"] |= naive.overlap_kmers(codes, bases)
    return words[True] & words[False]


@pytest.fixture
def related(make):
    """Six hundred rows, of which every third shares 40 letters with the row before, half of those turned round."""
    letters = drawn(600)
    for at in range(1, 600, 3):
        piece = letters[at - 1][20:60]
        letters[at] = letters[at][:30] + (piece if at % 2 else reverse_complement(piece)) + letters[at][70:]
    return make(letters)


def test_no_overlap_lies_across_parts(related):
    together = kin(related)
    assert together.bases == 20
    assert len(np.unique(together.cluster)) == 400
    part = parts(related, together, 0)
    for name, share in SHARES.items():
        assert abs((part == name).sum() - share * 600) <= 3
    assert not shared_kmers(related, together.bases, part)
    assert leaking(together, part) == 0


def test_positive_control_a_split_by_row_leaks(related):
    together = kin(related)
    part = np.where(np.random.default_rng(1).random(600) < 0.2, "test", "train")
    apart_from_partner = sum((part[at] == "test") != (part[at - 1] == "test") for at in range(1, 600, 3))
    assert shared_kmers(related, together.bases, part)
    assert leaking(together, part) == apart_from_partner > 40


def test_another_seed_draws_another_split(make):
    rows = make(drawn(500))
    together = kin(rows)
    assert (parts(rows, together, 0) == parts(rows, together, 0)).all()
    assert (parts(rows, together, 0) != parts(rows, together, 1)).mean() > 0.2


def test_ends_that_all_sequences_have_join_nobody(make):
    letters = [f"{'ACGTTGCA' * 2}{middle}{'TTGACCAT' * 2}" for middle in drawn(500, 60)]
    together = kin(make(letters))
    assert len(np.unique(together.cluster)) == 500


@pytest.mark.parametrize(("length", "expected"), [(10, 10), (20, 13), (80, 20), (160, 40), (300, 50)])
def test_fewer_bases_are_an_overlap_of_short_sequences(length, expected):
    assert overlap_of(np.zeros((400, length), np.uint8)) == expected


def test_the_same_short_sequence_is_in_one_part(make):
    letters = drawn(500)
    letters[10] = letters[250] = letters[400] = "ACGTAC"
    together = kin(make(letters))
    assert len({*together.cluster[[10, 250, 400]].tolist()}) == 1


def test_groups_are_kept_whole_unless_one_is_huge(make):
    letters, rng = drawn(600), np.random.default_rng(2)
    small = make(letters, group=rng.integers(0, 60, 600))
    together = kin(small)
    part = parts(small, together, 0)
    assert together.whole
    assert all(len({*part[small.group == name]}) == 1 for name in np.unique(small.group))
    named = {shift.name: shift for shift in inventory(small, together)}
    assert "kept whole" in named["group"].reason

    huge = make(letters, group=np.where(rng.random(600) < 0.6, "human", "mouse"))
    together = kin(huge)
    assert not together.whole
    assert together.held == ("human", "mouse")


def test_a_group_is_held_out_with_all_that_overlaps_it(make):
    letters = drawn(900)
    group = np.array(["human"] * 600 + ["mouse"] * 300)
    for at in range(0, 60, 2):
        letters[600 + at] = letters[at][:50] + letters[600 + at][50:]
    rows = make(letters, group=group)
    together = kin(rows)
    split = divide(rows, together, "without:mouse", 0)
    tested = split.tests["mouse"]
    assert not shared_kmers(rows, together.bases, np.where(tested, "test", np.where(split.fitted, "train", "")))
    assert not (split.fitted & (group == "mouse")).any()
    partner_fitted = [at for at in range(0, 60, 2) if split.fitted[at]]
    assert split.dropped == len(partner_fitted) > 15
    assert tested.sum() == 300 - split.dropped
    # the control: without the rule all mouse rows would be tested
    naive_part = np.where(group == "mouse", "test", split.part)
    assert leaking(together, naive_part) == split.dropped


def test_tails_are_not_fitted_on(make):
    rows = make([letters.replace("A", "G") if at % 3 == 0 else letters for at, letters in enumerate(drawn(900))])
    together = kin(rows)
    split = divide(rows, together, "gc", 0)
    gc = own_shifts.measured(rows, "gc")
    low, high = gc[split.tests["low"]], gc[split.tests["high"]]
    assert low.max() < gc[split.fitted].min() <= gc[split.fitted].max() < high.min()
    assert split.tests["low"].sum() > 150
    assert split.tests["high"].sum() > 150


def test_length_tails_with_ties(make):
    letters = [letters[: 60 if at % 4 == 0 else 80] for at, letters in enumerate(drawn(800))]
    rows = make(letters)
    split = divide(rows, kin(rows), "length", 0)
    assert [*split.alike] == ["middle", "short"]
    assert {*rows.length[split.tests["short"]]} == {60}
    assert {*rows.length[split.fitted]} == {80}


def test_every_shift_has_test_sets_or_a_reason(make):
    plain = make(drawn(800))
    found = {shift.name: shift for shift in inventory(plain, kin(plain))}
    assert found["gc"].subsets == ("middle", "low", "high")
    assert found["length"].reason == "all sequences have 80 letters"
    assert found["noise"].reason == "no noise column and no replicates tell the measurement error"
    assert found["group"].reason == "no group column"
    assert "a third of the test rows are" in found["similarity"].reason
    rich = make(drawn(1800), sd=np.random.default_rng(0).random(1800).round(3), group=["x", "x", "y"] * 600)
    found = {shift.name: shift for shift in inventory(rich, kin(rich))}
    assert found["similarity"].subsets == ("near", "far")
    assert found["noise"].subsets == ("least noisy", "noisiest")
    assert found["group x"].subsets == ("other groups", "x")
    assert found["group y"].subsets == ("other groups", "y")
    same = make(drawn(1200), sd=np.full(1200, 0.5))
    assert "the same in every row" in {s.name: s for s in inventory(same, kin(same))}["noise"].reason


def test_far_and_noisy_rows_are_what_they_are_called(make):
    letters, rng = drawn(1200), np.random.default_rng(4)
    for at in range(600, 900):  # near: a copy without an overlap of 20, but of 95 % identity
        codes = np.array([*letters[at - 600]])
        codes[15::20] = np.where(codes[15::20] == "A", "C", "A")
        letters[at] = "".join(codes)
    rows = make(letters, sd=rng.random(1200).round(4))
    together = kin(rows)
    split = divide(rows, together, "", 0)
    found = strata(rows, together, split, "similarity")
    near, far = found["near"], found["far"]
    test = split.tests[""]
    share = np.full(1200, np.nan)
    share[test] = identity(together, split)
    assert share[near].min() > share[far].max() + 0.2
    quiet, loud = strata(rows, together, split, "noise").values()
    assert rows.noise_sd[quiet].max() < rows.noise_sd[loud].min()
    assert not (quiet & ~test).any()


@pytest.mark.parametrize("roles", [("train", "val", "test"), ("Training", "valid", "cal", "TEST")])
def test_given_roles_stay_and_others_are_taken_from_training(make, roles):
    rng = np.random.default_rng(5)
    split = rng.choice(roles, 1000, p=[1 - 0.12 * (len(roles) - 1), *[0.12] * (len(roles) - 1)])
    rows = make(drawn(1000), split=split)
    part = parts(rows, kin(rows), 0)
    assert ((part == "test") == (split == roles[-1])).all()
    assert ((part == "validation") == (split == roles[1])).all()
    assert (part == "calibration").sum() >= LEAST["calibration"]


def test_given_folds_turn_with_the_seed(make):
    fold = np.arange(1000) % 5 + 1
    rows = make(drawn(1000), split=fold)
    together = kin(rows)
    for seed, tested, following in ((0, 5, 1), (1, 1, 2)):
        part = parts(rows, together, seed)
        assert {*fold[part == "test"]} == {tested}
        assert {*fold[np.isin(part, ["validation", "calibration"])]} == {following}
    one = make(drawn(500), split=np.full(500, 7))
    with pytest.raises(InputError, match="all rows are of fold 7"):
        parts(one, kin(one), 0)


def test_given_parts_leak_as_they_are_and_are_told(make):
    letters = drawn(1000)
    split = np.array(["train"] * 600 + ["val"] * 100 + ["test"] * 300)
    for at in range(40):
        letters[700 + at] = letters[at][:50] + letters[700 + at][50:]
    rows = make(letters, split=split)
    together = kin(rows)
    part = parts(rows, together, 0)
    assert (part == "test").sum() == 300
    assert leaking(together, part) == 40


def test_rows_like_those_that_select_a_fit_are_near(make):
    """Copies of validation rows, across a given split."""
    letters = drawn(1000)
    split = np.array(["train"] * 600 + ["val"] * 100 + ["test"] * 300)
    for at in range(80):
        letters[700 + at] = letters[610 + at]
    rows = make(letters, split=split)
    together = kin(rows)
    found = strata(rows, together, divide(rows, together, "", 0), "similarity")
    assert found["near"][700:780].all()
    assert not found["far"][700:780].any()


def test_a_given_split_that_tears_groups_says_so(make):
    """Five folds through groups of three; the same groups are whole where the folds follow them."""
    number = np.arange(900)
    for fold, whole in ((number % 5 + 1, False), (number // 3 % 5 + 1, True)):
        rows = make(drawn(900), split=fold, group=np.char.add("g", (number // 3).astype(str)))
        found = {shift.name: shift for shift in inventory(rows, kin(rows))}
        assert kin(rows).whole is whole
        assert ("group" in found) is whole


def test_rows_that_are_all_related_are_refused(make):
    letters = [drawn(1, 60)[0] + letters for letters in drawn(500, 30)]
    letters = [text if at % 7 else text[::-1] for at, text in enumerate(letters)]
    rows = make(letters)
    with pytest.raises(InputError, match=r"leaves too few rows: .*test 0; expected at least .*test 50"):
        parts(rows, kin(rows), 0)


def test_apart_keeps_other_rows_as_they_were():
    part = np.array(["train", "train", "test", "validation", "test"])
    held = np.array([False, True, False, True, True])
    found, lost = apart(part, np.array([0, 1, 2, 0, 3]), held)
    assert found.tolist() == ["train", "test", "test", "", "test"]
    assert lost == 1
