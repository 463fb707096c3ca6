"""Reading a user's table: every wrong line told by file, line and column; one content in five formats gives one sample.

About 3 seconds.
"""

import gzip

import msgspec
import numpy as np
import pandas as pd
import pytest

from shiftbench.errors import InputError
from shiftbench.own.content import identified
from shiftbench.own.split import kin
from shiftbench.own.table import load
from shiftbench.spec import Data, Table, digest

HEAD = "name,seq,a,sd,fold\n"
GOOD = "one,ACGTACGT,1.5,.1,train\ntwo,ACGGACGT,2,.2,test\n"
BAD = {
    "no such column": (
        HEAD + GOOD,
        {"sequence": "sequ"},
        ["--sequence-column", "'sequ'", "did you mean 'seq'?", "fold"],
    ),
    "no such target": (HEAD + GOOD, {"targets": ("b",)}, ["--target-columns", "'b'", "known: a, fold, name"]),
    "no target": (HEAD + GOOD, {"targets": ()}, ["--target-columns", "none", "expected the names"]),
    "no such noise": (HEAD + GOOD, {"noise": ("sdd",)}, ["--noise-column", "did you mean 'sd'?"]),
    "noise of another number": (HEAD + GOOD, {"noise": ("sd", "sd")}, ["2 columns", "each of 1 targets"]),
    "no such group": (HEAD + GOOD, {"group": "g"}, ["--group-column", "'g'"]),
    "letter": (HEAD + GOOD + "x,ACRT,1,1,test\n", {}, ["line 4, column 'seq'", "'R' at letter 3", "N for an unknown"]),
    "RNA": (HEAD + "x,ACGU,1,1,test\n" + GOOD, {}, ["line 2, column 'seq'", "'U' at letter 4", "T for U"]),
    "no sequence": (HEAD + GOOD + "x,,1,1,test\n", {}, ["line 4, column 'seq'", "no sequence"]),
    "N alone": (HEAD + GOOD + "x,NNN,1,1,test\n", {}, ["line 4, column 'seq'", "N alone"]),
    "too long": (
        HEAD + f"x,{'A' * 20_001},1,1,test\n",
        {},
        ["line 2, column 'seq'", "20,001 letters", "20,000 at most"],
    ),
    "no number": (HEAD + GOOD + "x,ACGT,1.5x,1,test\n", {}, ["line 4, column 'a'", "'1.5x'", "a finite number"]),
    "infinite": (HEAD + GOOD + "x,ACGT,inf,1,test\n", {}, ["line 4, column 'a'", "'inf'", "a finite number"]),
    "too large": (HEAD + GOOD + "x,ACGT,1e39,1,test\n", {}, ["line 4, column 'a'", "'1e39'", "a finite number"]),
    "target twice": (HEAD + GOOD, {"targets": ("a", "a")}, ["--target-columns", "'a' twice", "name of its own"]),
    "target mean": (HEAD + GOOD, {"targets": ("mean",)}, ["--target-columns", "'mean'", "name of its own"]),
    "NA for a group": (
        HEAD + GOOD + "x,ACGT,1,1,NA\n",
        {"group": "fold"},
        ["line 4, column 'fold'", "'NA'", "a value in each row"],
    ),
    "negative noise": (
        HEAD + GOOD + "x,ACGT,1,-1,test\n",
        {"noise": ("sd",)},
        ["line 4, column 'sd'", "'-1'", "0 or more"],
    ),
    "id twice": (
        HEAD + GOOD + "one,ACGT,1,1,test\n",
        {"id": "name"},
        ["line 4, column 'name'", "'one'", "second time"],
    ),
    "no id": (HEAD + GOOD + ",ACGT,1,1,test\n", {"id": "name"}, ["line 4, column 'name'", "found none"]),
    "no group in a row": (
        HEAD + GOOD + ",ACGT,1,1,test\n",
        {"group": "name"},
        ["line 4, column 'name'", "found nothing"],
    ),
    "role": (
        HEAD + GOOD + "x,ACGT,1,1,tset\n",
        {"split": "fold"},
        ["line 4, column 'fold'", "'tset'", "train, validation"],
    ),
    "role and fold": (
        HEAD + GOOD + "x,ACGT,1,1,3\n",
        {"split": "fold"},
        ["line 4, column 'fold'", "'3'", "in each row"],
    ),
    "too many fields": (HEAD + GOOD + "x,ACGT,1,1,test,9\n", {}, ["line 4", "6 fields", "expected 5"]),
    "too few fields": (HEAD + GOOD + "x,ACGT\n", {}, ["line 4", "2 fields", "expected 5"]),
    "line break in a field": (HEAD + '"o\nne",ACGT,1,1,test\nx,AC-T,1,1,test\n', {}, ["line 4, column 'seq'", "'-'"]),
    "blank line above": (HEAD + "\n" + GOOD + "x,AC-T,1,1,test\n", {}, ["line 5, column 'seq'"]),
    "quote without end": (HEAD + GOOD + '"x,ACGT,1,1,test\n', {}, ["line 4", "mend or remove"]),
    "name twice": ("seq,a,seq\nACGT,1,ACGT\n", {}, ["line 1", "two columns are called 'seq'"]),
    "nothing": ("", {}, ["empty", "a header and rows"]),
    "other separator": ((HEAD + GOOD).replace(",", ";"), {}, ["no column 'a'", "separated otherwise?"]),
    "other text": (HEAD.encode() + b"\xff\xfe,ACGT,1,1,test\n", {}, ["not UTF-8"]),
    "one replicate": (HEAD + GOOD, {"replicates": {"a": ("sd",)}}, ["--replicate-columns", "1 columns", "two or more"]),
}


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize(("content", "columns", "told"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_told_by_file_line_and_column(tmp_path, content, columns, told):
    columns = {"sequence": "seq", "targets": ("a",), **columns}
    with pytest.raises(InputError) as caught:
        load(Table(file=written(tmp_path, "bad.csv", content), **columns))
    text = str(caught.value)
    assert all(part in text for part in ["bad.csv", *told]), text
    assert "\n" not in text


def test_files_that_cannot_be_read_are_told(tmp_path):
    packed = gzip.compress((HEAD + GOOD * 300).encode())
    files = {
        "cut.csv.gz": (packed[:-9], "gzip cannot unpack"),
        "plain.csv.gz": (HEAD.encode(), "gzip cannot unpack"),
        "sheet.xlsx": (b"", "'.xlsx'; expected .tsv"),
        "broken.parquet": (b"PAR1", "expected a Parquet file"),
    }
    for name, (content, told) in files.items():
        with pytest.raises(InputError, match=rf"{name}.*{told}"):
            load(Table(file=written(tmp_path, name, content), sequence="seq", targets=("a",)))
    with pytest.raises(InputError, match=r"absent\.csv: cannot read"):
        identified(Table(file=str(tmp_path / "absent.csv")))


def test_entries_of_a_fasta_file_and_rows_find_each_other(tmp_path):
    table = Table(file=written(tmp_path, "t.csv", "name,a\none,1\ntwo,2\n"), targets=("a",), id="name")
    fasta = written(tmp_path, "s.fa", ">one some text\nACGT\nAC\n>two\nGGG\n>three\nGGA\n")
    rows = load(msgspec.structs.replace(table, fasta=fasta))
    assert [row[row < 4].tolist() for row in rows.sequence] == [[0, 1, 2, 3, 0, 1], [2, 2, 2]]
    assert rows.notes == ("1 entries of s.fa have no row in the table and are left out.",)
    wrong = {
        ">one\nACGT\n": r"t\.csv, line 3, column 'name': 'two' has no entry in .*s\.fa",
        ">one\nAC\n>two\nAC\n>one\nAC\n": r"s\.fa, line 5: a second entry 'one'",
        f">one\n{'ACGT' * 5001}\n>two\nAC\n": r"t\.csv, line 2, column 'name': 'one' has 20,004 letters",
        ">one\nACXT\n>two\nAC\n": r"s\.fa, line 2, column 3: 'X'",
    }
    for content, told in wrong.items():
        fasta = written(tmp_path, "s.fa", content)
        with pytest.raises(InputError, match=told):
            load(identified(msgspec.structs.replace(table, fasta=fasta)))
    with pytest.raises(InputError, match="--fasta without --id-column"):
        load(msgspec.structs.replace(table, fasta=fasta, id=""))


def test_replicates_of_something_else_are_told_and_left_out(tmp_path):
    rng = np.random.default_rng(0)
    value = rng.normal(size=30)
    for scale, kept in ((1.0, True), (30.0, False)):
        reads = scale * value[:, None] + rng.normal(0, 0.1, (30, 2))
        rows = "".join(f"ACGT,{a},{b},{c}\n" for a, (b, c) in zip(value, reads, strict=True))
        path = written(tmp_path, f"t{kept}.csv", "seq,a,b,c\n" + rows)
        found = load(Table(file=path, sequence="seq", targets=("a",), replicates={"a": ("b", "c")}))
        assert np.isfinite(found.noise_sd).all() == kept
        assert (found.replicates is not None) == kept
        assert any("no measurements of its column" in note for note in found.notes) != kept


def test_a_byte_order_mark_is_no_letter(tmp_path):
    table = Table(file=written(tmp_path, "t.csv", "name,a\none,1\n"), targets=("a",), id="name")
    fasta = written(tmp_path, "s.fa", b"\xef\xbb\xbf>one\nACGT\n")
    (row,) = load(msgspec.structs.replace(table, fasta=fasta)).sequence
    assert row[row < 4].tolist() == [0, 1, 2, 3]


def test_missing_values_are_counted_and_too_few_rows_refused(tmp_path):
    content = "seq,a,b\n" + "ACGT,1,2\n" * 3 + "ACGT,NA,2\nACGT,,n/a\nACGT,3,.\n"
    rows = load(Table(file=written(tmp_path, "t.csv", content), sequence="seq", targets=("a", "b")))
    assert (rows.read, len(rows.id)) == (6, 3)
    assert rows.left_out == {"without any value": 1, "without one of the values": 2}
    assert rows.notes == ("Values that are missing: a 2, b 2.",)
    with pytest.raises(InputError, match=r"t\.csv: 3 of 6 rows have a value of each of a, b; expected at least 400"):
        kin(rows)


def test_replicates_give_target_and_noise_where_no_column_does(tmp_path):
    content = "seq,r1,r2,r3\nACGT,1,2,3\nACGT,4,4,4\n"
    table = Table(
        file=written(tmp_path, "t.csv", content), sequence="seq", targets=("a",), replicates={"a": ("r1", "r2", "r3")}
    )
    rows = load(table)
    assert rows.observed.ravel().tolist() == [2, 4]
    np.testing.assert_allclose(rows.noise_sd.ravel(), [1 / np.sqrt(3), 0], rtol=1e-6)
    assert rows.replicates.shape == (2, 3, 1)


def test_shorter_sequences_lie_in_the_middle(tmp_path):
    content = "seq,a\nacgtacgtacgtacgtac,1\nGGG,2\nTT,3\n"
    rows = load(Table(file=written(tmp_path, "t.csv", content), sequence="seq", targets=("a",)))
    letters = ["".join("ACGTN"[code] for code in row) for row in rows.sequence]
    assert letters == ["ACGT" * 4 + "AC", "N" * 7 + "GGG" + "N" * 8, "N" * 8 + "TT" + "N" * 8]
    assert ["".join("ACGTN"[code] for code in row) for row in rows.letters] == [
        "ACGT" * 4 + "AC",
        "GGG" + "N" * 15,
        "TT" + "N" * 16,
    ]
    content = "seq,a\nACGT,1\nACGTAC,1\n"
    short = load(Table(file=written(tmp_path, "short.csv", content), sequence="seq", targets=("a",)))
    assert short.sequence.shape == (2, 16)


@pytest.fixture
def frame():
    rng = np.random.default_rng(3)
    letters = ["".join(rng.choice([*"ACGTN"], rng.integers(20, 30))) for _ in range(50)]
    values = rng.normal(size=50)
    values[7] = np.nan
    return pd.DataFrame({"name": [f"s {i}" for i in range(50)], "seq": letters, "a": values, "sd": rng.random(50)})


def test_formats_give_the_same_rows(tmp_path, frame):
    bare = frame.drop(columns="seq")
    fasta = "".join(
        f">{name.replace(' ', '_')}\n{letters}\n" for name, letters in zip(frame.name, frame.seq, strict=True)
    )
    bare["name"] = bare["name"].str.replace(" ", "_")
    frame["name"] = bare["name"]
    text = frame.to_csv(index=False)
    files = {
        "t.csv": text,
        "t.tsv": frame.to_csv(index=False, sep="\t"),
        "bom.csv": "\ufeff" + text.replace("\n", "\r\n"),
        "quoted.csv": frame.to_csv(index=False, quoting=1),
        "t.csv.gz": gzip.compress(text.encode()),
        "bare.csv": bare.to_csv(index=False),
    }
    for name, content in files.items():
        written(tmp_path, name, content)
    frame.to_parquet(tmp_path / "t.parquet")
    (tmp_path / "s.fa.gz").write_bytes(gzip.compress(fasta.encode()))
    found = {}
    for name in [*files, "t.parquet"]:
        more = {"fasta": str(tmp_path / "s.fa.gz")} if name == "bare.csv" else {}
        found[name] = load(
            Table(file=str(tmp_path / name), sequence="seq", targets=("a",), noise=("sd",), id="name", **more)
        )
    first = found["t.csv"]
    assert len(first.id) == 49
    for rows in found.values():
        assert rows.left_out == first.left_out
        for name in ("id", "sequence", "start", "length", "observed", "noise_sd"):
            np.testing.assert_array_equal(getattr(rows, name), getattr(first, name))


def test_a_node_is_named_by_what_files_hold_and_how_columns_are_used(tmp_path):
    for name in ("one.csv", "two.csv"):
        written(tmp_path, name, HEAD + GOOD)
    written(tmp_path, "two.csv.gz", gzip.compress((HEAD + GOOD).encode()))

    def name(file, **columns):
        table = identified(Table(file=str(tmp_path / file), **columns))
        return digest(Data(provider="table", version=1, role="test", table=table))

    first = name("one.csv")
    assert first == name("two.csv") == name("two.csv.gz")
    assert first != name("one.csv", noise=("sd",))
    written(tmp_path, "two.csv", HEAD + GOOD + "x,ACGT,1,1,test\n")
    assert first != name("two.csv")
