"""What the shift families share: solving for a parameter, and the error of a severity that cannot be reached."""

from collections.abc import Callable

from simulators.contract import Assay, Genome, Program

Solved = tuple[Genome | Program | Assay, float, dict[str, float]]
"""The new part, the severity that it reaches and the parameters that were solved for."""


class Unreachable(ValueError):  # noqa: N818 - a property of the family, not a fault
    """A family cannot reach a severity in a world; one line says where it ends and why."""

    def __init__(self, family: str, severity: float, largest: float, reason: str) -> None:
        super().__init__(f"shift {family}: severity {severity:g} cannot be reached; it ends at {largest:.3f}: {reason}")
        self.largest = largest


def bisect(rising: Callable[[float], float], target: float, low: float, high: float, steps: int = 40) -> float:
    """Argument in `low`..`high` at which `rising` meets `target`."""
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2
