"""Activity f(x): occupancies of motifs on both strands, their arrangement, dark part, GC, and the link.

f is a function of the letters alone. It is computed in three steps, so that a shift of the effects can reuse the
first: `basis` (what the letters hold), `parts` (sums weighted by a program), `link` (standardised sum to f).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import genome
from simulators.contract import Genome, Program
from simulators.distributions import softplus
from simulators.field import field, field_sum
from simulators.grammar import CUT, Grammar, arrange, grammar, weaken
from simulators.random import key
from simulators.scan import scan_block
from simulators.scoring import Tables, tables
from simulators.threads import over_rows
from simulators.wide import wide

PARTS = ("motif", "pair", "gc", "dark", "orientation")
GC, DARK = PARTS.index("gc"), PARTS.index("dark")
SD = 0.72
"""SD of f on the reference sequences of a world, log2 units."""
REFERENCE = 20_000
"""Sequences of a world's genome on which its constants and the severities of its shifts are computed."""
_WEIGHED = (
    "motif_weights", "pair_weights", "dark_weights", "orientation_weights", "position_weights", "shares",
    "centers", "scales", "total_center", "total_scale", "link_center", "link_scale",
)  # fmt: skip
"""Fields of a program on which a basis does not depend."""
_ROWS = 32
"""Sequences a task of the kernels."""

Floats = NDArray[np.float64]
Letters = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Basis:
    """What the letters of n sequences hold, before any weight; float64.

    `occupancy` (n, public) in 0..1; `strand` (n, public), plus minus minus strand occupancy; `position` (n, public),
    strength of the sites x place in -1..1; `pair` (n, pairs); `dark` (n, dark motifs) in 0..1; `field` (n, cells),
    sum of the 6-mer field; `gc` (n,) in 0..1.
    """

    occupancy: Floats
    strand: Floats
    position: Floats
    pair: Floats
    dark: Floats
    field: Floats
    gc: Floats


def evaluate(program: Program, sequence: Letters) -> NDArray[np.float32]:
    """Activity f of every sequence and cell type, float32 (n, cells), log2 units; `sequence` uint8 (n, length).

    Raises `ValueError` as `basis`. From letters to f in one kernel: no array of sequences x motifs is made.
    """
    out = np.empty((len(sequence), len(program.cells)), np.float32)
    given: tuple[Any, ...] = (*_law(program), *_finishing(program), *_columns(program, 0))
    over_rows(_sweep, len(sequence), _checked(sequence), *given, out)
    return out


def basis(program: Program, sequence: Letters) -> Basis:
    """Occupancies, pairs, field and GC of sequences; `ValueError` unless uint8 (n, length), codes 0..4."""
    kept = _columns(program, len(sequence))
    none = np.empty((0, len(program.cells)), np.float32)
    given: tuple[Any, ...] = (*_law(program), *_finishing(program), *kept)
    over_rows(_sweep, len(sequence), _checked(sequence), *given, none)
    return Basis(*kept)


def _columns(program: Program, n: int) -> tuple[Floats, ...]:
    """Empty columns of a `Basis` of `n` sequences."""
    public = len(program.public)
    wide = (public, public, public, len(program.pairs), len(program.dark), len(program.cells))
    return (*(np.empty((n, k)) for k in wide), np.empty(n))


def _checked(sequence: Letters) -> Letters:
    if sequence.ndim != 2 or sequence.dtype != np.uint8 or (sequence.size and sequence.max() > 4):
        raise ValueError(f"sequence: {sequence.dtype} {sequence.shape}; expected uint8 (n, length) with codes 0 to 4")
    return np.ascontiguousarray(sequence)


def reference(law: Genome, program: Program) -> Basis:
    """Basis of the `REFERENCE` sequences of a genome on which constants and severities rest; kept for the process."""
    return _reference(law, msgspec.structs.replace(program, **dict.fromkeys(_WEIGHED, ())))


