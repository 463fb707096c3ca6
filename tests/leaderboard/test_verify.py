"""Verification by a stranger: the pages from folder and ledger alone, the command, and where pull requests run it."""

import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from leaderboard.commands.add import add as add_verb
from leaderboard.commands.check import check as check_verb
from leaderboard.commands.verify import verify as verify_verb
from leaderboard.records import ledger
from leaderboard.records.verify import pages
from leaderboard.site.build import build
from shiftbench.errors import InputError
from tests.leaderboard.test_entries import BOARD, load, packed

WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "entry.yml"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, where the board is the small one and bundles are read in this process."""
    from leaderboard import board
    from leaderboard.records import adding, verify

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(board, "development", lambda store: BOARD)
    for module, name in ((adding, "add"), (verify, "verify")):
        given = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *told, _given=given, **named: _given(*told, **named, load=load))
    monkeypatch.setattr("leaderboard.site.build.build", partial(build, load=load))
    return tmp_path


@pytest.fixture
def three(here, capsys):
    """Entries of which one was superseded and one challenged, entered by the command; the head that it told."""
    folder = here / "entries"
    add_verb(packed(here / "out", "cnn-a"), entries=folder)
    add_verb(packed(here / "out", "cnn-b", skill=0.9, seed=1), entries=folder, supersedes="cnn-a", note="more epochs")
    add_verb(packed(here / "out", "cnn-b", skill=0.8, seed=2, team="team-z"), entries=folder, challenges="cnn-b")
    return folder, capsys.readouterr().out.split()[-1]


def test_the_command_tells_a_head_by_which_verify_knows_the_ledger(three, capsys):
    folder, head = three
    assert head == ledger.read(folder)[-1].digest
    assert verify_verb(entries=folder, head=head) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{folder}: 3 records, 3 bundles read, scores differ by at most 0.000000 (allowed 1e-05), 0 of other "
        "tables compared by their bytes, 0 faults",
        f"head {head}",
    ]
    with pytest.raises(InputError, match="expected 16 to 64 hex digits"):
        verify_verb(entries=folder, head="abc")
    assert verify_verb(entries=folder, head="0" * 63 + "1") == 1
    (folder / "cnn-a.zip").unlink()
    assert verify_verb(entries=folder) == 1
    out = capsys.readouterr().out
    assert out.count("ledger-head: ") == 1
    assert out.count("ledger-missing: ") == 1


def test_a_stranger_builds_the_same_pages_and_sees_what_was_changed_in_others(three, here):
    folder, _ = three
    build(folder, here / "site", BOARD, load=load)
    shutil.copytree(folder, here / "clone")

    def again(output):
        return build(here / "clone", output, BOARD, load=load)

    assert len(list((here / "site").rglob("*.html"))) > 5
    assert pages(here / "site", again) == []
    first = (here / "site" / "index.html").read_bytes()
    (here / "site" / "index.html").write_bytes(first.replace(b"cnn-b", b"cnn-q", 1))
    (here / "site" / "more.html").write_text("an entry that nobody made")
    (here / "site" / "rules.html").unlink()
    assert [fault.split(":")[0] for fault in pages(here / "site", again)] == ["site-page"] * 3


def test_the_pages_tell_the_head_that_a_reader_may_note(three, here):
    folder, head = three
    build(folder, here / "site", BOARD, load=load)
    assert head[:16] in (here / "site" / "index.html").read_text()
    assert verify_verb(entries=folder, head=head[:16]) == 0


def test_a_private_board_is_compared_with_pages_of_its_kind(here, capsys):
    for number in range(2):
        packed(here / "lab", f"cnn-{number}", seed=number)
    build(here / "lab", here / "site", BOARD, kind="private", load=load)
    told = {"entries": here / "lab", "site": here / "site", "line": here / "none"}
    (here / "none").mkdir()
    assert verify_verb(**told, private=True) == 0
    assert "0 records, 2 bundles read" in capsys.readouterr().out
    assert verify_verb(**told) == 1  # of the leaderboard every bundle is in a ledger
    assert capsys.readouterr().out.count("ledger-stray: ") == 2
    (here / "site" / "rules.html").unlink()
    assert verify_verb(**told, private=True) == 1
    assert capsys.readouterr().out.count("site-page: ") == 1
    (here / "lab" / "cnn-1-1.zip").write_bytes(b"no zip")
    assert verify_verb(**told, private=True) == 1
    assert "zip-" in capsys.readouterr().out


def test_a_private_board_with_a_ledger_has_pages_of_its_kind_too(three, here, capsys):
    folder, _ = three
    (here / "none").mkdir()
    told = {"entries": folder, "site": here / "site", "line": here / "none"}
    build(folder, here / "site", BOARD, kind="private", load=load)
    assert verify_verb(**told, private=True) == 0
    assert verify_verb(**told) == 1
    assert "site-page: " in capsys.readouterr().out
    (folder / "cnn-a.zip").unlink()
    assert verify_verb(**told, private=True) == 1
    assert "ledger-missing: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [{}, {"supersedes": "a-b-c", "challenges": "a-b-d", "file": Path("x.zip")}, {"withdraw": "a-b", "file": Path("x")}],
)
def test_options_that_do_not_go_together_are_one_line(here, options):
    with pytest.raises(InputError, match="expected"):
        add_verb(**options)


def test_withdraw_needs_a_reason_and_keeps_the_bundle(three, capsys):
    folder, _ = three
    with pytest.raises(InputError, match="ledger-note"):
        add_verb(withdraw="cnn-b", entries=folder)
    add_verb(withdraw="cnn-b", note="the re-run differs", entries=folder)
    assert (folder / "cnn-b.zip").exists()
    assert verify_verb(entries=folder) == 0


def test_pull_requests_are_judged_by_the_code_of_the_base_without_rights_or_secrets():
    text = WORKFLOW.read_text()
    pinned = (WORKFLOW.parent / "tests.yml").read_text()
    assert "pull_request:" in text
    assert not re.search(
        r"pull_request_target|secrets\.|write|github\.(head_ref|event\.pull_request\.(title|body))", text
    )
    assert "permissions:\n  contents: read\n" in text
    assert set(re.findall(r"uses: (\S+)", text)) <= set(re.findall(r"uses: (\S+)", pinned))
    assert "ref: ${{ github.event.pull_request.base.sha }}" in text


def _steps():
    """The shell commands of the workflow by the name of their step."""
    found = re.findall(r"- name: (.+)\n +run: \|\n((?: {10}.*\n?)+)", WORKFLOW.read_text())
    return {name: re.sub(r"^ {10}", "", script, flags=re.M) for name, script in found}


def test_the_steps_check_what_changed_and_verify_from_the_head_of_the_base(three, here):
    folder, head = three
    tree = here / "leaderboard" / "entries"
    shutil.copytree(folder, tree)
    proposed = here / "proposed" / "leaderboard" / "entries"
    shutil.copytree(folder, proposed)
    odd = "new $(touch owned).zip"
    (proposed / odd).write_bytes(b"x")
    (proposed / "cnn-a.zip").write_bytes(b"changed")
    program = here / "shiftbench"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:])\n")
    program.chmod(0o755)
    told = {
        name: subprocess.run(
            ["bash", "-e", "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": f"{here}:/usr/bin:/bin"},
        ).stdout.splitlines()
        for name, script in _steps().items()
    }
    prefix = "proposed/leaderboard/entries"
    assert list(told.values()) == [
        [str(["leaderboard", "check", f"{prefix}/{name}"]) for name in ("cnn-a.zip", odd)],
        [str(["leaderboard", "verify", "--entries", prefix, "--head", head])],
    ]
    assert not (here / "owned").exists()


def test_an_entry_of_a_round_is_refused_in_a_pull_request_which_would_show_it_to_all(here, monkeypatch, capsys):
    monkeypatch.setattr("leaderboard.board.questions", lambda store: BOARD.questions)
    proposed = here / "proposed" / "leaderboard" / "entries"
    proposed.mkdir(parents=True)
    packed(here / "out", "cnn-r", round="r1").replace(proposed / "cnn-r.zip")
    assert check_verb(proposed / "cnn-r.zip") == 2
    said = capsys.readouterr().out
    program = here / "shiftbench"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint({said!r}, end='')\nsys.exit(2)\n")
    program.chmod(0o755)
    ran = _checked(here)
    assert ran.returncode == 1
    assert ran.stdout.startswith(said)
    assert ran.stdout.removeprefix(said).startswith("An entry of a round does not come by pull request, ")
    program.write_text(f"#!{sys.executable}\nimport sys\nprint('x: refused: zip-none: y')\nsys.exit(2)\n")
    ran = _checked(here)
    assert (ran.returncode, ran.stdout) == (1, "x: refused: zip-none: y\n")


def _checked(here):
    """What the step that checks bundles does with the program `shiftbench` in this folder."""
    told = {"capture_output": True, "text": True, "env": {"PATH": f"{here}:/usr/bin:/bin"}}
    return subprocess.run(["bash", "-e", "-c", _steps()["check the bundles that changed"]], check=False, **told)
