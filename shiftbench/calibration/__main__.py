"""`python -m shiftbench.calibration`: measure worlds and public data, print the table, write it into a README."""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from shiftbench import marks
from shiftbench.calibration import real, simulated
from shiftbench.calibration.quantity import Found, Line
from shiftbench.errors import ShiftbenchError
from shiftbench.options import options
from shiftbench.run import run_suite
from simulators import mpra

LADDER = ("gc_ridge", "kmer_ridge", "pwm_ridge", "cnn")


def ladder(tier: str, worlds: int) -> tuple[Found, list[Found]]:
    """Pearson of every rung on the real library and on each world, one value an output; trained and scored alike."""
    table = pd.read_parquet(run_suite("calibration", tier, worlds=worlds).output / "results.parquet")
    kept = table[(table.metric == "pearson") & (table.wrapper == "none") & (table.target == "observed")]
    kept = kept[(kept.output != "mean") & kept.recipe.isin(LADDER)]

    def found(rows: pd.DataFrame) -> Found:
        return {f"r of {name}": _outputs(rows[rows.recipe == name]) for name in LADDER}

    drawn = kept[kept.task == "mpra"]
    return found(kept[kept.task == "lentimpra"]), [found(drawn[drawn.world == w]) for w in range(worlds)]


def _outputs(rows: pd.DataFrame) -> list[float]:
    """Mean over training seeds of every output."""
    return [float(x) for x in rows.groupby("output").value.mean()]


def lines(tier: str, worlds: int) -> list[Line]:
    """Every line of the table."""
    files = options().context.files()
    drawn = [simulated.measure(mpra.world(number)) for number in range(worlds)]
    known = real.measure(files)
    there, here = ladder(tier, worlds)
    known, drawn = known | there, [a | b for a, b in zip(drawn, here, strict=True)]
    names = dict.fromkeys(name for found in (known, *drawn) for name in found)
    return [Line(name, known.get(name, []), [found.get(name, []) for found in drawn]) for name in names]


def table(found: list[Line]) -> str:
    """The table in Markdown: real values as mean (lowest to highest), the mean of every world, whether on target."""
    count = len(found[0].worlds)
    head = ["quantity", "real", *(f"world {w}" for w in range(count)), "on target"]
    rows = [
        [line.name, _range(line.real), *(_number(world) for world in line.worlds), _verdict(line.on_target)]
        for line in found
    ]
    return marks.markdown(head, rows)


def _number(values: list[float]) -> str:
    if not values:
        return "-"
    mean = float(np.mean(values))
    return f"{mean:.0f}" if mean >= 10 else f"{mean:.3f}".replace("0.", ".", 1)


def _range(values: list[float]) -> str:
    return _number(values) + (f" ({_number([min(values)])} to {_number([max(values)])})" if len(values) > 1 else "")


def _verdict(on_target: bool | None) -> str:
    return "-" if on_target is None else "yes" if on_target else "no"


def main() -> int:
    """Exit status of the command."""
    parser = argparse.ArgumentParser(prog="python -m shiftbench.calibration", description=__doc__)
    parser.add_argument("--tier", default="bench", help="size of the models of the ladder")
    parser.add_argument("--worlds", type=int, default=3, help="worlds 0 .. N - 1")
    parser.add_argument(
        "--write", type=Path, help="file in which the table replaces what is between the marks called calibration"
    )
    given = parser.parse_args()
    try:
        text = table(lines(given.tier, given.worlds))
        if given.write:
            marks.write(given.write, "calibration", text)
    except (ShiftbenchError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
