"""Every named attack is refused with its own code, in one line of printable text; a weaker reader is caught."""

import json

import pytest

from leaderboard import bundle
from leaderboard.refused import Refused
from tests.leaderboard import forged
from tests.leaderboard.attacks import ATTACKS
from tests.leaderboard.forged import QUESTIONS
from tests.leaderboard.weaker import WEAKER

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
