"""JSON as a signed form is read: one meaning or none."""

import json
import math
import re
from typing import Any, NoReturn

from leaderboard.reading.text import shown
from leaderboard.refused import Refused

DEPTH = 8
DIGITS = 32
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
"""A string, ended or not, or a bracket; possessive, so that nothing is read twice."""


def loads(data: bytes, where: str) -> Any:
    """What a JSON document holds; `Refused` if it is not UTF-8, or if two readers could differ about it.

    Refused: byte order marks, names given twice, NaN and infinities (also as 1e400), numbers of over 32 characters,
    brackets more than 8 deep. Nesting is counted before anything is parsed.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Refused("json-encoding", f"{where}: byte {error.start} is no UTF-8; expected UTF-8") from None
    if text.startswith("\ufeff") or "\0" in text:
        raise Refused("json-encoding", f"{where}: a byte order mark or a NUL; expected UTF-8 without one")
    _check_depth(text, where)
    try:
        return json.loads(text, object_pairs_hook=_once, parse_int=_whole, parse_float=_real, parse_constant=_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise Refused("json-syntax", f"{where}: {error.msg} at {place}; expected JSON") from None


def _check_depth(text: str, where: str) -> None:
    depth = 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in "[{":
            depth += 1
            if depth > DEPTH:
                raise Refused("json-depth", f"{where}: brackets more than {DEPTH} deep; expected fewer")
        elif token in "]}":
            depth -= 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refused("json-duplicate", f"the name {shown(name)} stands twice in one object; expected once")
        found[name] = value
    return found


def _short(number: str) -> str:
    if len(number) > DIGITS:
        raise Refused("json-number", f"a number of {len(number)} characters; expected at most {DIGITS}")
    return number


def _whole(number: str) -> int:
    return int(_short(number))


def _real(number: str) -> float:
    value = float(_short(number))
    return value if math.isfinite(value) else _constant(number)


def _constant(name: str) -> NoReturn:
    raise Refused("json-number", f"the number {name}; expected a finite one")
