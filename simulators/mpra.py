"""The MPRA simulator: inserts between the adapters of a lentiviral library, read by barcodes in three cell types."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulators import assay, effects, genome, motif, program
from simulators.contract import Assay, Genome, Program, Sample, Truth, World
from simulators.distributions import gamma_quantile, log2
from simulators.random import Key, key, uniform

VERSION = 1
"""Raised when a world, a draw or a shift changes."""

CELLS = ("cell1", "cell2", "cell3")
PUBLIC, DARK, PAIRS = 36, 14, 12
BITS = (8.0, 18.0)
"""Information content of the motifs of a world."""
RESEMBLANCE = 0.6
"""Largest correlation of the scores of two motifs of a world, so that public motifs do not tell of dark ones."""
GC_MEAN, GC_SD = 0.52, 0.087
"""Law of the GC of an insert, sites included."""
SHARES = (0.41, 0.11, 0.05, 0.37, 0.06)
"""Variance shares of the motif, pair, gc, dark and orientation parts; all but the dark one together have the rest."""
ASSAY = Assay(
    replicates=3,
    barcode_mean=25.0,
    barcode_size=2.0,
    shared_size=6.0,
    dna_depth=10.0,
    rna_depth=10.0,
    dna_size=2.0,
    rna_size=1.6,
)


def world(seed: int | bytes) -> World:
    """World drawn by `seed`, an integer or the secret of a round; the same seed gives the same world."""
    motifs = _choose(seed)
    abundance = tuple(
        gamma_quantile(uniform(key(seed, "mpra", "world", "abundance"), k, 0), 1.0) for k in range(PUBLIC + DARK)
    )
    law = Genome(
        length=200,
        left="AGGACCGGATCAACT",
        right="CATTGCGTGAACCGA",
        gc_mean=GC_MEAN,
        gc_sd=GC_SD,
        plants=6.0,
        motifs=motifs,
        abundance=abundance,
    )
    identity = key(seed, "mpra", "world", "identity").tobytes().hex()
    law = genome.match_gc(law, motif.RELEASE, identity, GC_MEAN, GC_SD)
    return World(genome=law, program=_program(seed, identity, motifs, law), assay=ASSAY)


def draw(world: World, n: int, *, seed: int | bytes, split: str = "sample", start: int = 0) -> Sample:
    """Items `start` .. `start` + `n` - 1 of the sample named `split`, with their truth.

    Letters and noise come from `seed` and `split` alone: two worlds that differ in one part differ in nothing else.
    The table holds `gc` (of the insert with adapters), `barcodes` and `plants` (sites planted).
    """
    drawn = genome.draw(world.genome, world.program.release, key(seed, "mpra", split, "genome"), n, start)
    truth = evaluate(world, drawn.sequence)
    measured = assay.measure(world.assay, truth.mean, key(seed, "mpra", split, "assay"), start)
    return Sample(
        id=np.array([f"{split}:{i:06d}" for i in range(start, start + n)], dtype=np.str_),
        sequence=drawn.sequence,
        observed=measured.observed,
        noise_sd=measured.noise_sd,
        reference=np.full(n, -1, np.int32),
        group=np.arange(start, start + n, dtype=np.int32),
        outputs=world.program.cells,
        replicates=measured.replicates,
        table={
            "gc": genome.gc(drawn.sequence),
            "barcodes": measured.barcodes,
            "plants": np.count_nonzero(drawn.site >= 0, axis=1).astype(np.int32),
        },
        truth=truth,
    )


def evaluate(world: World, sequence: NDArray[np.uint8]) -> Truth:
    """Truth of any sequences, uint8 (n, length): f, and what the assay of the world would give on average and as SD."""
    f = program.evaluate(world.program, sequence)
    return Truth(f, *assay.moments(world.assay, f))


def _choose(seed: int | bytes) -> tuple[str, ...]:
    """Public motifs, then dark ones: vertebrate motifs in random order, within `BITS` and unlike each other."""
    ids = _candidates()
    order = _shuffled(key(seed, "mpra", "world", "motifs"), [1.0] * len(ids))
    ids = tuple(ids[k] for k in order)
    return tuple(ids[k] for k in motif.unlike(motif.load(ids), PUBLIC + DARK, RESEMBLANCE))


@lru_cache(maxsize=1)
def _candidates() -> tuple[str, ...]:
    ids = motif.vertebrate_ids()
    bits = motif.information(motif.load(ids))
    return tuple(name for name, x in zip(ids, bits, strict=True) if BITS[0] <= x <= BITS[1])


def _pairs(seed: int | bytes, abundance: tuple[float, ...]) -> tuple[tuple[int, int], ...]:
    """Different pairs of different public motifs, chosen in proportion to how often the two are planted."""
    every = [(a, b) for a in range(PUBLIC) for b in range(a)]
    order = _shuffled(key(seed, "mpra", "world", "pairs"), [abundance[a] * abundance[b] for a, b in every])
    return tuple(every[k] for k in order[:PAIRS])


def _shuffled(stream: Key, weight: list[float]) -> list[int]:
    """Random order of items, those of more weight earlier (an exponential race)."""
    time = [-log2(uniform(stream, k, 0)) / w for k, w in enumerate(weight)]
    return sorted(range(len(weight)), key=time.__getitem__)


def _program(seed: int | bytes, identity: str, motifs: tuple[str, ...], law: Genome) -> Program:
    cells = len(CELLS)

    def draw(purpose: str, n: int) -> effects.Floats:
        return effects.effects(key(seed, "mpra", "world", purpose), cells, n)

    dark = np.concatenate([draw("dark", DARK), np.ones((cells, 1))], axis=1)  # the last weight is of the field
    blank = Program(
        release=motif.RELEASE,
        cells=CELLS,
        public=motifs[:PUBLIC],
        dark=motifs[PUBLIC:],
        tail=3e-5,
        temperature=1.0,
        motif_weights=effects.table(draw("motif", PUBLIC)),
        orientation_weights=effects.table(draw("orientation", PUBLIC)),
        position_weights=(),
        dark_weights=effects.table(dark),
        pairs=_pairs(seed, law.abundance),
        pair_weights=effects.table(draw("pair", PAIRS)),
        pair_reach=40.0,
        rules=(),
        identity=identity,
        shares=SHARES,
        centers=(),
        scales=(),
        total_center=(),
        total_scale=(),
        link_offset=0.5,
        link_center=(),
        link_scale=(),
    )
    found = program.reference(law, blank)
    blank = program.balance_dark(blank, found)
    return program.standardise(blank, program.parts(blank, found))
