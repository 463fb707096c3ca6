"""A bundle is parsed in a process of its own that has little memory, little time, no file to write and no secret.

python -m leaderboard.reading.caged   what the parent starts: a request on standard input, a reply on standard output
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np
from msgspec import Struct

from leaderboard.answers import Answers
from leaderboard.manifest import Manifest
from leaderboard.questions import Asked, Questions
from leaderboard.reading.parse import spans
from leaderboard.refused import Refused

MEMORY = 512 * 2**20
"""Bytes of addresses; a third of them are libraries, most of which is never touched."""
CPU, WALL = 20, 60
"""Seconds."""
KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""Of the environment, beside what is set here."""


class Request(Struct):
    """What is parsed, and what was asked: fields of `Questions`, a set as digest, label and ids."""

    data: bytes
    suite: str
    version: int
    round: str
    outputs: tuple[str, ...]
    seeds: tuple[int, ...]
    sets: list[tuple[str, str, list[str]]]


class Reply(Struct):
    """Code and text of a refusal, or the manifest and the bytes of float32 arrays with their shapes."""

    code: str = ""
    text: str = ""
    manifest: Manifest | None = None
    arrays: dict[str, tuple[tuple[int, ...], bytes]] = {}


def parse(
    data: bytes, questions: Questions, *, memory: int = MEMORY, cpu: int = CPU, wall: float = WALL
) -> tuple[Manifest, Answers]:
    """What `leaderboard.bundle.read` makes of `data` in a process with these limits; `Refused` if it is ended."""
    asked = [(one.digest, one.label, one.ids.tolist()) for one in questions.sets]
    fields = {name: getattr(questions, name) for name in ("suite", "version", "round", "outputs", "seeds")}
    request = msgspec.msgpack.encode(Request(data=data, sets=asked, **fields))
    command = [sys.executable, "-P", "-B", "-m", "leaderboard.reading.caged", str(memory), str(cpu)]
    try:
        done = subprocess.run(
            command, input=request, capture_output=True, timeout=wall, env=_environment(os.environ), check=False
        )
    except subprocess.TimeoutExpired:
        raise Refused("bundle-time", f"not read within {wall:g} s; expected a fraction of one") from None
    if done.returncode:
        _ended(done.returncode)
    reply = msgspec.msgpack.decode(done.stdout, type=Reply)
    if reply.manifest is None:
        raise Refused(reply.code, reply.text)
    found = {name: np.frombuffer(held, np.float32).reshape(shape) for name, (shape, held) in reply.arrays.items()}
    return reply.manifest, Answers(found["mean"], found["sd"], found.get("quantiles"), spans(reply.manifest))


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [inherited.get("PYTHONPATH")])]
    return {name: inherited[name] for name in KEPT if name in inherited} | {
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }


def _ended(code: int) -> NoReturn:
    if -code in (getattr(signal, "SIGXCPU", None), getattr(signal, "SIGKILL", None)):
        raise Refused("bundle-time", "the reader used up its time; expected a fraction of a second")
    raise Refused("bundle-reader", f"the reader ended with code {code}; expected a bundle as `submit` writes it")


def _limit(memory: int, cpu: int) -> None:
    """Hold this process to so much memory and CPU, and to no file at all, as far as the system can."""
    with contextlib.suppress(ImportError):  # Windows
        import resource

        for what, most in (("AS", memory), ("CPU", cpu), ("FSIZE", 0), ("CORE", 0)):
            with contextlib.suppress(ValueError, OSError):  # macOS has no limit on addresses
                resource.setrlimit(getattr(resource, f"RLIMIT_{what}"), (most, most))


def _reply(asked: Request) -> Reply:
    from leaderboard import bundle

    sets = tuple(Asked(digest, label, np.array(ids, np.str_)) for digest, label, ids in asked.sets)
    questions = Questions(asked.suite, asked.version, asked.round, asked.outputs, asked.seeds, sets)
    try:
        read = bundle.read(asked.data, questions)
    except Refused as refused:
        return Reply(code=refused.code, text=refused.text)
    said: dict[str, Any] = {"mean": read.answers.mean, "sd": read.answers.sd, "quantiles": read.answers.quantiles}
    held = {name: (array.shape, array.tobytes()) for name, array in said.items() if array is not None}
    return Reply(manifest=read.manifest, arrays=held)


def main() -> None:
    """Read a request, parse it under the limits of the command line, write the reply."""
    _limit(int(sys.argv[1]), int(sys.argv[2]))
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Request)
    sys.stdout.buffer.write(msgspec.msgpack.encode(_reply(request)))


if __name__ == "__main__":
    main()
