"""The house: our general package names are ours, every top folder explains itself, and documents name what exists."""

import re
from pathlib import Path

import pytest

from shiftbench import cli, doctor

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", doctor.OURS)
def test_nobody_else_owns_our_names(name):
    assert doctor.owner(name).state == "good"


def test_an_owned_name_is_found(monkeypatch):
    monkeypatch.setattr(doctor, "packages_distributions", lambda: {"suites": ["shiftbench", "stranger"]})
    assert doctor.owner("suites").state == "bad"


@pytest.mark.parametrize("folder", ["simulators", "suites", "shiftbench", "leaderboard", "tests"])
def test_every_top_folder_has_a_readme_that_names_its_modules(folder):
    text = (ROOT / folder / "README.md").read_text()
    for module in (ROOT / folder).glob("*.py"):
        if folder in ("simulators", "shiftbench", "leaderboard") and module.name not in (
            "__init__.py",
            "errors.py",
            "prediction.py",
            "provenance.py",
        ):
            assert module.name in text, f"{folder}/README.md does not name {module.name}"


def test_every_command_that_the_readme_names_exists():
    text = (ROOT / "README.md").read_text()
    verbs = set(re.findall(r"(?:`|&& |\n)shiftbench ([a-z]+)", text))
    assert {"run", "list", "show", "simulate", "data", "report", "doctor", "submit", "leaderboard"} <= verbs
    assert not [verb for verb in verbs if verb not in cli.app]


@pytest.mark.parametrize(
    "heading", ["How to add a shift", "How to add a network", "How to add a metric", "How to add a task"]
)
def test_contributing_is_short(heading):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    body = text.split(f"## {heading}\n")[1].split("\n## ")[0].strip()
    assert 3 <= len(body.splitlines()) < 10
