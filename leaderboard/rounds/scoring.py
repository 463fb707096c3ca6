"""The table of a round that is over: its entries with their scores, their canaries and their places."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leaderboard.bundle import Bundle
from leaderboard.records import entries, window
from leaderboard.records.entries import Entry
from leaderboard.rounds import canaries
from leaderboard.rounds.asked import questions
from leaderboard.rounds.reveal import verify
from leaderboard.rounds.truth import board, worlds
from leaderboard.scoring import ranking, scores
from leaderboard.scoring.scored import Scored
from leaderboard.scoring.standing import Table
from shiftbench.errors import InputError
from shiftbench.tasks.round import Terms


@dataclass(frozen=True, slots=True)
class Result:
    """Scores of all entries of a round, what its canaries tell of each by entry id, and the table."""

    scored: tuple[Scored, ...]
    canaries: dict[str, canaries.Told]
    table: Table


def score(path: Path, secret: bytes, folder: Path, line: Path | None = None) -> Result:
    """Result of the entries in `folder` for the round in `path`; `line`: folder with those of the reference learner.

    `InputError` if the secret does not give the files of the round, or if a team has two entries; `Refused` if an
    entry breaks a rule, as one that stands and came after the last day.
    """
    verify(path, secret)
    asked = questions(path)
    found = entries.read(folder, asked)
    _check_days(found.entries.values(), window.terms(path), folder)
    bundles = found.standing
    _check_teams(bundles, folder)
    known = worlds(path, secret)
    told = {one.sha256: canaries.told(one.answers, asked, [world.canaries for world in known]) for one in bundles}
    flags = {sha256: tuple(canaries.flags(numbers)) for sha256, numbers in told.items()}
    above = entries.read(line, asked).standing if line else ()
    scored = scores.scored(bundles, board(path, known), above, flags)
    return Result(tuple(scored), {one.manifest.entry: told[one.sha256] for one in bundles}, ranking.rank(scored))


def _check_days(found: Iterable[Entry], terms: Terms, folder: Path) -> None:
    """Refuse an entry that the ledger dates to a day on which its round was not open, unless it was withdrawn since."""
    for one in found:
        if one.past is not None and one.past.ended is None:
            remedy = f"unless it is withdrawn: shiftbench leaderboard add --withdraw {one.id} --note late"
            window.check_day(terms, one.past.entered.date, f"{folder}: {one.id} cannot be scored, {remedy}")


def _check_teams(bundles: Sequence[Bundle], folder: Path) -> None:
    seen: dict[str, str] = {}
    for one in bundles:
        other = seen.setdefault(one.manifest.team, one.manifest.entry)
        if other != one.manifest.entry:
            raise InputError(
                f"{folder}: team {one.manifest.team} has {other} and {one.manifest.entry}; expected one entry a team"
            )
