"""The leaderboard: entries, their checking and ranking."""
