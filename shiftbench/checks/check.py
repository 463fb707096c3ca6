"""One check as a record, and the order in which checks are made: what rests on a failed one is not looked at."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from shiftbench.checks.finding import Finding, State

S_contra = TypeVar("S_contra", contravariant=True)


class Seen(NamedTuple):
    """What a check saw: state, in words, and the number that was measured (NaN: none)."""

    state: State
    found: str
    number: float = math.nan


@dataclass(frozen=True, slots=True)
class Check(Generic[S_contra]):
    """What is looked at, what is expected, and what to do where it is not so.

    `needs` names the checks that must not have failed before.
    """

    name: str
    look: Callable[[S_contra], Seen]
    expected: str
    advice: str
    needs: tuple[str, ...] = ()


def findings(checks: Sequence[Check[S_contra]], subject: S_contra) -> Iterator[Finding]:
    """A finding for each check; one that raises is bad, with the first line of its error."""
    unmet: set[str] = set()
    for check in checks:
        lacking = [name for name in check.needs if name in unmet]
        seen = Seen("not applicable", f"needs: {', '.join(lacking)}") if lacking else _attempt(check, subject)
        if lacking or seen.state == "bad":
            unmet.add(check.name)
        advice = check.advice if seen.state in ("bad", "note") else ""
        yield Finding(check.name, seen.state, seen.number, seen.found, check.expected, advice)


def _attempt(check: Check[S_contra], subject: S_contra) -> Seen:
    try:
        return check.look(subject)
    except Exception as error:
        return Seen("bad", first_line(error))


def first_line(error: Exception) -> str:
    """Type and first line of what an error says, cut at 160 letters."""
    text = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {text}"[:160]


def within(number: float, good: float, found: str, beyond: State = "bad") -> Seen:
    """Good up to `good`, `beyond` above it or where the number is not finite."""
    return Seen("good" if number <= good else beyond, found, number)
