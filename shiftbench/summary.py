"""What a finished run says in a terminal: one small table a task, what was skipped, and where the rest is."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from shiftbench.report.terminal import Compact


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table of text; what does not fit is folded."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(title=title, title_justify="left", header_style="bold")
    for name in header:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*(str(cell) for cell in row))
    Console().print(shown)


def print_run(folder: Path, manifest: dict[str, Any], page: Path) -> None:
    """Print the tables of a run, a line for each reason why nodes were skipped or failed, and where the results are."""
    from rich.console import Console

    from shiftbench import results
    from shiftbench.report.terminal import compact

    for found in compact(results.read(folder / "results.parquet"), manifest["facts"]):
        print_compact(found, Console())
    console = Console(soft_wrap=True, highlight=False, markup=False)
    _print_troubles(manifest, console)
    console.print(f"{_counts(manifest)}; table {folder / 'results.parquet'}; report {page}")
    if manifest["estimated_core_hours"]:
        hours = ", ".join(f"{tier} {hours:.1f}" for tier, hours in manifest["estimated_core_hours"].items())
        console.print(f"larger tiers, estimated core-hours on this machine: {hours}")
    if manifest["tier"] == "smoke":
        console.print("smoke proves that everything runs; no claim is read from it")


def print_answered(folder: Path, manifest: dict[str, Any], round_file: Path) -> None:
    """Say that a round was answered, a line for each reason why nodes were skipped or failed, and what packs it."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False, markup=False)
    _print_troubles(manifest, console)
    console.print(f"{_counts(manifest)}; nothing is scored before the reveal")
    console.print(f"pack one recipe as your entry: shiftbench submit {folder} RECIPE --round {round_file} ...")


def _print_troubles(manifest: dict[str, Any], console: "Console") -> None:
    for state in ("skipped", "failed"):
        for trouble in manifest[state]:
            others = trouble["nodes"] - 1
            more = f" (and {others} more)" if others else ""
            help_ = f" -> {trouble['command']}" if trouble["command"] else ""
            console.print(f"{state}: {trouble['node']}{more}: {trouble['reason']}{help_}")


def _counts(manifest: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(manifest["nodes"].items()))
    return f"{counts} in {manifest['seconds']:.0f} s"


def print_compact(found: "Compact", console: "Console") -> None:
    """Print one small table: controls dimmed, heads folded, numbers whole."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    caption = f"{found.more} more in the report" if found.more else None
    shown = Table(
        title=Text(found.title), title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
        caption=caption, caption_justify="left",
    )  # fmt: skip
    for turn, name in enumerate(found.columns):
        shown.add_column(Text(name), justify="right" if turn else "left", overflow="fold", no_wrap=not turn)
    for row in found.rows:
        shown.add_row(*map(Text, row), style="dim" if row[0] in found.controls else "")
    console.print(shown)
