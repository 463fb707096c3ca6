"""Tampered bundles: each is seen, or harmless because what it tells is recomputed.

SHIFTBENCH_TAMPERED sets how many are tried (1000 once), a tenth of them hashed again by the attacker; half as many
honest ones are the control.
"""

import datetime
import hashlib
import io
import json
import os
import zipfile

import msgspec
import numpy as np

from leaderboard import bundle as bundles
from leaderboard.records import adding, ledger
from leaderboard.records.verify import TOLERANCE, verify
from tests.leaderboard import forged, made
from tests.leaderboard.test_entries import load
from tests.leaderboard.test_ledger import dump

TAMPERED = int(os.environ.get("SHIFTBENCH_TAMPERED", "20"))
BOARD = made.board(worlds=1, rows=6, outputs=1)
DAY = datetime.date(2026, 3, 1)
EACH = 10
"""Entries of a folder; each is tampered with twice."""


def folder_of(path, number):
    """A folder of honest entries; the head of its ledger."""
    path.mkdir()
    for entry in range(EACH):
        seed = number * EACH + entry
        said = made.answers(BOARD, 0.1 + 0.8 * entry / EACH, seed, quantiles=entry % 2 == 0)
        one = made.bundle(BOARD, f"model-{seed}", said=said)
        bundles.write(path / "out", one.manifest, one.answers)
        adding.add(path, path / "out", BOARD, DAY, load=load)
    (path / "out").unlink()
    return ledger.read(path)[-1].digest


def _scaled(rng):
    return float(rng.choice([1e-7, 1e-3, 0.1, 3.0]))


def _array(name):
    def change(told, files, rng):
        if name not in files:
            return False
        array = np.load(io.BytesIO(files[name]))
        place = tuple(int(rng.integers(size)) for size in array.shape)
        array[place] = np.nextafter(array[place] * np.float32(1 + _scaled(rng)), np.float32(np.inf))
        files[name] = forged.npy(array)
        return True

    return change


def _field(*way, by=None):
    def change(told, files, rng):
        at = told
        for key in way[:-1]:
            at = at[key]
        old = at[way[-1]]
        at[way[-1]] = old + 1 if by is None else by(old, rng)
        return True

    return change


def _hex(old, rng):
    place = int(rng.integers(len(old)))
    return old[:place] + ("0" if old[place] != "0" else "1") + old[place + 1 :]


def _score(told, files, rng):
    told[str(rng.choice(["score", "scores", "rank"]))] = 0.99
    return True


EDITS = {
    "mean": _array("mean.npy"),
    "SD": _array("sd.npy"),
    "quantile": _array("quantiles.npy"),
    "score": _score,
    "seed": _field("seeds", 0, by=lambda old, rng: old + int(rng.integers(1, 9))),
    "label": _field("tests", 3, "label", by=lambda old, rng: old.replace("world100", "world101")),
    "digest of a set": _field("tests", 3, "digest", by=_hex),
    "rows of a set": _field("tests", 3, "rows"),
    "digest of a file": _field("files", "mean.npy", by=_hex),
    "version": _field("suite_version"),
    "schema": _field("schema_version"),
    "time": _field("cost", "seconds", by=lambda old, rng: old / 7),
    "CPU time": _field("cost", "cpu_seconds", by=lambda old, rng: old / 7),
    "labels": _field("division", "labels", by=lambda old, rng: 256 - old),
    "trials": _field("model", "trials"),
    "parameters": _field("model", "parameters"),
    "rows": _field("model", "rows"),
    "epochs": _field("model", "epochs"),
    "width": _field("model", "width", by=lambda old, rng: old / 2),
}
DECLARED = {"time", "CPU time", "labels", "trials", "parameters", "rows", "epochs", "width"}
"""What only the entrant knows; it is shown as declared and enters no number."""


def tamper(data, rng, *, rehash):
    """A bundle in which one number was edited, and which; `rehash` mends the digests inside."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(files.pop("manifest.json"))
    kind = ""
    while not kind or not EDITS[kind](told, files, rng):
        kind = str(rng.choice(list(EDITS)))
    contents = {"manifest.json": json.dumps(told).encode()} | files
    if rehash and kind != "digest of a file":
        contents = forged.sealed(told, files)
    return kind, forged.zipped(forged.parts(contents))


def passed_off(folder, record, data):
    """A folder with one entry whose bytes were replaced, and whose ledger was written anew to say so."""
    folder.mkdir()
    (folder / f"{record.entry}.zip").write_bytes(data)
    fields = json.loads(msgspec.json.encode(record))
    dump(folder, [fields | {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}], rehash=True)


def check_raw(folder, rng, names):
    """Tamper with entries; all of them are told, and no other."""
    kept = {name: (folder / f"{name}.zip").read_bytes() for name in names}
    for name, data in kept.items():
        (folder / f"{name}.zip").write_bytes(tamper(data, rng, rehash=False)[1])
    faults = verify(folder, BOARD, load=load).faults
    for name, data in kept.items():
        (folder / f"{name}.zip").write_bytes(data)
    assert sorted(fault.split(".zip")[0].rpartition("/")[2] for fault in faults) == sorted(names)
    return len(names)


def check_hashed(folder, record, data, rng, noted):
    """Pass a tampered entry off as the one that was entered; whether it was seen without the head that was noted."""
    kind, changed = tamper(data, rng, rehash=True)
    passed_off(folder, record, changed)
    found = verify(folder, BOARD, noted, load=load)
    alone = [fault for fault in found.faults if not fault.startswith("ledger-head")]
    assert len(found.faults) == len(alone) + 1
    if kind in DECLARED:
        assert (alone, found.difference) == ([], 0)
    assert alone or found.difference <= TOLERANCE
    return bool(alone)


def test_tampered_bundles_are_seen_or_harmless_and_honest_ones_pass(tmp_path, record_property):
    rng = np.random.default_rng(1)
    honest = raw = hashed = alone = 0
    for number in range(-(-TAMPERED // (2 * EACH))):
        folder = tmp_path / str(number)
        noted = folder_of(folder, number)
        control = verify(folder, BOARD, noted, load=load)
        assert control.faults == []
        assert control.difference == 0
        honest += control.read
        records = ledger.read(folder)
        names = [record.entry for record in records]
        raw += check_raw(folder, rng, names[1:]) + check_raw(folder, rng, names[:-1])
        for record in (records[0], records[-1]):
            data = (folder / f"{record.entry}.zip").read_bytes()
            alone += check_hashed(tmp_path / f"forged-{record.entry}", record, data, rng, noted)
            hashed += 1
    figures = {
        "honest": honest,
        "tampered": raw + hashed,
        "hashed again": hashed,
        "of these seen without a head": alone,
    }
    record_property("figures", figures)
    assert 2 * honest == raw + hashed >= TAMPERED
