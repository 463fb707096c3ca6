"""One line of the ledger: what happened, its place in the chain, and its digest."""

import datetime
import hashlib
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from leaderboard.refused import Refused

FIRST = "0" * 64
"""`previous` of the first record."""

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Id = Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9-]{1,62}[a-z0-9])?\Z")]
Number = Annotated[str, Meta(pattern=r"^(|[01]\.[0-9]{6}|-(?!0\.000000)[01]\.[0-9]{6})\Z")]


class Event(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that happened to the table.

    `entry`: the id that it happened to (of a challenge: the one that was run again), "" for a round; `supersedes`: the
    entry that a new one takes the place of, else ""; `team`: whose bundle it is (of a challenge: the challenger);
    `sha256`, `size`: of the bundle, of a round its round.json or its secret; `suite`, `version`, `round` ("" for the
    development table): the table; `score`: the number that was recomputed, six decimals, "" if there is none;
    `note`: why.
    """

    date: datetime.date
    action: Literal["add", "supersede", "withdraw", "challenge", "round_open", "round_reveal"]
    entry: Id
    supersedes: Id
    team: Id
    sha256: Sha256
    size: Annotated[int, Meta(ge=0, le=2**24)]
    suite: Annotated[str, Meta(min_length=1, max_length=40)]
    version: Annotated[int, Meta(ge=1, le=10_000)]
    round: Annotated[str, Meta(max_length=40)]
    score: Number
    note: Annotated[str, Meta(max_length=500)]


class Record(Event, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event in its place: `number` from 1, digest of the record before, digest of this one."""

    number: Annotated[int, Meta(ge=1)]
    previous: Sha256
    digest: Sha256


def today() -> datetime.date:
    """The day, in UTC."""
    return datetime.datetime.now(datetime.UTC).date()


def check_past(event: Event, place: str) -> None:
    """`Refused`, with `place`, for a day that is still to come: dates never go back, so nothing could follow it."""
    if event.date > (day := today()):
        raise Refused("ledger-future", f"{place}: dated {event.date}; expected at most {day}, which is today (UTC)")


def head(records: Iterable[Record]) -> str:
    """Digest that stands for all records; `FIRST` if there are none."""
    last = FIRST
    for record in records:
        last = record.digest
    return last


def digest(record: Record) -> str:
    """SHA-256 of a record without its digest."""
    text = msgspec.json.encode(record)
    return hashlib.sha256(text[: text.rindex(b',"digest":')] + b"}").hexdigest()
