"""The MPRA simulator: inserts between the adapters of a lentiviral library, read by barcodes in three cell types."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulators import assay, effects, genome, motif, prior, program, scoring, standard
from simulators.contract import Assay, Batch, Genome, Module, Program, Rule, Sample, Truth, World
from simulators.distributions import LN2, exp2, gamma_quantile, log2
from simulators.random import Key, key, uniform

VERSION = 2
"""Raised when a world, a draw or a shift changes."""

CELLS = ("cell1", "cell2", "cell3")
PUBLIC, DARK, PAIRS = 36, 14, 12
BITS = (8.0, 18.0)
"""Information content of the motifs of a world."""
RESEMBLANCE = 0.6
"""Largest correlation of the scores of two motifs of a world, so that public motifs do not tell of dark ones."""
GC_MEAN, GC_SD = 0.52, 0.087
"""Law of the GC of an insert, sites included."""
LENGTH, LEFT, RIGHT = 200, "AGGACCGGATCAACT", "CATTGCGTGAACCGA"
"""Letters of an insert and the adapters of a lentiviral library around it."""
REACH = 60.0
"""Letters over which the sites of a pair act together."""
QUENCHERS = 4
"""Public motifs whose sites weaken their neighbours."""
GC_ONSET = 0.6
"""GC above which all effects grow."""
BATCHES = 6
"""Batches of a library; the SDs of what they do follow, depth in natural logs."""
BATCH_SD = {"offset": 0.06, "slope": 0.03, "gc_linear": 0.3, "gc_square": 0.8, "depth": 0.2}


def world(seed: int | bytes) -> World:
    """World drawn by `seed`, an integer or the secret of a round; the same seed gives the same world."""
    identity = key(seed, "mpra", "world", "identity").tobytes().hex()
    law = prior.mechanism(identity)
    motifs = _choose(identity)
    abundance = tuple(gamma_quantile(uniform(key(0, identity, "abundance"), k, 0), 1.0) for k in range(PUBLIC + DARK))
    pairs = _pairs(identity, abundance)
    rule = effects.rule(identity, "pair", PAIRS)
    source = Genome(
        length=LENGTH,
        left=LEFT,
        right=RIGHT,
        gc_mean=GC_MEAN,
        gc_sd=GC_SD,
        plants=law.plants,
        motifs=motifs,
        abundance=abundance,
        modules=tuple(
            Module(first=a, second=b, spacing=spacing, same_strand=strand > 0)
            for (a, b), spacing, strand in zip(pairs, rule.spacing, rule.strand, strict=True)
        ),
        module_plants=law.module_plants,
        module_reach=REACH,
        arranged=law.arranged,
    )
    source = genome.match_gc(source, motif.RELEASE, identity, GC_MEAN, GC_SD)
    return World(genome=source, program=_program(identity, motifs, pairs, rule, source), assay=_assay(identity))


def draw(world: World, n: int, *, seed: int | bytes, split: str = "sample", start: int = 0) -> Sample:
    """Items `start` .. `start` + `n` - 1 of the sample named `split`, with their truth.

    Letters and noise come from `seed` and `split` alone: two worlds that differ in one part differ in nothing else.
    The table holds `gc` (of the insert with adapters), `barcodes`, `plants` (sites planted) and `batch`.
    `ValueError` for an item beyond 2^31, which no group of a `Sample` can number.
    """
    if start + n > 2**31:
        raise ValueError(f"items {start} to {start + n}: outside 0 to {2**31}")
    drawn = genome.draw(world.genome, world.program.release, key(seed, "mpra", split, "genome"), n, start)
    f, gc = program.evaluate(world.program, drawn.sequence), genome.gc(drawn.sequence)
    measured = assay.measure(world.assay, f, gc.astype(np.float64), key(seed, "mpra", split, "assay"), start)
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
            "gc": gc,
            "barcodes": measured.barcodes,
            "plants": np.count_nonzero(drawn.site >= 0, axis=1).astype(np.int32),
            "batch": measured.batch,
        },
        truth=Truth(f, *assay.moments(world.assay, f, gc.astype(np.float64), measured.batch)),
    )


def barcode_counts(
    world: World, sample: Sample, *, seed: int | bytes, split: str = "sample", start: int = 0
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """DNA and RNA counts behind each row of a sample that `draw` gave, int64 (replicates, outputs, barcodes)."""
    assert sample.truth is not None
    stream, gc = key(seed, "mpra", split, "assay"), sample.table["gc"]
    for k, f in enumerate(sample.truth.mean):
        yield assay.barcode_table(world.assay, f, float(gc[k]), stream, start + k)


def evaluate(world: World, sequence: NDArray[np.uint8]) -> Truth:
    """Truth of any sequences, uint8 (n, length): f, and mean and SD of what the assay of the world would give.

    Over all batches of the assay, as the batch of a sequence is not known.
    """
    f = program.evaluate(world.program, sequence)
    return Truth(f, *assay.moments(world.assay, f, genome.gc(sequence).astype(np.float64)))


def _choose(identity: str) -> tuple[str, ...]:
    """Public motifs, then dark ones: vertebrate motifs in random order, within `BITS` and unlike each other."""
    ids = _candidates()
    order = _shuffled(key(0, identity, "motifs"), [1.0] * len(ids))
    ids = tuple(ids[k] for k in order)
    return tuple(ids[k] for k in motif.unlike(motif.load(ids), PUBLIC + DARK, RESEMBLANCE))


@lru_cache(maxsize=1)
def _candidates() -> tuple[str, ...]:
    ids = motif.vertebrate_ids()
    bits = motif.information(motif.load(ids))
    return tuple(name for name, x in zip(ids, bits, strict=True) if BITS[0] <= x <= BITS[1])


def _pairs(identity: str, abundance: tuple[float, ...]) -> tuple[tuple[int, int], ...]:
    """Different pairs of different public motifs, chosen in proportion to how often the two are planted."""
    every = [(a, b) for a in range(PUBLIC) for b in range(a)]
    order = _shuffled(key(0, identity, "pairs"), [abundance[a] * abundance[b] for a, b in every])
    return tuple(every[k] for k in order[:PAIRS])


def _shuffled(stream: Key, weight: list[float]) -> list[int]:
    """Random order of items, those of more weight earlier (an exponential race)."""
    time = [-log2(uniform(stream, k, 0)) / w for k, w in enumerate(weight)]
    return sorted(range(len(weight)), key=time.__getitem__)


def _assay(identity: str) -> Assay:
    law = prior.mechanism(identity)
    return Assay(
        replicates=3,
        barcode_mean=law.barcode_mean,
        barcode_size=2.0,
        barcode_gc=2.3,
        dropout=0.1,
        least_barcodes=4,
        leak=0.03,
        batches=_batches(identity),
        jackpot_rate=law.jackpot_rate,
        shared_size=law.shared_size,
        dna_depth=10.0,
        rna_depth=10.0,
        dna_size=2.0,
        rna_size=1.6,
    )


def _batches(identity: str) -> tuple[Batch, ...]:
    """Batches of a library: normal effects of SD `BATCH_SD` that sum to 0 over the batches."""
    draws = effects.normals(key(0, identity, "batches"), BATCHES, 0, len(BATCH_SD)).tolist()
    change = {
        name: [sd * (x - sum(row) / BATCHES) for x in row]
        for (name, sd), row in zip(BATCH_SD.items(), draws, strict=True)
    }
    return tuple(
        Batch(
            offset=change["offset"][b],
            slope=1 + change["slope"][b],
            gc_linear=change["gc_linear"][b],
            gc_square=change["gc_square"][b],
            depth=exp2(change["depth"][b] / LN2),
        )
        for b in range(BATCHES)
    )


def _program(
    identity: str, motifs: tuple[str, ...], pairs: tuple[tuple[int, int], ...], rule: Rule, source: Genome
) -> Program:
    cells, law = len(CELLS), prior.mechanism(identity)

    def draw(purpose: str, n: int) -> effects.Floats:
        return effects.effects(identity, purpose, cells, n)

    dark = np.concatenate([draw("dark", DARK), np.ones((cells, 1))], axis=1)  # the last weight is of the field
    blank = Program(
        release=motif.RELEASE,
        identity=identity,
        cells=CELLS,
        public=motifs[:PUBLIC],
        dark=motifs[PUBLIC:],
        tail=scoring.TAIL,
        temperature=law.temperature,
        motif_weights=effects.table(draw("motif", PUBLIC)),
        orientation_weights=effects.table(draw("orientation", PUBLIC)),
        position_weights=effects.table(draw("position", PUBLIC)),
        dark_weights=effects.table(dark),
        pairs=pairs,
        pair_weights=effects.table(draw("pair", PAIRS)),
        pair_reach=REACH,
        helix=law.helix,
        rules=(rule,),
        quenchers=tuple(sorted(_shuffled(key(0, identity, "quenchers"), [1.0] * PUBLIC)[:QUENCHERS])),
        quench=law.quench,
        gc_onset=GC_ONSET,
        gc_gain=law.gc_gain,
        shares=law.shares,
        centers=(),
        scales=(),
        total_center=(),
        total_scale=(),
        link_offset=0.5,
        link_center=(),
        link_scale=(),
    )
    found = program.reference(source, blank)
    blank = standard.balance_dark(blank, found)
    return standard.standardise(blank, program.parts(blank, found))
