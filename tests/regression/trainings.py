"""Sixty trainings of the smallest CNN, by which the gate is judged: how much a training seed alone changes.

`python -m tests.regression.trainings [SEEDS]` trains them on one thread (four minutes of CPU for 60) and writes
trainings.tsv anew.
"""

import csv
import sys
import tempfile
from pathlib import Path

import numpy as np

from shiftbench.gate.baseline import made_with
from shiftbench.gate.measure import measure

HERE = Path(__file__).parent
SUITE = HERE / "regression.toml"
STORED = HERE / "trainings.tsv"
SEEDS = 60
RECIPE = "cnn"


def main(seeds=SEEDS):
    with tempfile.TemporaryDirectory() as folder:
        where = {"folder": Path(folder), "engine": "inprocess", "device": "cpu", "quiet": True}
        found = measure(RECIPE, str(SUITE), "smoke", seeds=seeds, **where)
    assert not found.troubles, found.troubles
    made = made_with()
    with STORED.open("w", newline="") as file:
        file.write(
            f"# python -m tests.regression.trainings {seeds}: {RECIPE}, tests/regression/regression.toml, smoke; "
        )
        file.write(f"shiftbench {made['shiftbench']}, torch {made['torch']}, {made['platform']}\n")
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(("seed", "task", "metric", "value"))
        for task, numbers in found.tasks.items():
            writer.writerows((seed, task, numbers.metric, repr(value)) for seed, value in numbers.values.items())


def stored():
    """Names of the tasks, their metrics, and values (tasks, seeds) in the order of seeds."""
    with STORED.open() as file:
        rows = [*csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t")]
    metrics = {row["task"]: row["metric"] for row in rows}
    values = [[float(row["value"]) for row in rows if row["task"] == task] for task in metrics]
    return [*metrics], [*metrics.values()], np.array(values)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
