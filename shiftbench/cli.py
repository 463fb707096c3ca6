"""The command line: its verbs, also those of other packages, and how errors end it."""

import ast
import importlib.util
import logging
import os
import signal
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from cyclopts import App

import shiftbench
from shiftbench.commands import audit, baseline, check, compare, data, elsewhere, report, run, simulate, tell
from shiftbench.errors import ShiftbenchError

app = App(
    name="shiftbench",
    help="How, where and at which dose does a sequence-to-expression model fail; do its error bars stay true there?",
    version=shiftbench.__version__,
    suppress_keyboard_interrupt=False,
)
OUTSIDE = "shiftbench.commands"
"""Group of entry points by which other packages add verbs; imported when one is asked for."""

app.command(run.run)
app.command(report.report)
app.command(compare.compare)
app.command(check.check)
app.command(elsewhere.inputs)
app.command(elsewhere.score)
app.command(tell.list_, name="list")
app.command(tell.show)
app.command(simulate.simulate)
app.command(audit.audit)
app.command(data.app)
app.command(baseline.baseline)
app.command(tell.doctor)


def _told(point: EntryPoint) -> str:
    """What the text of the module behind an entry point begins with; the module itself is not imported."""
    try:
        spec = importlib.util.find_spec(point.module)
        text = ast.get_docstring(ast.parse(Path(str(spec and spec.origin)).read_text())) or ""
    except (ImportError, OSError, SyntaxError, ValueError):
        text = ""
    first = text.partition("\n")[0].partition("`: ")[2]
    return first[:1].upper() + first[1:] or f"Comes with {point.module.partition('.')[0]}."


for _point in entry_points(group=OUTSIDE):
    app.command(_point.value, name=_point.name, help=_told(_point))


class _Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C."""


def _terminate(signum: int, frame: object) -> None:
    raise _Terminated


def main() -> None:
    """Entry point: one line for an error of the user, exit code not 0."""
    signal.signal(signal.SIGTERM, _terminate)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("shiftbench").setLevel(logging.INFO)
    try:
        result = app(sys.argv[1:], result_action="return_value")
    except ShiftbenchError as error:
        print(f"shiftbench: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has seen enough
        sys.exit(0)
    except KeyboardInterrupt as stop:
        print("shiftbench: stopped; finished work is kept, the same command goes on from there", file=sys.stderr)  # noqa: T201
        sys.exit(143 if isinstance(stop, _Terminated) else 130)
    sys.exit(result if isinstance(result, int) else 0)


if __name__ == "__main__":
    main()
