"""The page of the rules: what divisions and flags mean, and why an entry is refused."""

from typing import Any

from leaderboard.rounds import canaries
from leaderboard.rules import RULES
from leaderboard.scoring.flags import FLAGS

DIVISIONS = (
    ("Single or ensemble", "Whether several fits are joined into one answer."),
    ("Closed or outside data", "Whether it was trained on anything but the training rows of the suite."),
    (
        "Generator-agnostic or aware",
        "Whether it uses what is known of the simulator: the motif matrices of its release, or its law.",
    ),
    ("Sees test inputs", "Whether it was fitted or calibrated on the letters of test sequences."),
    (
        "Label budget",
        "Labelled rows of each test law that were used: 0, 32 or 256. Places are within one.",
    ),
    ("Size", "The CPU preset has 6,000 training rows of the same pool and networks of a quarter of the width."),
    ("Control", "What a suite always runs beside: training mean, ridges and references. They are ranked like others."),
)


def flags() -> dict[str, str]:
    """Meaning of every flag by its code, those of rounds too."""
    return FLAGS | canaries.FLAGS


def values() -> dict[str, Any]:
    """What the template asks for."""
    return {"divisions": DIVISIONS, "flags": flags(), "refusals": dict(RULES)}
