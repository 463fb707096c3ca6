"""The manifest of an entry: parsed, and held against what was asked."""

import hashlib
from collections.abc import Mapping
from itertools import accumulate, pairwise

import msgspec

from leaderboard.manifest import VERSION, Manifest
from leaderboard.questions import Questions
from leaderboard.reading import strict, text
from leaderboard.reading.text import shown
from leaderboard.refused import Refused

NAME = "manifest.json"
FORMATS = (
    frozenset({"mean.npy", "sd.npy"}),
    frozenset({"mean.npy", "sd.npy", "quantiles.npy"}),
    frozenset({"predictions.parquet"}),
    frozenset({"predictions.csv"}),
)
"""What may lie beside the manifest."""


def manifest(data: bytes, questions: Questions) -> Manifest:
    """The manifest that `data` holds, its text harmless, its suite, seeds and sets those of `questions`; `Refused`."""
    found = strict.loads(data, NAME)
    text.check(found)
    version = found.get("schema_version") if isinstance(found, dict) else None
    if type(version) is int and version != VERSION:
        raise Refused("manifest-version", f"{NAME}: schema_version {version}; expected {VERSION}; pack it anew")
    try:
        told = msgspec.convert(found, Manifest)
    except msgspec.ValidationError as error:
        told_why = shown(str(error), 160)[1:-1]
        raise Refused("manifest-schema", f"{NAME}: {told_why}; expected what schema/manifest-1.json says") from None
    text.check_link(told.link)
    _check_suite(told, questions)
    _check_seeds(told, questions)
    _check_tests(told, questions)
    return told


def spans(told: Manifest) -> dict[str, slice]:
    """Place of the rows of each answered set among all, by digest."""
    stops = list(accumulate((test.rows for test in told.tests), initial=0))
    return {test.digest: slice(*ends) for test, ends in zip(told.tests, pairwise(stops), strict=True)}


def check_files(told: Manifest, contents: Mapping[str, bytes]) -> None:
    """Refuse predictions whose SHA-256 is not the one that the manifest tells; `Refused`."""
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != told.files[name]:  # type: ignore[index]
            raise Refused("files-digest", f"{name}: its SHA-256 is not the one in {NAME}; pack it anew")


def check_names(told: Manifest, names: frozenset[str]) -> None:
    """Refuse members that the manifest does not name, and the reverse, and a mixture of formats; `Refused`."""
    if names != frozenset(told.files):
        raise Refused("files-listed", f"{NAME} names {sorted(told.files)} and beside it lie {sorted(names)}")
    if names not in FORMATS:
        ways = "; or ".join(", ".join(sorted(way)) for way in FORMATS)
        raise Refused("files-format", f"predictions in {sorted(names)}; expected one format: {ways}")


def _check_suite(told: Manifest, asked: Questions) -> None:
    if told.suite != asked.suite or told.suite_version != asked.version:
        found, wanted = f"{shown(told.suite)} version {told.suite_version}", f"{asked.suite!r} version {asked.version}"
        raise Refused("suite-other", f"{NAME}: suite {found}; expected {wanted}")
    if told.round != asked.round:
        raise Refused("round-other", f"{NAME}: round {shown(told.round)}; expected {asked.round!r} ('' is none)")
    if told.outputs != asked.outputs:
        raise Refused("outputs-other", f"{NAME}: outputs {shown(told.outputs)}; expected {asked.outputs!r}")


def _check_seeds(told: Manifest, asked: Questions) -> None:
    """All announced seeds, each once; the first of them will do where training leaves nothing to chance."""
    given = set(told.seeds)
    if len(given) < len(told.seeds):
        raise Refused("seeds-duplicate", f"{NAME}: a seed twice in {shown(told.seeds)}; expected each once")
    alone = told.model.kind != "network" and told.seeds == asked.seeds[:1]
    if given != set(asked.seeds) and not alone:
        wanted = ", ".join(map(str, asked.seeds))
        raise Refused("seeds-other", f"{NAME}: seeds {shown(told.seeds)}; expected those announced: {wanted}")


def _check_tests(told: Manifest, asked: Questions) -> None:
    sets = {one.digest: one for one in asked.sets}
    given = [test.digest for test in told.tests]
    if len(set(given)) < len(given):
        raise Refused("tests-duplicate", f"{NAME}: a test set twice; expected each once")
    for test in told.tests:
        wanted = sets.get(test.digest)
        if wanted is None:
            raise Refused("tests-unknown", f"{NAME}: no test set {test.digest} is asked; expected one of {len(sets)}")
        if test.label != wanted.label:
            raise Refused("tests-label", f"{NAME}: {test.digest} as {shown(test.label)}; expected {wanted.label!r}")
        if test.rows != len(wanted.ids):
            raise Refused("tests-rows", f"{NAME}: {wanted.label} has {test.rows} rows; expected {len(wanted.ids)}")
