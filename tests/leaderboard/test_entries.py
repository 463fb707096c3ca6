"""Folders of entries: what stands in them, how entries come in, and what a stop in between leaves."""

import datetime
import hashlib
import multiprocessing
import os
from dataclasses import replace

import numpy as np
import pytest

from leaderboard import bundle as bundles
from leaderboard.records import adding, ledger
from leaderboard.records.entries import read
from leaderboard.records.recorded import numbers
from leaderboard.records.verify import TOLERANCE, verify
from leaderboard.refused import Refused
from shiftbench.errors import InputError
from tests.leaderboard import made

BOARD = made.board(worlds=1, rows=6, outputs=1)
DAY = datetime.date(2026, 3, 1)


def load(path, questions):
    """A bundle, read in this process, which these tests trust."""
    return bundles.read(bundles.content(path), questions)


def packed(folder, entry="cnn-a", skill=0.7, seed=0, **changes):
    """A file with an entry, outside the folder of entries."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{entry}-{seed}.zip"
    one = made.bundle(BOARD, entry, skill, seed, **{"team": "team-x"} | changes)
    bundles.write(path, one.manifest, one.answers)
    return path


@pytest.fixture
def put(tmp_path):
    """Adds an entry to the folder `entries`, as made by `packed`."""

    def add(entry="cnn-a", skill=0.7, seed=0, *, supersedes="", challenges="", note="", **changes):
        file = packed(tmp_path / "out", entry, skill, seed, **changes)
        told = {"supersedes": supersedes, "challenges": challenges, "note": note}
        return adding.add(tmp_path / "entries", file, BOARD, DAY, **told, load=load)

    return add


@pytest.fixture
def entries(tmp_path):
    return tmp_path / "entries"


def states(folder):
    return {name: one.state for name, one in read(folder, BOARD.questions, load).entries.items()}


def test_an_added_entry_is_listed_with_the_number_that_was_recomputed(put, entries):
    record = put()
    found = read(entries, BOARD.questions, load)
    assert (record.number, record.action, record.entry, record.team) == (1, "add", "cnn-a", "team-x")
    assert found.records == (record,)
    assert found.head == record.digest
    assert record.sha256 == found.entries["cnn-a"].bundle.sha256
    assert record.score == numbers([found.entries["cnn-a"].bundle], BOARD)[0]
    assert sorted(path.name for path in entries.iterdir()) == ["cnn-a.zip", ledger.NAME]


def test_bundles_are_parsed_by_a_process_with_limits_unless_it_is_told_otherwise(tmp_path, entries):
    record = adding.add(entries, packed(tmp_path / "out"), BOARD, DAY)
    found = verify(entries, BOARD)
    assert (found.faults, found.read, found.head) == ([], 1, record.digest)


def test_an_incomplete_entry_has_no_score(tmp_path, put, entries):
    one = made.bundle(BOARD, "cnn-a", said=made.answers(BOARD, sets=range(5)))
    bundles.write(tmp_path / "part.zip", one.manifest, one.answers)
    assert adding.add(entries, tmp_path / "part.zip", BOARD, DAY, load=load).score == ""
    assert verify(entries, BOARD, load=load).faults == []


def test_superseded_and_withdrawn_entries_stay_to_be_seen(put, entries):
    put("cnn-a")
    put("cnn-b", seed=1, supersedes="cnn-a")
    put("cnn-c", seed=2, team="team-y")
    gone = adding.withdraw(entries, "cnn-c", "trained on test rows", DAY)
    assert (gone.action, gone.note) == ("withdraw", "trained on test rows")
    assert states(entries) == {"cnn-a": "superseded", "cnn-b": "listed", "cnn-c": "withdrawn"}
    found = read(entries, BOARD.questions, load)
    assert [one.manifest.entry for one in found.standing] == ["cnn-b"]
    assert found.entries["cnn-a"].past.ended.entry == "cnn-b"
    assert verify(entries, BOARD, load=load).read == 3


def test_a_challenge_keeps_both_bundles_and_both_numbers(put, entries):
    first = put("cnn-a")
    again = put("cnn-a", skill=0.5, seed=1, challenges="cnn-a", note="their own code, run by us", team="team-z")
    more = put("cnn-a", skill=0.5, seed=2, challenges="cnn-a", team="team-q")
    one = read(entries, BOARD.questions, load).entries["cnn-a"]
    assert one.state == "challenged"
    assert [bundle.sha256 for bundle in (one.bundle, *one.reruns)] == [first.sha256, again.sha256, more.sha256]
    assert len({first.score, again.score, more.score}) == 3
    assert sorted(path.name for path in entries.glob("*.zip")) == [
        "cnn-a.rerun-1.zip", "cnn-a.rerun-2.zip", "cnn-a.zip",
    ]  # fmt: skip
    assert [bundle.sha256 for bundle in read(entries, BOARD.questions, load).standing] == [first.sha256]
    adding.withdraw(entries, "cnn-a", "as the re-runs show", DAY)
    assert states(entries) == {"cnn-a": "withdrawn"}
    assert verify(entries, BOARD, load=load).faults == []


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"entry": "cnn-a", "seed": 1}, "ledger-double"),
        ({"entry": "cnn-b", "supersedes": "cnn-q"}, "ledger-unknown"),
        ({"entry": "cnn-b", "supersedes": "cnn-a", "team": "team-y"}, "ledger-team"),
        ({"entry": "cnn-b", "challenges": "cnn-a"}, "ledger-rerun"),
        ({"entry": "cnn-b", "round": "r1"}, "round-other"),
        ({"entry": "cnn-b", "note": "=HYPERLINK(1)"}, "text-formula"),
    ],
)
def test_an_add_that_is_refused_leaves_everything_as_it_was(put, entries, told, code):
    put()
    before = {path.name: path.read_bytes() for path in entries.iterdir()}
    with pytest.raises(Refused) as refused:
        put(**told)
    assert refused.value.code == code
    assert {path.name: path.read_bytes() for path in entries.iterdir()} == before


def test_one_submission_a_team_and_round(tmp_path, entries):
    held = made.board(worlds=1, rows=6, outputs=1, draw=1)
    asked = replace(held.questions, round="r1")
    for number, team in enumerate(("team-x", "team-y", "team-x")):
        one = made.bundle(held, f"cnn-{number}", seed=number, team=team, round="r1")
        bundles.write(tmp_path / f"{number}.zip", one.manifest, one.answers)
    for number in range(2):
        assert adding.add(entries, tmp_path / f"{number}.zip", asked, DAY, load=load).score == ""
    with pytest.raises(Refused, match="ledger-round"):
        adding.add(entries, tmp_path / "2.zip", asked, DAY, load=load)
    adding.withdraw(entries, "cnn-0", "a mistake", DAY)
    with pytest.raises(Refused, match="ledger-round"):  # a withdrawal gives no second try
        adding.add(entries, tmp_path / "2.zip", asked, DAY, load=load)
    assert verify(entries, BOARD, rounds=[asked], load=load).faults == []


def test_entries_of_another_table_are_told_and_not_mixed_in(put, entries):
    put("cnn-a")
    old = b"an entry of an older version"
    first = ledger.read(entries)[0]
    fields = {name: getattr(first, name) for name in ledger.Event.__struct_fields__}
    sha256 = hashlib.sha256(old).hexdigest()
    ledger.append(
        entries, ledger.Event(**fields | {"entry": "cnn-old", "version": 2, "sha256": sha256, "size": len(old)})
    )
    (entries / "cnn-old.zip").write_bytes(old)
    found = read(entries, BOARD.questions, load)
    assert (list(found.entries), found.others) == (["cnn-a"], ("cnn-old",))
    assert verify(entries, BOARD, load=load).untold == 1
    (entries / "cnn-old.zip").write_bytes(old + b" ")
    assert [fault.split(":")[0] for fault in verify(entries, BOARD, load=load).faults] == ["ledger-bundle"]


def test_a_private_folder_needs_no_ledger(tmp_path):
    packed(tmp_path / "lab", "cnn-b", seed=1)
    packed(tmp_path / "lab", "cnn-a")
    found = read(tmp_path / "lab", BOARD.questions, load)
    assert [(name, one.state, one.past) for name, one in found.entries.items()] == [
        ("cnn-a", "listed", None), ("cnn-b", "listed", None),
    ]  # fmt: skip
    packed(tmp_path / "lab", "cnn-a", seed=2)
    with pytest.raises(Refused, match="ledger-double"):
        read(tmp_path / "lab", BOARD.questions, load)
    with pytest.raises(InputError, match="no such folder"):
        read(tmp_path / "nowhere", BOARD.questions, load)


def test_a_private_folder_may_hold_bundles_of_other_tables_which_are_told_and_not_mixed_in(tmp_path):
    lab = tmp_path / "lab"
    packed(lab, "cnn-a")
    packed(lab, "cnn-b", round="r1")
    packed(lab, "cnn-c", suite_version=2)
    found = read(lab, BOARD.questions, load)
    assert (list(found.entries), found.others) == (["cnn-a"], ("cnn-b-0", "cnn-c-0"))
    packed(lab, "cnn-d", outputs=("other",))
    with pytest.raises(Refused, match="outputs-other"):  # what breaks another rule is no entry of another table
        read(lab, BOARD.questions, load)


def test_what_the_folder_and_the_ledger_do_not_share_is_refused(put, entries):
    put("cnn-a")
    put("cnn-b", seed=1, team="team-y")
    (entries / "cnn-c.zip").write_bytes((entries / "cnn-b.zip").read_bytes())
    with pytest.raises(Refused, match="ledger-stray"):
        read(entries, BOARD.questions, load)
    (entries / "cnn-a.zip").replace(entries / "cnn-c.zip")
    faults = verify(entries, BOARD, load=load).faults
    assert [fault.split(":")[0] for fault in faults] == ["ledger-stray", "ledger-missing"]
    (entries / "cnn-c.zip").unlink()
    with pytest.raises(Refused, match="ledger-missing"):
        read(entries, BOARD.questions, load)
    (entries / "cnn-a.zip").symlink_to(entries / "cnn-b.zip")
    with pytest.raises(Refused, match="file-kind"):
        read(entries, BOARD.questions, load)


def _killed(folder, file):
    """An add that is killed before it writes the ledger."""
    ledger.write = lambda folder, grown: os._exit(9)
    adding.add(folder, file, BOARD.questions, DAY, load=load)


def test_a_crash_between_copy_and_record_is_explained_and_mended_by_the_same_add(tmp_path, put, entries):
    put("cnn-a")
    file = packed(tmp_path / "out", "cnn-b", seed=1)
    adder = multiprocessing.get_context("fork").Process(target=_killed, args=(entries, file))
    adder.start()
    adder.join(60)
    assert adder.exitcode == 9
    assert (entries / "cnn-b.zip").exists()
    (fault,) = verify(entries, BOARD, load=load).faults
    assert "cnn-b.zip" in fault
    assert "an add was interrupted (add the same file again)" in fault
    put("cnn-b", seed=1)
    assert verify(entries, BOARD, load=load).faults == []
    assert list(states(entries)) == ["cnn-a", "cnn-b"]
    assert not (entries / ".adding").exists()


def test_a_failure_between_copy_and_record_leaves_neither(put, entries, monkeypatch):
    put("cnn-a")
    before = {path.name: path.read_bytes() for path in entries.iterdir()}

    def full(folder, grown):
        raise OSError("no space left on device")

    monkeypatch.setattr(ledger, "write", full)
    with pytest.raises(InputError, match=r"no space left on device\); nothing was recorded"):
        put("cnn-b", seed=1)
    assert {path.name: path.read_bytes() for path in entries.iterdir()} == before


def test_a_bundle_that_nobody_lists_is_not_overwritten(put, entries):
    put("cnn-a")
    (entries / "cnn-b.zip").write_bytes(b"something else")
    with pytest.raises(Refused, match="ledger-stray"):
        put("cnn-b", seed=1)
    assert (entries / "cnn-b.zip").read_bytes() == b"something else"
    assert len(ledger.read(entries)) == 1


def test_a_partial_file_of_a_killed_add_is_told(put, entries):
    put("cnn-a")
    (entries / ".cnn-b.zip.host-1").write_bytes(b"half")
    (fault,) = verify(entries, BOARD, load=load).faults
    assert "left over from an add that was interrupted" in fault


def test_a_recorded_score_that_the_answers_do_not_give_is_a_fault(put, entries):
    record = put("cnn-a")
    for off, seen in ((0.5 * TOLERANCE, False), (3 * TOLERANCE, True), (0.4, True)):
        (entries / ledger.NAME).unlink()
        fields = {name: getattr(record, name) for name in ledger.Event.__struct_fields__}
        ledger.append(entries, ledger.Event(**fields | {"score": f"{float(record.score) + off:.6f}"}))
        found = verify(entries, BOARD, load=load)
        assert bool(found.faults) == seen
        assert found.difference == pytest.approx(off, abs=1e-9)
    assert found.faults[0].startswith("ledger-score: ")
    assert record.score in found.faults[0]


def test_scores_do_not_hang_on_what_else_is_entered():
    many = [made.bundle(BOARD, f"cnn-{n}", skill, n) for n, skill in enumerate(np.linspace(0.1, 0.9, 5))]
    assert numbers(many, BOARD) == [numbers([one], BOARD)[0] for one in many]
