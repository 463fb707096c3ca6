"""Benchmark of sequence-to-expression models under distribution shift.

Public names, each imported when first used: `register_network`, `register_predictor`, `register_embedding` and
`register_provider` (decorators that enter a model or a provider of data under a name), `predictor` and `embedding`
(decorators that say what a model is), `check` (what a model does, before time is spent on it), `audit` (what
training gives away of the test sets of a task), `run_suite` (the main job), `compare` (which recipe of a finished run
is better beyond chance), `read_results` (the table of a run), `World` and `Sample` (what simulators give).
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = [
    "Sample",
    "World",
    "audit",
    "check",
    "compare",
    "embedding",
    "predictor",
    "read_results",
    "register_embedding",
    "register_network",
    "register_predictor",
    "register_provider",
    "run_suite",
]

_WHERE = {
    "Sample": ("simulators.contract", "Sample"),
    "World": ("simulators.contract", "World"),
    "audit": ("shiftbench.leakage.audit", "audit"),
    "check": ("shiftbench.checks.examine", "check"),
    "compare": ("shiftbench.comparison.compare", "compare"),
    "embedding": ("shiftbench.kinds", "embedding"),
    "predictor": ("shiftbench.kinds", "predictor"),
    "read_results": ("shiftbench.results", "read"),
    "register_embedding": ("shiftbench.registry", "register_embedding"),
    "register_network": ("shiftbench.registry", "register_network"),
    "register_predictor": ("shiftbench.registry", "register_predictor"),
    "register_provider": ("shiftbench.registry", "register_provider"),
    "run_suite": ("shiftbench.run", "run_suite"),
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'shiftbench' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(import_module(module), attribute)
