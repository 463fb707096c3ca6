"""A folder of entries: its bundles with how they stand, by the ledger if there is one."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leaderboard import bundle as bundles
from leaderboard.bundle import Bundle
from leaderboard.questions import Questions
from leaderboard.reading.text import shown
from leaderboard.records import ledger
from leaderboard.records.history import History, Past, State
from leaderboard.records.record import Record, head
from leaderboard.refused import Refused
from shiftbench.errors import InputError

Load = Callable[[Path, Questions], Bundle]
"""How a bundle is read and checked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of one table: how it stands, its bundle, those of its re-runs, and its records if there is a ledger."""

    id: str
    state: State
    bundle: Bundle
    reruns: tuple[Bundle, ...] = ()
    past: Past | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """Entries of one table by id, in the order of the ledger (else of the names of their files).

    `records`: the whole ledger; `others`: ids of entries of other tables, which are not in `entries` (without a ledger
    their files' names).
    """

    entries: dict[str, Entry]
    records: tuple[Record, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """Digest that stands for the whole ledger."""
        return head(self.records)

    @property
    def standing(self) -> tuple[Bundle, ...]:
        """Bundles that are ranked: of entries neither superseded nor withdrawn; a re-run does not take their place."""
        return tuple(one.bundle for one in self.entries.values() if one.state in {"listed", "challenged"})


def read(folder: Path, questions: Questions, load: Load = bundles.load) -> Folder:
    """All entries of the table that `questions` asks for.

    `Refused` if a bundle is missing, unknown to the ledger, other than it was, or breaks a rule.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected the folder of the entries")
    if not (folder / ledger.NAME).exists():
        return _unlisted(folder, questions, load)
    records = ledger.read(folder)
    history = History.of(records)
    for fault in strays(folder, history):
        raise fault
    entries, others = {}, []
    for name, past in history.entries.items():
        if not asked(past.entered, questions):
            others.append(name)
            continue
        bundle, *reruns = [opened(folder / file, record, questions, load) for file, record in past.files.items()]
        entries[name] = Entry(name, past.state, bundle, tuple(reruns), past)
    return Folder(entries, records, tuple(others))


def asked(record: Record, questions: Questions) -> bool:
    """Whether a record belongs to the table that `questions` asks for."""
    return (record.suite, record.version, record.round) == (questions.suite, questions.version, questions.round)


def strays(folder: Path, history: History) -> list[Refused]:
    """Bundles in the folder that no record lists, one fault each."""
    listed = history.bundles()
    return [
        Refused("ledger-stray", f"{folder}: {shown(path.name)}: {_why(path)}")
        for path in sorted(folder.iterdir())
        if ".zip" in path.name.lower() and path.name not in listed
    ]


def _why(path: Path) -> str:
    if path.name.startswith("."):
        return "left over from an add that was interrupted; remove it"
    return "no record lists it; an add was interrupted (add the same file again), or records were cut from the ledger"


def opened(path: Path, record: Record, questions: Questions, load: Load = bundles.load) -> Bundle:
    """The bundle of a record, read and checked; `Refused` if it is missing or not the one that was entered."""
    check_bytes(path, record)
    bundle = _loaded(path, questions, load)
    told = (bundle.sha256, bundle.manifest.entry, bundle.manifest.team)
    if told != (record.sha256, record.entry, record.team):
        raise Refused("ledger-bundle", f"{path}: holds {told}; record {record.number} of the ledger tells another")
    return bundle


def check_bytes(path: Path, record: Record) -> None:
    """`Refused` if the file of a record is missing, a link, or has other bytes than were entered."""
    if not path.exists():
        raise Refused("ledger-missing", f"{path}: no such file; record {record.number} of the ledger lists it")
    data = bundles.content(path)
    if (len(data), hashlib.sha256(data).hexdigest()) != (record.size, record.sha256):
        raise Refused(
            "ledger-bundle",
            f"{path}: other bytes than were entered; expected the {record.size} of SHA-256 {record.sha256[:12]}... "
            f"(record {record.number} of the ledger)",
        )


def _loaded(path: Path, questions: Questions, load: Load) -> Bundle:
    """A bundle, or why not with the name of its file."""
    try:
        return load(path, questions)
    except Refused as refused:
        raise Refused(refused.code, f"{shown(str(path))}: {refused.text}") from None


def _unlisted(folder: Path, questions: Questions, load: Load) -> Folder:
    """All bundles of a folder without a ledger, by id."""
    entries: dict[str, Entry] = {}
    others = []
    for path in sorted(folder.glob("*.zip")):
        try:
            bundle = _loaded(path, questions, load)
        except Refused as refused:
            if refused.code not in {"suite-other", "round-other"}:
                raise
            others.append(path.stem)
            continue
        name = bundle.manifest.entry
        if name in entries:
            raise Refused("ledger-double", f"{path}: another file holds {name} too; expected every entry once")
        entries[name] = Entry(name, "listed", bundle)
    return Folder(entries, others=tuple(others))
