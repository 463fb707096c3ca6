"""Calls of a model from outside: built once, given letters as text in chunks, every answer checked."""

import inspect
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench import kinds
from shiftbench.errors import ModelError
from shiftbench.registry import MODELS
from shiftbench.spec import Recipe
from simulators.contract import LETTERS

Floats = NDArray[np.float32]
Call = Callable[[list[str]], Any]

CHUNK = 256
"""Sequences of one call."""


def built(recipe: Recipe) -> Call:
    """What a recipe of kind callable or embedding calls: a class is built once a process, all else is as it is."""
    registry = MODELS["embedding" if recipe.kind == "embedding" else "callable"]
    thing: Any = registry.get(recipe.network)
    call: Any = thing
    if inspect.isclass(thing):
        call = _instance(thing, recipe.name, recipe.code)  # type: ignore[arg-type] # of mypy: a class has a hash
    if not callable(call):
        raise ModelError(f"{recipe.name}: {type(call).__name__} cannot be called; expected __call__(sequences)")
    said: Call = call
    return said


@lru_cache(maxsize=2)
def _instance(thing: type, name: str, code: str) -> Any:
    """`code` stands for the files that the object reads."""
    try:
        return thing()
    except Exception as error:
        raise ModelError(f"{name}: {_line(error)}; expected a class that is built without arguments") from error


def answers(recipe: Recipe, sequence: NDArray[np.uint8]) -> Iterator[tuple[int, int, Any]]:
    """First row, number of rows, and what is said of them, chunk by chunk of codes (n, length).

    The model is given a list of its own each time, of text, so that nothing that it does reaches the data.
    `ModelError` in one line for whatever it raises.
    """
    call = built(recipe)
    for start in range(0, len(sequence), CHUNK):
        texts = letters(sequence[start : start + CHUNK])
        count = len(texts)
        try:
            said = call(texts)
        except Exception as error:
            rows = f"rows {start + 1} to {start + count}"
            raise ModelError(f"{recipe.name}: {rows}: {_line(error)}; expected an answer to every sequence") from error
        yield start, count, said


def letters(sequence: NDArray[np.uint8]) -> list[str]:
    """Text of codes uint8 (n, length): A0 C1 G2 T3 N4."""
    return [row.tobytes().decode() for row in np.frombuffer(LETTERS.encode(), np.uint8)[sequence]]


def numbers(said: Any, name: str, start: int, count: int, what: str) -> Floats:
    """Copy of what was said, as float32 (count, columns); `ModelError` names the model, what was found and expected.

    `what` names the array in the line, `start` is the row of its first.
    """
    try:
        found = np.asarray(said)
        sound = found.dtype.kind in "fiub"
    except Exception as error:  # whatever a stranger's object does when it is read
        raise ModelError(f"{name}: {what}: {_line(error)}; expected numbers (n,) or (n, columns)") from error
    if not sound:
        raise ModelError(f"{name}: {what} is {type(said).__name__} of {found.dtype}; expected numbers")
    if found.ndim not in (1, 2) or len(found) != count or not found.size:
        raise ModelError(f"{name}: {what} is {found.shape}; expected ({count},) or ({count}, columns)")
    with np.errstate(over="ignore"):  # too large is found as infinite below
        copied = np.array(found.reshape(count, -1), dtype=np.float32)
    if (wrong := np.argwhere(~np.isfinite(copied))).size:
        row, column = wrong[0]
        value = found.reshape(count, -1)[row, column]
        raise ModelError(f"{name}: {what} is {value} in row {start + row + 1}, column {column + 1}; expected finite")
    return copied


def joined(parts: list[Floats], name: str, what: str) -> Floats:
    """Chunks as one array; `ModelError` if they differ in their columns."""
    if len(found := sorted({part.shape[1] for part in parts})) > 1:
        raise ModelError(f"{name}: {what} has {found[0]} columns in one call and {found[-1]} in another; expected one")
    return np.concatenate(parts)


def listed(recipe: Recipe, attribute: str) -> tuple[str, ...]:
    """Names that the model lists under an attribute, () if it does not."""
    return kinds.names(built(recipe), attribute)


def _line(error: BaseException) -> str:
    return " ".join(f"raised {type(error).__name__}: {error}".split())
