"""Digests of a small world, shifted ones and a small draw; `python -m tests.golden.regenerate` writes them anew."""

import hashlib
import json
from pathlib import Path

from simulators import mpra, shift


def digest(array):
    return hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest()


def digests():
    world = mpra.world(0)
    sample = mpra.draw(world, 64, seed=0, split="golden")
    truth = {name: getattr(sample.truth, name) for name in ("mean", "expected", "sd")}
    columns = {"sequence": sample.sequence, "replicates": sample.replicates, "observed": sample.observed}
    columns |= {"noise_sd": sample.noise_sd} | truth | sample.table
    shifted = {
        f"world {family} {severity}": hashlib.blake2b(
            shift.apply(world, family, severity).world.to_json(), digest_size=16
        ).hexdigest()
        for family, severity in (("gc", 0.3), ("rewiring", 0.3), ("depth", 0.15))
    }
    return shifted | {
        "version": mpra.VERSION,
        "world": hashlib.blake2b(world.to_json(), digest_size=16).hexdigest(),
        **{name: digest(column) for name, column in columns.items()},
    }


if __name__ == "__main__":
    Path(__file__).with_name("mpra.json").write_text(json.dumps(digests(), indent=2) + "\n")
