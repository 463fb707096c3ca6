"""Readers of bundles without one of their checks: the controls that every test of hostile files has to catch."""

from types import SimpleNamespace
from unittest import mock

from leaderboard import bundle
from leaderboard.reading import archive, npy, parquet, parse, strict, tables, text, values


def nothing(*_, **__):
    """A check that was taken out."""


WEAKER = {
    "headers may differ": (archive, "_check_header", nothing, "zip-"),
    "any size": (archive, "_check_size", nothing, "zip-"),
    "no CRC": (archive, "zlib", SimpleNamespace(**vars(archive.zlib) | {"crc32": lambda _: mock.ANY}), "zip-crc"),
    "any depth": (strict, "_check_depth", nothing, "json-depth"),
    "the last of two names": (strict, "_once", dict, "json-duplicate"),
    "any constant": (strict, "_constant", float, "json-number"),
    "any text": (text, "check", nothing, "text-"),
    "any link": (text, "check_link", nothing, "text-link"),
    "any suite": (parse, "_check_suite", nothing, "suite-"),
    "any seeds": (parse, "_check_seeds", nothing, "seeds-"),
    "any sets": (parse, "_check_tests", nothing, "tests-"),
    "any digest": (parse, "check_files", nothing, "files-digest"),
    "any format": (parse, "check_names", nothing, "files-"),
    "joined without a word": (bundle, "_check_seeds", nothing, "seeds-joined"),
    "any size of an array": (npy, "fits", lambda *_: True, "npy-size"),
    "any footer": (parquet, "_check_footer", nothing, "parquet-"),
    "a row twice": (tables, "_check_once", nothing, "row"),
    "any number": (values, "check", nothing, ""),
}
"""Module, name and stand-in of what is taken out, and how the codes begin that it gave."""
