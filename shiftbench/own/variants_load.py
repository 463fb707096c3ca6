"""A user's variants read, checked and laid on their references, with what each is known by beside its windows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from shiftbench.errors import InputError
from shiftbench.own import fasta, sheet, variants_vcf
from shiftbench.own.variants_elements import LEAST, Element, Rows, elements, from_centre, sets
from shiftbench.own.variants_place import Placed, place, wanted
from shiftbench.own.variants_rows import Written, columns, parse
from shiftbench.spec import Variants
from shiftbench.tasks.variant_sample import Columns, position_mean

KINDS = {"substitutions": "substitutions of one letter", "indels": "deletions, insertions and longer changes"}
"""Kinds of variants, never in one test set: what a window shows of the second hangs on how it is filled up."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Variants of a file, their elements, and columns (n,) of what is known of each whatever its windows."""

    placed: Placed
    elements: list[Element]
    known: Columns

    def sets(self, kind: str) -> dict[str, list[tuple[Element, Rows]]]:
        """Test sets of a kind by name: each element with enough variants of it, then the rest together."""
        return sets(self.elements, self.placed.single == (kind == "substitutions"))


@lru_cache(maxsize=2)
def load(asked: Variants) -> Loaded:
    """Variants of `asked`, read once a process; `InputError` says what is wrong with them, and where."""
    _check(asked)
    path = Path(asked.file)
    if variants_vcf.is_vcf(path):
        written = variants_vcf.read(path, asked)
    else:
        written = Written(sheet.read(path), columns(asked), Counter())
    rows = parse(written, asked)
    placed = place(rows, fasta.read(Path(asked.fasta), wanted(rows)), Path(asked.fasta))
    found = elements(placed, asked.window)
    return Loaded(placed, found, _known(placed, found, asked))


def _check(asked: Variants) -> None:
    """Refuse what contradicts itself."""
    if not asked.fasta:
        raise InputError(f"{asked.file}: --references: none; expected a FASTA with the elements or chromosomes")
    if asked.zero_based and variants_vcf.is_vcf(Path(asked.file)):
        raise InputError(f"{asked.file}: --zero-based; expected none, since the positions of a VCF count from 1")
    bounds = sum(bound is not None for bound in (asked.at_most, asked.at_least))
    if bounds != bool(asked.confidence):
        found = f"{'a' if asked.confidence else 'no'} confidence with {bounds} bounds"
        raise InputError(
            f"{asked.file}: {found}; expected --variant-confidence with either --confident-at-most (a p value) or "
            "--confident-at-least (barcodes), or none of them"
        )


def _known(placed: Placed, found: Sequence[Element], asked: Variants) -> Columns:
    rows = placed.rows
    known: Columns = {
        "element": placed.element,
        "position": rows.place + rows.first,
        "ref": np.where(rows.ref == "", "-", rows.ref),
        "alt": np.where(rows.alt == "", "-", rows.alt),
    }
    if asked.confidence:
        least, most = (-np.inf if asked.at_least is None else asked.at_least), asked.at_most
        surer = (rows.confidence >= least) & (rows.confidence <= (np.inf if most is None else most))
        known |= {"confidence": rows.confidence, "confident": surer, "stratum:HC": surer, "stratum:LC": ~surer}
    return known | {"repeat": rows.repeat, **_controls(placed, found)}


def _controls(placed: Placed, found: Sequence[Element]) -> Columns:
    """What each annotation control predicts; the distance to the centre only where an element has enough variants."""
    entry = np.unique(placed.element, return_inverse=True)[1]
    at = np.unique(np.stack([entry, placed.place]), axis=1, return_inverse=True)[1].ravel()
    centre = np.full(len(at), np.nan)
    for element in found:
        if len(element.rows) >= LEAST:
            centre[element.rows] = from_centre(element, placed.place[element.rows])
    return {
        "control:position_mean": position_mean(at, placed.rows.effect.astype(np.float32), placed.single),
        "control:centre_distance": centre,
        "control:repeat": placed.rows.repeat,
    }
