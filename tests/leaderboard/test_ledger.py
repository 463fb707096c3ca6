"""The ledger: what it takes, and that every edit of it is seen. SHIFTBENCH_LEDGER_EDITS sets how many (500 once)."""

import datetime
import hashlib
import json
import os
import subprocess
import sys

import msgspec
import numpy as np
import pytest

from leaderboard.records import ledger
from leaderboard.records.history import History
from leaderboard.records.record import FIRST, Event, Record, digest, head
from leaderboard.records.verify import verify
from leaderboard.refused import Refused
from tests.leaderboard import made

EDITS = int(os.environ.get("SHIFTBENCH_LEDGER_EDITS", "60"))
DAY = datetime.date(2026, 3, 1)


def event(entry="cnn-a", action="add", **changes):
    """An event of a table that no code scores any more, so that only bytes are compared."""
    data = f"bundle of {entry} {action}".encode()
    fields = {
        "date": DAY, "action": action, "entry": entry, "supersedes": "", "team": "team-x", "suite": "board",
        "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "version": 99, "round": "", "score": "0.500000",
        "note": "",
    }  # fmt: skip
    return Event(**fields | changes)


def entered(entry, **changes):
    """An event of a round, which has no score."""
    return event(entry, **{"round": "r1", "score": ""} | changes)


def put(folder, what, rerun=0):
    """Append an event and write its bundle, as an add does."""
    record = ledger.append(folder, what)
    if what.action in {"add", "supersede", "challenge"}:
        name = f"{what.entry}.rerun-{rerun}.zip" if rerun else f"{what.entry}.zip"
        (folder / name).write_bytes(f"bundle of {what.entry} {what.action}".encode())
    return record


