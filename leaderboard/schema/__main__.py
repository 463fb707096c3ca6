"""Write the schema anew: python -m leaderboard.schema."""

from leaderboard.schema import PATH, generated

PATH.write_text(generated())
