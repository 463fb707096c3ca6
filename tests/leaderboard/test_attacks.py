"""Every named attack is refused with its own code, in one line of printable text; a weaker reader is caught."""

import json
from types import SimpleNamespace
from unittest import mock

import pytest

from leaderboard import archive, bundle, npy, parquet, parse, strict, tables, text, values
from leaderboard.refused import Refused
from tests.leaderboard import forged
from tests.leaderboard.attacks import ATTACKS
from tests.leaderboard.forged import QUESTIONS

MADE = {name: make() for name, (_, make) in ATTACKS.items()}
CODES = {name: code for name, (code, _) in ATTACKS.items()}


def verdict(name):
    """Code with which an attack is refused; "accepted" if it is not."""
    try:
        bundle.read(MADE[name], QUESTIONS)
    except Refused as refused:
        line = str(refused)
        return refused.code if line.isprintable() and line.isascii() and len(line) < 600 else f"not one line: {line}"
    return "accepted"


def test_what_the_attacks_are_made_from_is_accepted():
    for form in ("npy", "csv", "parquet"):
        assert bundle.read(forged.bundle(form), QUESTIONS).manifest.entry == "entry-a"
    assert len(ATTACKS) >= 60


@pytest.mark.parametrize("name", ATTACKS)
def test_is_refused_with_its_code(name):
    assert verdict(name) == CODES[name]


def nothing(*_, **__):
    """A check that was taken out."""


WEAKER = {
    "headers may differ": (archive, "_check_header", nothing, "zip-"),
    "any size": (archive, "_check_size", nothing, "zip-"),
    "no CRC": (archive, "zlib", SimpleNamespace(**vars(archive.zlib) | {"crc32": lambda _: mock.ANY}), "zip-crc"),
    "any depth": (strict, "_check_depth", nothing, "json-depth"),
    "the last of two names": (strict, "_once", dict, "json-duplicate"),
    "any constant": (strict, "_constant", float, "json-number"),
    "any text": (text, "check", nothing, "text-"),
    "any link": (text, "check_link", nothing, "text-link"),
    "any suite": (parse, "_check_suite", nothing, "suite-"),
    "any seeds": (parse, "_check_seeds", nothing, "seeds-"),
    "any sets": (parse, "_check_tests", nothing, "tests-"),
    "any digest": (parse, "check_files", nothing, "files-digest"),
    "any format": (parse, "check_names", nothing, "files-"),
    "joined without a word": (bundle, "_check_seeds", nothing, "seeds-joined"),
    "any size of an array": (npy, "fits", lambda *_: True, "npy-size"),
    "any footer": (parquet, "_check_footer", nothing, "parquet-"),
    "a row twice": (tables, "_check_once", nothing, "row"),
    "any number": (values, "check", nothing, ""),
}


@pytest.mark.parametrize("name", WEAKER)
def test_a_reader_without_a_check_is_caught(name, monkeypatch):
    module, attribute, weaker, code = WEAKER[name]
    monkeypatch.setattr(module, attribute, weaker)
    caught = 0
    for attack in (attack for attack in ATTACKS if CODES[attack].startswith(code)):
        try:
            caught += verdict(attack) != CODES[attack]
        except Exception:  # a traceback is a finding as well
            caught += 1
        if caught:
            break
    assert caught


def test_a_lenient_parser_would_take_what_is_refused():
    """The attacks on JSON are attacks: Python's own reader takes them."""
    for name in ("name twice", "NaN", "1e400"):
        with pytest.raises(Refused):
            bundle.read(MADE[name], QUESTIONS)
        json.loads(forged.unpacked(MADE[name])["manifest.json"])
