"""`shiftbench leaderboard rank`: the table in a terminal and as a file."""

import csv
import io

import pandas as pd
import pytest

from leaderboard import board as boards
from leaderboard.commands import rank as command
from leaderboard.scoring import export
from leaderboard.scoring.listed import COLUMNS, rows
from leaderboard.scoring.ranking import rank
from leaderboard.scoring.scored import Flag
from shiftbench.errors import InputError
from tests.leaderboard import made


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of two entries, one of them incomplete."""
    board = made.board(worlds=2, rows=40)
    entries = tmp_path / "entries"
    entries.mkdir()
    for name, skill, sets in (("gap", 0.5, range(15)), ("good", 0.8, None)):
        said = made.answers(board, skill, seed=len(name) + int(10 * skill), sets=sets)
        (entries / f"{name}.zip").write_bytes(made.bundle_bytes(tmp_path, board, name, said=said))
    monkeypatch.setattr(boards, "development", lambda _: board)
    (tmp_path / "no-line").mkdir()
    monkeypatch.setenv("COLUMNS", "200")
    return entries


def test_table_in_terminal_and_file(folder, tmp_path, capsys):
    output = tmp_path / "table.tsv"
    assert command.rank(entries=folder, output=output, store=tmp_path, line=tmp_path / "no-line") == 0
    printed = capsys.readouterr().out
    assert printed.index("good") < printed.index("gap")
    assert "incomplete" in printed
    found = pd.read_csv(output, sep="\t")
    assert found.entry.tolist() == ["good", "gap"]
    assert found.place.isna().tolist() == [False, True]
    assert found.place_assay.isna().tolist() == [False, True]
    assert found.place_genome.tolist() == [1, 2]
    assert found.state.tolist() == ["listed", "listed"]
    assert found.score.notna().tolist() == [True, False]
    assert found["gc_low"].notna().sum() == 2


def test_options_are_checked(folder, tmp_path):
    with pytest.raises(InputError, match=r"--output: .*\.csv; expected a name that ends in \.tsv"):
        command.rank(entries=folder, output=tmp_path / "table.csv", store=tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no entry of this table"):
        command.rank(entries=empty, store=tmp_path)


PAYLOADS = ("=HYPERLINK(1)", "+1", "-1+1", "@SUM(A1)", "a\tb", "a\nb", "a\r\n=b", "[red]loud[/red]", '"quoted"')


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_is_never_a_formula_nor_a_second_row(payload, tmp_path, capsys):
    import dataclasses

    from rich.console import Console

    from shiftbench import summary
    from shiftbench.report.terminal import Compact

    one = made.scored("entry-a", [[[0.1, 0.2]] * 9] * 2, missing=(payload,))
    table = rank([dataclasses.replace(one, id=payload, flags=(Flag(payload, payload),))])
    text = export.tsv([(one, table.standings[0], "listed")])
    (record,) = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
    assert record["score"]
    text = [record[name] for name in ("entry", "flags", "unranked", "copies", "worst_family")]
    assert not [value for value in text if value[:1] and value[0] in "=+-@"]
    assert not [value for value in text if set(value) & set("\t\r\n")]
    summary.print_compact(Compact("entries", COLUMNS, tuple(rows(table)), frozenset()), Console(width=300))
    if "[" in payload:
        assert payload in capsys.readouterr().out
