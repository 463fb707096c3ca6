"""`python -m leaderboard.costs RUN --write FILE`: what an entry costs, measured at one tier, estimated at the other."""

import argparse
from pathlib import Path

import pandas as pd

from leaderboard.board import SUITE
from shiftbench import marks
from shiftbench.catalog import load_recipe, load_suite
from shiftbench.checks.subject import BATCH, Network
from shiftbench.options import find_device
from shiftbench.plan import at_width
from simulators import mpra

MARK = "cost"
OUTPUTS = len(mpra.CELLS)
LETTERS = mpra.LENGTH + len(mpra.LEFT) + len(mpra.RIGHT)


def measured(costs: pd.DataFrame) -> "pd.Series[float]":
    """CPU seconds of all fits and predictions by recipe, from the columns of cost.parquet."""
    made = costs[costs.kind.isin(["Fit", "Predict"])]
    recipe = made.label.str.extract(r"/(?:fit|prediction)/([^/]+)/")[0]
    return made.groupby(recipe)["cpu_seconds"].sum()


def estimated(name: str, tier: str, device: str) -> float:
    """Seconds of all fits of a network at a tier, from a step that is timed here on one core or on the device."""
    (task,) = load_suite(SUITE).task
    size = task.tiers[tier]
    recipe = at_width(load_recipe(name), size)
    network = Network(recipe, LETTERS, OUTPUTS, device)
    return size.rows * size.epochs * size.seeds * size.worlds * network.step_seconds / BATCH


def table(costs: pd.DataFrame, tier: str, device: str) -> str:
    """Markdown: each network with its measured CPU minutes, and its hours at the full size."""
    spent = measured(costs)
    networks = [name for name in spent.index if load_recipe(name).kind == "network" and not load_recipe(name).prior]
    head = [
        "network, 5 seeds in 4 worlds",
        f"tier {tier}: fits and predictions, CPU minutes, measured",
        f"tier core: fits, {'core' if device == 'cpu' else device} hours, from a step measured here",
    ]
    rows = [
        [name, f"{spent[name] / 60:.1f}", f"{estimated(name, 'core', device) / 3600:.1f}"]
        for name in sorted(networks, key=lambda name: spent[name])
    ]
    return marks.markdown(head, rows)


def main() -> None:
    """Read the run named on the command line, time a step of each network, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--tier", default="bench")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    text = table(pd.read_parquet(given.run / "cost.parquet"), given.tier, find_device(given.device))
    if given.write:
        marks.write(given.write, MARK, text)
    else:
        print(text)  # noqa: T201


if __name__ == "__main__":
    main()
