"""Saturation mutagenesis: effects of all substitutions of active elements, estimated from error-prone PCR libraries."""

import math
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numba import njit
from numpy.typing import NDArray

from simulators import assay, genome, mpra, mutagenesis, program, regression
from simulators.contract import LETTERS, Assay, Sample, Truth, World
from simulators.distributions import exp2, log2, normal_quantile
from simulators.random import ITEMS, Key, key, uniform, uniforms

VERSION = 1000 * mpra.VERSION + 1
"""Raised when a draw changes; a world that changes raises it too."""

POOL = (10, 200)
"""Least and most inserts of which an element is the most active one."""
YIELD_SPREAD = 1.2
"""SD between elements of the log2 number of barcodes a molecule (Kircher 2019: 1.28 of the median of a variant)."""
BARCODE_SIZE = 10.0
"""NB size of the number of barcodes of a molecule."""
CONFIDENT = 1e-5
"""Largest p value of a high-confidence variant (confidence 0.1)."""
MOST = 50.0
"""-log10 p value at which confidence is 1."""
BLOCK = 10
"""Adjacent positions that are resampled together."""
LOG10_2 = 0.30102999566398120

Letters = NDArray[np.uint8]
Floats = NDArray[np.float64]
Activity = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Library:
    """Sizes of an experiment: `molecules` of each element, and mean `barcodes` of a molecule of the median element."""

    molecules: int = 20_000
    barcodes: float = 7.0


@dataclass(frozen=True, slots=True)
class Effects:
    """Fit of one element, a row for each of its substitutions (by position, then letter) and a column a cell type.

    `effect`, `se` as the protocol states them, `expected` and `sd` those of the effect given the molecules and their
    barcodes, all float64 (3 x length, cells), log2 units, NaN where the molecules do not tell; `barcodes` int64.
    """

    effect: Floats
    se: Floats
    expected: Floats
    sd: Floats
    barcodes: NDArray[np.int64]


def draw(
    world: World,
    elements: int,
    *,
    seed: int | bytes,
    split: str = "satmut",
    start: int = 0,
    source: World | None = None,
    experiment: int = 0,
    library: Library | None = None,
) -> Sample:
    """Elements `start` .. `start` + `elements` - 1: for each its reference row, then its substitutions.

    Elements are chosen by the program of `source` (default: of `world`), so that a concept shift keeps them.
    `experiment` numbers repeats: other molecules, barcodes and counts of the same elements at the same rates.
    `observed` is the effect of a substitution, log2, NaN in reference rows and where no molecule tells it;
    `noise_sd` its SE as the published protocol states it. `truth.mean` is f of the letters of the row;
    `truth.expected` and `truth.sd` are those of the effect given which molecules and barcodes were drawn: other
    substitutions of a molecule act together with it, so `expected` is not quite a difference of f.
    The table holds `element`, `position` (from 1, within the insert), `ref`, `alt`, `barcodes`, and for every output
    `p_value_*`, `confidence_*` = min(50, -log10 p) / 50, and `high_confidence_*`.
    """
    chosen = choose(world, elements, seed=seed, split=split, start=start, source=source)
    found = [
        _element(world, row, (seed, split, start + number, experiment), library or Library())
        for number, row in enumerate(chosen)
    ]
    rows = np.concatenate([chosen[:0], *(rows for rows, _, _ in found)])
    f = np.concatenate([np.empty((0, len(world.program.cells)), np.float32), *(f for _, f, _ in found)])
    return _sample(world, rows, f, [fit for _, _, fit in found], split, start)


def element_rows(world: World) -> int:
    """Rows of one element: its reference and three substitutions a letter."""
    return 1 + 3 * world.genome.length


