"""Public data files: recognised by name and digest wherever they lie, fetched if small, verified before every use."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, BinaryIO, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from shiftbench.errors import InputError, MissingData, ShiftbenchError
from shiftbench.spec import decode, did_you_mean
from simulators.cache import cache_folder

log = logging.getLogger("shiftbench.data")

SMALL = 20_000_000
"""Bytes up to which a run fetches a missing file by itself."""

Hex64 = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
Hex40 = Annotated[str, Meta(pattern="^([0-9a-f]{40})?$")]
Hex32 = Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")]
State = Literal["present", "wrong digest", "missing", "listed only"]


class Source(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One public file under its own name; `bytes` 0 = size not stated, a digest "" = not known."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: str
    urls: tuple[str, ...]
    bytes: Annotated[int, Meta(ge=0)] = 0
    sha256: Hex64 = ""
    md5: Hex32 = ""
    git_blob: Hex40 = ""
    licence: str
    citation: str

    @property
    def digest(self) -> tuple[str, str]:
        """Kind and value of the strongest known digest; two empty strings if there is none."""
        known = (("sha256", self.sha256), ("md5", self.md5), ("git_blob", self.git_blob))
        return next((pair for pair in known if pair[1]), ("", ""))


class _Listing(Struct, frozen=True, forbid_unknown_fields=True):
    file: tuple[Source, ...]


class Status(Struct, frozen=True):
    """One line of the listing: where a file lies, or why it does not; `bytes` 0 = size not stated."""

    name: str
    title: str
    state: State
    where: str
    bytes: int
    licence: str
    problem: str = ""


@cache
def sources() -> dict[str, Source]:
    """All files of sources.toml by name."""
    listing: _Listing = decode(Path(__file__).with_name("sources.toml").read_bytes(), _Listing, "sources.toml")
    return {source.name: source for source in listing.file}


@dataclass(frozen=True)
class Files:
    """Where files are looked for: anywhere under `data_dir` (None: SHIFTBENCH_DATA), then in `cache`/data."""

    data_dir: Path | None = None
    cache: Path = field(default_factory=cache_folder)
    offline: bool = False
    sources: Mapping[str, Source] = field(default_factory=sources, repr=False)
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why files could not be fetched a moment ago: they are not tried again."""

    def path(self, name: str) -> Path:
        """Verified file of this name, fetched if it is missing, small and not `offline`; else `MissingData`."""
        source = self._source(name)
        found, problem = self._look(source)
        if found:
            return found
        if name in self.failed:
            raise MissingData(self.failed[name], f"shiftbench data fetch {name}")
        obstacle = self._obstacle(source)
        if obstacle:
            found_instead = problem or "found neither in the data folder nor in the cache"
            command = f"shiftbench data fetch {name}" if source.digest[1] else ""
            raise MissingData(f"{name}: {found_instead}; not fetched, {obstacle}", command)
        if problem:
            log.warning("%s: not used, fetched anew", problem)
        return self._download(source)

    def fetch(self, name: str) -> Path:
        """Verified file of this name, fetched whatever its size; `MissingData` with the reason if it cannot be."""
        source = self._source(name)
        found, _ = self._look(source)
        if found:
            return found
        if not source.digest[1]:
            raise MissingData(f"{name}: no digest is known, so it is listed and not fetched; see {source.urls[0]}")
        if self.offline:
            raise MissingData(f"{name}: not fetched, offline; run the same command without --offline")
        return self._download(source)

    def status(self) -> list[Status]:
        """State of every listed file."""
        return [self._status(source) for source in self.sources.values()]

    def fetch_all(self, names: Sequence[str] = ()) -> list[Status]:
        """Fetch these files (none named: all with a digest); a failure is its file's `problem`, the others go on."""
        chosen = [self._source(name) for name in names] or [each for each in self.sources.values() if each.digest[1]]
        problems = []
        for source in chosen:
            try:
                self.fetch(source.name)
                problems.append("")
            except ShiftbenchError as error:
                problems.append(str(error))
        return [self._status(source, problem) for source, problem in zip(chosen, problems, strict=True)]

    def _source(self, name: str) -> Source:
        if name not in self.sources:
            raise InputError(f"no data file {name!r}{did_you_mean(name, list(self.sources))}")
        return self.sources[name]

    def _status(self, source: Source, problem: str = "") -> Status:
        found, wrong = self._look(source)
        absent: State = "missing" if source.digest[1] else "listed only"
        state: State = "present" if found else "wrong digest" if wrong else absent
        where = str(found or source.urls[0])
        return Status(source.name, source.title, state, where, source.bytes, source.licence, problem or wrong)

    def _obstacle(self, source: Source) -> str:
        if not source.digest[1]:
            return f"no digest is known (see {source.urls[0]})"
        if self.offline:
            return "offline"
        if not source.bytes:
            return "its size is not stated"
        if source.bytes > SMALL:
            return f"its {source.bytes:,} bytes are over the {SMALL:,} that a run fetches by itself"
        return ""

    def _look(self, source: Source) -> tuple[Path | None, str]:
        """The first file of this name with the right digest, or what is wrong with those of this name."""
        kind, expected = source.digest
        problems = []
        for path in [*self._index.get(source.name, []), self.cache / "data" / source.name]:
            if expected and path.is_file():
                found = file_digest(path, kind)
                if found == expected:
                    return path, ""
                problems.append(f"{path}: {kind} is {found}, expected {expected}; replace or remove it")
        return None, "; ".join(problems)

    @cached_property
    def _index(self) -> dict[str, list[Path]]:
        """Files under the data folder that bear a listed name; one walk, since the folder may be large."""
        chosen = self.data_dir or os.environ.get("SHIFTBENCH_DATA")
        if not chosen:
            return {}
        if not Path(chosen).is_dir():
            raise InputError(f"{chosen}: no such folder; give the folder of your data files, or none")
        found: dict[str, list[Path]] = {}
        for folder, _, names in os.walk(chosen):
            for name in sorted(set(names) & self.sources.keys()):
                found.setdefault(name, []).append(Path(folder, name))
        return {name: sorted(paths) for name, paths in found.items()}

    def _download(self, source: Source) -> Path:
        """Fetch from the first address that gives the right bytes; `MissingData` lists what each one gave."""
        target = self.cache / "data" / source.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{target.parent}: {error.strerror}; set SHIFTBENCH_CACHE to another folder") from error
        failures = []
        for url in source.urls:
            log.info("fetching %s (%s bytes) from %s", source.name, f"{source.bytes:,}" if source.bytes else "?", url)
            try:
                return _fetch(url, source, target)
            except OSError as error:
                failures.append(f"{urlsplit(url).netloc}: {_brief(error)}")
        reason = f"{source.name}: could not be fetched ({'; '.join(failures)})"
        raise MissingData(reason, f"shiftbench data fetch {source.name}")


