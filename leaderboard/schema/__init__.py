"""The manifest of an entry as JSON Schema, generated from its records."""

import json
from pathlib import Path

import msgspec

from leaderboard.manifest import VERSION, Manifest

PATH = Path(__file__).with_name(f"manifest-{VERSION}.json")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def generated() -> str:
    """Text of the schema of `leaderboard.manifest.Manifest`."""
    schema = {"$schema": DIALECT, "title": f"Manifest of an entry, version {VERSION}"}
    return json.dumps(schema | msgspec.json.schema(Manifest), indent=1) + "\n"
