"""`shiftbench leaderboard round`: open, reveal and score a round with a secret."""

import datetime
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from leaderboard.places import ENTRIES
from shiftbench.commands.arguments import Flag
from shiftbench.errors import InputError

if TYPE_CHECKING:
    from leaderboard.records.record import Event
    from leaderboard.rounds.scoring import Result
    from shiftbench.tasks.round import Terms

app = App(name="round", help="Open, reveal and score a round: worlds drawn from a secret.")
Action = Literal["round_open", "round_reveal"]
DAYS = 28
"""Days for which a round is open unless it is said."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a round is.

    Parameters
    ----------
    worlds
        Number of worlds, which are the units of the ranking; at least 10 unless --practice.
    rows
        Training rows drawn for each world.
    validation
        Validation rows drawn for each world.
    calibration
        Calibration rows drawn for each world.
    test
        Rows drawn for each of the test sets of a world; with 10 worlds 80 keep an entry within its size.
    """

    worlds: int = 10
    rows: int = 50_000
    validation: int = 5_000
    calibration: int = 5_000
    test: int = 80


SIZES = Sizes()


@app.command(name="open")
def open_(
    name: str,
    *,
    output: Path,
    secret_file: Annotated[Path, Parameter(name="--secret")],
    practice: Flag = False,
    sizes: Sizes = SIZES,
    opens: str = "",
    closes: str = "",
    entries: Path | None = None,
) -> int:
    """Draw a secret, and write the folder to publish: round.json and the data of every world.

    Parameters
    ----------
    name
        Id of the round: lower case letters, digits, hyphens.
    output
        Folder to publish; empty or not there.
    secret_file
        File for the secret; new, outside the folder. Keep it to yourself until the round is over, and keep a copy.
    practice
        A round that counts for nothing, with as few worlds as you like; its terms say so for good.
    opens
        First day, as YYYY-MM-DD; default today (UTC).
    closes
        Last day, as YYYY-MM-DD; default four weeks after the first.
    entries
        Folder of entries whose ledger records the opening.
    """
    from leaderboard.rounds import opening

    terms = _terms(name, sizes, _days(opens, closes), practice)
    if entries:
        _check_record(entries, "round_open", terms)
    found = opening.open_round(output, secret_file, terms)
    if entries:
        _record(entries, "round_open", output / "round.json", terms)
    told = f"{output}: round {name}, {sizes.worlds} worlds, {len(found.files)} files; open until {terms.closes}"
    print(f"{told}\ncommitment {found.commitment}")  # noqa: T201
    _tell(terms)
    return 0


@app.command
def reveal(
    path: Path,
    *,
    secret_file: Annotated[Path | None, Parameter(name="--secret")] = None,
    entries: Path | None = None,
) -> int:
    """Check a round against its secret, make every file again, and publish the secret beside them.

    Whoever has the published secret can run the same.

    Parameters
    ----------
    path
        Folder of the round, or its round.json.
    secret_file
        File of the secret; default the reveal.json of the round, once it is there.
    entries
        Folder of entries whose ledger records the reveal; nothing enters the round any more.
    """
    from leaderboard.records import record
    from leaderboard.rounds import reveal as ending
    from leaderboard.rounds import secret
    from shiftbench.tasks.round import located, opening

    terms = opening(of := located(path)).terms
    public = Path(of.file).parent / secret.REVEAL
    if secret_file is None and not public.is_file():
        raise InputError(f"{public}: not there, so round {terms.id} is not over; expected --secret FILE")
    if secret_file and record.today() <= terms.closes:
        raise InputError(f"{of.file}: round {terms.id} is open until {terms.closes}; expected a reveal after that day")
    if entries:
        _check_record(entries, "round_reveal", terms)
    if secret_file:
        ending.reveal(path, secret.read(secret_file))
    else:
        ending.verify(path, secret.read(public))
    if entries:
        _record(entries, "round_reveal", public, terms)
    print(f"{public}: the commitment holds, and the secret gives all files of round {terms.id} again")  # noqa: T201
    return 0


