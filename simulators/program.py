"""Activity f(x): occupancies of motifs on both strands, their pairs, dark and orientation parts, and the link.

f is a function of the letters alone. It is computed in three steps, so that a shift of the effects can reuse the
first: `basis` (what the letters hold), `parts` (sums weighted by a program), `link` (standardised sum to f).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from simulators import genome
from simulators.contract import Genome, Program
from simulators.distributions import softplus
from simulators.effects import normals, table
from simulators.random import key
from simulators.scan import read, site_weights, tables

PARTS = ("motif", "pair", "gc", "dark", "orientation")
_DARK = PARTS.index("dark")
SD = 0.72
"""SD of f on the reference sequences of a world, log2 units."""
REFERENCE = 20_000
"""Sequences of a world's genome on which its constants and the severities of its shifts are computed."""
_WEIGHED = (
    "motif_weights", "pair_weights", "dark_weights", "orientation_weights", "shares",
    "centers", "scales", "total_center", "total_scale", "link_center", "link_scale",
)  # fmt: skip
"""Fields of a program on which a basis does not depend."""
_ROWS = 16384
"""Sequences whose basis is held at a time."""

Floats = NDArray[np.float64]
Letters = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Basis:
    """What the letters of n sequences hold, before any weight; float64.

    `occupancy` (n, public) in 0..1; `strand` (n, public), plus minus minus strand occupancy; `pair` (n, pairs) in 0..1;
    `dark` (n, dark motifs) in 0..1; `field` (n, cells), sum of the 6-mer field; `gc` (n,) in 0..1.
    """

    occupancy: Floats
    strand: Floats
    pair: Floats
    dark: Floats
    field: Floats
    gc: Floats


def evaluate(program: Program, sequence: Letters) -> NDArray[np.float32]:
    """Activity f of every sequence and cell type, float32 (n, cells), log2 units; `sequence` uint8 (n, length)."""
    out = np.empty((len(sequence), len(program.cells)), np.float32)
    for first in range(0, len(sequence), _ROWS):
        raw = parts(program, basis(program, sequence[first : first + _ROWS]))
        out[first : first + _ROWS] = link(program, raw)
    return out


def basis(program: Program, sequence: Letters) -> Basis:
    """Occupancies, pairs, field and GC of sequences; `ValueError` unless uint8 (n, length), codes 0..4."""
    if sequence.ndim != 2 or sequence.dtype != np.uint8 or (sequence.size and sequence.max() > 4):
        raise ValueError(f"sequence: {sequence.dtype} {sequence.shape}; expected uint8 (n, length) with codes 0 to 4")
    n, motifs = len(sequence), tables(program.public + program.dark, program.release, program.tail, program.temperature)
    public = len(program.public)
    pairs = np.array(program.pairs, dtype=np.int64).reshape(-1, 2)
    columns = (public, public, len(pairs), len(program.dark), len(program.cells))
    occupancy, strand, pair, dark, letters = (np.zeros((n, k)) for k in columns)
    result = Basis(occupancy, strand, pair, dark, letters, np.zeros(n))
    values = field(program.identity, len(program.cells))
    _basis(
        np.ascontiguousarray(sequence), motifs, pairs, program.pair_reach, values,
        result.occupancy, result.strand, result.pair, result.dark, result.field, result.gc,
    )  # fmt: skip
    return result


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
    weights = (program.motif_weights, program.pair_weights, program.dark_weights, program.orientation_weights)
    motif, pair, dark, orientation = (np.array(w, dtype=np.float64) for w in weights)
    _parts(
        motif, pair, dark, orientation,
        basis.occupancy, basis.strand, basis.pair, basis.dark, basis.field, basis.gc, out,
    )  # fmt: skip
    return out


def link(program: Program, raw: Floats) -> Floats:
    """Activity f from raw parts, float64 (n, cells), log2 units."""
    out = np.empty(raw.shape[:2])
    _link(raw, *_constants(program), program.link_offset, out)
    return out


def standardise(program: Program, raw: Floats) -> Program:
    """Program whose parts, sum and f have mean 0 and their nominal SD on the sequences behind `raw`."""
    shape = (len(program.cells), len(PARTS))
    centers, scales, eta = np.empty(shape), np.empty(shape), np.empty(len(raw))
    shares = np.array(program.shares)
    law = [activity(raw[:, c], shares, program.link_offset, centers[c], scales[c], eta) for c in range(shape[0])]
    return msgspec.structs.replace(
        program,
        centers=table(centers),
        scales=table(scales),
        total_center=tuple(total[0] for total, _ in law),
        total_scale=tuple(total[1] for total, _ in law),
        link_center=tuple(final[0] for _, final in law),
        link_scale=tuple(SD / final[1] for _, final in law),
    )


