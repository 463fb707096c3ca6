"""What a reader should know of a test set of variants: counts by reason, cell, vector, windows, leakage, ceilings."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.spec import Data
from shiftbench.tasks.cagi5_ceilings import HANDOUT, of_repeat, of_replicates
from shiftbench.tasks.cagi5_controls import ANNOTATED, CONSERVATION
from shiftbench.tasks.cagi5_elements import ELEMENTS, EXPERIMENTS
from shiftbench.tasks.cagi5_sets import Chosen, named
from shiftbench.tasks.cagi5_strata import CONFIDENT, standard_error
from shiftbench.tasks.cagi5_variants import RELEASE, N, Variants
from shiftbench.tasks.cagi5_windows import FRAMES, Windows
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import SATURATED

CEILINGS = (
    "The ceiling of an experiment is its correlation with a repeat on the same variants, else the one between "
    "replicates that the challenge states; whoever knows the truth agrees better than a second experiment."
)

PAPER_COUNTS = (
    "Earlier work on this test part counts 2,959 variants, 512 of them HC by confidences of the challenge, which are "
    "not published; here HC is by the p values of the published table, which lacks a few of the variants."
)

Facts = dict[str, Any]
Columns = Mapping[str, NDArray[Any]]


def facts(
    data: Data, files: Files, variants: Variants, chosen: Chosen, rows: NDArray[np.intp], table: Columns,
    windows: Windows,
) -> Facts:  # fmt: skip
    """Counts, sentences (`notes`) and ceilings of the variants `rows`; `table` their columns."""
    experiment = EXPERIMENTS[data.subset]
    agreement = _ceilings(data, files, variants, rows, table)
    return {
        "experiment": experiment.table,
        "cell": experiment.cell,
        "vector": ELEMENTS[experiment.element].vector,
        "strand": experiment.strand,
        "predicted_by": experiment.asked.output,
        "match": experiment.asked.match,
        "leakage": experiment.leakage,
        "eligible": len(chosen.rows),
        "left_out": chosen.left_out | {"without a position": variants.unplaced},
        "variants": len(rows),
        "high_confidence": int(table["confident"].sum()),
        "windows": len(windows.references),
        "noise_sd_unknown": int(np.isnan(standard_error(variants)[rows]).sum()),
        **agreement,
        "notes": [CEILINGS, *_notes(data, variants, chosen, table)],
    }


def _notes(data: Data, variants: Variants, chosen: Chosen, table: Columns) -> Iterator[str]:
    """Sentences: first those that are the same for every experiment of a task, then those of this one."""
    known = int(np.isfinite(table["control:conservation"]).sum())
    yield f"Windows: {FRAMES[named(data.split)[1]].text}."
    if named(data.split)[0] == "paper-test":
        yield PAPER_COUNTS
    yield f"High confidence (HC): p <= {CONFIDENT:g}, which selects on the effect itself; LC: the others."
    yield (
        "Clean: no insert of the joint lentiMPRA library shares 20 bases with the element. Reference in training: one "
        "lies inside it; the split by overlap leaves that insert out of training, the split by id does not. Of the "
        "large libraries folds 9 and 10 were searched: HepG2 fold 9 overlaps SORT1 and UC88, WTC11 fold 10 FOXE1."
    )
    yield (
        f"Conservation ({CONSERVATION}) is known at positions of the challenge's training part. It knows no direction: "
        "all it predicts is that a change at a conserved base lowers activity."
        if ANNOTATED in data.optional
        else f"Conservation is not known: {ANNOTATED} is not at hand."
    )
    reasons = (f"{count} {reason}" for reason, count in chosen.left_out.items() if count)
    yield "; ".join(
        [
            f"{data.subset}: {chosen.text}",
            f"{int(table['confident'].sum())} of the {len(table['ref'])} shown are HC",
            *(f"left out: {reason}" for reason in reasons),
            *([f"{known} with a known conservation"] if known else []),
            *_letters(data, variants, chosen),
        ]
    )
    yield f"{data.subset}: {_experiment(data.subset, variants)}."


def _experiment(name: str, variants: Variants) -> str:
    """What was measured, where, how, and what stands for it."""
    experiment = EXPERIMENTS[name]
    element, asked = ELEMENTS[experiment.element], experiment.asked
    first, last = int(variants.position.min()), int(variants.position.max())
    inside = [insert for insert, held in SATURATED.items() if held == experiment.element]
    turned = " (the + strand is the view reverse)" if experiment.strand == "-" else ""
    return "; ".join(
        [
            f"{element.kind} {experiment.element}, {RELEASE} chr{variants.chromosome}:{first}-{last}, "
            f"{len(variants.reference)} bases on the {experiment.strand} strand{turned}",
            f"measured in {experiment.cell}, in {element.construct}",
            f"predicted by the output {asked.output} ({asked.match}: {asked.why})",
            experiment.leakage + (f" ({inside[0]})" if inside else ""),
            *([experiment.remark] if experiment.remark else []),
        ]
    )


def _letters(data: Data, variants: Variants, chosen: Chosen) -> Iterator[str]:
    """What is odd about the letters of an element: N, rows without a position, deletions that cannot be told apart."""
    reference, place = variants.reference, variants.place[chosen.rows]
    split, ending = named(data.split)
    frame = FRAMES[ending]
    if (lacking := frame.width - len(reference)) > 0 and not frame.beyond:
        yield f"the element is {lacking} bases shorter than a window, with N on both sides"
    if missing := int((reference == N).sum()):
        yield f"no row of the table tells {missing} of its letters, shown as N"
    if variants.unplaced:
        yield f"{variants.unplaced} rows of the table have no position"
    if split == "deletions":
        beside = np.pad(reference, 1, constant_values=N)
        alike = (beside[place] == reference[place]) | (beside[place + 2] == reference[place])
        yield f"{int(alike.sum())} lie in a run of one letter, where any letter of it gone gives the same sequence"


def _ceilings(data: Data, files: Files, variants: Variants, rows: NDArray[np.intp], table: Columns) -> Facts:
    """Agreement of the experiment with its repeat, else, for substitutions, between its replicates."""
    experiment = EXPERIMENTS[data.subset]
    output = experiment.asked.output
    replicates = of_replicates(data.subset, files) if HANDOUT in data.optional else None
    told = {label.removeprefix("stratum:"): column for label, column in table.items() if label.startswith("stratum:")}
    found = of_repeat(variants.effect[rows], table["repeat"], told)
    source = (
        f"the repeat experiment {experiment.repeat}, on the {int(np.isfinite(table['repeat']).sum())} shared variants"
    )
    if not found and replicates is not None and named(data.split)[0] != "deletions":
        found = {"pearson": replicates}
        source = f"the correlation between replicates that {HANDOUT} states, of all substitutions"
    return {
        "ceiling": {metric: {output: value} for metric, value in found.items()},
        "ceiling_source": source if found else "",
        "replicate_correlation": replicates,
    }
