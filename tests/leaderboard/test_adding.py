"""What may come in, and when: days, rounds that are open, and folders that can be written."""

import datetime
import os
import stat

import msgspec
import pytest

from leaderboard import checks, places
from leaderboard.commands import add as command
from leaderboard.records import adding, ledger, record, window
from leaderboard.records.verify import verify
from leaderboard.refused import Refused
from leaderboard.rounds import questions
from leaderboard.rounds.secret import REVEAL
from shiftbench.errors import InputError
from shiftbench.tasks.round import NAME
from tests.leaderboard import rounds as playing
from tests.leaderboard.test_entries import BOARD, DAY, load, packed
from tests.leaderboard.test_ledger import dump, event, lines

ONE = datetime.timedelta(days=1)


@pytest.fixture
def file(played):
    """round.json of a round, beside which nothing lies."""
    return played.file


def entered(played, folder, day, entry="entry-one"):
    """Add an entry of the round by the command; what was said."""
    path = played.entries / f"{entry}.zip"
    return playing.called("leaderboard", "add", path, "--round", played.file, "--date", day, "--entries", folder)


def test_a_round_takes_entries_from_its_first_to_its_last_day(file):
    told = window.terms(file)
    for day in (told.opens, told.opens + ONE, told.closes):
        window.check_open(file, day)
    for day in (told.opens - ONE, told.closes + ONE):
        with pytest.raises(Refused, match="round-closed") as refused:
            window.check_open(file, day)
        assert f"{told.opens} to {told.closes}" in refused.value.text


def test_a_round_takes_nothing_when_its_secret_is_public(file, tmp_path):
    (tmp_path / NAME).write_bytes(file.read_bytes())
    opens = window.terms(tmp_path).opens
    window.check_open(tmp_path, opens)
    (tmp_path / REVEAL).write_text("{}")
    for path in (tmp_path, tmp_path / NAME):
        with pytest.raises(Refused, match=r"round-closed: .*the secret is public"):
            window.check_open(path, opens)


def test_the_command_keeps_the_days_of_the_round(played, tmp_path):
    opens = window.terms(played.file).opens
    with pytest.raises(InputError, match="round-closed"):
        entered(played, tmp_path / "late", opens - ONE)
    assert not (tmp_path / "late").exists()
    assert "add entry-one" in entered(played, tmp_path / "new" / "entries", opens)
    assert [one.entry for one in ledger.read(tmp_path / "new" / "entries")] == ["entry-one"]


def test_a_rerun_may_come_when_a_round_is_over_and_an_entry_may_not(played, tmp_path):
    folder, path = tmp_path / "entries", played.entries / "entry-one.zip"
    entered(played, folder, window.terms(played.file).opens)
    (tmp_path / NAME).write_bytes(played.file.read_bytes())
    (tmp_path / REVEAL).write_text("{}")
    told = ("leaderboard", "add", "--round", tmp_path / NAME, "--entries", folder)
    with pytest.raises(InputError, match="round-closed"):
        playing.called(*told, played.entries / "entry-two.zip")
    assert "challenge entry-one" in playing.called(*told, path, "--challenges", "entry-one")
    assert [one.action for one in ledger.read(folder)] == ["add", "challenge"]


def test_verify_sees_an_entry_that_came_when_its_round_was_not_open(played, tmp_path):
    told, asked = window.terms(played.file), questions(played.file)
    folder = tmp_path / "entries"
    adding.add(folder, played.entries / "entry-one.zip", asked, told.opens - ONE)  # past the command, which refuses it
    assert verify(folder, BOARD, rounds=[asked]).faults == []
    (fault,) = verify(folder, BOARD, rounds=[asked], windows=[told]).faults
    assert fault.startswith("round-closed: ")
    other = msgspec.structs.replace(told, id="other")
    assert verify(folder, BOARD, rounds=[asked], windows=[other]).faults == []
    early = msgspec.structs.replace(told, opens=told.opens - ONE)
    assert verify(folder, BOARD, rounds=[asked], windows=[early]).faults == []