def balance_dark(program: Program, basis: Basis) -> Program:
    """Program whose field weights make motifs and 6-mer field equal in the variance of the dark part."""
    weights = np.array(program.dark_weights, dtype=np.float64)
    spread = []
    for last in (0.0, 1.0):
        half = weights * (1 - last)
        half[:, -1] = last
        dark = parts(msgspec.structs.replace(program, dark_weights=table(half)), basis)[..., _DARK]
        spread.append([moments(dark[:, c])[1] for c in range(len(weights))])
    weights[:, -1] = [a / b for a, b in zip(*spread, strict=True)]
    return msgspec.structs.replace(program, dark_weights=table(weights))


@lru_cache(maxsize=16)
def field(seed: str, cells: int) -> Floats:
    """Smooth random value of every 6-mer in every cell type, float64 (4096, cells); never handed to a model.

    Alike on both strands, smoothed over neighbours one letter away, mean 0 among the 6-mers of equal GC count;
    three tenths of its variance are shared by the cell types.
    """
    draws = normals(key(0, seed, "field"), 4096, 0, 1 + cells)
    out = np.empty((4096, cells))
    _smooth(draws, out)
    return out


def _constants(program: Program) -> tuple[Floats, Floats, Floats]:
    """Center and factor of every part (cells, 5), and center, scale of the sum and of the link (cells, 4)."""
    factor = np.sqrt(np.array(program.shares)) / np.array(program.scales)
    rest = (program.total_center, program.total_scale, program.link_center, program.link_scale)
    return np.array(program.centers), factor, np.ascontiguousarray(np.array(rest).T)


@njit(cache=True, parallel=True)
def _basis(sequence, motifs, pairs, reach, field, occupancy, strand, pair, dark, field_sum, gc):  # type: ignore[no-untyped-def]
    n, length = sequence.shape
    public = occupancy.shape[1]
    for i in prange(n):
        padded = length + 4 * motifs.weight.shape[2] + 8
        code = np.empty(padded, np.int64)
        known = np.empty(padded, np.int64)
        weight = np.empty((2, length))
        site = np.zeros((public if pairs.shape[0] else 0, length))
        read(sequence[i], code, known)
        for k in range(motifs.width.size):
            plus = site_weights(motifs, k, 0, code, known, weight[0])
            minus = site_weights(motifs, k, 1, code, known, weight[1])
            if k >= public:
                dark[i, k - public] = _saturated(plus + minus)
                continue
            occupancy[i, k] = _saturated(plus + minus)
            strand[i, k] = _saturated(plus) - _saturated(minus)
            if pairs.shape[0]:
                for p in range(length):
                    site[k, p] = _saturated(weight[0, p] + weight[1, p])
        for j in range(pairs.shape[0]):
            a, b = pairs[j]
            pair[i, j] = _saturated(_near(site[a], site[b], motifs.width[a], motifs.width[b], reach))
        _letters(code, known, length, field, field_sum[i])
        gc[i] = _gc(sequence[i])


@njit(cache=True)
def _saturated(x):  # type: ignore[no-untyped-def]
    return x / (1 + x)


