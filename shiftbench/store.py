"""The store: one folder a node, written whole or not at all, named by the digest of what it was made from."""

import errno
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shiftbench.errors import StoreError
from shiftbench.spec import Node, digest
from shiftbench.whole import sync

RECORD = "node.json"
COST = "cost.json"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""Errors of the disk, not of what is written."""


class Damaged(StoreError):  # noqa: N818 - a state that is mended
    """A node is not what was written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished node: its folder, the digests of its files, its inputs and the facts kept with it (JSON values)."""

    path: Path
    files: dict[str, str]
    node: dict[str, Any]
    facts: dict[str, Any]

    def file(self, name: str) -> Path:
        """Path of a file of this node, after its digest was checked; `Damaged` if it is not what was written."""
        path = self.path / name
        try:
            found = _file_digest(path)
        except FileNotFoundError:
            found = "nothing"
        if found != self.files[name]:
            raise Damaged(f"{path}: found {found}, expected {self.files[name]}; run the same command again")
        return path

    def cost(self) -> dict[str, Any]:
        """Times and hosts of the making, empty if they are lost: they are no part of the node."""
        try:
            found: dict[str, Any] = json.loads((self.path / COST).read_text())
        except (OSError, ValueError):
            return {}
        return found


class Store:
    """Nodes on disk under `root`; shared by runs and by processes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Make the folder and clear what killed writers left; `StoreError` in one line if it cannot be written."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise _refused(self.root, error) from error
        for left in [*self.root.glob(".making-*"), *self.root.glob(".unfinished/.*")]:
            found = re.search(rf"[-.]{re.escape(platform.node())}-(\d+)(-[^-]+)?$", left.name)
            if found and not _alive(int(found[1])):
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        for left in self.root.glob(".unfinished/*"):
            if self.folder(left.name).exists():
                left.unlink(missing_ok=True)

    def folder(self, name: str) -> Path:
        """Where the node of this digest lies or would lie."""
        return self.root / name[:2] / name

    def unfinished(self, name: str) -> Path:
        """File for what should outlive a killed maker of this node; removed when the node is there."""
        return self.root / ".unfinished" / name

    def entry(self, name: str) -> Entry:
        """The finished node of this digest; `Damaged` if it is not there whole, `StoreError` if it cannot be read."""
        path = self.folder(name)
        try:
            record = json.loads((path / RECORD).read_text())
            if record.pop("digest") != _record_digest(record):
                raise Damaged(f"{path / RECORD}: its digest differs; run the same command again")
            return Entry(path, record["files"], record["node"], record["facts"])
        except (FileNotFoundError, ValueError, KeyError) as error:
            raise Damaged(f"{path}: no finished node ({type(error).__name__}); run the same command again") from error
        except OSError as error:
            raise StoreError(f"{path}: cannot read ({error.strerror}); try again, or give another --store") from error

    def intact(self, name: str) -> bool:
        """Whether the node is there and every file is what was written; a damaged one is removed, to be made again."""
        if not self.folder(name).exists():
            return False
        try:
            entry = self.entry(name)
            for file in entry.files:
                entry.file(file)
            return True
        except Damaged:
            shutil.rmtree(self.folder(name))
            return False

    def write(self, node: Node, fill: Callable[[Path], dict[str, Any]], cost: dict[str, Any]) -> None:
        """Make a node: `fill` writes its files into a folder and returns its facts (JSON values).

        The folder appears under its name only when all is on disk. If another process was faster, its node stays.
        """
        target = self.folder(digest(node))
        with _temporary_folder(self.root) as folder:
            facts = fill(folder)
            files = {path.name: _file_digest(path) for path in sorted(folder.iterdir())}
            record = {"node": msgspec.to_builtins(node), "files": files, "facts": facts}
            text = json.dumps(record | {"digest": _record_digest(record)}, sort_keys=True, allow_nan=False)
            (folder / RECORD).write_text(text)
            (folder / COST).write_text(json.dumps(cost, sort_keys=True))
            for path in folder.iterdir():
                sync(path)
            sync(folder)
            target.parent.mkdir(exist_ok=True)
            try:
                folder.rename(target)
            except OSError:
                if not (target / RECORD).is_file():
                    raise
            sync(target.parent)
        self.unfinished(target.name).unlink(missing_ok=True)


def _refused(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: cannot write ({error.strerror}); free some space or give another folder with --store")


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def _temporary_folder(root: Path) -> Iterator[Path]:
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".making-{platform.node()}-{os.getpid()}-", dir=root))
    except OSError as error:
        raise _refused(root, error) from error
    try:
        yield folder
    except OSError as error:
        if error.errno in FULL:
            raise _refused(root, error) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _record_digest(record: dict[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True, allow_nan=False).encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
