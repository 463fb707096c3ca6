"""Text of suite files with one small task."""

import json
from pathlib import Path

TOY = Path(__file__).parent / "shiftbench/outside/toy_task.py"
"""Providers of a stranger."""
SIZES = {"rows": 300, "validation": 100, "calibration": 100, "test": 120, "seeds": 2, "epochs": 2}
SIMULATED = ("training_mean", "gc_ridge", "source_oracle", "oracle")
"""Controls of a simulated task, which has oracles."""


def suite(data=f"{TOY}:Toy", *, name="toy", task="", recipes=("training_mean", "gc_ridge"), wrappers=("none",),
          metrics=("rmse",), version=1, primary="", shifts=(), arms=(), **sizes):  # fmt: skip
    """Suite `name` with the task `task`, by default of the same name; `sizes` of the tier smoke beside `SIZES`."""
    head = {"name": name, "version": version, "title": name.title(), "question": "Does it run?", "source": "none"}
    fields = {"name": task or name, "data": data, "recipes": recipes, "wrappers": wrappers, "metrics": metrics}
    given = fields | {key: value for key, value in {"shifts": shifts, "arms": arms}.items() if value}
    tables = (
        ("", head | ({"primary": primary} if primary else {})),
        ("[[task]]", given),
        ("[task.tiers.smoke]", SIZES | sizes),
    )
    return "\n".join(
        "\n".join([title, *(f"{key} = {json.dumps(value)}" for key, value in rows.items()), ""])
        for title, rows in tables
    )