@njit(cache=True)
def _near(first, second, width, other, reach):  # type: ignore[no-untyped-def]
    """Sum over sites of one motif x sites of another whose centers are at most `reach` apart."""
    length = first.size
    cumulative = np.zeros(length + 1)
    for p in range(length):
        cumulative[p + 1] = cumulative[p] + second[p]
    total = 0.0
    for p in range(length):
        center = 2 * p + width - other  # centers in half letters, so that both strands agree
        low = max(0, -((2 * reach - center) // 2))
        high = min(length - 1, (center + 2 * reach) // 2)
        if low <= high:
            total += first[p] * (cumulative[high + 1] - cumulative[low])
    return total


@njit(cache=True)
def _letters(code, known, length, field, out):  # type: ignore[no-untyped-def]
    """Sum of the field over the 6-mers of a sequence."""
    for p in range(length - 5):
        if known[p] >= 6:
            six = (code[p] << 4) | (code[p + 2] & 15)
            for cell in range(out.size):
                out[cell] += field[six, cell]


@njit(cache=True)
def _gc(sequence):  # type: ignore[no-untyped-def]
    strong, known = 0, 0
    for letter in sequence:
        known += letter < 4
        strong += 1 <= letter <= 2
    return strong / known if known else 0.5


@njit(cache=True, parallel=True)
def _parts(motif, pair, dark, orientation, occupancy, strand, pairs, dark_occupancy, field, gc, out):  # type: ignore[no-untyped-def]
    for i in prange(out.shape[0]):
        for c in range(out.shape[1]):
            out[i, c, 0] = _dot(motif[c], occupancy[i])
            out[i, c, 1] = _dot(pair[c], pairs[i])
            out[i, c, 2] = gc[i]
            out[i, c, 3] = _dot(dark[c], dark_occupancy[i]) + dark[c, dark.shape[1] - 1] * field[i, c]
            out[i, c, 4] = _dot(orientation[c], strand[i])


@njit(cache=True)
def _dot(weights, values):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(values.size):
        total += weights[k] * values[k]
    return total


@njit(cache=True)
def _link(raw, centers, factor, rest, offset, out):  # type: ignore[no-untyped-def]
    for i in range(raw.shape[0]):
        for c in range(raw.shape[1]):
            total = 0.0
            for part in range(raw.shape[2]):
                total += factor[c, part] * (raw[i, c, part] - centers[c, part])
            eta = (total - rest[c, 0]) / rest[c, 1]
            out[i, c] = rest[c, 3] * (softplus(eta + offset) - rest[c, 2])


@njit(cache=True)
def activity(raw, shares, offset, center, scale, eta):  # type: ignore[no-untyped-def]
    """Standardise one output, `raw` (n, parts): fill `center`, `scale` (parts,) and `eta` (n,), softplus of the sum.

    Gives mean and SD of the sum and of `eta`. The parts are correlated, so those other than the dark one share one
    more factor that makes the variance of their sum 1 - the dark share: every output is dark to the same degree.
    """
    n, count = raw.shape
    eta[:] = 0.0
    for part in range(count):
        center[part], sd = moments(raw[:, part])
        scale[part] = sd if sd > 0 else 1.0  # a part that never varies adds nothing
        if part != _DARK:
            for i in range(n):
                eta[i] += math.sqrt(shares[part]) / scale[part] * (raw[i, part] - center[part])
    sd = moments(eta)[1]
    factor = sd / math.sqrt(1 - shares[_DARK]) if sd > 0 else 1.0
    for part in range(count):
        if part != _DARK:
            scale[part] *= factor
    for i in range(n):
        eta[i] = eta[i] / factor + math.sqrt(shares[_DARK]) / scale[_DARK] * (raw[i, _DARK] - center[_DARK])
    total = moments(eta)
    for i in range(n):
        eta[i] = softplus((eta[i] - total[0]) / total[1] + offset)
    return total, moments(eta)


@njit(cache=True)
def moments(values):  # type: ignore[no-untyped-def]
    """Mean and SD of a vector, summed in order (the same bits everywhere)."""
    mean = 0.0
    for x in values:
        mean += x
    mean /= values.size
    square = 0.0
    for x in values:
        square += (x - mean) * (x - mean)
    return mean, math.sqrt(square / values.size)


@njit(cache=True)
def _smooth(draws, out):  # type: ignore[no-untyped-def]
    """Field from standard normals (1 + cells, 4096): shared + own, both strands, neighbours, GC classes."""
    size, cells = out.shape
    for c in range(cells):
        value = np.empty(size)
        for k in range(size):
            r = _reverse_complement(k)
            value[k] = draws[0, k] + draws[0, r] + 1.5 * (draws[1 + c, k] + draws[1 + c, r])
        total, members = np.zeros(7), np.zeros(7)
        for k in range(size):
            near = 0.0
            for place in range(6):
                for change in range(1, 4):
                    near += value[k ^ (change << (2 * place))]
            out[k, c] = value[k] + 0.3 * near
            total[_strong(k)] += out[k, c]
            members[_strong(k)] += 1
        for k in range(size):
            out[k, c] -= total[_strong(k)] / members[_strong(k)]


@njit(cache=True)
def _reverse_complement(code):  # type: ignore[no-untyped-def]
    out = 0
    for place in range(6):
        out = (out << 2) | (3 - ((code >> (2 * place)) & 3))
    return out


@njit(cache=True)
def _strong(code):  # type: ignore[no-untyped-def]
    """Number of G and C in a 6-mer (codes 1 and 2)."""
    count = 0
    for place in range(6):
        letter = (code >> (2 * place)) & 3
        count += 1 <= letter <= 2
    return count
