"""Digests of a small world and a small draw; `python -m tests.golden.regenerate` writes them anew."""

import hashlib
import json
from pathlib import Path

from simulators import mpra


def digest(array):
    return hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest()


def digests():
    world = mpra.world(0)
    sample = mpra.draw(world, 64, seed=0, split="golden")
    truth = {name: getattr(sample.truth, name) for name in ("mean", "expected", "sd")}
    columns = {"sequence": sample.sequence, "replicates": sample.replicates, "observed": sample.observed}
    columns |= {"noise_sd": sample.noise_sd} | truth | sample.table
    return {
        "version": mpra.VERSION,
        "world": hashlib.blake2b(world.to_json(), digest_size=16).hexdigest(),
        **{name: digest(column) for name, column in columns.items()},
    }


if __name__ == "__main__":
    Path(__file__).with_name("mpra.json").write_text(json.dumps(digests(), indent=2) + "\n")
