"""What is known of motifs beside the letters: occupancies of public motifs and decoys, or GC where none is known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.models import features
from simulators.contract import Program, World

State = dict[str, NDArray[Any]]
Floats = NDArray[np.float32]

DECOYS = 5
"""Motifs from outside the world for each true one."""


def occupancies(sequence: NDArray[np.uint8], motifs: NDArray[np.str_]) -> Floats:
    """Natural log of the sum and of the maximum of the site weights of each motif, float32 (n, 2 x motifs)."""
    from simulators import motif, scan

    return scan.features(sequence, tuple(motifs.tolist()), motif.RELEASE)


def with_decoys(program: Program, true: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.str_]:
    """Ids `true` and `DECOYS` times as many of vertebrate motifs outside the world; `InputError` if there are fewer.

    None resembles a motif of the world: it would tell of a dark one, or be a public one over again.
    """
    from simulators import motif, mpra

    ids = motif.vertebrate_ids()
    known = motif.load((*program.public, *program.dark))
    near = motif.resembles(motif.load(ids), known, mpra.RESEMBLANCE)
    others = [name for name, alike in zip(ids, near, strict=True) if not alike]
    if len(others) < (wanted := DECOYS * len(true)):
        raise InputError(f"structural prior: found {len(others)} decoys outside the world; expected {wanted}")
    return np.concatenate([true, rng.choice(others, wanted, replace=False)])


def fit(facts: dict[str, Any], sequence: NDArray[np.uint8]) -> tuple[State, Floats]:
    """What `standardised` needs to know, and its features of the training letters `sequence` uint8 (n, length).

    State: `motifs`, ids of all public motifs of `facts["source_world"]` and their decoys, or `facts["candidates"]`
    where nobody is told which are true; none if facts name neither (then GC and its square are the features);
    `center`, `scale` float32 (p,), mean and SD of the training rows.
    """
    motifs = np.array(facts.get("candidates", []), np.str_)
    if "source_world" in facts:
        program = World.from_json(facts["source_world"]).program
        motifs = with_decoys(program, np.array(program.public), np.random.Generator(np.random.Philox(key=1)))
    raw = _raw(motifs, sequence)
    scale = raw.std(0, dtype=np.float64)
    scale[scale == 0] = 1.0
    center = raw.mean(0, dtype=np.float64)
    state = {"motifs": motifs, "center": center.astype(np.float32), "scale": scale.astype(np.float32)}
    return state, _standard(state, raw)


def standardised(state: State, sequence: NDArray[np.uint8]) -> Floats:
    """Features of any letters in units of the training rows, float32 (n, p); those of a strand are the other's."""
    return _standard(state, _raw(state["motifs"], sequence))


def _raw(motifs: NDArray[np.str_], sequence: NDArray[np.uint8]) -> Floats:
    return occupancies(sequence, motifs) if motifs.size else features.gc(sequence)


def _standard(state: State, raw: Floats) -> Floats:
    return np.asarray((raw - state["center"]) / state["scale"], np.float32)
