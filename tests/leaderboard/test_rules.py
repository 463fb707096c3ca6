"""One table of codes: all that are raised are in it, all in it are raised and tested, and the README holds it."""

import ast
import datetime
import re
from pathlib import Path

import pytest

from leaderboard import rules
from leaderboard.records import ledger
from leaderboard.records.record import Event
from leaderboard.refused import Refused
from leaderboard.rules import RULES

ROOT = Path(__file__).parents[2]
PACKAGE, TESTS = ROOT / "leaderboard", ROOT / "tests" / "leaderboard"
PLACES = {"Refused": 0, "_refuse": 2}
"""Which argument of a call is the code."""
LISTED = re.compile(r"^((?:ledger|site)-[a-z]+): ")


def codes(source):
    """Codes that a module raises, and lines with one that is no plain text."""
    found, unknown = set(), []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):  # a fault that is listed
            found.update(LISTED.findall(node.values[0].value))
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if name in PLACES and len(node.args) > PLACES[name]:
            code = node.args[PLACES[name]]
            if isinstance(code, ast.Constant):
                found.add(code.value)
            else:
                unknown.append(ast.unparse(code))
    return found, unknown


def raised():
    found, unknown = zip(*(codes(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))), strict=True)
    return set().union(*found), {code for codes in unknown for code in codes}


def test_every_code_that_is_raised_is_in_the_table_and_the_reverse():
    found, unknown = raised()
    assert found == set(RULES)
    # What is passed on was raised by a reader with a code of its own.
    assert unknown <= {"code", "reply.code", "refused.code"}


def test_every_code_is_reached_by_a_test():
    tests = "".join(path.read_text() for path in TESTS.glob("*.py"))
    missing = [code for code in RULES if not re.search(rf"\b{code}\b", tests)]
    assert missing == []


def test_a_code_that_nobody_knows_is_found():
    assert codes('raise Refused("new-code", "x")') == ({"new-code"}, [])
    assert codes("raise Refused(made(), 'x')") == (set(), ["made()"])
    assert codes("_refuse(wrong, values, 'value-new', 'x')") == ({"value-new"}, [])


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("ledger-order", b'"number":1', b'"number":2'),
        ("ledger-chain", b'"previous":"0', b'"previous":"1'),
        ("ledger-digest", b'"size":7', b'"size":8'),
    ],
)
def test_an_edited_record_is_refused_by_what_it_breaks_first(code, old, new, tmp_path):
    event = Event(
        date=datetime.date(2026, 1, 1), action="add", entry="cnn-a", supersedes="", team="team-a", sha256="0" * 64,
        size=7, suite="board", version=1, round="", score="", note="",
    )  # fmt: skip
    _, line = ledger.extended(tmp_path, event)
    assert len(ledger.parse(line)) == 1
    assert line.count(old) == 1
    with pytest.raises(Refused) as refused:
        ledger.parse(line.replace(old, new))
    assert refused.value.code == code


@pytest.mark.parametrize("code", RULES)
def test_codes_and_their_texts_are_short(code):
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", code)
    assert len(code) <= 20
    assert RULES[code].endswith(".")
    assert len(RULES[code]) < 200


def test_the_table_is_written_between_its_marks(tmp_path):
    document = tmp_path / "README.md"
    document.write_text(
        "before\n<!-- rules -->\nold\n<!-- end of rules -->\nbetween\n<!-- flags -->\n<!-- end of flags -->\nafter\n"
    )
    rules.main(write=document)
    text = document.read_text()
    assert text.startswith("before\n<!-- rules -->\n| code | rule |\n")
    assert "<!-- end of rules -->\nbetween\n<!-- flags -->\n| code | meaning |\n" in text
    assert text.endswith("<!-- end of flags -->\nafter\n")
    assert all(f"| `{code}` | " in text for code in RULES)


def test_the_readme_holds_the_table_as_it_is():
    text = (PACKAGE / "README.md").read_text()
    for name, table in rules.tables().items():
        assert text.split(f"<!-- {name} -->\n")[1].split(f"<!-- end of {name} -->")[0] == table
