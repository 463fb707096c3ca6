"""Motifs of a pinned JASPAR release (CORE, latest versions) as padded arrays, read once and cached as one npz."""

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulators.distributions import log2

RELEASE = "JASPAR2026"
_LAYOUT = 1
"""Raised when the arrays in the cache file change."""


@dataclass(frozen=True, slots=True)
class Motifs:
    """Position probability matrices, one a row.

    `ids` JASPAR ids with version; `names` of the factors; `taxa` taxonomic groups; `width` int64 (k,), columns;
    `probability` float64 (k, widest, 4), letters ACGT, a row of every used column sums to 1, unused columns are 0.25.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    taxa: tuple[str, ...]
    width: NDArray[np.int64]
    probability: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: Sequence[int]) -> "Motifs":
        """Motifs of the given rows, in that order, padded to the widest of them."""
        width = self.width[rows]
        pick = [tuple(column[i] for i in rows) for column in (self.ids, self.names, self.taxa)]
        return Motifs(pick[0], pick[1], pick[2], width, self.probability[rows, : width.max(initial=1)])


def load(ids: Sequence[str], release: str = RELEASE) -> Motifs:
    """Motifs of `ids` in that order; `ValueError` names an id that the release does not hold."""
    everything = _core(release)
    row = {name: i for i, name in enumerate(everything.ids)}
    missing = [name for name in ids if name not in row]
    if missing:
        raise ValueError(f"motif {missing[0]!r}: not a latest CORE matrix of {release}; expected an id as MA0004.1")
    return everything[[row[name] for name in ids]]


def vertebrate_ids(release: str = RELEASE) -> tuple[str, ...]:
    """Sorted ids of the CORE vertebrate motifs of a release, latest versions."""
    everything = _core(release)
    return tuple(sorted(i for i, taxon in zip(everything.ids, everything.taxa, strict=True) if taxon == "vertebrates"))


def log_odds(motifs: Motifs) -> NDArray[np.float64]:
    """log2(probability / 0.25) of every column and letter, bits, float64 (k, widest, 4); 0 in unused columns."""
    ratio = motifs.probability / 0.25
    return np.array([log2(x) for x in ratio.ravel()]).reshape(ratio.shape)


def information(motifs: Motifs) -> NDArray[np.float64]:
    """Information content of every motif against uniform letters, bits, float64 (k,)."""
    return (motifs.probability * log_odds(motifs)).sum(axis=(1, 2))  # type: ignore[no-any-return]


@lru_cache(maxsize=4)
def _core(release: str) -> Motifs:
    path = cache_folder() / f"{release.lower()}-core-{_LAYOUT}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            text = [tuple(str(x) for x in file[name]) for name in ("ids", "names", "taxa")]
            return Motifs(text[0], text[1], text[2], file["width"], file["probability"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        motifs = _read(release)  # absent or damaged: built again
    with contextlib.suppress(OSError):  # a read-only cache costs time, nothing else
        _write(path, motifs)
    return motifs


def cache_folder() -> Path:
    """Folder of derived files: SHIFTBENCH_CACHE, else ~/.cache/shiftbench."""
    return Path(os.environ.get("SHIFTBENCH_CACHE") or Path.home() / ".cache" / "shiftbench")


def _read(release: str) -> Motifs:
    from pyjaspar import jaspardb

    try:
        found = jaspardb(release=release).fetch_motifs(collection="CORE")
    except Exception as error:  # pyjaspar raises bare exceptions
        raise ValueError(f"release {release!r}: pyjaspar cannot read it ({error})") from None
    found = sorted(found, key=lambda m: str(m.matrix_id))
    width = np.array([m.length for m in found], dtype=np.int64)
    probability = np.full((len(found), width.max(), 4), 0.25)
    for row, m in zip(probability, found, strict=True):
        counts = np.array([m.counts[letter] for letter in "ACGT"], dtype=np.float64).T
        total = counts.sum(axis=1, keepdims=True)
        # Pseudocount of sqrt(N)/4 a letter (Wasserman and Sandelin 2004, box 1).
        row[: len(counts)] = (counts + np.sqrt(total) / 4) / (total + np.sqrt(total))
    columns = [tuple(str(getattr(m, name)) for m in found) for name in ("matrix_id", "name", "tax_group")]
    return Motifs(columns[0], columns[1], columns[2], width, probability)


def _write(path: Path, motifs: Motifs) -> None:
    """Whole or not at all: a temporary file of the same folder takes the name when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(
                file,
                ids=np.array(motifs.ids),
                names=np.array(motifs.names),
                taxa=np.array(motifs.taxa),
                width=motifs.width,
                probability=motifs.probability,
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
