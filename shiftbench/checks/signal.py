"""Sequences with an easy signal: copies of one motif are counted."""

import numpy as np
from numpy.typing import NDArray

from simulators.contract import Sample

MOTIF = np.array([2, 2, 2, 1, 2, 2, 2, 2], np.uint8)
"""GGGCGGGG: half of the variance of its count shows in the GC content, so a model of composition learns as well."""
NOISE = 0.1
"""SD of the noise, in units of the SD of the signal."""


def letters(n: int, length: int, seed: int) -> NDArray[np.uint8]:
    """Codes (n, length), every letter drawn alike."""
    return np.random.default_rng(seed).integers(0, 4, (n, length), dtype=np.uint8)


def sample(n: int, length: int, outputs: int, seed: int) -> Sample:
    """Sequences with 0 to 6 copies of the motif (fewer in short ones), and their standardised count plus noise."""
    rng = np.random.default_rng([seed, 1])
    sequence = letters(n, length, seed)
    slots = length // len(MOTIF) - 1  # so that the row of slots can begin anywhere in the first
    copies = rng.integers(0, min(6, slots) + 1, n)
    for row, count in enumerate(copies):
        begin = rng.integers(0, len(MOTIF))
        for slot in rng.choice(slots, count, replace=False):
            sequence[row, begin + slot * len(MOTIF) :][: len(MOTIF)] = MOTIF
    signal = (copies - copies.mean()) / max(copies.std(), 1e-6)
    observed = (signal[:, None] + NOISE * rng.normal(size=(n, outputs))).astype(np.float32)
    return Sample(
        id=np.array([f"row{row}" for row in range(n)]),
        sequence=sequence,
        observed=observed,
        noise_sd=np.full_like(observed, np.nan),
        reference=np.full(n, -1, np.int32),
        group=np.arange(n, dtype=np.int32),
        outputs=tuple(f"output{number}" for number in range(outputs)),
    )
