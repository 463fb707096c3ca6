"""What the pages show, without a store: a cast of entries on a made board, with a ledger of every kind of line."""

import datetime
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import msgspec
import pytest

from leaderboard.manifest import Cost
from leaderboard.records.entries import Entry, Folder
from leaderboard.records.history import History
from leaderboard.records.record import FIRST, Event, Record, digest
from leaderboard.site import build
from tests.leaderboard import made

DATE = datetime.date(2026, 1, 5)
OURS = {"team": "shiftbench"}


def model(**changes):
    return msgspec.structs.replace(made.MODEL, **changes)


def division(**changes):
    return msgspec.structs.replace(made.DIVISION, **changes)


def control(recipe):
    return model(recipe=recipe, kind="control", network=recipe, selection="none", parameters=400)


CAST = {
    "training-mean": (0.02, OURS | {"title": "Training mean", "model": control("training_mean")}),
    "kmer-ridge": (0.35, OURS | {"title": "k-mer ridge", "model": control("kmer_ridge")}),
    "cnn-full": (0.72, OURS | {"title": "CNN"}),
    "cnn-ensemble": (
        0.8,
        OURS | {"title": "CNN, ensemble", "model": model(wrapper="ensemble"), "division": division(ensemble=True)},
    ),
    "cnn-cpu": (
        0.55,
        OURS
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
    "transformer": (0.7, {"team": "third-lab", "title": "Transformer", "model": model(recipe="transformer")}),
    "foundation": (
        0.83,
        {
            "team": "third-lab",
            "title": "A foundation model of two billion letters with a long name that must wrap somewhere",
            "model": model(recipe="mine.py:Net", network="Net", kind="embedding", parameters=2_100_000_000),
            "division": division(outside_data=True, sees_test_inputs=True),
            "cost": Cost(device="cuda", hardware="NVIDIA H100", seconds=9000.0, cpu_seconds=9000.0),
        },
    ),
    "few-labels": (0.75, {"title": "CNN, recalibrated with labels", "division": division(labels=32)}),
}
"""Skill and changes of the manifest, by entry."""


def bundles(of):
    """The cast, an entry that is incomplete, one whose error bars fail, one superseded and one withdrawn."""
    found = {
        name: made.bundle(of, name, skill, seed, **changes)
        for seed, (name, (skill, changes)) in enumerate(CAST.items())
    }
    some = made.answers(of, 0.6, 50, sets=range(len(of.questions.sets) - 3))
    found["partial"] = made.bundle(of, "partial", said=some, title="Cannot read long inserts")
    sure = made.bundle(of, "too-sure", 0.6, 51, title="Too sure of itself")
    found["too-sure"] = replace(sure, answers=replace(sure.answers, sd=sure.answers.sd * 0.4))
    found["cnn-old"] = made.bundle(of, "cnn-old", 0.5, 52, title="First try", team="third-lab")
    found["gone"] = made.bundle(of, "gone", 0.4, 53, title="Gone", team="another-lab")
    return found


def folder(of):
    """These bundles with the ledger that tells of them; `transformer` was run again by another team."""
    found = bundles(of)
    rerun = made.bundle(of, "transformer", 0.66, 60, title="Transformer", team="third-lab")
    lines = [event(of, "add", name, one) for name, one in found.items() if name != "transformer"]
    lines += [
        event(of, "supersede", "transformer", found["transformer"], supersedes="cnn-old"),
        event(of, "withdraw", "gone", found["gone"], note="A leak in our own data."),
        event(of, "challenge", "transformer", rerun, team="another-lab", note="Run again from the released code."),
    ]
    records = chained(lines)
    past = History.of(records).entries
    reruns = {"transformer": (rerun,)}
    return Folder(
        {name: Entry(name, one.state, found[name], reruns.get(name, ()), one) for name, one in past.items()},
        tuple(records),
    )


def event(of, action, entry, bundle, **changes):
    asked = of.questions
    fields = {
        "date": DATE, "action": action, "entry": entry, "supersedes": "", "team": bundle.manifest.team,
        "sha256": bundle.sha256, "size": bundle.size, "suite": asked.suite, "version": asked.version,
        "round": asked.round, "score": "0.500000", "note": "",
    }  # fmt: skip
    return Event(**fields | changes)


def chained(events):
    """Records of these events, each with the digest of the one before."""
    records, previous = [], FIRST
    for number, one in enumerate(events, 1):
        record = Record(number=number, previous=previous, digest=FIRST, **msgspec.structs.asdict(one))
        records.append(msgspec.structs.replace(record, digest=digest(record)))
        previous = records[-1].digest
    return records


@lru_cache(maxsize=1)
def sheet():
    """The table of these entries: four worlds, and only the numbers that pages show."""
    of = made.board(4, rows=40, outputs=1, seeds=2)
    found = folder(of)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leaderboard.records.entries.read", lambda *_: found)
        patch.setattr("leaderboard.scoring.scores.SHOWN", ("crps", "coverage"))
        patch.setattr("leaderboard.scoring.scores.RESAMPLES", 2)
        return build.table(build.Source(Path("entries"), of, "development"))