def test_no_record_is_of_a_day_to_come(tmp_path):
    today = datetime.datetime.now(datetime.UTC).date()
    assert abs(record.today() - today) <= ONE  # midnight may pass in between
    with pytest.raises(Refused, match="ledger-future"):
        adding.add(tmp_path / "entries", packed(tmp_path / "out"), BOARD, today + 9 * ONE, load=load)
    adding.add(tmp_path / "entries", packed(tmp_path / "out"), BOARD, today, load=load)
    with pytest.raises(Refused, match="ledger-future"):
        adding.withdraw(tmp_path / "entries", "cnn-a", "a mistake", today + 9 * ONE)
    assert verify(tmp_path / "entries", BOARD, load=load).faults == []


def test_verify_sees_a_record_of_a_day_to_come(tmp_path):
    ledger.append(tmp_path, event("", "round_open", team="", score="", round="r1"))
    assert verify(tmp_path, BOARD).faults == []
    dump(tmp_path, [lines(tmp_path)[0] | {"date": "9999-12-31"}], rehash=True)
    (fault,) = verify(tmp_path, BOARD).faults
    assert fault.startswith("ledger-future: ")
    assert "line 1: dated 9999-12-31" in fault


def test_a_folder_is_made_with_those_that_it_lies_in(tmp_path):
    folder = tmp_path / "a" / "b" / "entries"
    assert adding.add(folder, packed(tmp_path / "out"), BOARD, DAY, load=load).number == 1


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_read(tmp_path, monkeypatch):
    def unread(path, asked):
        raise AssertionError("read before the folder was looked at")

    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "entries"):
        with pytest.raises(InputError, match="no folder that can be written") as refused:
            adding.add(folder, tmp_path / "x.zip", BOARD, DAY, load=unread)
        assert "\n" not in str(refused.value)
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & stat.S_IWOTH)
    with pytest.raises(InputError, match="no folder that can be written"):
        adding.add(tmp_path / "entries", tmp_path / "x.zip", BOARD, DAY, load=unread)
    assert not (tmp_path / "entries").exists()


def test_a_checkout_is_a_clone_with_its_project(tmp_path):
    assert not places.is_checkout(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    assert not places.is_checkout(tmp_path)
    (tmp_path / ".git").mkdir()
    assert places.is_checkout(tmp_path)
    (tmp_path / "pyproject.toml").unlink()
    assert not places.is_checkout(tmp_path)


def test_an_installed_package_takes_no_entries_into_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "is_checkout", lambda: False)
    with pytest.raises(InputError, match="--entries: none given"):
        playing.called("leaderboard", "add", tmp_path / "x.zip")
    with pytest.raises(InputError, match="--entries: none given"):
        playing.called("leaderboard", "add", "--withdraw", "cnn-a", "--note", "x")
    with pytest.raises(InputError, match="ledger-unknown"):
        playing.called("leaderboard", "add", "--withdraw", "cnn-a", "--note", "x", "--entries", tmp_path)


def test_submit_leaves_only_what_was_accepted(played, tmp_path, monkeypatch):
    words = ["submit", played.run, "gc_ridge", "--round", played.file, "--output", tmp_path / "packed", "--team",
             "team-a", "--title", "T", "--authors", "A", "--training-data", "the training rows", "--pretraining",
             "none", "--trials", 1, "--entry", "entry-new"]  # fmt: skip
    check = checks.check

    def refused(path, asked):
        assert path.name == "entry-new.zip"
        raise Refused("bundle-size", "too large")

    monkeypatch.setattr(checks, "check", refused)
    with pytest.raises(Refused, match="too large"):
        playing.called(*words)
    assert list((tmp_path / "packed").iterdir()) == []
    monkeypatch.setattr(checks, "check", check)
    assert f"{tmp_path / 'packed' / 'entry-new.zip'}: accepted" in playing.called(*words)
    assert [path.name for path in (tmp_path / "packed").iterdir()] == ["entry-new.zip"]
