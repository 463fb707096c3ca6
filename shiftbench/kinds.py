"""Which kind of recipe an object from outside is, and the decorators by which its author says so."""

import inspect
import sys
from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

from shiftbench.errors import InputError

T = TypeVar("T")

Kind = Literal["network", "callable", "embedding"]
Scale = Literal["given", "fit"]

MARK = "shiftbench_kind"
"""Attribute by which a decorated object tells its kind."""
FACTORY = ("length", "outputs")
"""Parameters by which a function that builds a network is told from one that predicts."""


@overload
def predictor(thing: T) -> T: ...
@overload
def predictor(
    *, outputs: tuple[str, ...] = (), scale: Scale = "given", depends: tuple[str, ...] = ()
) -> Callable[[T], T]: ...
def predictor(
    thing: Any = None, *, outputs: tuple[str, ...] = (), scale: Scale = "given", depends: tuple[str, ...] = ()
) -> Any:
    """Mark a callable, or a class that builds one without arguments, as a predictor that needs no training.

    It is called with a list of sequences (str of A, C, G, T, N) and gives their expression: numbers (n,) or
    (n, outputs), or a pair of such arrays, the mean and the SD of a new measurement. Each sequence is to be answered
    the same whatever else is in the list.

    Parameters
    ----------
    outputs
        Names of its columns; without them one column stands for every output of a task, several for all in order.
    scale
        `given`: what it predicts is in the unit of the measurement; `fit`: another unit, from which slope and intercept
        of each output are fitted on training rows.
    depends
        Files that it reads, relative to its own source file: edited ones make a new fit, as edited source does.
    """
    return _mark(thing, "callable", outputs=outputs, scale=scale, depends=depends)


@overload
def embedding(thing: T) -> T: ...
@overload
def embedding(*, depends: tuple[str, ...] = ()) -> Callable[[T], T]: ...
def embedding(thing: Any = None, *, depends: tuple[str, ...] = ()) -> Any:
    """Mark a callable, or a class that builds one without arguments, as a frozen embedding.

    It is called with a list of sequences (str) and gives (n, width) numbers, on which a ridge is fitted; `depends` as
    in `predictor`.
    """
    return _mark(thing, "embedding", depends=depends)


def _mark(thing: Any, kind: Kind, **options: Any) -> Any:
    if thing is None:
        return lambda later: _mark(later, kind, **options)
    told = {name: value for name, value in options.items() if value not in ((), "given")}
    try:
        for name, value in ({MARK: kind} | told).items():
            setattr(thing, name, value)
    except (AttributeError, TypeError) as error:
        raise InputError(f"{thing!r}: cannot be marked ({error}); expected a function or a class of yours") from error
    return thing


def kind(thing: Any, name: str) -> Kind:
    """Kind of recipe of an object: what it is marked as, else a network or a predictor.

    Networks are torch.nn.Module classes and callables with parameters `length` and `outputs`. `InputError` for what is
    none of them.
    """
    marked: Kind | None = getattr(thing, MARK, None)
    if marked:
        return marked
    torch = sys.modules.get("torch")  # not imported: then it can be no module of it
    if torch and isinstance(thing, torch.nn.Module):
        raise InputError(f"{name}: a network that is built already; expected its class, or a function of sequences")
    if not callable(thing):
        found = type(thing).__name__
        raise InputError(f"{name}: found {found}; expected a torch.nn.Module class, a function of sequences or a class")
    if torch and isinstance(thing, type) and issubclass(thing, torch.nn.Module):
        return "network"
    return "network" if {*FACTORY} <= {*_parameters(thing)} else "callable"


def names(thing: Any, attribute: str) -> tuple[str, ...]:
    """Names that an attribute lists; () if there is none, or one that means something else."""
    listed = getattr(thing, attribute, ())
    sound = isinstance(listed, (tuple, list)) and all(isinstance(name, str) for name in listed)
    return tuple(listed) if sound else ()


def _parameters(thing: Any) -> list[str]:
    try:
        return [*inspect.signature(thing).parameters]
    except (TypeError, ValueError):
        return []  # of some built-in callables nobody knows
