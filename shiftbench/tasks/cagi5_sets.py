"""Which variants of an experiment a test set has: the three named sets of substitutions, and the deletions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.tasks.cagi5_elements import EXPERIMENTS
from shiftbench.tasks.cagi5_variants import MIN_BARCODES, Variants
from shiftbench.tasks.cagi5_windows import FRAMES
from shiftbench.tasks.files import Files

LISTED = "TestDataset.txt"
"""Variants of the test part of the CAGI5 challenge, whose values are not published beside it."""
SETS = ("all-snv", "paper-test", "challenge", "deletions")
PAPER = ("GP1BB", "HBB", "HBG1", "PKLR")
"""Elements of `paper-test`."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A test set: `rows` of the variants, ascending; `left_out` counts by reason; `text` says what was chosen."""

    rows: NDArray[np.intp]
    left_out: dict[str, int]
    text: str


def named(split: str) -> tuple[str, str]:
    """Set and frame of a split, `SET` or `SET/FRAME`; `InputError` for an unknown one."""
    chosen, _, frame = split.partition("/")
    if chosen not in SETS or frame not in FRAMES:
        endings = " or ".join(f"/{name}" for name in FRAMES if name)
        raise InputError(
            f"task cagi5: split is {split!r}; expected {' or '.join(map(repr, SETS))}, alone or ending in {endings}"
        )
    return chosen, frame


def choose(chosen: str, name: str, variants: Variants, files: Files) -> Chosen:
    """Variants of experiment `name` in a set.

    `all-snv` and `deletions` take what rests on enough barcodes. `paper-test` and `challenge` take the listed
    variants that the table has, whatever their barcodes; `InputError` if the experiment has no part in them,
    `MissingData` without the list.
    """
    if chosen in ("all-snv", "deletions"):
        return _counted(chosen, variants)
    challenge = EXPERIMENTS[name].challenge
    part = PAPER if chosen == "paper-test" else [key for key, each in EXPERIMENTS.items() if each.challenge]
    if name not in part:
        expected = " or ".join(map(repr, part))
        raise InputError(f"task cagi5: subset of split {chosen} is {name!r}; expected {expected}")
    lines = [line.split("\t") for line in files.path(LISTED).read_text().split("\n")[1:]]
    listed = {(int(line[1]), line[3].strip()) for line in lines if line[-1].strip() == challenge}
    rows = np.flatnonzero([key in listed for key in variants.names()])
    few = int((~variants.counted[rows]).sum())
    return Chosen(
        rows,
        {"not in the table": len(listed) - len(rows)},
        f"{len(rows)} of the {len(listed)} variants that the CAGI5 challenge lists for {challenge} in its test part, "
        f"by position and letter; {few} of them rest on under {MIN_BARCODES} barcodes",
    )


def _counted(chosen: str, variants: Variants) -> Chosen:
    kind, other = (
        ("deletions of one base", "substitutions") if chosen == "deletions" else ("substitutions", "deletions")
    )
    wanted = variants.deletion == (chosen == "deletions")
    rows = np.flatnonzero(wanted & variants.counted)
    return Chosen(
        rows,
        {other: int((~wanted).sum()), f"under {MIN_BARCODES} barcodes": int(wanted.sum()) - len(rows)},
        f"all {len(rows)} {kind} that rest on at least {MIN_BARCODES} barcodes",
    )
