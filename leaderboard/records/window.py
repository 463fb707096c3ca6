"""When a round takes entries: on the days of its terms, and never once its secret is public."""

import datetime
from pathlib import Path

from leaderboard.refused import Refused
from leaderboard.rounds.secret import REVEAL
from shiftbench.tasks.round import Terms, located, opening


def terms(path: Path) -> Terms:
    """Terms of the round in `path`, its folder or its round.json; `InputError` if it is none."""
    return opening(located(path)).terms


def check_open(path: Path, day: datetime.date) -> None:
    """`Refused` if the round in `path` takes no entry on `day`, or if its secret lies beside its round.json."""
    public = Path(located(path).file).parent / REVEAL
    if public.exists():
        raise Refused("round-closed", f"{public}: the secret is public; nothing enters the round any more")
    check_day(terms(path), day, str(path))


def check_day(told: Terms, day: datetime.date, place: str) -> None:
    """`Refused`, with `place`, if `day` (UTC) is none of those on which a round is open."""
    if not told.opens <= day <= told.closes:
        raise Refused(
            "round-closed",
            f"{place}: entered on {day}; expected {told.opens} to {told.closes}, as round {told.id} is open",
        )
