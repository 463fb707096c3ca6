"""A stranger's task whose test set holds training rows, as they are, turned, and changed in 8 of 80 letters."""

import numpy as np

from shiftbench.tasks.provider import Built
from simulators.contract import Sample

COPIES = {"identical": 30, "turned": 25, "near": 40}
"""Rows of the test set, in this order, before 105 that are new."""
ROWS, LENGTH = 200, 80


def training():
    """Letters and values of 400 training rows."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 4, (400, LENGTH), dtype=np.uint8), rng.normal(size=(400, 2)).astype(np.float32)


def drawn():
    """Letters and values of the test rows: of copies those of their source with noise of SD .3."""
    known, values = training()
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 4, (ROWS, LENGTH), dtype=np.uint8)
    observed = rng.normal(size=(ROWS, 2)).astype(np.float32)
    copies = sum(COPIES.values())
    rows[:copies] = known[:copies]
    observed[:copies] = values[:copies] + 0.3 * observed[:copies]
    identical, turned = COPIES["identical"], COPIES["identical"] + COPIES["turned"]
    rows[identical:turned] = 3 - rows[identical:turned, ::-1]
    for row in rows[turned:copies]:
        places = rng.permutation(LENGTH)[:8]
        row[places] = (row[places] + rng.integers(1, 4, 8)) % 4
    return rows, observed


def sample(rows, observed, name):
    count = np.arange(len(rows), dtype=np.int32)
    none = np.full(len(rows), -1, np.int32)
    ids = np.array([f"{name}{i}" for i in range(len(rows))])
    return Sample(ids, rows, observed, np.full_like(observed, np.nan), none, count, ("a", "b"))


class Leaky:
    """The first 300 training rows train, the others validate."""

    version = 1
    files = ()

    def build(self, data, files):
        rows, observed = training()
        if data.role == "training":
            parts = {"train": slice(0, 300), "validation": slice(300, 400)}
            return Built({name: sample(rows[part], observed[part], name) for name, part in parts.items()})
        return Built({data.role: sample(*drawn(), "test")})
