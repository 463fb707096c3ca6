"""What the numbers on real data say, in words: one line a shift, made from the numbers that are shown."""

from collections.abc import Sequence

from shiftbench.report import frame as read
from shiftbench.report.frame import NOMINAL, Number, Scores
from shiftbench.report.real_families import Family
from shiftbench.report.real_tests import Test
from shiftbench.report.shift_words import fails
from shiftbench.report.tables import decimal, percent


def verdict(known: Family, tests: Sequence[Test], recipe: str, correlation: Scores, coverage: Scores) -> str:
    """How well a network correlates on the test sets of a shift, and on which of them its intervals fail."""
    alike, other = _apart(known, tests, recipe, correlation)
    if not other:
        return ""
    text = f"{_start(known)}: {recipe} reaches a Pearson of {_range(known, other)}"
    if alike:
        where = f"on {known.name(alike[0][0])}" if len(alike) == 1 else "on held-out elements of the cells it predicts"
        text += f", against {_values([number.value for _, number in alike])} {where}"
    return f"{text}{_intervals(known, tests, recipe, coverage)}."


def _start(known: Family) -> str:
    return known.title[:1].upper() + known.title[1:]


def _apart(
    known: Family, tests: Sequence[Test], recipe: str, scores: Scores
) -> tuple[list[tuple[Test, Number]], list[tuple[Test, Number]]]:
    """Tests with a number: those like the training data, and the others."""
    bases = dict.fromkeys(base for test in tests if (base := known.baseline(test)))
    numbers = {test: test.number(scores, recipe) for test in (*bases, *tests)}
    alike = [(test, numbers[test]) for test in bases if numbers[test].defined]
    other = [(test, numbers[test]) for test in tests if test not in bases and numbers[test].defined]
    return alike, other


def _range(known: Family, found: Sequence[tuple[Test, Number]]) -> str:
    low, *_, high = sorted([*found, *found], key=lambda pair: pair[1].value)
    ends = [low] if len(found) == 1 else [low, high]
    return " to ".join(f"{decimal(number.value, 2)} ({known.name(test)})" for test, number in ends)


def _values(found: Sequence[float], *, share: bool = False) -> str:
    low, high = (percent(end) if share else decimal(end, 2) for end in (min(found), max(found)))
    return low if low == high else f"{low} to {high}"


def _intervals(known: Family, tests: Sequence[Test], recipe: str, coverage: Scores) -> str:
    held = {test: number for test in tests if (number := test.number(coverage, recipe)).defined}
    if not held:
        return ""
    wrong = {test: number for test, number in held.items() if fails(number)}
    rest = [number.value for test, number in held.items() if test not in wrong]
    if not wrong:
        return f"; its {percent(NOMINAL)} intervals hold everywhere ({_values(rest, share=True)})"
    named = read.listed([f"{known.name(test)} ({percent(number.value)})" for test, number in wrong.items()])
    others = f" and hold elsewhere ({_values(rest, share=True)})" if rest else ""
    return f"; its {percent(NOMINAL)} intervals are too narrow on {named}{others}"


def filtering(known: Family, tests: Sequence[Test], recipe: str, reduction: Scores) -> str:
    """How much of the error goes when the less sure half is left out."""
    alike, other = _apart(known, tests, recipe, reduction)
    if not (alike and other):
        return ""
    shifted, base = (_values([number.value for _, number in found], share=True) for found in (other, alike))
    return (
        f"{_start(known)}: keeping the half that {recipe} is surer of removes {shifted} of the squared error, against "
        f"{base} on elements like those trained on."
    )


def controls(known: Family, tests: Sequence[Test], recipe: str, rival: str, correlation: Scores) -> str:
    """On how many test sets the best control correlates better than the network."""
    pairs = [(test.number(correlation, recipe), test.number(correlation, rival)) for test in tests]
    both = [(one, two) for one, two in pairs if one.defined and two.defined]
    if recipe == rival or not both:
        return ""
    better = sum(two.value > one.value for one, two in both)
    return f"{better} of {len(both)} test sets of {known.title} ({rival})"
