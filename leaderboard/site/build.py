"""From a folder of entries to its pages: read, scored, ranked, written; the same inputs give the same bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from markupsafe import Markup

from leaderboard import bundle as bundles
from leaderboard.board import Board
from leaderboard.bundle import Bundle
from leaderboard.real import FILE
from leaderboard.records import entries
from leaderboard.records.record import Record
from leaderboard.scoring import export, ranking, scores
from leaderboard.scoring.scored import Scored
from leaderboard.scoring.standing import Standing
from leaderboard.site import duel, entry, family, overview, pages, real, rules, sheet, words
from leaderboard.site.sheet import Rerun, Sheet, Shown
from shiftbench.catalog import load_suite
from shiftbench.errors import InputError
from shiftbench.prediction import LEVELS

Kind = Literal["development", "round", "private"]
MARK = '<meta name="generator" content="shiftbench leaderboard">'
"""By which an older page is known."""
TABLE = "table.tsv"
ALIKE = ("copy", "copied")
"""Flags that tell of other entries."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table comes from: a folder of entries, and the board that they answer.

    `standing`: numbers of the entries that stand if they were made before, as those of a round with its canaries.
    """

    folder: Path
    board: Board
    kind: Kind
    standing: Sequence[Scored] | None = None


def build(
    folder: Path,
    output: Path,
    board: Board,
    *,
    kind: Kind = "development",
    rounds: Sequence[Source] = (),
    line: Sequence[Bundle] = (),
    load: entries.Load = bundles.load,
) -> Path:
    """Pages of the entries in `folder`, and of every revealed round, in `output`; the path of the first page.

    `line`: entries of the plausibility line. `Refused` if an entry breaks a rule, `InputError` if `output` holds
    anything but older pages.
    """
    check_output(output)
    sheets = [
        table(source, line if source.kind != "round" else (), load) for source in (Source(folder, board, kind), *rounds)
    ]
    if kind == "private" and not sheets[0].entries:
        raise InputError(f"{folder}: no entry of {sheets[0].suite} version {sheets[0].version}; expected .zip bundles")
    numbers = pd.read_csv(FILE, sep="\t") if FILE.exists() else None
    write({way(one): one for one in sheets}, output, numbers)
    return output / "index.html"


def table(source: Source, line: Sequence[Bundle] = (), load: entries.Load = bundles.load) -> Sheet:
    """Everything that the pages of one table show, recomputed from its bundles."""
    board = source.board
    found = entries.read(source.folder, board.questions, load)
    standing = scores.scored(found.standing, board, line) if source.standing is None else source.standing
    placed = ranking.rank(standing)
    gone = [one.bundle for one in found.entries.values() if one.state in ("superseded", "withdrawn")]
    others = [*gone, *(bundle for one in found.entries.values() for bundle in one.reruns)]
    alone = {one.sha256: (one, _alone(one)) for one in _by_themselves(others, board)}
    known = {one.id: one for one in standing}
    places = {one.id: one for one in placed.standings}
    shown = {}
    for name, one in found.entries.items():
        numbers, place = (known[name], places[name]) if name in known else alone[one.bundle.sha256]
        shown[name] = _shown(one, numbers, place, alone, found.records)
    asked = board.questions
    return Sheet(
        kind=source.kind,
        suite=asked.suite,
        version=asked.version,
        round=asked.round,
        question=load_suite("board").question,
        table=placed,
        entries=shown,
        families=sheet.families(standing, board, family.TEXTS),
        records=found.records,
        head=found.head if found.records else "",
    )


def _by_themselves(others: Sequence[Bundle], board: Board) -> list[Scored]:
    """Numbers of bundles that stand in no rank; which of them are alike is nobody's concern."""
    found = scores.scored(others, board) if others else []
    return [replace(one, flags=tuple(flag for flag in one.flags if flag.code not in ALIKE), copies=()) for one in found]


def _alone(one: Scored) -> Standing:
    """Standing of an entry that has no place any more."""
    (standing,) = ranking.rank([one]).standings
    return replace(standing, place=0, best=0, worst=0, group=0, part_places={})


