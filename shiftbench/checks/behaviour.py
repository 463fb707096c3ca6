"""Checks of anything that predicts: what may change a prediction, and what must not."""

import numpy as np

from shiftbench.checks import signal
from shiftbench.checks.check import Check, Seen, first_line, within
from shiftbench.checks.finding import share
from shiftbench.checks.subject import Letters, Subject, require_finite
from shiftbench.errors import ModelError
from shiftbench.predict import reverse_letters, shifted

SAME = 1e-3
"""Share of the SD of predictions up to which two of them are the same but for rounding."""
SMALL = 0.1
"""Share of the SD up to which what should not matter is not worth a note."""
FLANK = 15
"""Letters at either end."""
ODD = 0.05
"""Share of letters that are unknown."""


def _responds(subject: Subject) -> Seen:
    spread, size = float(subject.said.std(0).mean()), float(np.abs(subject.said).max())
    return Seen("good" if spread > 1e-6 * size else "bad", f"SD of predictions {spread:.3g} over 64 sequences", spread)


def _repeatable(subject: Subject) -> Seen:
    distance = subject.distance(subject.said, subject.predict(subject.letters))
    return within(distance, SAME, f"the same letters twice: {share(distance)}")


def _independent(subject: Subject) -> Seen:
    alone = np.concatenate([subject.predict(subject.letters[row : row + 1]) for row in range(8)])
    few = subject.predict(subject.letters[:8][::-1])[::-1]
    distance = max(subject.distance(subject.said[:8], other) for other in (alone, few))
    return within(distance, SAME, f"a row alone or among others: {share(distance)}")


def _strand(subject: Subject) -> Seen:
    distance = subject.distance(subject.said, subject.predict(reverse_letters(subject.letters)))
    return within(distance, SMALL, share(distance), beyond="note")


def _shift(subject: Subject, bases: int) -> Seen:
    moved = [subject.predict(shifted(subject.letters, by)) for by in (-bases, bases)]
    distance = max(subject.distance(subject.said, other) for other in moved)
    return within(distance, SMALL, share(distance), beyond="note")


def _flanks(subject: Subject) -> Seen:
    other = subject.letters.copy()
    drawn = signal.letters(len(other), 2 * FLANK, 6)
    other[:, :FLANK], other[:, -FLANK:] = drawn[:, :FLANK], drawn[:, FLANK:]
    distance = subject.distance(subject.said, subject.predict(other))
    return within(distance, 0.5, share(distance), beyond="note")


def _unknown(subject: Subject) -> Seen:
    some = np.where(np.random.default_rng(7).random(subject.letters.shape) < ODD, 4, subject.letters).astype(np.uint8)
    predicted = subject.predict(some)
    require_finite(subject.predict(np.full_like(some[:2], 4)))
    distance = subject.distance(subject.said, require_finite(predicted))
    return Seen("good", f"5\u00a0% of letters N: {share(distance)}; all N: finite", distance)


def _constant(subject: Subject) -> Seen:
    one = np.repeat(np.arange(4, dtype=np.uint8)[:, None], subject.length, axis=1)
    require_finite(subject.predict(one))
    return Seen("good", "finite for A, C, G or T alone")


def _lengths(subject: Subject) -> Seen:
    longer = signal.letters(4, subject.length + 10, 8)
    try:
        for letters in (longer[:, :-20], longer):
            _several(subject, letters)
    except Exception as error:
        return Seen("note", f"refused: {first_line(error)}")
    return Seen("good", f"{subject.length - 10} and {subject.length + 10} letters are answered too")


def _several(subject: Subject, letters: Letters) -> None:
    if require_finite(subject.predict(letters)).shape != (len(letters), subject.said.shape[1]):
        raise ModelError("an answer of another shape")


FINITE = ("finite", "repeatable", "responds")
REPEAT: tuple[Check[Subject], ...] = (
    Check(
        "repeatable",
        _repeatable,
        "the same answer twice, in use",
        "no random numbers but where self.training is true",
        ("finite",),
    ),
)
BEHAVIOUR: tuple[Check[Subject], ...] = (
    Check(
        "batch independence",
        _independent,
        "a row is answered without regard to its neighbours",
        "no statistics over, or attention along, the batch",
        (*FINITE, "batch sizes"),
    ),
    Check(
        "N letters",
        _unknown,
        "finite where letters are unknown (columns of zeros)",
        "no division by a count of letters without a floor",
        FINITE[:1],
    ),
    Check(
        "one letter", _constant, "finite for a run of one letter", "no division by a spread without a floor", FINITE[:1]
    ),
    Check(
        "strand",
        _strand,
        "the reverse complement is answered alike (10\u00a0%)",
        "average both strands (view strands), or share weights between them",
        FINITE,
    ),
    Check(
        "shift by 1",
        lambda subject: _shift(subject, 1),
        "one letter further is answered alike (10\u00a0%)",
        "pool over positions",
        (*FINITE, "N letters"),
    ),
    Check(
        "shift by 4",
        lambda subject: _shift(subject, 4),
        "four letters further are answered alike (10\u00a0%)",
        "pool over positions",
        (*FINITE, "N letters"),
    ),
    Check(
        "flanks",
        _flanks,
        "15 other letters at both ends change less than half an SD",
        "train on more than one pair of adapters",
        FINITE,
    ),
    Check(
        "other lengths",
        _lengths,
        "other lengths are answered, or refused by an error",
        "test sets have the length trained on: nothing to do",
        FINITE[:1],
    ),
)
"""What applies to networks and to other predictors."""
RESPONDS: tuple[Check[Subject], ...] = (
    Check("responds", _responds, "predictions that differ between sequences", "use the letters", ("finite",)),
)
