"""Checks of what is not trained here: a predictor, or a frozen embedding, called with text."""

from functools import cached_property
from typing import Any

import numpy as np

from shiftbench.checks import signal
from shiftbench.checks.check import Check, Seen
from shiftbench.checks.subject import Letters, Subject, Values
from shiftbench.errors import ModelError
from shiftbench.outside import calls

SIZES = (1, 2, 33)


class Outside(Subject):
    """A callable from outside; what it is said to give for every sequence does not depend on `outputs`."""

    elsewhere = True

    @cached_property
    def call(self) -> calls.Call:
        """What is called with a list of sequences."""
        return calls.built(self.recipe)

    def parts(self, letters: Letters) -> tuple[Any, ...]:
        """What it says: (mean,) or (mean, SD), each as an array of whatever type and shape."""
        said = self.call(calls.letters(letters))
        return tuple(np.asarray(part) for part in (said if isinstance(said, tuple) else (said,)))

    def predict(self, letters: Letters) -> Values:
        """Means, (n, columns); `ModelError` for another number of rows."""
        mean = self.parts(letters)[0]
        if mean.ndim not in (1, 2) or len(mean) != len(letters):
            raise ModelError(f"gave {mean.shape} for {len(letters)} sequences; expected a row for each")
        return np.asarray(mean, np.float64).reshape(len(letters), -1)


def _built(subject: Outside) -> Seen:
    return Seen("good", f"{type(subject.call).__name__} that is called with a list of text")


def _shape(subject: Outside) -> Seen:
    parts = subject.parts(subject.letters[:8])
    shapes = [part.shape for part in parts]
    rows = all(len(shape) in (1, 2) and shape[0] == 8 and 0 not in shape for shape in shapes)
    sound = rows and len(parts) <= (1 if subject.kind == "embedding" else 2) and len(set(shapes)) == 1
    return Seen("good" if sound else "bad", f"{' and '.join(map(str, shapes))} for 8 sequences")


def _dtype(subject: Outside) -> Seen:
    dtypes = [part.dtype for part in subject.parts(subject.letters[:8])]
    return Seen("good" if all(dtype.kind in "fiu" for dtype in dtypes) else "bad", " and ".join(map(str, dtypes)))


def _finite(subject: Outside) -> Seen:
    parts = subject.parts(subject.letters)
    wrong = sum(int((~np.isfinite(part)).sum()) for part in parts)
    return Seen("bad" if wrong else "good", f"{wrong} of {sum(part.size for part in parts)} are NaN or infinite", wrong)


def _spread(subject: Outside) -> Seen:
    parts = subject.parts(subject.letters)
    if len(parts) == 1:
        return Seen("not applicable", "none is given; it comes from the errors on validation rows")
    lowest = float(parts[1].min())
    return Seen("good" if lowest > 0 else "bad", f"smallest {lowest:.3g}", lowest)


def _columns(subject: Outside) -> Seen:
    found, named = subject.said.shape[1], calls.listed(subject.recipe, "outputs")
    if subject.kind == "embedding":
        return Seen("good", f"{found} numbers a sequence", found)
    if named:
        return Seen("good" if len(named) == found else "bad", f"{found} columns; outputs {', '.join(named)}", found)
    told = "stands for every output" if found == 1 else "in the order of the outputs"
    return Seen("good" if found in (1, subject.outputs) else "note", f"{found}, {told}", found)


def _sizes(subject: Outside) -> Seen:
    widths = {subject.predict(subject.letters[:rows]).shape[1] for rows in SIZES}
    return Seen("good" if len(widths) == 1 else "bad", f"batches of {', '.join(map(str, SIZES))}")


def _untouched(subject: Outside) -> Seen:
    given = calls.letters(subject.letters)
    before = list(given)
    subject.call(given)
    if given != before:
        return Seen("note", "list changed; it is given one of its own")
    return Seen("good", "list as it was")


def _speed(subject: Outside) -> Seen:
    rows = 256
    drawn = signal.letters(rows, subject.length, 5)
    answered = rows / subject.seconds(lambda: subject.predict(drawn))
    return Seen("good", f"{answered:,.0f} sequences/s", answered)


FIRST: tuple[Check[Outside], ...] = (
    Check("built", _built, "a function, or a class that is built without arguments", "give every argument a default"),
    Check(
        "shape",
        _shape,
        "(n,) or (n, columns); with an SD a pair of them",
        "one number, or row, for every sequence",
        ("built",),
    ),
    Check("dtype", _dtype, "real numbers", "give an array of float32", ("shape",)),
    Check("finite", _finite, "finite numbers for random letters", "look for logs, roots and divisions", ("dtype",)),
    Check("SD", _spread, "above 0", "give the SD of a new measurement, or none", ("finite",)),
    Check(
        "columns",
        _columns,
        "one, as many as outputs, or an attribute `outputs` that names them",
        "name them: @shiftbench.predictor(outputs=...)",
        ("finite",),
    ),
)
THEN: tuple[Check[Outside], ...] = (
    Check("batch sizes", _sizes, "any number of rows", "keep the axis of rows when there is one", ("shape",)),
    Check("input untouched", _untouched, "the list is as it was", "make a copy of what is changed", ("shape",)),
)
COST: tuple[Check[Outside], ...] = (Check("speed", _speed, "told, not judged", "", ("shape",)),)