def choose(
    world: World,
    elements: int,
    *,
    seed: int | bytes,
    split: str = "satmut",
    start: int = 0,
    source: World | None = None,
) -> Letters:
    """Inserts chosen for their activity, uint8 (elements, length with adapters).

    An element is the most active (mean f over cell types) of a number of inserts that is log-uniform in `POOL`:
    elements of published experiments range from strong promoters to enhancers that are hardly active in the cells used.
    """
    least, most = POOL
    if elements < 0 or start < 0 or (start + elements) * most > ITEMS:
        raise ValueError(f"elements {start} to {start + elements}: outside 0 to {ITEMS // most}")
    law = (source or world).program
    stream = key(seed, "satmut", split, "genome")
    pool = genome.draw(world.genome, world.program.release, stream, elements * most, start * most).sequence
    activity = program.evaluate(law, pool).sum(axis=1, dtype=np.float64).reshape(elements, most)
    choice = key(seed, "satmut", split, "choice")
    among = [int(least * exp2(uniform(choice, start + e, 0) * log2((most + 1) / least))) for e in range(elements)]
    best = np.array([row[:n].argmax() for row, n in zip(activity, among, strict=True)], np.intp)
    return np.asarray(pool[most * np.arange(elements) + best])


def _element(
    world: World, reference: Letters, address: tuple[int | bytes, str, int, int], library: Library
) -> tuple[Letters, Activity, Effects]:
    """Reference and substitutions of an element, their f, and the fit; `address`: seed, split, element, experiment.

    An experiment is one batch of the assay. A molecule is one insert of the assay with about `library.barcodes`
    barcodes, whose reads are summed; its log2 ratio weighs as many as it has barcodes.
    """
    seed, split, element, experiment = address

    def stream(purpose: str, *more: str) -> Key:
        return key(seed, "satmut", split, purpose, str(element), *more)

    left = len(world.genome.left)
    insert = slice(left, left + world.genome.length)
    singles = np.repeat(reference[None], element_rows(world), axis=0)
    singles[1:, insert] = mutagenesis.substituted(reference[insert])
    molecules = np.repeat(reference[None], library.molecules, axis=0)
    molecules[:, insert] = mutagenesis.mutate(
        reference[insert], library.molecules, stream("rates"), stream("molecules", str(experiment))
    )
    carried = mutagenesis.carried(np.ascontiguousarray(molecules[:, insert]), reference[insert])
    known = program.evaluate(world.program, singles)
    f, gc = _activity(world, molecules, carried, known), genome.gc(molecules).astype(np.float64)
    law = _protocol(world.assay, stream("experiment", str(experiment)), library)
    read = assay.measure(law, f, gc, stream("assay", str(experiment)))
    kept = np.flatnonzero(read.barcodes >= law.least_barcodes)
    expected, sd = _given_barcodes(law, f[kept], gc[kept], read.barcodes[kept])
    return singles, known, _fit(carried.of(kept), read.barcodes[kept], read.replicates[kept], expected, sd)


def _activity(world: World, molecules: Letters, carried: regression.Carried, known: Activity) -> Activity:
    """Activity f of every molecule; those of no or one substitution, four in ten, are looked up in `known`."""
    count = np.diff(carried.first)
    f = np.empty((len(molecules), known.shape[1]), np.float32)
    several, one = np.flatnonzero(count > 1), np.flatnonzero(count == 1)
    f[count == 0] = known[0]
    f[one] = known[carried.column[carried.first[one]]]
    f[several] = program.evaluate(world.program, molecules[several])
    return f


def _protocol(law: Assay, stream: Key, library: Library) -> Assay:
    """Assay of one experiment: one batch, barcodes of one clone, of which none is too few."""
    u, v = uniforms(stream, 0, 0)
    return replace(
        law,
        barcode_mean=library.barcodes * exp2(YIELD_SPREAD * normal_quantile(u)),
        barcode_size=BARCODE_SIZE,
        least_barcodes=1,
        batches=(law.batches[int(v * len(law.batches))],),
    )


def _given_barcodes(law: Assay, f: Activity, gc: Floats, barcodes: NDArray[np.int32]) -> tuple[Floats, Floats]:
    """E and SD of the log2 ratio of molecules of activity `f` and GC `gc` that have `barcodes`."""
    expected, sd = np.empty(f.shape), np.empty(f.shape)
    for count in np.unique(barcodes):
        rows = np.flatnonzero(barcodes == count)
        # So few barcodes are expected that the least number is the only one.
        exactly = replace(law, barcode_mean=1e-9, dropout=0.0, barcode_gc=0.0, least_barcodes=int(count))
        expected[rows], sd[rows] = assay.moments(exactly, f[rows], gc[rows])
    return expected, sd


