"""Pages of a made board, without a store: entries of all kinds, with a ledger written by hand where one is asked for."""

import datetime
import hashlib

import made
import msgspec

from leaderboard import ledger
from leaderboard.entries import Entry, Folder
from leaderboard.history import History
from leaderboard.manifest import Cost

DATE = datetime.date(2026, 1, 5)


def model(**changes):
    return msgspec.structs.replace(made.MODEL, **changes)


def division(**changes):
    return msgspec.structs.replace(made.DIVISION, **changes)


def cast():
    """Changes of the manifest and skill, by entry."""
    control = {"kind": "control", "network": "ridge", "selection": "none", "parameters": 400}
    ours = {"team": "shiftbench"}
    return {
        "training-mean": (0.02, ours | {"title": "Training mean", "model": model(recipe="training_mean", **control)}),
        "gc-ridge": (0.1, ours | {"title": "GC ridge", "model": model(recipe="gc_ridge", **control)}),
        "kmer-ridge": (0.35, ours | {"title": "k-mer ridge", "model": model(recipe="kmer_ridge", **control)}),
        "cnn-full": (0.72, ours | {"title": "CNN"}),
        "cnn-ensemble": (
            0.8,
            ours
            | {
                "title": "CNN, ensemble of five",
                "model": model(wrapper="ensemble"),
                "division": division(ensemble=True),
            },
        ),
        "cnn-cpu": (
            0.55,
            ours
            | {
                "title": "CNN, CPU preset",
                "model": model(preset="cpu", parameters=28_113),
                "cost": Cost(device="cpu", hardware="2 cores", seconds=61.0, cpu_seconds=118.0),
            },
        ),
        "bilstm-prior": (
            0.78,
            {
                "team": "another-lab",
                "title": "BiLSTM with motif priors",
                "model": model(recipe="bilstm_prior", network="bilstm", parameters=1_240_000),
                "division": division(generator_aware=True),
                "link": "https://example.org/paper",
            },
        ),
        "transformer": (
            0.7,
            {"team": "third-lab", "title": "Transformer", "model": model(recipe="transformer", network="transformer")},
        ),
        "foundation": (
            0.83,
            {
                "team": "third-lab",
                "title": "A foundation model of 2 billion letters with a long name that must wrap somewhere",
                "model": model(recipe="mine.py:Net", network="Net", kind="embedding", parameters=2_100_000_000),
                "division": division(outside_data=True, sees_test_inputs=True),
                "cost": Cost(device="cuda", hardware="NVIDIA H100", seconds=9000.0, cpu_seconds=9000.0),
            },
        ),
        "few-labels": (0.75, {"title": "CNN, recalibrated with labels", "division": division(labels=32)}),
    }


def bundles(of, names=None):
    """Bundles of the cast by entry."""
    chosen = cast() if names is None else {name: cast()[name] for name in names}
    return {
        name: made.bundle(of, name, skill, seed, **changes)
        for seed, (name, (skill, changes)) in enumerate(chosen.items())
    }


def folder(of):
    """The cast, one entry that is incomplete, one whose error bars fail, and a ledger with every kind of line."""
    found = bundles(of)
    some = made.answers(of, 0.6, 50, sets=range(0, len(of.questions.sets) - 3))
    found["partial"] = made.bundle(of, "partial", said=some, title="Cannot read long inserts")
    sure = made.bundle(of, "too-sure", 0.6, 51, title="Too sure of itself")
    said = msgspec.structs.replace if False else None
    del said
    found["too-sure"] = _narrow(sure)
    found["cnn-old"] = made.bundle(of, "cnn-old", 0.5, 52, title="CNN, first try", team="third-lab")
    found["gone"] = made.bundle(of, "gone", 0.4, 53, title="Gone", team="another-lab")
    rerun = made.bundle(of, "transformer", 0.66, 60, title="Transformer", team="third-lab")
    lines = [_line(of, "add", name, one) for name, one in found.items() if name != "transformer"]
    lines += [
        _line(of, "supersede", "transformer", found["transformer"], supersedes="cnn-old"),
        _line(of, "withdraw", "gone", found["gone"], note="A leak in our own data."),
        _line(of, "challenge", "transformer", rerun, team="another-lab", note="Run again from the released code."),
    ]
    records = chained(lines)
    history = History.of(records)
    entries = {
        name: Entry(name, past.state, found[name], (rerun,) if name == "transformer" else (), past)
        for name, past in history.entries.items()
    }
    return Folder(entries, tuple(records))


def _narrow(one):
    from dataclasses import replace

    return replace(one, answers=replace(one.answers, sd=one.answers.sd * 0.4))


def _line(of, action, entry, bundle, **changes):
    asked = of.questions
    fields = {
        "date": DATE, "action": action, "entry": entry, "supersedes": "", "team": bundle.manifest.team,
        "sha256": bundle.sha256, "size": bundle.size, "suite": asked.suite, "version": asked.version,
        "round": asked.round, "score": "0.500000", "note": "",
    }  # fmt: skip
    return ledger.Event(**fields | changes) if hasattr(ledger, "Event") else _event(fields | changes)


def _event(fields):
    from leaderboard.record import Event

    return Event(**fields)


def chained(events):
    """Records of these events, each with the digest of the one before."""
    from leaderboard.record import FIRST, Record, digest

    records, previous = [], FIRST
    for number, event in enumerate(events, 1):
        record = Record(number=number, previous=previous, digest="0" * 64, **msgspec.structs.asdict(event))
        record = msgspec.structs.replace(record, digest=digest(record))
        records.append(record)
        previous = record.digest
    return records


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()
