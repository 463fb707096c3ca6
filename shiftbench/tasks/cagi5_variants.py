"""Variants of one saturation mutagenesis experiment, read from the published table and turned to the sense strand."""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.tasks.cagi5_elements import Experiment
from shiftbench.tasks.lentimpra import encode

VARIANTS = "elements.tsv.gz"
RELEASE = "GRCh37"
"""The other release of the table has MSMB reverse-complemented."""
MIN_BARCODES = 10
"""Barcodes that an effect must rest on."""
N = 4
"""Code of an unknown letter; as `alt`, of a deleted one."""


@dataclass(frozen=True, slots=True)
class Variants:
    """All substitutions and 1-bp deletions of an experiment; `reference` uint8 (length,) the whole element.

    `reference`, `place` (n,) 0-based in it and `alt` uint8 (n,), 4 for a deletion, are on the sense strand;
    `position` (n,) 1-based in GRCh37 and `ref_letter`, `alt_letter` str (n,) are on the + strand of the genome, as
    published. `effect` float32 (n,) log2; `barcodes`; `p_value`. `unplaced`: rows of the table without a position.
    """

    chromosome: str
    reference: NDArray[np.uint8]
    place: NDArray[np.int64]
    alt: NDArray[np.uint8]
    position: NDArray[np.int64]
    ref_letter: NDArray[np.str_]
    alt_letter: NDArray[np.str_]
    effect: NDArray[np.float32]
    barcodes: NDArray[np.int64]
    p_value: NDArray[np.float64]
    unplaced: int

    @property
    def deletion(self) -> NDArray[np.bool_]:
        """Which of them are deletions; the others are substitutions."""
        return np.asarray(self.alt == N)

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Which of them rest on enough barcodes."""
        return np.asarray(self.barcodes >= MIN_BARCODES)

    def names(self) -> list[tuple[int, str]]:
        """Position and alternative letter of each: what names a variant within an element."""
        return list(zip(self.position.tolist(), self.alt_letter.tolist(), strict=True))


def read(path: Path, experiment: Experiment) -> Variants:
    """All variants of an experiment; a position without any row is N in the reference.

    `InputError` if the table has no row of it.
    """
    rows = [line.split("\t") for line in _lines(path) if line.endswith(f"\t{experiment.table}\t{RELEASE}")]
    placed = [row for row in rows if row[1] != "NA"]
    if not placed:
        raise InputError(f"{path}: no row of {experiment.table} in {RELEASE}; expected the table of all elements")
    chromosome, places, ref_letter, alt_letter, barcodes, _, _, effect, p_value, _, _ = map(
        list, zip(*placed, strict=True)
    )
    position = np.array(places, np.int64)
    start, end = int(position.min()), int(position.max())
    letters = dict(zip(position.tolist(), ref_letter, strict=True))
    reference = encode("".join(letters.get(place, "N") for place in range(start, end + 1)))
    alt = encode("".join(alt_letter))
    minus = experiment.strand == "-"
    return Variants(
        chromosome=chromosome[0],
        reference=complement(reference[::-1]) if minus else reference,
        place=end - position if minus else position - start,
        alt=complement(alt) if minus else alt,
        position=position,
        ref_letter=np.array(ref_letter),
        alt_letter=np.array(alt_letter),
        effect=np.array(effect, np.float64).astype(np.float32),
        barcodes=np.array(barcodes, np.int64),
        p_value=np.array(p_value, np.float64),
        unplaced=len(rows) - len(placed),
    )


def complement(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Complement of each letter; N (a deletion) stays what it is."""
    return np.where(codes < N, 3 - codes, codes).astype(np.uint8)


@lru_cache(maxsize=1)
def _lines(path: Path) -> list[str]:
    """Lines of the table, kept because an experiment and its repeat lie in the same one."""
    return gzip.decompress(path.read_bytes()).decode().splitlines()