@lru_cache(maxsize=8)
def _reference(law: Genome, bare: Program) -> Basis:
    stream = key(0, bare.identity, "reference")
    return basis(bare, genome.draw(law, bare.release, stream, REFERENCE).sequence)


def parts(program: Program, basis: Basis) -> Floats:
    """Raw parts in the order of `PARTS`, float64 (n, cells, 5), not standardised."""
    out = np.empty((len(basis.gc), len(program.cells), len(PARTS)))
    columns = (basis.occupancy, basis.strand, basis.position, basis.pair, basis.dark, basis.field, basis.gc)
    over_rows(_parts, len(out), _weights(program), *columns, out)
    return out


def link(program: Program, raw: Floats) -> Floats:
    """Activity f from raw parts, float64 (n, cells), log2 units."""
    out = np.empty(raw.shape[:2])
    _, constants, law = _finishing(program)
    over_rows(_link, len(raw), raw, constants, law, out)
    return out


def link_law(program: Program) -> tuple[float, float, float]:
    """What the link needs beside its constants: offset, GC onset and GC gain."""
    return program.link_offset, program.gc_onset, program.gc_gain


class _Weights(NamedTuple):
    """What turns a basis into parts, float64, one row a cell type; the last dark weight is of the field."""

    motif: Floats
    pair: Floats
    dark: Floats
    strand: Floats
    position: Floats


def _law(program: Program) -> tuple[Tables, Grammar, Floats, bool]:
    """What turns letters into a basis: motifs, arrangement, 6-mer field, and which kernel scans."""
    motifs = tables(
        program.public + program.dark, program.release, program.tail, program.temperature,
        turned=len(program.public), blend=program.turnover, seed=program.identity,
    )  # fmt: skip
    return motifs, grammar(program), field(program.identity, len(program.cells)), wide()


def _weights(program: Program) -> _Weights:
    rows = (program.motif_weights, program.pair_weights, program.dark_weights, program.orientation_weights,
            program.position_weights)  # fmt: skip
    return _Weights(*(np.array(w, dtype=np.float64).reshape(len(program.cells), -1) for w in rows))


def _finishing(program: Program) -> tuple[_Weights, tuple[Floats, Floats, Floats], tuple[float, float, float]]:
    """What turns a basis into f: weights, constants and the law of the link.

    Constants are center and factor of every part (cells, 5), and center, scale of the sum and of the link (cells, 4);
    all are empty in a program that has none yet.
    """
    cells = len(program.cells)
    centers, scales = (np.array(x, dtype=np.float64).reshape(cells, -1) for x in (program.centers, program.scales))
    factor = np.sqrt(np.array(program.shares, dtype=np.float64))[None, : scales.shape[1]] / scales
    rest = np.array((program.total_center, program.total_scale, program.link_center, program.link_scale))
    constants = (centers, factor, np.ascontiguousarray(rest.astype(np.float64).T))
    return _weights(program), constants, link_law(program)


@njit(cache=True, nogil=True)
def _sweep(  # type: ignore[no-untyped-def]
    start, stop, sequence, motifs, law, letters, wide, weights, constants, link_law,
    occupancy, strand, position, pair, dark, field, gc, out,
):  # fmt: skip
    """Fill the columns of a basis or, where these have no rows, f in `out` (n, cells): one kernel, compiled once."""
    keep = len(gc) > 0
    for low in range(start, stop, _ROWS):
        high = min(stop, low + _ROWS)
        total, sites, first = scan_block(motifs, wide, sequence[low:high], CUT)
        row, raw = np.empty((3, occupancy.shape[1])), np.empty((out.shape[1], len(PARTS)))
        both, hidden, six = np.empty(pair.shape[1]), np.empty(dark.shape[1]), np.empty(field.shape[1])
        for i in range(low, high):
            share = _hold(
                sequence[i], motifs.width, law, letters, total[i - low], sites, first[i - low], first[i - low + 1],
                row[0], row[1], row[2], both, hidden, six,
            )  # fmt: skip
            if keep:
                for to, values in ((occupancy, row[0]), (strand, row[1]), (position, row[2])):
                    _copy(to[i], values)
                for to, values in ((pair, both), (dark, hidden), (field, six)):
                    _copy(to[i], values)
                gc[i] = share
            else:
                _weigh(weights, row[0], row[1], row[2], both, hidden, six, share, raw)
                _finish(raw, constants, link_law, out[i])


