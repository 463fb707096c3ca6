"""Motifs of a pinned JASPAR release (CORE, latest versions) as padded arrays, read once and cached as one npz."""

import contextlib
import math
import os
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.cache import cache_folder
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
    parts = (motifs.probability * log_odds(motifs)).reshape(len(motifs), -1)
    return np.array([math.fsum(row) for row in parts.tolist()])


def unlike(motifs: Motifs, count: int, most: float) -> list[int]:
    """First `count` rows of which no two have scores that correlate above `most` on uniform letters, either strand.

    `ValueError` if there are not so many.
    """
    bits = log_odds(motifs)
    chosen: list[int] = []
    for row, width in enumerate(motifs.width):
        if len(chosen) == count:
            break
        if all(_resemblance(bits[row, :width], bits[k, : motifs.width[k]]) <= most for k in chosen):
            chosen.append(row)
    if len(chosen) < count:
        raise ValueError(f"{len(chosen)} motifs resemble each other by at most {most}; expected {count}")
    return chosen


def resembles(motifs: Motifs, others: Motifs, most: float) -> NDArray[np.bool_]:
    """Whether scores correlate above `most` with those of any of `others`, bool (k,), as in `unlike`."""
    bits, far = log_odds(motifs), log_odds(others)
    rows = [table[:width] for table, width in zip(bits, motifs.width, strict=True)]
    ones = [table[:width] for table, width in zip(far, others.width, strict=True)]
    return np.array([any(_resemblance(row, one) > most for one in ones) for row in rows], np.bool_)


@njit(cache=True)
def _resemblance(first, second):  # type: ignore[no-untyped-def]
    """Largest correlation of two motifs' scores on uniform letters, over offsets and strands; log-odds (width, 4)."""
    a, b = _centered(first), _centered(second)
    size = math.sqrt(_square(a) * _square(b))
    best = 0.0
    for offset in range(1 - b.shape[0], a.shape[0]):
        for strand in range(2):
            product = 0.0
            for j in range(max(0, -offset), min(b.shape[0], a.shape[0] - offset)):
                for letter in range(4):
                    other = b[j, letter] if strand == 0 else b[b.shape[0] - 1 - j, 3 - letter]
                    product += a[offset + j, letter] * other
            best = max(best, product / size)
    return best


@njit(cache=True)
def _square(bits):  # type: ignore[no-untyped-def]
    total = 0.0
    for x in bits.flat:
        total += x * x
    return total


@njit(cache=True)
def _centered(bits):  # type: ignore[no-untyped-def]
    out = np.empty_like(bits)
    for j in range(bits.shape[0]):
        mean = (bits[j, 0] + bits[j, 1] + bits[j, 2] + bits[j, 3]) / 4
        for letter in range(4):
            out[j, letter] = bits[j, letter] - mean
    return out


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