def _fit(
    carried: regression.Carried,
    barcodes: NDArray[np.int32],
    replicates: NDArray[np.float32],
    expected: Floats,
    sd: Floats,
) -> Effects:
    found = regression.design(carried, barcodes.astype(np.float64))
    values = replicates.astype(np.float64)
    effect = regression.coefficients(found, values.sum(axis=1) / values.shape[1])
    count = np.zeros(carried.columns, np.int64)
    np.add.at(count, carried.column, np.repeat(barcodes, np.diff(carried.first)))
    return Effects(
        effect=effect[1:],
        se=regression.standard_errors(found, values)[1:],
        expected=regression.coefficients(found, expected)[1:],
        sd=regression.sampling_sd(found, sd)[1:],
        barcodes=count[1:],
    )


def _sample(world: World, rows: Letters, f: Activity, fits: list[Effects], split: str, start: int) -> Sample:
    length, cells = world.genome.length, world.program.cells
    size, row = element_rows(world), np.arange(len(rows))
    variant = row % size > 0
    element = start + row // size
    place = np.maximum(row % size - 1, 0) // 3
    reference = np.where(variant, row // size * size, -1).astype(np.int32)
    code = np.array(list(LETTERS))
    ref, alt = (
        np.where(variant, code[rows[of, len(world.genome.left) + place]], "") for of in (row // size * size, row)
    )
    position = np.where(variant, place + 1, -1)
    names = [f"{p}{a}>{b}" if p > 0 else "reference" for p, a, b in zip(position, ref, alt, strict=True)]

    def column(name: str) -> NDArray[np.float32]:
        out = np.full((len(fits), size, len(cells)), np.nan, np.float32)
        for number, fit in enumerate(fits):
            out[number, 1:] = getattr(fit, name)
        return out.reshape(-1, len(cells))

    observed, noise_sd = column("effect"), column("se")
    barcodes = np.zeros((len(fits), size), np.int64)
    for number, fit in enumerate(fits):
        barcodes[number, 1:] = fit.barcodes
    return Sample(
        id=np.array([f"{split}:{e:04d}:{name}" for e, name in zip(element, names, strict=True)], dtype=np.str_),
        sequence=rows,
        observed=observed,
        noise_sd=noise_sd,
        reference=reference,
        group=(element * -(-length // BLOCK) + place // BLOCK).astype(np.int32),
        outputs=cells,
        table={
            "element": element.astype(np.int32),
            "position": position.astype(np.int32),
            "ref": ref,
            "alt": alt,
            "barcodes": barcodes.ravel(),
            **_confidence(observed, noise_sd, cells),
        },
        truth=Truth(f, column("expected"), column("sd")),
    )


def _confidence(
    effect: NDArray[np.float32], se: NDArray[np.float32], outputs: tuple[str, ...]
) -> dict[str, NDArray[np.generic]]:
    """Columns `p_value_*` (two-sided, normal), `confidence_*` in 0..1 and `high_confidence_*` of every output.

    NaN and not of high confidence where there is no effect; confidence as in the CAGI5 challenge.
    """
    p_value = regression.p_values(effect.astype(np.float64) / se)
    found: dict[str, NDArray[np.generic]] = {}
    for name, p in zip(outputs, np.ascontiguousarray(p_value.T), strict=True):
        confidence = np.empty(len(p))
        _capped(p, confidence)
        found |= {f"p_value_{name}": p, f"confidence_{name}": confidence, f"high_confidence_{name}": p <= CONFIDENT}
    return found


@njit(cache=True)
def _capped(p_value, out):  # type: ignore[no-untyped-def]
    """Confidence of p values; NaN stays NaN."""
    for i in range(p_value.size):
        p = p_value[i]
        if math.isnan(p):
            out[i] = p
        else:
            out[i] = 1.0 if p <= 0 else min(MOST, -log2(p) * LOG10_2) / MOST
