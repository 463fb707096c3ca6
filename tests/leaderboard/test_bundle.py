"""Entries as files: what is written is read, equal entries are equal bytes, and the command says what it finds."""

import json
import subprocess
import sys
from copy import deepcopy

import jsonschema
import msgspec
import numpy as np
import pytest

from leaderboard import bundle, checks, schema
from leaderboard.commands.check import check
from leaderboard.manifest import Manifest
from leaderboard.reading import caged
from leaderboard.refused import Refused
from leaderboard.rules import RULES
from tests.leaderboard import forged, made
from tests.leaderboard.forged import BOARD, QUESTIONS


def written(folder, entry="entry-a", **changes):
    folder.mkdir(exist_ok=True)
    path = folder / f"{entry}.zip"
    path.write_bytes(made.bundle_bytes(folder, BOARD, entry, **changes))
    return path


@pytest.mark.parametrize("quantiles", [False, True])
def test_what_is_written_is_read(quantiles, tmp_path):
    said = made.answers(BOARD, quantiles=quantiles)
    path = written(tmp_path, said=said)
    found = bundle.load(path, QUESTIONS)
    assert forged.same(found.answers, said)
    assert found.size == path.stat().st_size
    assert found.manifest == msgspec.structs.replace(made.manifest(BOARD), files=found.manifest.files)
    again = bundle.read(path.read_bytes(), QUESTIONS)
    assert forged.same(again.answers, found.answers)
    assert (again.manifest, again.sha256) == (found.manifest, found.sha256)


def test_equal_entries_are_equal_bytes(tmp_path):
    assert written(tmp_path / "one").read_bytes() == written(tmp_path / "two").read_bytes()
    assert written(tmp_path / "one").read_bytes() != written(tmp_path / "two", seed=1).read_bytes()


@pytest.mark.parametrize("form", ["npy", "csv", "parquet"])
def test_all_formats_say_the_same_through_the_process_with_limits(form):
    said = made.answers(BOARD, quantiles=True)
    told, answers = caged.parse(forged.bundle(form, said=said), QUESTIONS)
    assert forged.same(answers, said)
    assert told.team == "team-of-entry-a"


def test_a_fit_that_leaves_nothing_to_chance_has_one_answer_of_one_seed():
    told = forged.told() | {"seeds": [0], "model": forged.told()["model"] | {"kind": "control"}}
    said = made.answers(BOARD, seeds=(0,))
    for form in ("npy", "csv", "parquet"):
        assert forged.same(bundle.read(forged.bundle(form, manifest=told, said=said), QUESTIONS).answers, said)


def test_the_process_with_limits_inherits_no_secret(monkeypatch):
    monkeypatch.setenv("ROUND_SECRET", "canary")
    assert "canary" not in caged._environment({"ROUND_SECRET": "canary", "PYTHONPATH": "/x"}).values()


def test_a_module_in_the_current_folder_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("open('written', 'w')")
    monkeypatch.chdir(tmp_path)
    assert bundle.load(written(tmp_path / "entries"), QUESTIONS).manifest.entry == "entry-a"
    assert not (tmp_path / "written").exists()


def test_a_file_is_called_by_its_entry(tmp_path):
    path = written(tmp_path)
    assert checks.check(path, QUESTIONS).manifest.entry == "entry-a"
    other = path.rename(tmp_path / "entry-b.zip")
    with pytest.raises(Refused) as refused:
        checks.check(other, QUESTIONS)
    assert refused.value.code == "file-name"


def test_the_command_says_a_line_a_file_and_ends_with_2_if_one_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("leaderboard.commands.check._questions", lambda *_: QUESTIONS)
    right, wrong = written(tmp_path), tmp_path / "wrong\x1b[2J.zip"
    wrong.write_bytes(b"PASS")
    assert check(right) == 0
    assert check(right, wrong) == 2
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0] == lines[1]
    assert ": accepted: entry entry-a of team team-of-entry-a, 10 of 10 test sets, 2 answers to 40 rows" in lines[0]
    assert ": refused: zip-none: " in lines[2]
    assert all(line.isprintable() for line in lines)


def test_an_incomplete_entry_is_accepted_and_says_so(tmp_path):
    found = bundle.load(written(tmp_path, said=made.answers(BOARD, sets=[0, 3])), QUESTIONS)
    assert "2 of 10 test sets (8 missing: unranked)" in checks.facts(found, QUESTIONS)


def test_the_schema_is_the_one_of_the_records():
    assert schema.PATH.read_text() == schema.generated(), "run python -m leaderboard.schema"


NAMES = [
    ("suite",),
    ("suite_version",),
    ("entry",),
    ("team",),
    ("title",),
    ("seeds",),
    ("tests", 0, "digest"),
    ("cost",),
    ("tests", 0, "rows"),
    ("model", "kind"),
    ("model", "width"),
    ("division", "labels"),
    ("division", "ensemble"),
    ("cost", "seconds"),
    ("environment",),
    ("files",),
    ("weights",),
    ("schema_version",),
    ("outputs",),
]
VALUES = [
    None,
    0,
    1,
    -1,
    7,
    32,
    0.5,
    -0.5,
    1e16,
    True,
    "",
    "a",
    "abc-def",
    "Abc",
    "a" * 250,
    "network",
    "0" * 32,
    "0" * 64,
    [],
    [0],
    ["a"],
    [0] * 70,
    {},
    {"a": "b"},
    {"mean.npy": "0" * 64},
    {"other.npy": "0" * 64},
    {"name": "x", "sha256": "0" * 64},
]


def test_the_schema_and_the_reader_agree():
    """On each field with each of many values, 500 manifests; and on each field left out, and on fields too many."""
    validator = jsonschema.Draft202012Validator(json.loads(schema.PATH.read_text()))
    right = json.loads(forged.contents()["manifest.json"])
    verdicts = []
    for name in NAMES:
        for value in [*VALUES, "left out", "one more"]:
            told = deepcopy(right)
            group = told
            for part in name[:-1]:
                group = group[part]
            if value == "left out":
                del group[name[-1]]
            elif value == "one more" and isinstance(group[name[-1]], dict):
                group[name[-1]]["further"] = 1
            else:
                group[name[-1]] = value
            try:
                msgspec.convert(told, Manifest)
                taken = True
            except msgspec.ValidationError:
                taken = False
            assert validator.is_valid(told) == taken, (name, value)
            verdicts.append(taken)
    assert 20 < sum(verdicts) < len(verdicts) - 200


def test_rules_are_printed_by_the_module():
    done = subprocess.run([sys.executable, "-m", "leaderboard.rules"], capture_output=True, text=True, check=True)
    assert all(f"| `{code}` | {text} |" in done.stdout for code, text in RULES.items())


def test_what_a_reader_of_arrays_returns_cannot_be_written():
    assert not np.asarray(bundle.read(forged.bundle(), QUESTIONS).answers.mean).flags.writeable
