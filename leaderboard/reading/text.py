"""Text of entrants: what is not taken, and how it may be shown in one line of a terminal."""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from leaderboard.refused import Refused

UNSEEN = {"Cc": "control", "Cf": "format", "Co": "private-use", "Cs": "surrogate", "Cn": "unassigned",
          "Zl": "line separator", "Zp": "paragraph separator"}  # fmt: skip
"""Unicode categories that a reader cannot see, or that move what stands around them."""
FORMULA = "=+-@"
"""What a spreadsheet takes for the beginning of a formula."""
SHOWN = 80
LINK = "https://"


def shown(value: object, limit: int = SHOWN) -> str:
    """`value` in quotes, as printable ASCII, cut to `limit` characters: safe in a terminal, a log and a table."""
    text = ascii(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def check(value: Any, where: str = "manifest.json") -> None:
    """Refuse text in a parsed document, names of fields too, that misleads a reader or a program; `Refused`."""
    if isinstance(value, str):
        _check_line(value, where)
    elif isinstance(value, dict):
        for name, part in value.items():
            _check_line(name, f"{where}, a name")
            check(part, f"{where}, {shown(name)}")
    elif isinstance(value, list):
        for part in value:
            check(part, where)


def _check_line(text: str, where: str) -> None:
    for letter in text:
        kind = UNSEEN.get(unicodedata.category(letter))
        if kind:
            found = f"a {kind} character U+{ord(letter):04X}"
            raise Refused("text-control", f"{where}: {found}; expected one line of visible characters")
    if text != text.strip():
        raise Refused("text-space", f"{where}: {shown(text)}; expected no space at its ends")
    if begins_formula(text):
        raise Refused("text-formula", f"{where}: {shown(text)} begins like a formula; expected none of {FORMULA} first")


def check_link(link: str) -> None:
    """Refuse a link that is not a plain address of https; "" is none; `Refused`."""
    if link and not plain_link(link):
        raise Refused("text-link", f"manifest.json, 'link': {shown(link)}; expected '' or a plain {LINK} address")


def plain_link(link: str) -> bool:
    """Whether a link is an https address of a named host, without a user and without letters that end a quote."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return False
    plain = link.isascii() and link.isprintable() and not set(link) & set("\"'<>\\`{}|^ ")
    named = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) is not None
    return plain and named and link.startswith(LINK) and "@" not in parts.netloc


def field(text: str) -> str:
    """Text as one field of a table: no tab, line break, control or bidi character; a formula is quoted."""
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)
    quoted = kept.strip().replace('"', "'")
    return f"'{quoted}" if begins_formula(quoted) else quoted


def begins_formula(text: str) -> bool:
    """Whether a spreadsheet takes text for a formula, wide letters too."""
    return unicodedata.normalize("NFKC", text[:1])[:1] in tuple(FORMULA)


def visible(text: str) -> str:
    """Text with a mark in place of every character that `check` would refuse as unseen; line breaks stay."""
    return "".join("\ufffd" if unicodedata.category(one) in UNSEEN and one != "\n" else one for one in text)
