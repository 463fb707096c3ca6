"""A tiny round from its opening to its table, through the command line, with everything that was said meanwhile."""

import contextlib
import datetime
import io
import logging
from dataclasses import dataclass
from pathlib import Path

from leaderboard.records import adding
from leaderboard.rounds import opening, questions
from leaderboard.rounds import secret as secrets
from shiftbench import cli
from shiftbench.tasks.round import NAME, Terms
from simulators import mpra

SIZES = {"worlds": 2, "rows": 300, "validation": 60, "calibration": 60, "test": 40}
DAY = datetime.date(2025, 1, 1)
RECIPES = ("training_mean", "gc_ridge")


def terms(name="tiny", **changes):
    fields = {"suite": "board", "suite_version": 1, "simulator": mpra.VERSION, "opens": DAY, "closes": DAY}
    return Terms(id=name, seeds=opening.training_seeds(name), **SIZES | fields | {"practice": True} | changes)


@dataclass
class Played:
    """Where the round lies, its secret, what was said before the reveal, and the folders of run and entries."""

    folder: Path
    secret_file: Path
    run: Path
    store: Path
    entries: Path
    said: str = ""

    @property
    def file(self):
        return self.folder / NAME

    @property
    def secret(self):
        return secrets.read(self.secret_file)


def play(root):
    """A round that was opened, answered by two teams, and is not revealed yet."""
    made = Played(root / "round", root / "secret", root / "run", root / "store", root / "entries")
    said = [called("leaderboard", "round", "open", "tiny", "--output", made.folder, "--secret", made.secret_file,
                   "--practice", "--entries", made.entries,
                   *(part for name, size in SIZES.items() for part in (f"--{name}", size)))]  # fmt: skip
    said += [called("run", "--round", made.file, "--tier", "bench", "--recipes", "gc_ridge", "--engine", "inprocess",
                    "--quiet", "--store", made.store, "--output", made.run)]  # fmt: skip
    for team, recipe in zip(("one", "two"), RECIPES, strict=True):
        said += [called("submit", made.run, recipe, "--round", made.file, "--output", root / "packed", "--team",
                        f"team-{team}", "--title", "T", "--authors", "A", "--training-data", "the training rows",
                        "--pretraining", "none", "--trials", 1, "--entry", f"entry-{team}")]  # fmt: skip
        path = root / "packed" / f"entry-{team}.zip"
        said += [called("leaderboard", "check", path, "--round", made.file)]
        adding.add(made.entries, path, questions(made.folder), today())
    made.said = "".join(said)
    return made


def today():
    return datetime.datetime.now(datetime.UTC).date()


def called(*words):
    """What a command says, on both streams and in its log; it must succeed."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            assert not cli.app([str(word) for word in words], result_action="return_value"), heard.getvalue()
    finally:
        logging.getLogger().removeHandler(handler)
    return heard.getvalue()
