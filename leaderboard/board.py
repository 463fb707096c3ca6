"""The ranked suite with its truth: every cell of the table, with the rows that answer it and its references."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.questions import Questions
from shiftbench.prediction import Prediction
from simulators.contract import Sample

SUITE = "board"


@dataclass(frozen=True, slots=True)
class Cell:
    """One family at one dose in one world.

    `world`: its name; `part`: genome, program or assay, "" at severity 0; `family`, `dose`, `severity`: the shift;
    `question`: number of the set in `Questions.sets` that holds its rows, `rows` intp (n,) their places there;
    `sample`: these rows with what was measured and the truth; `references`: training mean (floor), source oracle
    (source) and oracle (target) on them.
    """

    world: str
    part: str
    family: str
    dose: str
    severity: float
    question: int
    rows: NDArray[np.intp]
    sample: Sample
    references: Mapping[str, Prediction]


@dataclass(frozen=True, slots=True)
class Board:
    """What is asked, and the truth of it."""

    questions: Questions
    cells: tuple[Cell, ...]
