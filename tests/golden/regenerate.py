"""Digests of a small world, shifted ones and small draws.

`python -m tests.golden.regenerate` writes them anew, with `--check` it compares them and names what differs. It needs
nothing but the simulators, so it also runs on other versions of NumPy and Numba, other CPU targets and thread counts.
"""

import hashlib
import json
import sys
from pathlib import Path

import numba
import numpy as np

from simulators import mpra, satmut, shift
from simulators.contract import PARTS

STORED = Path(__file__).with_name("mpra.json")
SINGLE = [name for name, family in shift.FAMILIES.items() if family.part in PARTS]
SHIFTS = [*((name, 0.15) for name in SINGLE), ("rewiring", shift.REVERSE)]


def digest(value):
    return hashlib.blake2b(value if isinstance(value, bytes) else value.tobytes(), digest_size=16).hexdigest()


def columns(sample):
    truth = {name: getattr(sample.truth, name) for name in ("mean", "expected", "sd")}
    numbers = {name: column for name, column in sample.table.items() if column.dtype.kind in "iuf"}
    letters = {"sequence": sample.sequence, "observed": sample.observed, "noise_sd": sample.noise_sd}
    return letters | truth | numbers


def digests():
    world = mpra.world(0)
    sample = mpra.draw(world, 64, seed=0, split="golden")
    found = {f"mpra {name}": digest(column) for name, column in columns(sample).items()}
    found["mpra replicates"] = digest(sample.replicates)
    mutants = satmut.draw(world, 1, seed=0, split="golden")
    found |= {f"satmut {name}": digest(column) for name, column in columns(mutants).items()}
    for family, severity in SHIFTS:
        found[f"world {family} {severity}"] = digest(shift.apply(world, family, severity).world.to_json())
    return {"version": mpra.VERSION, "world": digest(world.to_json())} | found


def main(arguments):
    found = digests()
    if arguments != ["--check"]:
        STORED.write_text(json.dumps(found, indent=2) + "\n")
        return 0
    stored = json.loads(STORED.read_text())
    wrong = [name for name in found | stored if found.get(name) != stored.get(name)]
    where = f"NumPy {np.__version__}, Numba {numba.__version__}, {numba.get_num_threads()} threads"
    lines = [f"{where}: {len(found) - len(wrong)} of {len(found)} digests as stored", *wrong]
    sys.stdout.write("\n  ".join(lines) + "\n")
    return min(1, len(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
