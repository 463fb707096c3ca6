"""What a check found, and all findings of one model: in words, as HTML, as one verdict."""

import math
from dataclasses import dataclass
from typing import Literal

from shiftbench.report.html import fragment
from shiftbench.report.tables import VERMILLION, Entry, Table, decimal, tint

State = Literal["good", "note", "bad", "not applicable"]
STATES: tuple[State, ...] = ("bad", "note", "good", "not applicable")
"""From what has to be changed to what was not looked at."""
YELLOW = (230, 159, 0)
SHADES = {"bad": tint(VERMILLION, 0.5), "note": tint(YELLOW, 0.25)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its state, the number measured (NaN where there is none), what was found, expected, and what to do.

    `advice` is empty where nothing has to be done.
    """

    check: str
    state: State
    number: float
    found: str
    expected: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """Findings on one model, in the order of the checks; `device` it ran on, wall `seconds` that it took."""

    name: str
    kind: str
    device: str
    seconds: float
    findings: tuple[Finding, ...]

    @property
    def bad(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return tuple(finding.check for finding in self.findings if finding.state == "bad")

    @property
    def verdict(self) -> str:
        """One line: whether the model can be run, and how many findings of each state there are."""
        counts = {state: sum(finding.state == state for finding in self.findings) for state in STATES}
        told = ", ".join(
            f"{count} {state}{'s' * (state == 'note' and count > 1)}" for state, count in counts.items() if count
        )
        head = f"not ready ({', '.join(self.bad)})" if self.bad else "ready to run"
        return f"{self.name}, {self.kind}: {head}; {told}; {decimal(self.seconds, 0)} s on {self.device}"

    def __getitem__(self, check: str) -> Finding:
        """Finding of a check by its name; `KeyError` if there is none."""
        found = {finding.check: finding for finding in self.findings}
        return found[check]

    def __str__(self) -> str:
        lines = [f"{each.state:>14}  {each.check}: {each.found}" for each in self.findings]
        return "\n".join([*lines, self.verdict])

    def table(self) -> Table:
        """Findings as a table of the report, what has to be done in the last column."""
        rows = [
            (
                Entry(each.check),
                Entry(each.state, shade=SHADES.get(each.state, "")),
                Entry(each.found),
                Entry(each.expected),
                Entry(each.advice),
            )
            for each in self.findings
        ]
        return Table(self.name, ("check", "state", "found", "expected", "what to do"), tuple(rows), text=True)

    def _repr_html_(self) -> str:
        return fragment([self.table()], [self.verdict])


def share(value: float) -> str:
    """A number as per cent of the SD of the predictions, with the digits that count."""
    if math.isinf(value) or math.isnan(value):
        return "not finite"
    percent = 100 * value
    return (f"{percent:.2g}" if percent < 10 else f"{percent:.0f}") + "\u00a0% of the SD"