@njit(cache=True)
def _copy(to, values):  # type: ignore[no-untyped-def]
    # An assignment of one array to another takes Numba long to compile.
    for k in range(values.size):
        to[k] = values[k]


@njit(cache=True)
def _hold(  # type: ignore[no-untyped-def]
    sequence, width, law, letters, total, sites, low, high, occupancy, strand, position, pair, dark, field
):
    """Fill the basis of one sequence from its scan; its GC."""
    public = occupancy.size
    both = np.empty(width.size)
    for k in range(width.size):
        both[k] = np.float64(total[k, 0]) + np.float64(total[k, 1])
    for k in range(public):
        strand[k] = _saturated(np.float64(total[k, 0])) - _saturated(np.float64(total[k, 1]))
    strength = np.empty(high - low)
    weaken(law, sites, low, high, width, both, strength)
    position[:] = 0.0
    arrange(law, sites, low, high, width, sequence.size, strength, position, pair)
    for k in range(public):
        occupancy[k] = _saturated(both[k])
    for k in range(dark.size):
        dark[k] = _saturated(both[public + k])
    field_sum(sequence, letters, field)
    return _gc(sequence)


@njit(cache=True)
def _saturated(x):  # type: ignore[no-untyped-def]
    return x / (1 + x)


@njit(cache=True)
def _gc(sequence):  # type: ignore[no-untyped-def]
    strong, known = 0, 0
    for letter in sequence:
        known += letter < 4
        strong += 1 <= letter <= 2
    return strong / known if known else 0.5


@njit(cache=True, nogil=True)
def _parts(low, high, weights, occupancy, strand, position, pair, dark, field, gc, out):  # type: ignore[no-untyped-def]
    for i in range(low, high):
        _weigh(weights, occupancy[i], strand[i], position[i], pair[i], dark[i], field[i], gc[i], out[i])


@njit(cache=True)
def _weigh(weights, occupancy, strand, position, pair, dark, field, gc, raw):  # type: ignore[no-untyped-def]
    """Fill `raw` (cells, parts) of one sequence."""
    for c in range(raw.shape[0]):
        raw[c, 0] = _dot(weights.motif[c], occupancy)
        raw[c, 1] = _dot(weights.pair[c], pair)
        raw[c, 2] = gc
        raw[c, 3] = _dot(weights.dark[c], dark) + weights.dark[c, dark.size] * field[c]
        raw[c, 4] = _dot(weights.strand[c], strand) + _dot(weights.position[c], position)


@njit(cache=True)
def _dot(weights, values):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(values.size):
        total += weights[k] * values[k]
    return total


@njit(cache=True, nogil=True)
def _link(low, high, raw, constants, law, out):  # type: ignore[no-untyped-def]
    for i in range(low, high):
        _finish(raw[i], constants, law, out[i])


@njit(cache=True)
def _finish(raw, constants, law, out):  # type: ignore[no-untyped-def]
    """Activity of one sequence in every cell type from its raw parts."""
    centers, factor, rest = constants
    for c in range(raw.shape[0]):
        total = 0.0
        for part in range(raw.shape[1]):
            total += factor[c, part] * (raw[c, part] - centers[c, part])
        eta = (total - rest[c, 0]) / rest[c, 1]
        out[c] = rest[c, 3] * (bend(eta, raw[c, GC], law) - rest[c, 2])


@njit(cache=True)
def bend(eta, gc, law):  # type: ignore[no-untyped-def]
    """Softplus of the sum, which grows with GC above the onset."""
    offset, onset, gain = law
    return softplus(eta * (1 + gain * 10 * max(0.0, gc - onset)) + offset)
