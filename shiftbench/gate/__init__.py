"""A lab's gate for its own model: a baseline of training seeds, and a test that later code does no worse.

Public names, each imported when first used: `assert_no_regression`, `Regression` (what it raises), `Improved` (what it
warns of), `write_baseline`. With pytest, the plugin gives fixtures besides (`shiftbench.gate.plugin`).
"""

from importlib import import_module
from typing import Any

__all__ = ["Improved", "Regression", "assert_no_regression", "write_baseline"]

_WHERE = {
    "Improved": "shiftbench.gate.regression",
    "Regression": "shiftbench.gate.regression",
    "assert_no_regression": "shiftbench.gate.regression",
    "write_baseline": "shiftbench.gate.baseline",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'shiftbench.gate' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
