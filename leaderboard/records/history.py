"""What the records of a ledger say together: which entries stand, which do not, and what may happen next."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from leaderboard.records.record import Record
from leaderboard.refused import Refused

State = Literal["listed", "superseded", "withdrawn", "challenged"]


@dataclass(slots=True)
class Past:
    """What happened to one entry: the record that entered it, its re-runs, and the one that ended it, if any."""

    entered: Record
    reruns: list[Record] = field(default_factory=list)
    ended: Record | None = None

    @property
    def state(self) -> State:
        """How it stands now; one that was ended stays so, whatever was run again."""
        if self.ended is not None:
            return "withdrawn" if self.ended.action == "withdraw" else "superseded"
        return "challenged" if self.reruns else "listed"

    @property
    def files(self) -> dict[str, Record]:
        """Records of its bundles by file name: the entry, then its re-runs."""
        entry = self.entered.entry
        reruns = {f"{entry}.rerun-{number}.zip": one for number, one in enumerate(self.reruns, 1)}
        return {f"{entry}.zip": self.entered} | reruns


@dataclass(slots=True)
class History:
    """All entries by id in the order of the ledger, and rounds by id with whether they were revealed."""

    entries: dict[str, Past] = field(default_factory=dict)
    rounds: dict[str, bool] = field(default_factory=dict)
    last: Record | None = None

    @classmethod
    def of(cls, records: Iterable[Record]) -> "History":
        """What these records, of a ledger that was read, say together."""
        history = cls()
        for record in records:
            history.take(record, f"record {record.number}")
        return history

    def take(self, record: Record, place: str) -> None:
        """Go on by one record; `Refused`, with `place`, if it breaks a rule."""
        if self.last is not None and record.date < self.last.date:
            raise Refused(
                "ledger-date", f"{place}: {record.date} comes after {self.last.date}; expected dates in order"
            )
        match record.action:
            case "add" | "supersede":
                self._enter(record, place)
            case "withdraw":
                self._withdraw(record, place)
            case "challenge":
                self._challenge(record, place)
            case "round_open" | "round_reveal":
                self._turn(record, place)
        self.last = record

    def bundles(self) -> dict[str, Record]:
        """Record of every bundle by its file name, re-runs included, in the order of the ledger."""
        return {name: record for past in self.entries.values() for name, record in past.files.items()}

    def _enter(self, record: Record, place: str) -> None:
        if not record.entry or not record.team:
            raise Refused("ledger-field", f"{place}: an entry without id or team; expected both")
        if record.entry in self.entries:
            raise Refused("ledger-double", f"{place}: {record.entry} is listed already; expected an id that is new")
        if record.round:
            self._check_round(record, place)
        if record.action == "supersede":
            if record.round:
                raise Refused("ledger-round", f"{place}: a round takes one submission a team; none supersedes another")
            old = self._standing(record.supersedes, record, place)
            if old.entered.team != record.team:
                raise Refused("ledger-team", f"{place}: {record.supersedes} is of another team; expected its own")
            old.ended = record
        elif record.supersedes:
            raise Refused("ledger-field", f"{place}: add that supersedes {record.supersedes}; expected supersede")
        self.entries[record.entry] = Past(record)

    def _check_round(self, record: Record, place: str) -> None:
        if record.score:
            raise Refused("ledger-field", f"{place}: a score of round {record.round}; expected none before its reveal")
        if self.rounds.get(record.round):
            raise Refused("ledger-round", f"{place}: round {record.round} was revealed; nothing enters it any more")
        for entry, past in self.entries.items():
            if (past.entered.round, past.entered.team) == (record.round, record.team):
                raise Refused(
                    "ledger-round",
                    f"{place}: team {record.team} has {entry} in round {record.round}; expected one a team",
                )

    def _withdraw(self, record: Record, place: str) -> None:
        entered = self._standing(record.entry, record, place).entered
        for name in ("team", "sha256", "size", "score"):
            if getattr(record, name) != getattr(entered, name):
                raise Refused("ledger-field", f"{place}: another {name} than {record.entry} was entered with")
        self._check_bare(record, place)
        if not record.note:
            raise Refused("ledger-note", f"{place}: {record.entry} is withdrawn without a note; expected why")
        self.entries[record.entry].ended = record

    def _challenge(self, record: Record, place: str) -> None:
        old = self._standing(record.entry, record, place)
        self._check_bare(record, place)
        if not record.team:
            raise Refused("ledger-field", f"{place}: a challenge without a team; expected who ran it again")
        old.reruns.append(record)

    def _turn(self, record: Record, place: str) -> None:
        self._check_bare(record, place)
        if record.entry or record.team or record.score or not record.round:
            raise Refused("ledger-field", f"{place}: {record.action} names its round and nothing of an entry")
        opened = record.round in self.rounds
        if opened != (record.action == "round_reveal") or self.rounds.get(record.round):
            raise Refused(
                "ledger-round", f"{place}: {record.action} of {record.round}; expected open once, then reveal once"
            )
        self.rounds[record.round] = record.action == "round_reveal"

    def _standing(self, entry: str, record: Record, place: str) -> Past:
        """The entry that a record acts on, which must stand in the same table."""
        if entry not in self.entries:
            raise Refused("ledger-unknown", f"{place}: {record.action} of {entry!r}; no such entry was added before")
        past = self.entries[entry]
        if past.ended is not None:
            raise Refused(
                "ledger-ended", f"{place}: {record.action} of {entry}, which is {past.state}; expected one that stands"
            )
        table = (record.suite, record.version, record.round)
        if table != (past.entered.suite, past.entered.version, past.entered.round):
            raise Refused("ledger-table", f"{place}: {entry} is in the table of another suite, version or round")
        return past

    @staticmethod
    def _check_bare(record: Record, place: str) -> None:
        if record.supersedes:
            raise Refused("ledger-field", f"{place}: {record.action} that supersedes; expected that of supersede only")
