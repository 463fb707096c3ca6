"""An entry as one file: read in memory, checked, and nothing of it executed or written."""

from dataclasses import dataclass

from leaderboard.answers import Answers
from leaderboard.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Bundle:
    """An entry that was read: what it declares, what it answers, SHA-256 and number of its bytes."""

    manifest: Manifest
    answers: Answers
    sha256: str
    size: int
