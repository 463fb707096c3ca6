"""Fixtures that tests of the leaderboard share."""

import pytest

from tests.leaderboard import rounds


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """A tiny round that was opened and answered, and is not revealed."""
    return rounds.play(tmp_path_factory.mktemp("round"))
