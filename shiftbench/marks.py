"""Generated tables in documents: what stands between two marks of a file is written by a command."""

from collections.abc import Sequence
from pathlib import Path


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; bars inside cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def write(path: Path, name: str, text: str) -> None:
    """Put `text` between `<!-- name -->` and `<!-- end of name -->` of a file; `ValueError` if it lacks them."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, mark, rest = path.read_text().partition(begin)
    _, last, after = rest.partition(end)
    if not mark or not last:
        raise ValueError(f"{path}: no lines {begin} and {end}; expected both, around the table")
    path.write_text(f"{before}{begin}\n{text}{end}{after}")