def _brief(error: BaseException) -> str:
    """The innermost cause of an error in one line: what wraps it repeats the address."""
    while error.__context__ is not None:
        error = error.__context__
    return " ".join(str(error).split())


def file_digest(path: Path, kind: str) -> str:
    """Hex digest of a file; `kind` is sha256, md5 or git_blob (SHA-1 of `blob <size>`, a zero byte and the content)."""
    with path.open("rb") as file:
        if kind == "git_blob":
            header = f"blob {path.stat().st_size}\0".encode()
            return hashlib.file_digest(file, lambda: hashlib.sha1(header, usedforsecurity=False)).hexdigest()
        return hashlib.file_digest(file, kind).hexdigest()


class _Limited:
    """Binary file that refuses to grow beyond `limit` bytes, so that an endless answer ends (0: no limit)."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self.file, self.limit = file, limit

    def write(self, chunk: bytes) -> int:
        if self.limit and self.file.tell() + len(chunk) > self.limit:
            raise OSError(f"more than the expected {self.limit:,} bytes")
        return self.file.write(chunk)

    def flush(self) -> None:
        self.file.flush()


def _fetch(url: str, source: Source, target: Path) -> Path:
    """Download beside `target`, verify, move; `OSError` with what was found if it is not the file."""
    from pooch import HTTPDownloader

    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=target.parent) as folder:
        part = Path(folder, source.name)
        with part.open("wb") as file:
            HTTPDownloader(chunk_size=1 << 16)(url, _Limited(file, source.bytes), None)
        kind, expected = source.digest
        if (found := file_digest(part, kind)) != expected:
            raise OSError(f"{kind} of the {part.stat().st_size:,} bytes is {found}, expected {expected}")
        return part.replace(target)
