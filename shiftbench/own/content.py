"""What a user's files hold, as bytes and as a digest, whether they are compressed or not."""

import gzip
import hashlib
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import msgspec

from shiftbench.errors import InputError
from shiftbench.spec import Table, Variants

_BLOCK = 1 << 20

Own = TypeVar("Own", bound=Table | Variants)


def blocks(path: Path) -> Iterator[bytes]:
    """Bytes of a file, unpacked if its name ends in .gz; `InputError` says why it cannot be read."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                yield block
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: gzip cannot unpack it ({error}); expected a whole .gz file, so copy it again"
        ) from error
    except OSError as error:
        raise InputError(f"{path}: cannot read ({error.strerror}); expected a file") from error


def lines(path: Path) -> Iterator[bytes]:
    """Lines of a file without their ends, unpacked if its name ends in .gz; `InputError` as `blocks`."""
    rest, start = b"", True
    for block in blocks(path):
        *whole, rest = (rest + (block.removeprefix(BOM_UTF8) if start else block)).split(b"\n")
        start = False
        yield from (line.removesuffix(b"\r") for line in whole)
    if rest:
        yield rest


def ending(path: Path) -> str:
    """Ending of a file's name in lower case, without .gz: .tsv, .csv, ..."""
    return Path(path.stem if path.suffix.lower() == ".gz" else path.name).suffix.lower()


def identified(files: Own | None) -> Own | None:
    """The record of a user's files with absolute paths and the digest of what they hold; None stays None."""
    if files is None:
        return None
    paths = tuple(str(Path(name).resolve()) if name else "" for name in (files.file, files.fasta))
    return msgspec.structs.replace(files, file=paths[0], fasta=paths[1], digest=_fingerprint(paths, _state(paths)))


def _state(paths: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Size and time of each file, which say that it changed since its digest was taken; zeros where there is none."""
    found = [Path(name).stat() if name and Path(name).is_file() else None for name in paths]
    return tuple((stat.st_size, stat.st_mtime_ns) if stat else (0, 0) for stat in found)


@lru_cache(maxsize=16)
def _fingerprint(paths: tuple[str, ...], _: tuple[tuple[int, int], ...]) -> str:
    """32 hex digits of BLAKE2b over the unpacked content and the ending of each file in turn; "" names no file."""
    whole = hashlib.blake2b(digest_size=16)
    for name in paths:
        part = hashlib.blake2b(ending(Path(name)).encode(), digest_size=16)
        for block in blocks(Path(name)) if name else ():
            part.update(block)
        whole.update(part.digest())
    return whole.hexdigest()
