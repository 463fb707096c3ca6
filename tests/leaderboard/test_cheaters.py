"""Entries that do nothing and entries that cheat: refused, below the training mean, or flagged; honest ones are not."""

import dataclasses
import io
import zipfile

import msgspec
import numpy as np
import pytest

from leaderboard import bundle as bundles
from leaderboard.answers import Answers
from leaderboard.refused import Refused
from leaderboard.scoring import scores
from leaderboard.scoring.copies import copies
from leaderboard.scoring.flags import FLAGS
from leaderboard.scoring.ranking import rank
from leaderboard.scoring.scores import scored
from tests.leaderboard import made

BOARD = made.board(worlds=2, rows=60)
OBSERVED = np.concatenate([cell.sample.observed for cell in BOARD.cells])
RIVAL = made.bundle(BOARD, "rival", 0.6, 1)
FLOOR = [cell.references["floor"] for cell in BOARD.cells]
RNG = np.random.default_rng(5)


def _said(mean, sd=1.0, rows=RIVAL.answers.rows):
    """Answers of one training for all seeds."""
    mean = np.broadcast_to(np.asarray(mean, np.float32), RIVAL.answers.mean.shape).copy()
    return Answers(mean, np.broadcast_to(np.asarray(sd, np.float32), mean.shape).copy(), None, rows)


def _own(change):
    """The rival's answers, changed."""
    return dataclasses.replace(RIVAL.answers, mean=change(RIVAL.answers.mean).astype(np.float32))


def _pasted(part):
    """The rival's answers with the observed values pasted in, in cells of one part."""
    chosen = np.concatenate([np.full(len(cell.rows), cell.part == part) for cell in BOARD.cells])
    return _own(lambda mean: np.where(chosen[:, None], OBSERVED, mean))


CHEATERS = {
    "nothing": _said(0),
    "constant": _said(0.3, 2.0),
    "mean": _said(np.concatenate([law.mean for law in FLOOR]), np.concatenate([law.sd for law in FLOOR])),
    "noise": _said(RNG.normal(size=OBSERVED.shape), 1.5),
    "copied baseline": RIVAL.answers,
    "copied rival": _own(lambda mean: mean + 1e-6 * RNG.normal(size=mean.shape)),
    "rescaled copy": _own(lambda mean: 0.98 * mean + 0.05),
    "copy with other spreads": dataclasses.replace(RIVAL.answers, sd=RIVAL.answers.sd * np.float32(1.1)),
    "shuffled ids": _own(lambda mean: mean[:, RNG.permutation(mean.shape[1])]),
    "labels of another split": _said(RNG.permutation(OBSERVED), 1.0),
    "public labels": _said(OBSERVED, 0.05),
    "public labels blended": _own(lambda mean: 0.5 * mean + 0.5 * OBSERVED),
    "public labels in the assay": _pasted("assay"),
    "public labels in the program": _pasted("program"),
}  # fmt: skip
FLAGGED = {
    "nothing": {"constant-mean", "constant-sd"},
    "constant": {"constant-mean", "constant-sd"},
    "mean": {"constant-mean", "constant-sd"},
    "noise": {"constant-sd", "no-signal"},
    "copied baseline": {"copy"},
    "copied rival": {"copy"},
    "rescaled copy": {"copy"},
    "copy with other spreads": {"copy"},
    "shuffled ids": {"no-signal"},
    "labels of another split": {"no-signal", "constant-sd"},
    "public labels": {"above-oracle", "follows-noise", "constant-sd"},
    "public labels blended": {"follows-noise"},
    "public labels in the assay": {"follows-noise"},
    "public labels in the program": {"follows-noise"},
}
"""Codes that each must have."""


def _entries():
    told = [made.bundle(BOARD, name.replace(" ", "-"), said=said) for name, said in CHEATERS.items()]
    return [RIVAL, made.bundle(BOARD, "honest", 0.5, 2), *told]


@pytest.fixture(scope="module")
def numbers():
    return {one.id: one for one in scored(_entries(), BOARD)}


@pytest.fixture(scope="module")
def table(numbers):
    return {one.id: one for one in rank(list(numbers.values())).standings}