def honest(folder, seed=0, steps=12):
    """A folder with a random history of all actions; the head of its ledger."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number in range(steps):
        day = DAY + datetime.timedelta(days=number)
        history = History.of(ledger.read(folder))
        stands = [past.entered for past in history.entries.values() if past.ended is None]
        kind = str(rng.choice(["add", "add", "supersede", "withdraw", "challenge", "round"])) if stands else "add"
        old = stands[int(rng.integers(len(stands)))] if stands else None
        new = f"model-{seed}-{number}"
        score = f"{rng.uniform():.6f}"
        if kind == "add":
            put(folder, event(new, date=day, team=f"team-{rng.integers(3)}", score=score))
        elif kind == "supersede":
            put(folder, event(new, "supersede", date=day, team=old.team, supersedes=old.entry, score=score))
        elif kind == "withdraw":
            past = {name: getattr(old, name) for name in Event.__struct_fields__}
            put(
                folder, Event(**past | {"date": day, "action": kind, "supersedes": "", "note": "a fault in its labels"})
            )
        elif kind == "challenge":
            rerun = len(history.entries[old.entry].reruns) + 1
            put(folder, event(old.entry, kind, date=day, team="team-z", score=score), rerun)
        else:
            named = event("", "round_open", date=day, team="", score="", round=f"r{number}")
            put(folder, named)
    return head(ledger.read(folder))


def lines(folder):
    return [json.loads(line) for line in (folder / ledger.NAME).read_text().splitlines()]


def hashed(fields):
    """A record with the digest that its content has, by plain JSON."""
    body = json.dumps({name: value for name, value in fields.items() if name != "digest"}, separators=(",", ":"))
    return fields | {"digest": hashlib.sha256(body.encode()).hexdigest()}


def dump(folder, records, *, rehash=False):
    """Write records as the ledger does; `rehash` renumbers them and mends the chain, as an attacker would."""
    previous, out = FIRST, []
    for number, fields in enumerate(records, 1):
        told = fields
        if rehash:
            told = hashed(fields | {"number": number, "previous": previous})
            previous = told["digest"]
        out.append(json.dumps(told, separators=(",", ":")))
    (folder / ledger.NAME).write_text("".join(line + "\n" for line in out))


OTHER = {
    "date": "2025-12-31", "action": "challenge", "entry": "cnn-z", "supersedes": "cnn-z", "team": "team-q",
    "sha256": "a" * 64, "size": 12345, "suite": "other", "version": 98, "round": "r-x", "score": "0.999999",
    "note": "better", "number": 77, "previous": "b" * 64, "digest": "c" * 64,
}  # fmt: skip


def edit(folder, rng):
    """One random edit of the ledger in `folder`, and its name."""
    records, raw = lines(folder), (folder / ledger.NAME).read_bytes()
    kind = str(rng.choice(EDIT))
    at = int(rng.integers(len(records) - kind.startswith("deletion")))
    if kind in {"field", "field, record re-hashed", "field, chain re-hashed"}:
        name = str(rng.choice(list(OTHER)[:12] if "re-hashed" in kind else list(OTHER)))
        changed = records[at] | {name: OTHER[name]}
        changed = hashed(changed) if kind == "field, record re-hashed" else changed
        dump(folder, [*records[:at], changed, *records[at + 1 :]], rehash="chain" in kind)
    elif kind.startswith("deletion"):
        dump(folder, records[:at] + records[at + 1 :], rehash="re-hashed" in kind)
    elif kind.startswith("swap"):
        other = (at + int(rng.integers(1, len(records)))) % len(records)
        records[at], records[other] = records[other], records[at]
        dump(folder, records, rehash="re-hashed" in kind)
    elif kind.startswith("doubled"):
        dump(folder, [*records, records[at]], rehash="re-hashed" in kind)
    elif kind.startswith("truncation"):
        dump(folder, records[:at])
        if "bundles" in kind:
            left = set(History.of(ledger.read(folder)).bundles())
            for path in folder.glob("*.zip"):
                if path.name not in left:
                    path.unlink()
    elif kind == "cut inside a line":
        (folder / ledger.NAME).write_bytes(raw[: int(rng.integers(1, len(raw) - 1))])
    elif kind == "bit":
        place = int(rng.integers(len(raw)))
        (folder / ledger.NAME).write_bytes(
            raw[:place] + bytes([raw[place] ^ (1 << int(rng.integers(8)))]) + raw[place + 1 :]
        )
    else:
        text = raw.split(b"\n")
        text[at] = {
            "space": text[at].replace(b":", b": ", 1),
            "return": text[at] + b"\r",
            "mark": b"\xef\xbb\xbf" + text[at],
            "twice": text[at].replace(b'"size":', b'"size":1,"size":'),
            "unknown": text[at][:-1] + b',"rank":1}',
            "missing": text[at].replace(b'"note":', b'"nota":'),
            "escape": text[at].replace(b'"team":"t', b'"team":"\\u0074').replace(b'"entry":""', b'"entry": ""'),
            "empty": b"",
        }[kind]
        (folder / ledger.NAME).write_bytes(b"\n".join(text))
    return kind


EDIT = [
    "field", "field, record re-hashed", "field, chain re-hashed", "deletion", "deletion, re-hashed", "swap",
    "swap, re-hashed", "doubled", "doubled, re-hashed", "truncation", "truncation with bundles", "cut inside a line",
    "bit", "space", "return", "mark", "twice", "unknown", "missing", "escape", "empty",
]  # fmt: skip
NEEDS_HEAD = {
    "truncation with bundles",
    "field, chain re-hashed",
    "deletion, re-hashed",
    "swap, re-hashed",
    "truncation",
}
"""What may be a valid chain that fits its folder: a withdrawal or a round that is cut leaves no bundle behind."""


def test_every_edit_is_seen_and_no_honest_ledger_is_refused(tmp_path, record_property):
    board, unseen, alone, kinds = made.board(), [], 0, set()
    for number in range(EDITS):
        folder = tmp_path / str(number)
        noted = honest(folder, seed=number, steps=6)
        control = verify(folder, board, noted)
        assert control.faults == []
        assert control.head == noted
        before = (folder / ledger.NAME).read_bytes()
        kind = edit(folder, np.random.default_rng(number))
        assert (folder / ledger.NAME).read_bytes() != before, kind
        kinds.add(kind)
        if not verify(folder, board, noted).faults:
            unseen.append((number, kind))
        if not verify(folder, board).faults:
            alone += 1
            assert kind in NEEDS_HEAD, (number, kind)
    record_property("edits, kinds, unseen, seen by the noted head alone", (EDITS, len(kinds), len(unseen), alone))
    assert unseen == []


def test_truncation_with_its_bundles_needs_the_head(tmp_path):
    noted = honest(tmp_path, seed=1)
    records = lines(tmp_path)
    dump(tmp_path, records[:3])
    assert {fault.split(":")[0] for fault in verify(tmp_path, made.board()).faults} == {"ledger-stray"}
    listed = set(History.of(ledger.read(tmp_path)).bundles())
    for path in tmp_path.glob("*.zip"):
        if path.name not in listed:
            path.unlink()
    assert verify(tmp_path, made.board()).faults == []  # a valid prefix is a valid chain
    (fault,) = verify(tmp_path, made.board(), noted).faults
    assert fault.startswith("ledger-head: ")


def test_an_older_head_still_counts_when_the_ledger_has_grown(tmp_path):
    noted = honest(tmp_path, steps=4)
    put(tmp_path, event("later", date=DAY + datetime.timedelta(days=99)))
    assert verify(tmp_path, made.board(), noted).faults == []
    (tmp_path / ledger.NAME).unlink()
    faults = verify(tmp_path, made.board(), noted).faults
    assert {fault.split(":")[0] for fault in faults} == {"ledger-head", "ledger-stray"}


def test_the_digest_is_what_the_text_says(tmp_path):
    honest(tmp_path)
    previous = FIRST
    for line in (tmp_path / ledger.NAME).read_bytes().splitlines():
        body, _, told = line.rpartition(b',"digest":"')
        assert hashlib.sha256(body + b"}").hexdigest() == told[:-2].decode()
        assert json.loads(line)["previous"] == previous
        previous = told[:-2].decode()
    assert head(ledger.read(tmp_path)) == previous


WRONG = {
    "same id again": ([event()], "ledger-double"),
    "supersede of nothing": ([event("cnn-b", "supersede", supersedes="cnn-q")], "ledger-unknown"),
    "supersede of itself": ([event("cnn-b", "supersede", supersedes="cnn-b")], "ledger-unknown"),
    "supersede without a name": ([event("cnn-b", "supersede")], "ledger-unknown"),
    "supersede of another team": ([event("cnn-b", "supersede", supersedes="cnn-a", team="team-y")], "ledger-team"),
    "supersede in another version": ([event("cnn-b", "supersede", supersedes="cnn-a", version=98)], "ledger-table"),
    "supersede twice": (
        [event(f"cnn-{letter}", "supersede", supersedes="cnn-a") for letter in "bc"], "ledger-ended",
    ),
    "add that supersedes": ([event("cnn-b", supersedes="cnn-a")], "ledger-field"),
    "withdraw of nothing": ([event("cnn-b", "withdraw", note="x")], "ledger-unknown"),
    "withdraw without a note": ([event(action="withdraw", sha256=event().sha256, size=event().size)], "ledger-note"),
    "withdraw of another bundle": ([event(action="withdraw", note="x")], "ledger-field"),
    "withdraw with another score": (
        [event(action="withdraw", note="x", sha256=event().sha256, size=event().size, score="0.900000")],
        "ledger-field",
    ),
    "challenge of nothing": ([event("cnn-b", "challenge")], "ledger-unknown"),
    "challenge in another round": ([event(action="challenge", round="r1")], "ledger-table"),
    "entry without a team": ([event("cnn-b", team="")], "ledger-field"),
    "date before the last": ([event("cnn-b", date=DAY - datetime.timedelta(days=1))], "ledger-date"),
    "two of a team in a round": ([entered("cnn-b"), entered("cnn-c")], "ledger-round"),
    "reveal of nothing": ([event("", "round_reveal", team="", score="", round="r1")], "ledger-round"),
    "round opened twice": ([event("", "round_open", team="", score="", round="r1")] * 2, "ledger-round"),
    "score before the reveal": ([entered("cnn-b", score="0.500000")], "ledger-field"),
    "round with an entry": ([event("cnn-b", "round_open", round="r1")], "ledger-field"),
    "entry after the reveal": (
        [event("", name, team="", score="", round="r1") for name in ("round_open", "round_reveal")]
        + [entered("cnn-b")], "ledger-round",
    ),
    "supersede in a round": (
        [entered("cnn-b"), entered("cnn-c", action="supersede", supersedes="cnn-b")], "ledger-round",
    ),
    "id with capitals": ([event("CNN")], "ledger-line"),
    "id with a line end": ([event("cnn-b\n")], "ledger-line"),
    "path as id": ([event("../cnn")], "ledger-line"),
    "score in words": ([event("cnn-b", score="first")], "ledger-line"),
    "score as minus zero": ([event("cnn-b", score="-0.000000")], "ledger-line"),
    "control character in a note": ([event("cnn-b", note="a\x1b[31m")], "text-control"),
    "formula in a note": ([event("cnn-b", note="=1+1")], "text-formula"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_an_event_that_breaks_a_rule_is_refused_and_nothing_is_written(tmp_path, name):
    ledger.append(tmp_path, event())
    *before, last = WRONG[name][0]
    for one in before:
        ledger.append(tmp_path, one)
    kept = (tmp_path / ledger.NAME).read_bytes()
    with pytest.raises(Refused) as refused:
        ledger.append(tmp_path, last)
    assert refused.value.code == WRONG[name][1]
    assert (tmp_path / ledger.NAME).read_bytes() == kept


def test_what_is_allowed_after_each_other(tmp_path):
    ledger.append(tmp_path, event())
    ledger.append(tmp_path, event(action="challenge", team="team-y"))
    ledger.append(tmp_path, event("cnn-b", "supersede", supersedes="cnn-a"))
    ledger.append(tmp_path, entered("cnn-c"))
    ledger.append(tmp_path, entered("cnn-d", round="r2"))
    ledger.append(tmp_path, entered("cnn-e", team="team-y"))
    states = {name: past.state for name, past in History.of(ledger.read(tmp_path)).entries.items()}
    assert states == {"cnn-a": "superseded", "cnn-b": "listed"} | dict.fromkeys(["cnn-c", "cnn-d", "cnn-e"], "listed")


@pytest.mark.parametrize("text", [b"{}\n", b"[" * 10**5 + b"\n", b"\xff\n", b"null\n", b"\n", b'{"a":' * 10**4 + b"\n"])
def test_what_is_no_record_is_refused_in_one_line(text):
    with pytest.raises(Refused, match="ledger-line") as refused:
        ledger.parse(text)
    assert "\n" not in str(refused.value)
    assert str(refused.value).isascii()


def test_a_ledger_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / ledger.NAME).open("wb") as file:
        file.truncate(ledger.LARGEST + 1)
    with pytest.raises(Refused, match="ledger-size"):
        ledger.read(tmp_path)


ADDER = """
import datetime, sys, time
from pathlib import Path
from leaderboard.records import ledger
from leaderboard.records.record import Event
folder, who = Path(sys.argv[1]), sys.argv[2]
(folder / f"ready-{who}").touch()
while len(list(folder.glob("ready-*"))) < 2:
    time.sleep(0.001)
for number in range(20):
    named = dict(entry=f"model-{who}-{number}", supersedes="", team="x-y-z", suite="board", version=1, round="")
    told = dict(date=datetime.date(2026, 3, 1), action="add", sha256="0" * 64, size=1, score="", note="")
    ledger.append(folder, Event(**named, **told))
"""


def test_two_who_add_at_once_lose_no_record(tmp_path):
    adders = [subprocess.Popen([sys.executable, "-c", ADDER, str(tmp_path), who]) for who in ("one", "two")]
    assert [adder.wait(timeout=60) for adder in adders] == [0, 0]
    found = [record.entry for record in ledger.read(tmp_path)]
    assert sorted(found) == sorted(f"model-{who}-{number}" for who in ("one", "two") for number in range(20))
    assert not (tmp_path / ".adding").exists()


def test_a_record_says_its_digest():
    fields = msgspec.structs.asdict(event()) | {"number": 1, "previous": FIRST, "digest": FIRST}
    one = Record(**fields)
    assert digest(one) == digest(msgspec.structs.replace(one, digest="f" * 64))
    assert digest(one) != digest(msgspec.structs.replace(one, score="0.500001"))
