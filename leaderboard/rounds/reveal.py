"""The end of a round: its secret is published, and whoever has it makes the same files again."""

import json
import tempfile
from pathlib import Path

from leaderboard.rounds import opening
from leaderboard.rounds import secret as secrets
from shiftbench.errors import InputError
from shiftbench.spec import Round
from shiftbench.tasks import round as data
from shiftbench.whole import whole
from simulators import mpra


def reveal(path: Path, secret: bytes) -> Path:
    """Check a round against its secret and write the secret beside it; the file, reveal.json.

    `InputError` as `verify`, or if the file cannot be written; nothing is written then.
    """
    verify(path, secret)
    terms = data.opening(data.located(path)).terms
    told = Path(data.located(path).file).parent / secrets.REVEAL
    try:
        with whole(told) as partial:
            partial.write_text(json.dumps({"round": terms.id, "secret": secret.hex()}) + "\n")
    except OSError as error:
        raise InputError(f"{told}: cannot write ({error.strerror}); expected a folder of your own") from None
    return told


def verify(path: Path, secret: bytes) -> None:
    """See that the secret is the one that was bound, and that it gives every public file again, byte for byte.

    `InputError` names what differs.
    """
    of = data.located(path)
    told = data.opening(of)
    secrets.check(secret, told.terms, told.commitment, Path(of.file))
    if told.terms.simulator != mpra.VERSION:
        raise InputError(
            f"{of.file}: drawn by version {told.terms.simulator} of the simulator; this is {mpra.VERSION}, so install "
            "the release that the round was opened with"
        )
    with tempfile.TemporaryDirectory() as folder:
        opening.write(Path(folder), secret, told.terms)
        _compare(of, Path(folder))


def _compare(of: Round, made: Path) -> None:
    folder = Path(of.file).parent
    for path in sorted(made.iterdir(), key=lambda path: (path.name == data.NAME, path.name)):
        public = Path(of.file) if path.name == data.NAME else folder / path.name
        if not public.is_file():
            raise InputError(f"{public}: not there; expected every file of the round")
        if (found := opening.sha256(public)) != (expected := opening.sha256(path)):
            raise InputError(f"{public}: SHA-256 {found}; the secret gives {expected}, so it was changed")
