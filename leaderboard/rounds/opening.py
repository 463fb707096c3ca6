"""Opening a round: its public files, from its terms and its secret, the same bytes at every making."""

import hashlib
import os
from pathlib import Path

import msgspec
import numpy as np

from leaderboard.rounds import secret as secrets
from leaderboard.rounds.worlds import candidates, hidden, labelled
from shiftbench import arrays
from shiftbench.errors import InputError
from shiftbench.tasks.round import LABELLED, NAME, Opening, Terms, Told, file_of, ids
from simulators.random import key

SEEDS = 5
"""Training seeds of a round."""


def training_seeds(name: str) -> tuple[int, ...]:
    """Training seeds that follow from the id of a round, one after another, each in 0..2^31 - 1."""
    first = int(key(0, "round", name, "training seeds")[0]) % (2**31 - SEEDS)
    return tuple(range(first, first + SEEDS))


def open_round(folder: Path, secret_file: Path, terms: Terms) -> Opening:
    """Draw a secret and write all public files of its round into `folder`.

    `InputError` if the folder is not empty or cannot be written, or if the secret cannot lie where it is asked to.
    """
    _make_empty(folder)
    secret = secrets.create(secret_file, folder)
    try:
        return write(folder, secret, terms)
    except OSError as error:
        raise InputError(
            f"--output {folder}: cannot write ({error.strerror}); remove it and {secret_file}, and open the round anew"
        ) from None


def _make_empty(folder: Path) -> None:
    """Make a folder that can be written, before a secret is drawn for it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        filled = any(folder.iterdir())
    except OSError as error:
        raise InputError(f"--output {folder}: {error.strerror}; expected an empty folder or none") from None
    if filled:
        raise InputError(f"--output {folder}: holds files already; expected an empty folder or none")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--output {folder}: may not be written; expected a folder of your own")


def write(folder: Path, secret: bytes, terms: Terms) -> Opening:
    """Write the public files of a round into `folder`, round.json last."""
    outputs: tuple[str, ...] = ()
    worlds = []
    for number in range(terms.worlds):
        one = hidden(secret, terms, number)
        for role in LABELLED:
            arrays.save_sample(folder / file_of(number, role), labelled(secret, terms, number, one.source, role))
        asked = {"id": ids(len(one.sequence)), "sequence": np.ascontiguousarray(one.sequence)}
        arrays.save(folder / file_of(number, "test"), asked)
        outputs = one.source.program.cells
        told = Told(candidates=candidates(secret, terms, number, one.source), asked=len(one.sequence))
        worlds.append(told)
    opening = Opening(
        schema_version=1,
        terms=terms,
        commitment=secrets.commitment(secret, terms),
        outputs=outputs,
        worlds=tuple(worlds),
        files={path.name: sha256(path) for path in sorted(folder.glob("world*.npz"))},
    )
    (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(opening), indent=1) + b"\n")
    return opening


def sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