@app.command
def score(path: Path, *, entries: Path = ENTRIES, line: Path | None = None) -> int:
    """Score and rank the entries of a round that was revealed.

    Parameters
    ----------
    path
        Folder of the round, or its round.json.
    entries
        Folder of the entries.
    line
        Folder with the plausibility line: entries of the reference learner with three times the data.
    """
    from leaderboard.rounds import scoring, secret
    from shiftbench.tasks.round import located, opening

    terms = opening(of := located(path)).terms
    public = Path(of.file).parent / secret.REVEAL
    if not public.is_file():
        raise InputError(
            f"{public}: not there; nothing is scored before the reveal (shiftbench leaderboard round reveal)"
        )
    _print(scoring.score(path, secret.read(public), entries, line))
    _tell(terms)
    return 0


def _day(option: str, text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} {text!r}; expected YYYY-MM-DD") from None


def _days(opens: str, closes: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of a round."""
    from leaderboard.records import record

    first = _day("--opens", opens) if opens else record.today()
    last = _day("--closes", closes) if closes else first + datetime.timedelta(days=DAYS)
    if last < first:
        raise InputError(f"--closes {last}: before the round opens, {first}; expected that day or a later one")
    return first, last


def _terms(name: str, sizes: Sizes, days: tuple[datetime.date, datetime.date], practice: bool) -> "Terms":
    import msgspec

    from leaderboard.rounds.opening import training_seeds
    from shiftbench.catalog import load_suite
    from shiftbench.tasks.round import Terms
    from simulators import mpra

    suite = load_suite("board")
    fields: dict[str, Any] = {
        "id": name,
        "suite": suite.name,
        "suite_version": suite.version,
        "simulator": mpra.VERSION,
        "seeds": training_seeds(name),
        "opens": days[0],
        "closes": days[1],
        "practice": practice,
    }
    try:
        return msgspec.convert(fields | asdict(sizes), Terms)
    except msgspec.ValidationError as error:
        raise InputError(f"round open: {error}") from None


def _check_record(folder: Path, action: Action, terms: "Terms") -> None:
    """See that the ledger of a folder of entries will take the opening or the end of a round, before there is one."""
    from leaderboard.records import adding, ledger
    from leaderboard.records.record import FIRST

    adding.check_writable(folder)
    try:
        ledger.extended(folder, _event(action, FIRST, 0, terms))
    except OSError as error:
        raise InputError(f"--entries {folder}: {error.strerror}; expected the folder of the entries") from None


def _record(folder: Path, action: Action, file: Path, terms: "Terms") -> None:
    """Put the opening or the end of a round into the ledger of a folder of entries."""
    from leaderboard.records import ledger
    from leaderboard.rounds.opening import sha256

    try:
        folder.mkdir(parents=True, exist_ok=True)
        ledger.append(folder, _event(action, sha256(file), file.stat().st_size, terms))
    except OSError as error:
        raise InputError(f"--entries {folder}: cannot write ({error.strerror}); {file} is not recorded") from None


def _event(action: Action, sha256: str, size: int, terms: "Terms") -> "Event":
    from leaderboard.records import record

    return record.Event(
        date=record.today(),
        action=action,
        entry="",
        supersedes="",
        team="",
        sha256=sha256,
        size=size,
        suite=terms.suite,
        version=terms.suite_version,
        round=terms.id,
        score="",
        note="for practice" if terms.practice else "",
    )


def _tell(terms: "Terms") -> None:
    if terms.notice:
        print(terms.notice)  # noqa: T201


def _print(result: "Result") -> None:
    from rich.console import Console

    from leaderboard.scoring.listed import COLUMNS, rows
    from shiftbench import summary
    from shiftbench.report.terminal import Compact

    # Text in cells is never taken for markup there.
    summary.print_compact(Compact("entries", COLUMNS, tuple(rows(result.table)), frozenset()), Console())
    header = ("entry", "permuted labels, chance", "same letters, SDs", "other strand, SDs", "one letter, log2")
    numbers = tuple(
        (name, f"{told.chance:.2g}", f"{told.twins:.2g}", f"{told.strand:.2f}", f"{told.low:.2f} to {told.high:.2f}")
        for name, told in sorted(result.canaries.items())
    )
    summary.print_compact(Compact("canaries", header, numbers, frozenset()), Console())
