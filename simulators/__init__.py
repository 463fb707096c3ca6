"""Simulated worlds whose truth is known: `mpra` draws samples, `shift` moves one part of a world (loaded lazily)."""

from importlib import import_module
from typing import Any

__all__ = ["assay", "contract", "genome", "motif", "mpra", "program", "shift"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'simulators' has no attribute {name!r}")
    return import_module(f"simulators.{name}")