def _shown(
    one: entries.Entry,
    numbers: Scored,
    place: Standing,
    alone: Mapping[str, tuple[Scored, Standing]],
    records: Sequence[Record],
) -> Shown:
    past = one.past
    reruns = zip(one.reruns, past.reruns if past else (), strict=True)
    ended = past.ended if past else None
    return Shown(
        scored=numbers,
        standing=place,
        state=one.state,
        by=ended.entry if ended is not None and ended.action == "supersede" else "",
        note=ended.note if ended is not None and ended.action == "withdraw" else "",
        reruns=tuple(
            Rerun(record.team, str(record.date), record.note, alone[bundle.sha256][1].score, bundle.sha256)
            for bundle, record in reruns
        ),
        records=tuple(record for record in records if one.id in (record.entry, record.supersedes)),
    )


def way(one: Sheet) -> str:
    """Folder of a table's pages, from the first one."""
    return f"rounds/{words.page_of(one.round).removesuffix('.html')}/" if one.kind == "round" else ""


def write(sheets: Mapping[str, Sheet], output: Path, numbers: pd.DataFrame | None = None) -> None:
    """Write all pages of tables, by the folder of each, and remove older ones; other files stay as they are."""
    check_output(output)
    made = {path: text for folder, one in sheets.items() for path, text in pages_of(folder, one, sheets, numbers)}
    for old in older(output):
        if old.relative_to(output).as_posix() not in made:
            old.unlink()
    for path, text in made.items():
        (output / path).parent.mkdir(parents=True, exist_ok=True)
        partial = output / f"{path}.part"  # no half page is ever seen; a crash leaves nothing that cannot be made again
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(output / path)


def check_output(output: Path) -> None:
    """`InputError` unless a folder is new, empty, or holds older pages."""
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    if not _ours(output / "index.html"):
        raise InputError(f"{output}: holds other things than pages of the leaderboard; expected an empty folder")


def older(output: Path) -> list[Path]:
    """Files that an earlier build wrote into a folder: pages with the mark, and the table beside a first page."""
    found = []
    for path in output.rglob("*.html"):
        hidden = any(part.startswith(".") for part in path.relative_to(output).parts)
        if not hidden and _ours(path):
            beside = path.with_name(TABLE)
            found += [path, *([beside] if path.name == "index.html" and beside.is_file() else [])]
    return found


def _ours(page: Path) -> bool:
    """Whether a file is a page of the leaderboard."""
    return page.is_file() and MARK in page.read_text(encoding="utf-8", errors="replace")[:4000]


def _table(one: Sheet) -> str:
    """The table as a file; those that stand no more come last."""
    rest = [shown for shown in one.entries.values() if shown.state in ("superseded", "withdrawn")]
    return export.tsv([(shown.scored, shown.standing, shown.state) for shown in [*one.standing, *rest]])


def pages_of(
    folder: str, one: Sheet, sheets: Mapping[str, Sheet], numbers: pd.DataFrame | None = None
) -> Iterator[tuple[str, str]]:
    """Path and text of every file of one table."""
    up = "../" * folder.count("/")
    with_real = numbers is not None and folder == "" and one.kind != "private"
    menu = [("index.html", "Table"), ("shifts.html", "Shifts"), ("compare.html", "Compare")]
    menu += [("real.html", "Real data")] * with_real + [("rules.html", "Rules")]
    tables = [(f"{up}{other}index.html", sheet.title) for other, sheet in sheets.items() if other != folder]

    def page(path: str, template: str, **values: Any) -> tuple[str, str]:
        root = "../" * path.count("/")
        here = path if "/" not in path else ""
        text = pages.page(template, root, mark=Markup(MARK), sheet=one, menu=menu, here=here, tables=tables, **values)
        return folder + path, text

    summaries = family.summaries(one)
    yield page("index.html", "index.html", **overview.values(one))
    yield folder + TABLE, _table(one)
    yield page("shifts.html", "shifts.html", **family.shifts(summaries))
    yield page("compare.html", "compare.html", **duel.values(one))
    yield page("rules.html", "rules.html", **rules.values())
    if with_real and numbers is not None:
        yield page("real.html", "real.html", **real.values(numbers))
    for summary in summaries:
        path = f"shifts/{words.page_of_family(summary.family.name)}"
        yield page(path, "family.html", **family.values(summary))
    for shown in one.entries.values():
        path = f"entries/{words.page_of(shown.id)}"
        yield page(path, "entry.html", levels=LEVELS, flags=rules.flags(), **entry.values(one, shown))
