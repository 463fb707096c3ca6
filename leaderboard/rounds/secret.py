"""The secret of a round: who may read it, what binds it before the round, and what is drawn from it."""

import hashlib
import json
import os
import secrets
from pathlib import Path

import msgspec

from shiftbench.errors import InputError
from shiftbench.tasks.round import Terms
from simulators.random import key

BYTES = 32
"""Random bytes of a secret: 256 bits."""
REVEAL = "reveal.json"
"""The secret, in the folder of a round that is over."""
_TAG = b"shiftbench round, commitment 1"


def create(path: Path, public: Path) -> bytes:
    """A new secret, kept in the file `path` that only its owner can read; it is shown nowhere.

    `InputError` if the file is there already (a secret is used once), or would lie in the folder that is published.
    """
    if path.resolve().is_relative_to(public.resolve()):
        raise InputError(f"--secret {path}: lies in {public}, which is published; expected a file elsewhere")
    secret = secrets.token_bytes(BYTES)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise InputError(
            f"--secret {path}: is there already; expected a new file, since a secret serves once"
        ) from None
    except OSError as error:
        raise InputError(f"--secret {path}: cannot write ({error.strerror}); expected a new file") from None
    return secret


def read(path: Path) -> bytes:
    """The secret of a file of `create`, or of a reveal; `InputError`, which says nothing of the content, if none."""
    try:
        text = path.read_text()
        found = bytes.fromhex(json.loads(text)["secret"] if path.suffix == ".json" else text)
    except OSError as error:
        raise InputError(f"--secret {path}: cannot read ({error.strerror}); expected the secret of the round") from None
    except (ValueError, TypeError, KeyError):
        found = b""
    if len(found) != BYTES:
        raise InputError(f"--secret {path}: no secret of a round; expected {2 * BYTES} hex digits, or {REVEAL}")
    return found


def commitment(secret: bytes, terms: Terms) -> str:
    """SHA-256 of the secret and the terms, 64 hex digits; every part carries its length, so none runs into the next."""
    parts = (_TAG, secret, msgspec.json.encode(terms, order="deterministic"))
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "little") + part for part in parts)).hexdigest()


def check(secret: bytes, terms: Terms, bound: str, where: Path) -> None:
    """Refuse a secret, or terms, that the commitment `bound` does not bind."""
    if not secrets.compare_digest(commitment(secret, terms), bound):
        raise InputError(
            f"{where}: its commitment is not of this secret and these terms; expected both as when the round opened"
        )


def derived(secret: bytes, terms: Terms, *purpose: str) -> bytes:
    """128 bits for one purpose of one round; one-way, so they tell neither the secret nor those of another purpose."""
    return key(secret, "round", terms.id, *purpose).tobytes()
