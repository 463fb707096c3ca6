"""Real variant effects as a task: saturation mutagenesis of four promoters (Kircher 2019)."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.spec import Data
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import LEFT, RIGHT, encode
from shiftbench.tasks.provider import Built
from shiftbench.tasks.split import uniform
from simulators.contract import Sample

VARIANTS, HANDOUT = "elements.tsv.gz", "Tables.xlsx"
RELEASE = "GRCh37"
MIN_BARCODES = 10
CONFIDENT = 1e-5
"""Largest p value of a high-confidence variant (confidence 0.1 of the CAGI5 challenge)."""
WINDOW, OFFSET = 200, 100
"""Bases of the element that a model sees, and where in them the variant lies, if the element reaches that far."""
BLOCK = 10
"""Adjacent positions that are resampled together."""
VECTOR = "pGL4.11c"


@dataclass(frozen=True, slots=True)
class Element:
    """One experiment: its name in the table, the strand of the gene, the cell line."""

    name: str
    strand: str
    cell: str


ELEMENTS = {
    "GP1BB": Element("GP1BA", "+", "HEL 92.1.7"),
    "HBB": Element("HBB", "-", "HEL 92.1.7"),
    "HBG1": Element("HBG1", "-", "HEL 92.1.7"),
    "PKLR": Element("PKLR-48h", "-", "K562"),
}
"""Elements by the name that CAGI5 uses; no insert of the joint lentiMPRA library shares 25 bases with any of them."""


@dataclass(frozen=True, slots=True)
class Variants:
    """Substitutions of one element on the sense strand; `reference` uint8 (length,) the whole element.

    `place` (n,) 0-based in `reference`; `alt` uint8 (n,) code; `position` (n,) 1-based in GRCh37; `ref_letter`,
    `alt_letter` str (n,) on the + strand of the genome, as published; `effect` log2; `barcodes`; `p_value`.
    """

    reference: NDArray[np.uint8]
    place: NDArray[np.int64]
    alt: NDArray[np.uint8]
    position: NDArray[np.int64]
    ref_letter: NDArray[np.str_]
    alt_letter: NDArray[np.str_]
    effect: NDArray[np.float32]
    barcodes: NDArray[np.int64]
    p_value: NDArray[np.float64]
    left_out: dict[str, int]


class Cagi5:
    """Provider of the variant effects of one element (`subset`), all substitutions with at least 10 barcodes.

    A test sample begins with one row for each distinct window of reference letters (`reference` -1, observed NaN);
    a variant's row has the same window with one letter changed and `reference` = the row of its window. `rows` > 0
    keeps the variants of the lowest hash, so a smaller set lies in a larger one.
    """

    version = 1
    files = (VARIANTS,)
    optional = (HANDOUT,)

    def build(self, data: Data, files: Files) -> Built:
        """Sample of an element; `MissingData` without the table, `InputError` for an unknown element, split or role."""
        for option, found, known in (
            ("role", data.role, ["test"]),
            ("split", data.split, ["all-snv"]),
            ("shift", data.shift, [""]),
            ("subset", data.subset, ELEMENTS),
        ):
            if found not in known:
                raise InputError(f"task cagi5: {option} is {found!r}; expected {' or '.join(map(repr, known))}")
        element = ELEMENTS[data.subset]
        variants = read(files.path(VARIANTS), element)
        names = [f"{data.subset}:{variants.position[i]}:{variants.ref_letter[i]}>{variants.alt_letter[i]}"
                 for i in range(len(variants.place))]  # fmt: skip
        rows = np.sort(np.argsort(uniform(names, "cagi5/order"), kind="stable")[: data.rows or None])
        sample = _sample(data.subset, np.array(names)[rows], variants, rows)
        return Built(
            {"test": sample}, _facts(data.subset, variants, sample) | _ceiling(data.subset, files, data.optional)
        )


def read(path: Path, element: Element) -> Variants:
    """Substitutions of an element with enough barcodes; `InputError` if a position of it has no reference letter."""
    with gzip.open(path, "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t")
                if row["Element"] == element.name and row["Release"] == RELEASE and row["Pos"] != "NA"]  # fmt: skip
    letters = {int(row["Pos"]): row["Ref"] for row in rows}
    start, end = min(letters), max(letters)
    if absent := set(range(start, end + 1)) - letters.keys():
        raise InputError(f"{path}: {element.name} has no row at position {min(absent)}; expected every position")
    substitutions = [row for row in rows if row["Alt"] != "-"]
    kept = [row for row in substitutions if int(row["Barcodes"]) >= MIN_BARCODES]
    reference = encode("".join(letters[position] for position in range(start, end + 1)))
    position = np.array([int(row["Pos"]) for row in kept])
    alt_letter = np.array([row["Alt"] for row in kept])
    minus = element.strand == "-"
    alt = encode("".join(alt_letter))
    return Variants(
        reference=3 - reference[::-1] if minus else reference,
        place=end - position if minus else position - start,
        alt=3 - alt if minus else alt,
        position=position,
        ref_letter=np.array([row["Ref"] for row in kept]),
        alt_letter=alt_letter,
        effect=np.array([float(row["Coefficient"]) for row in kept], np.float32),
        barcodes=np.array([int(row["Barcodes"]) for row in kept]),
        p_value=np.array([float(row["pValue"]) for row in kept]),
        left_out={"deletions": len(rows) - len(substitutions), "few_barcodes": len(substitutions) - len(kept)},
    )


def windows(reference: NDArray[np.uint8], place: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Start of the window of each variant and the windows by start, uint8 (starts, 200).

    A window has the variant at offset 100, moved as far as it must be to stay inside the element; an element of
    under 200 bases is one window, centred and filled with N (4). `place` counts within `reference`; starts count
    within the filled element.
    """
    lacking = max(WINDOW - len(reference), 0)
    filled = np.pad(reference, (lacking // 2, lacking - lacking // 2), constant_values=4)
    start = np.clip(place + lacking // 2 - OFFSET, 0, len(filled) - WINDOW)
    return start, np.lib.stride_tricks.sliding_window_view(filled, WINDOW)


def _sample(name: str, ids: NDArray[np.str_], variants: Variants, rows: NDArray[np.intp]) -> Sample:
    place = variants.place[rows]
    start, window = windows(variants.reference, place)
    distinct, first, row = np.unique(start, return_index=True, return_inverse=True)
    n, refs = len(rows), len(distinct)
    inserts = window[np.concatenate([distinct, start])]
    shift = max(WINDOW - len(variants.reference), 0) // 2
    inserts[refs + np.arange(n), place + shift - start] = variants.alt[rows]
    ends = [np.broadcast_to(encode(adapter), (refs + n, len(adapter))) for adapter in (LEFT, RIGHT)]
    effect, p_value = variants.effect[rows], variants.p_value[rows]
    block = (place // BLOCK).astype(np.int32)
    return Sample(
        id=np.concatenate([[f"{name}:reference:{number}" for number in distinct], ids]),
        sequence=np.concatenate([ends[0], inserts, ends[1]], axis=1),
        observed=_after(np.full(refs, np.nan, np.float32), effect)[:, None],
        noise_sd=_after(np.full(refs, np.nan, np.float32), _standard_error(effect, p_value))[:, None],
        reference=_after(np.full(refs, -1, np.int32), row.astype(np.int32)),
        group=_after(block[first], block),
        outputs=("K562",),
        table={
            "position": _after(np.full(refs, -1), variants.position[rows]),
            "ref": _after(np.full(refs, ""), variants.ref_letter[rows]),
            "alt": _after(np.full(refs, ""), variants.alt_letter[rows]),
            "barcodes": _after(np.zeros(refs, int), variants.barcodes[rows]),
            "p_value": _after(np.full(refs, np.nan), p_value),
            "high_confidence": _after(np.zeros(refs, bool), p_value <= CONFIDENT),
        },
    )


def _after(references: NDArray[Any], variants: NDArray[Any]) -> NDArray[Any]:
    """A column: the rows of the references, then those of the variants."""
    return np.concatenate([references, variants])


def _standard_error(effect: NDArray[np.float32], p_value: NDArray[np.float64]) -> NDArray[np.float32]:
    """Standard error of an effect from its two-sided p value under a normal law; NaN where p is 0 or 1."""
    from scipy.special import ndtri

    inside = (p_value > 0) & (p_value < 1)
    z = -ndtri(np.where(inside, p_value, 0.5) / 2)
    return np.where(inside, np.abs(effect) / z, np.nan).astype(np.float32)


def _facts(name: str, variants: Variants, sample: Sample) -> dict[str, Any]:
    element = ELEMENTS[name]
    is_variant = sample.reference >= 0
    length = len(variants.reference)
    return {
        "element": f"{name} ({element.name} in the table), {RELEASE}, {length} bp, gene on the {element.strand} strand",
        "cell": element.cell,
        "predicted_by": "K562" if element.cell == "K562" else f"K562 as a proxy of {element.cell} (both erythroid)",
        "vector": f"{VECTOR}: a promoter that drives luciferase by itself, on an episome",
        "leakage": "clean: no insert of the joint library shares 25 bases with the element",
        "eligible": len(variants.place),
        "left_out": variants.left_out,
        "variants": int(is_variant.sum()),
        "high_confidence": int(sample.table["high_confidence"].sum()),
        "windows": int((~is_variant).sum()),
        "filled_with_n": max(WINDOW - length, 0),
        "noise_sd": "from the p value of the fit, normal law",
        "noise_sd_unknown": int(np.isnan(sample.noise_sd[is_variant]).sum()),
    }


def _ceiling(name: str, files: Files, at_hand: tuple[str, ...]) -> dict[str, Any]:
    """Replicate correlation of the element's effects as the challenge's handout states it, or why there is none."""
    from openpyxl import load_workbook

    if HANDOUT not in at_hand:
        return {"ceiling": {}, "ceiling_missing": {"K562": f"{HANDOUT} not at hand"}}
    sheet = load_workbook(files.path(HANDOUT), read_only=True)["Table3"]
    stated = {str(row[0]).strip(): row[1] for row in sheet.iter_rows(min_row=3, values_only=True)}
    return {
        "ceiling": {"pearson": {"K562": float(stated[name])}},
        "ceiling_source": f"Pearson correlation of the effects between replicates ({HANDOUT}, Table3)",
    }
