"""The one number that the ledger keeps of an entry."""

import math
from collections.abc import Sequence

from leaderboard.board import Board
from leaderboard.bundle import Bundle
from leaderboard.scoring.ranking import rank
from leaderboard.scoring.scores import scored


def numbers(bundles: Sequence[Bundle], board: Board) -> list[str]:
    """Score of each entry, six decimals, recomputed from its answers; "" if it is incomplete.

    None hangs on the others, so that it can be compared whatever is entered later.
    """
    found = scored(bundles, board) if bundles else []  # setting up a board takes longer than an entry
    return [_text(rank([one]).standings[0].score.value) for one in found]


def _text(value: float) -> str:
    return "" if math.isnan(value) else f"{round(value, 6) + 0.0:.6f}"  # + 0.0: no minus before a zero
