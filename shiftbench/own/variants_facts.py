"""What a reader should know of a test set of own variants: counts by reason, windows, letters, ceiling."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.own.variants_elements import CHROMOSOME, LEAST, REST, Element, Rows
from shiftbench.own.variants_load import KINDS, Loaded
from shiftbench.spec import Data, Variants
from shiftbench.tasks.cagi5_ceilings import of_repeat
from shiftbench.tasks.cagi5_windows import Frame, Windows

N = 4
Parts = list[tuple[Element, Rows]]


def facts(
    asked: Variants, data: Data, loaded: Loaded, parts: Parts, windows: Windows, laid: Frame, unseen: int
) -> dict[str, Any]:
    """Counts, ceiling and sentences (`notes`) of the variants of `parts`; `unseen` more are not shown."""
    known, rows = loaded.known, np.concatenate([rows for _, rows in parts])
    confident = known["confident"][rows] if asked.confidence else np.zeros(len(rows), bool)
    told = {"HC": confident, "LC": ~confident} if asked.confidence else {}
    found = of_repeat(loaded.placed.rows.effect[rows].astype(np.float32), known["repeat"][rows], told)
    shared = int(np.isfinite(known["repeat"][rows]).sum())
    return {
        "leakage": "own",
        "predicted_by": asked.output,
        "eligible": len(rows) + unseen,
        "left_out": {"not wholly within their window": unseen},
        "left_out_of_file": loaded.placed.rows.left_out,
        "variants": len(rows),
        "high_confidence": int(confident.sum()),
        "windows": len(windows.references),
        "ceiling": {metric: {asked.output: value} for metric, value in found.items()},
        "ceiling_source": f"{asked.repeat}, on the {shared} shared variants" if found else "",
        "notes": [*_of_file(loaded, asked, laid), *_of_set(asked, data, parts, unseen, confident)],
    }


def _of_file(loaded: Loaded, asked: Variants, laid: Frame) -> Iterator[str]:
    """Sentences that are the same for every test set of a task."""
    rows = loaded.placed.rows
    ends = f" between adapters of {len(asked.left)} and {len(asked.right)} letters" if asked.left or asked.right else ""
    yield f"Windows: {laid.text}{ends}; moved as far as it takes to stay inside the reference, N beside a shorter one."
    yield (
        "A deletion draws the following letters of the reference up, an insertion pushes the last letters out of the "
        "window, so that both alleles are of one length."
    )
    if asked.repeat:
        yield "The repeat says what a second measurement reaches; whoever knew the truth could pass it."
    yield "Whether a training sequence lies in an element is told by shiftbench audit with the same files."
    if asked.confidence:
        bound = f"at most {asked.at_most:g}" if asked.at_most is not None else f"at least {asked.at_least:g}"
        yield f"High confidence (HC): {asked.confidence} {bound}; LC: the others."
    yield (
        "Distance to the centre predicts that a change lowers activity the more, the nearer it is to the middle of the "
        "element; it reads no letters."
    )
    if rows.left_out:
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in rows.left_out.items())
        yield f"Left out of {rows.written.sheet.path.name}: {reasons}."
    yield from loaded.placed.notes
    if any(len(letters) > CHROMOSOME for letters in loaded.placed.letters.values()):
        yield (
            f"References over {CHROMOSOME:,} letters are taken for chromosomes: variants less than a window apart "
            "make an element, and windows show the letters around it."
        )


def _of_set(asked: Variants, data: Data, parts: Parts, unseen: int, confident: NDArray[np.bool_]) -> Iterator[str]:
    """One sentence on the test set."""
    kind = KINDS[data.split.partition("/")[0]]
    short = sum(len(element.letters) < asked.window for element, _ in parts)
    unknown = sum(int((element.letters == N).sum()) for element, _ in parts)
    lengths = f"{parts[0][0].end - parts[0][0].begin} letters" if len(parts) == 1 else f"{len(parts)} elements"
    yield (
        "; ".join(
            [
                f"{data.subset}, {lengths}: {len(confident)} {kind}",
                *([f"{int(confident.sum())} of them HC"] if asked.confidence else []),
                *([f"{unseen} more do not show wholly in their window and are left out"] if unseen else []),
                *([f"{short} of the elements shorter than a window"] if short else []),
                *([f"{unknown} unknown letters (N)"] if unknown else []),
                *(
                    [f"elements with fewer than {LEAST} such variants each, as one test set"]
                    if data.subset == REST
                    else []
                ),
            ]
        )
        + "."
    )
