"""Where the entries and the plausibility line of the project lie, in a checkout and as installed."""

from pathlib import Path

ENTRIES = Path(__file__).parent / "entries"
LINE = Path(__file__).parent / "line"


def is_checkout(root: Path = Path(__file__).parents[1]) -> bool:
    """Whether the package lies in a clone of the project, where what is added to its entries can be committed."""
    return (root / ".git").exists() and (root / "pyproject.toml").is_file()