@pytest.mark.parametrize("name", CHEATERS)
def test_below_the_training_mean_or_flagged(name, table):
    found = table[name.replace(" ", "-")]
    assert set(found.flags) >= FLAGGED[name]
    assert set(found.flags) <= set(FLAGS)
    if not found.flags:
        assert found.score.value <= 0


@pytest.mark.parametrize("name", ["nothing", "constant", "mean", "noise", "shuffled ids", "labels of another split"])
def test_who_does_nothing_has_nothing(name, table):
    assert table[name.replace(" ", "-")].score.value <= 1e-6


def test_honest_entries_are_not_flagged(table):
    assert table["honest"].flags == ()
    assert table["honest"].score.value > 0.2
    assert (table["rival"].flags, table["rival"].copies) == (("copied",), ())


def test_copies_move_nobody(table):
    copied = ("copied-baseline", "copied-rival", "rescaled-copy", "copy-with-other-spreads")
    assert [table[name].counted for name in copied if table[name].place] == [False] * len(copied)
    counted = [one for one in table.values() if one.place and one.counted]
    assert sorted(one.place for one in counted) == list(range(1, len(counted) + 1))


def test_without_flags_cheaters_would_stand_above_all_others(monkeypatch):
    """Positive control: the drill fails on a build whose flags are gone."""
    monkeypatch.setattr(scores, "flags", lambda *_: ())
    found = {one.id: one for one in rank(scored([RIVAL, *_entries()[-4:]], BOARD)).standings}
    cheaters = [one for name, one in found.items() if name != "rival"]
    assert all(not one.flags and one.score.value > found["rival"].score.value for one in cheaters)


def _changed(rng):
    """A copy with some of what a copyist may do."""
    mean, sd = RIVAL.answers.mean.astype(np.float64), RIVAL.answers.sd
    mean = mean + 10 ** rng.uniform(-8, -3) * rng.normal(size=mean.shape)
    mean = rng.uniform(0.8, 1.2) * mean[rng.permutation(len(mean))] + rng.uniform(-0.5, 0.5)
    if rng.random() < 0.5:
        mean = mean + np.repeat(rng.normal(0, 0.2, 20), 60)[:, None]
    sd = sd * rng.uniform(0.8, 1.25)
    return Answers(mean.astype(np.float32), sd.astype(np.float32), None, RIVAL.answers.rows)


def test_every_near_copy_is_found_and_no_other_pair():
    rng = np.random.default_rng(0)
    copied = [made.bundle(BOARD, f"copy-{number:02}", said=_changed(rng)) for number in range(100)]
    assert all(copies([RIVAL, one]) == [(1,), (0,)] for one in copied)
    honest = [made.bundle(BOARD, f"own-{seed}", 0.2 + 0.04 * seed, seed) for seed in range(20)]
    assert not any(copies(honest))


def test_wrappers_of_one_team_share_means_and_are_no_copies():
    wrapped = dataclasses.replace(RIVAL.answers, sd=RIVAL.answers.sd * np.float32(1.3))
    other = msgspec.structs.replace(made.MODEL, wrapper="conformal_split")
    plain = made.bundle(BOARD, "a", said=RIVAL.answers, team="one")
    assert copies([plain, made.bundle(BOARD, "b", said=wrapped, team="one", model=other)]) == [(), ()]
    assert copies([plain, made.bundle(BOARD, "c", said=RIVAL.answers, team="one", model=other)]) == [(1,), (0,)]
    # Other SDs under the same name are the same entry over again.
    assert copies([plain, made.bundle(BOARD, "d", said=wrapped, team="one")]) == [(1,), (0,)]


@pytest.mark.parametrize("labels", [0, 32, 256])
def test_who_knows_the_noise_is_flagged_whatever_labels_it_declares(labels):
    honest = made.bundle(BOARD, "knows", 0.5)
    observed = np.concatenate([cell.sample.observed for cell in BOARD.cells])
    division = msgspec.structs.replace(made.DIVISION, labels=labels)
    told = msgspec.structs.replace(honest.manifest, division=division)
    knows = dataclasses.replace(made.with_means(honest, 0.2 * honest.answers.mean + 0.8 * observed), manifest=told)
    assert "follows-noise" in {flag.code for flag in scored([knows], BOARD)[0].flags}


