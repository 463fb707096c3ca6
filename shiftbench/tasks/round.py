"""A round of the leaderboard as a task: noisy training rows of secret worlds, and test sequences without labels."""

import datetime
import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from shiftbench import arrays
from shiftbench.errors import InputError
from shiftbench.spec import AtLeastOne, Data, Round
from shiftbench.tasks.files import Files
from shiftbench.tasks.provider import Built
from simulators import genome
from simulators.contract import Sample

NAME = "round.json"
"""What a round says of itself, in the folder of its files."""
LABELLED = ("train", "validation", "calibration")
"""Roles of the rows that come with what was measured."""
ROLES = (*LABELLED, "test")
WORLDS = 10
"""Worlds of a round at the least, since they are the units of its ranking; fewer serve for practice."""

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Id = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\Z")]


class Terms(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is fixed when a round opens, and bound by its commitment together with the secret.

    `suite`, `suite_version`: whose questions are asked; `simulator`: version of the simulator that draws; `worlds`;
    `rows`, `validation`, `calibration`, `test`: drawn for each world (of each test set), measured or not; `seeds`: of
    training, one after another; `opens`, `closes`: days (UTC), the last one included; `practice`: a round that ranks
    nobody in earnest, which may have fewer worlds than `WORLDS`.
    """

    id: Id
    suite: str
    suite_version: AtLeastOne
    simulator: AtLeastOne
    worlds: Annotated[int, Meta(ge=1, le=100)]
    rows: AtLeastOne
    validation: AtLeastOne
    calibration: AtLeastOne
    test: AtLeastOne
    seeds: Annotated[tuple[Annotated[int, Meta(ge=0, le=2**31 - 1)], ...], Meta(min_length=1)]
    opens: datetime.date
    closes: datetime.date
    practice: bool = False

    def __post_init__(self) -> None:
        """`ValueError` for too few worlds."""
        if self.worlds < WORLDS and not self.practice:
            raise ValueError(f"{self.worlds} worlds; expected at least {WORLDS}, or a round for practice (--practice)")

    @property
    def notice(self) -> str:
        """What to tell everybody of a round for practice; "" of another."""
        worlds = "1 world" if self.worlds == 1 else f"{self.worlds} worlds"
        return f"round {self.id} is for practice ({worlds}): its places count for nothing" if self.practice else ""


class Told(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is told of a world: ids of motifs, its public ones among decoys, sorted; and how many rows are asked."""

    candidates: tuple[str, ...]
    asked: Annotated[int, Meta(ge=1, le=100_000)]


class Opening(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """round.json: the terms, the commitment to the secret, what is told of each world, SHA-256 of the other files."""

    schema_version: Literal[1]
    terms: Terms
    commitment: Sha256
    outputs: Annotated[tuple[str, ...], Meta(min_length=1)]
    worlds: tuple[Told, ...]
    files: dict[str, Sha256]


def file_of(world: int, role: str) -> str:
    """Name of the file with the rows of a role in a world."""
    return f"world{world:02d}-{role}.npz"


def ids(count: int) -> NDArray[np.str_]:
    """Ids of the test rows of a world: their number in the shuffled order, which tells nothing."""
    return np.array([f"r{number:05d}" for number in range(count)], np.str_)


def located(path: Path) -> Round:
    """The round of a folder or of its round.json, by the digest of the latter; `InputError` if there is none."""
    file = path / NAME if path.is_dir() else path
    try:
        return Round(file=str(file.resolve()), digest=hashlib.sha256(file.read_bytes()).hexdigest())
    except OSError as error:
        raise InputError(f"{file}: cannot read ({error.strerror}); expected {NAME} of a round") from None


@lru_cache(maxsize=4)
def opening(of: Round) -> Opening:
    """What round.json says; `InputError` if it is not the one that was located, or not whole."""
    data = Path(of.file).read_bytes()
    if hashlib.sha256(data).hexdigest() != of.digest:
        raise InputError(f"{of.file}: changed since the run was planned; run the same command again")
    try:
        found = msgspec.json.decode(data, type=Opening)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{of.file}: {error}; expected the {NAME} that `round open` wrote") from None
    expected = {file_of(world, role) for world in range(found.terms.worlds) for role in ROLES}
    if len(found.worlds) != found.terms.worlds or set(found.files) != expected:
        raise InputError(
            f"{of.file}: tells of {len(found.worlds)} worlds and {len(found.files)} files; expected "
            f"{found.terms.worlds} and {len(expected)}, so fetch it again"
        )
    return found


def read(of: Round, world: int, role: str) -> Sample:
    """Rows of a role in a world, after the digest of their file was checked; `InputError` if it is another file."""
    told, name = opening(of), file_of(world, role)
    path = Path(of.file).parent / name
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot read ({error.strerror}); expected the files beside {NAME}") from None
    if found != told.files[name]:
        raise InputError(f"{path}: SHA-256 {found}; expected {told.files[name]}, so fetch it again")
    if role != "test":
        return arrays.load_sample(path)
    stored = arrays.load(path)
    return _asked(stored["id"], stored["sequence"], told.outputs)


def _asked(names: NDArray[np.str_], sequence: NDArray[np.uint8], outputs: tuple[str, ...]) -> Sample:
    """Sequences without anything that was measured."""
    n = len(names)
    nothing = np.full((n, len(outputs)), np.nan, np.float32)
    return Sample(
        id=names,
        sequence=sequence,
        observed=nothing,
        noise_sd=nothing,
        reference=np.full(n, -1, np.int32),
        group=np.arange(n, dtype=np.int32),
        outputs=outputs,
        table={"gc": genome.gc(sequence), "unlabelled": np.ones(n, bool)},
    )


def first(sample: Sample, drawn: int) -> Sample:
    """The rows among the first `drawn` that were drawn, measured or not; the group of a row is its number there."""
    kept = slice(int(np.searchsorted(sample.group, drawn)))
    by_row = ("id", "sequence", "observed", "noise_sd", "reference", "group", "replicates")
    return replace(
        sample,
        **{name: getattr(sample, name)[kept] for name in by_row},
        table={name: column[kept] for name, column in sample.table.items()},
    )


class RoundData:
    """Provider of a round. A smaller training set is the first rows of a larger one, as of the suite itself."""

    version = 1
    files: tuple[str, ...] = ()
    """None that is fetched."""

    def build(self, data: Data, files: Files) -> Built:
        """Samples of `data`; `InputError` if a file is not the one that round.json names."""
        if data.round is None:
            raise InputError("round: none given; expected --round FILE")
        told = opening(data.round).worlds[data.world]
        if data.role == "test":
            return Built({"test": read(data.round, data.world, "test")})
        sizes = {"calibration": data.rows}
        if data.role == "training":
            sizes = {"train": data.rows, "validation": data.validation}
        samples = {role: first(read(data.round, data.world, role), drawn) for role, drawn in sizes.items()}
        return Built(samples, {"candidates": list(told.candidates), "drawn": sizes})
