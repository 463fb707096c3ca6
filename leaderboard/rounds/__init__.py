"""Rounds: worlds drawn from a secret, which is bound before anyone answers and revealed when all have."""

from leaderboard.rounds.asked import questions
from leaderboard.rounds.truth import revealed

__all__ = ["questions", "revealed"]
