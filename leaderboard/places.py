"""Where the entries and the plausibility line of the project lie, in a checkout and as installed."""

from pathlib import Path

ENTRIES = Path(__file__).parent / "entries"
LINE = Path(__file__).parent / "line"
