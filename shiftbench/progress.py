"""The progress bar of a run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shiftbench.execute import Outcome


@contextmanager
def progress(total: int, quiet: bool) -> Iterator[Callable[[str, Outcome], None]]:
    """Function to call with the label and the outcome of each thing made; what failed is printed as a line."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("", total=total)

        def advance(label: str, outcome: Outcome) -> None:
            bar.update(task, advance=1, description=label)
            if outcome.state == "failed":
                console.print(f"failed: {label}: {outcome.reason}", markup=False, highlight=False, soft_wrap=True)

        yield advance