def test_copies_are_sought_on_the_sets_that_both_answer():
    part = made.answers(BOARD, 0.6, 1)
    some = [one.digest for one in BOARD.questions.sets[3:6]]
    rows = {digest: part.rows[digest] for digest in some}
    partial = made.bundle(BOARD, "part", said=dataclasses.replace(part, rows=rows))
    other = {digest: place for digest, place in part.rows.items() if digest not in some}
    apart = made.bundle(BOARD, "apart", said=dataclasses.replace(part, rows=other))
    assert copies([RIVAL, partial, apart]) == [(1, 2), (0,), (0,)]


def test_above_the_line_of_its_preset():
    small = msgspec.structs.replace(made.MODEL, preset="cpu")
    line = [made.bundle(BOARD, "line", 0.5, 3), made.bundle(BOARD, "line-small", 0.2, 4, model=small)]
    entries = [
        made.bundle(BOARD, "strong", 0.9, 5),
        made.bundle(BOARD, "weak", 0.3, 6),
        made.bundle(BOARD, "strong-small", 0.3, 7, model=small),
        made.bundle(BOARD, "strong-part", 0.9, 8, said=made.answers(BOARD, 0.9, 8, sets=range(5))),
    ]
    found = {one.id: {flag.code for flag in one.flags} for one in scored(entries, BOARD, line)}
    assert found == {
        "strong": {"above-line"},
        "weak": set(),
        "strong-small": {"above-line"},
        "strong-part": {"above-line"},
    }


def test_one_sequence_answered_differently():
    cells = list(BOARD.cells)
    for number in (7, 8):  # the sequences of the cell before, as in sets that differ in program or assay alone
        sample = dataclasses.replace(cells[number].sample, sequence=cells[6].sample.sequence)
        cells[number] = dataclasses.replace(cells[number], sample=sample)
    shared = dataclasses.replace(BOARD, cells=tuple(cells))
    mean = RIVAL.answers.mean.copy()
    even = mean.copy()
    first, *others = (RIVAL.answers.rows[BOARD.questions.sets[number].digest] for number in (6, 7, 8))
    for rows in others:
        even[:, rows] = even[:, first]
    entries = [made.with_means(made.bundle(shared, name), array) for name, array in (("uneven", mean), ("even", even))]
    seeing = msgspec.structs.replace(made.DIVISION, sees_test_inputs=True)
    entries.append(made.with_means(made.bundle(shared, "seeing", division=seeing), mean))
    found = {one.id: {flag.code for flag in one.flags} - {"copy", "copied"} for one in scored(entries, shared)}
    assert found == {"uneven": {"uneven"}, "even": set(), "seeing": set()}
    (flag,) = scored(entries[:1], shared)[0].flags
    assert "120 of 120" in flag.text


def _zip(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _members(folder):
    with zipfile.ZipFile(io.BytesIO(made.bundle_bytes(folder, BOARD, "rival", 0.6, 1))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_files_that_are_no_predictions_are_refused(tmp_path):
    members = _members(tmp_path)
    good = bundles.read(made.bundle_bytes(tmp_path, BOARD, "rival", 0.6, 1), BOARD.questions)
    np.testing.assert_array_equal(good.answers.mean, RIVAL.answers.mean)
    said = RIVAL.answers.mean
    passing = np.zeros(said.shape, [("mean", "<f4")])
    for data in (
        b"",
        b"PASS\n",
        _zip({}),
        _zip({"manifest.json": b"{}"}),
        _zip({"manifest.json": members["manifest.json"]}),
        _zip({"run.py": b'print("PASS")'}),
        _zip(members | {"run.py": b'print("PASS")'}),
        _zip(members | {"mean.npy": _npy(passing)}),
        _zip(members | {"mean.npy": _npy(said.astype(">f4"))}),
        _zip(members | {"mean.npy": _npy(said[:, :0])}),
    ):
        with pytest.raises(Refused):
            bundles.read(data, BOARD.questions)
