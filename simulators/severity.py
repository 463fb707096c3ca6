"""What the shift families share: solving for a parameter, and the error of a severity that cannot be reached."""

from collections.abc import Callable, Sequence

from simulators.contract import Assay, Genome, Program

Part = Genome | Program | Assay
Solved = tuple[tuple[Part, ...], float, dict[str, float]]
"""The new parts, the severity that they reach and the parameters that were solved for."""
REVERSE = 2.0
"""Severity that asks for the arm `reverse` of a concept family: as far against the source as the family goes."""


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


def climb(
    rising: Callable[[float], float], target: float, rungs: Sequence[float], tolerance: float, steps: int = 60
) -> tuple[float, float]:
    """Argument at which `rising` meets `target` to `tolerance`, and the value there; few evaluations.

    `rungs` are tried upwards from 0, where the value is 0, and false position (Illinois) goes on between the two that
    enclose the target. If none is high enough: the last rung and its value.
    """
    low, below = 0.0, -target
    for high in rungs:
        above = rising(high) - target
        if above >= 0:
            break
        low, below = high, above
    else:
        return low, below + target
    best, error, last = high, above, 0.0
    for step in range(steps):
        if abs(error) <= tolerance:
            break
        # every fourth step halves, against a curve that is flat at one end
        best = (low + high) / 2 if step % 4 == 3 else low - below * (high - low) / (above - below)
        error = rising(best) - target
        if error < 0:
            low, below, above = best, error, above / 2 if last < 0 else above
        else:
            high, above, below = best, error, below / 2 if last > 0 else below
        last = error
    return best, error + target
