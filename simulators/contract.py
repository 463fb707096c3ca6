"""Shapes and units that every simulator agrees on: World = genome x program x assay, Sample with truth, Profiles."""

from dataclasses import dataclass, field
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

LETTERS = "ACGTN"
MIDDLE_GC = 0.52
"""GC at which an assay treats inserts best."""
PARTS = ("genome", "program", "assay")

Fraction = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
Table = tuple[tuple[float, ...], ...]


class Module(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two motifs that are planted together: rows in `Genome.motifs`, distance of their centers in letters, strands."""

    first: Annotated[int, Meta(ge=0)]
    second: Annotated[int, Meta(ge=0)]
    spacing: Positive
    same_strand: bool


class Genome(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where sequences come from; a shift here is a covariate shift, p(x).

    `gc_mean`, `gc_sd`: law of the GC of the background letters of one insert (beta).
    `motifs`, `abundance`: ids planted and their relative frequency; `plants`: Poisson mean of single sites an insert.
    `modules`: pairs planted beside them, Poisson mean `module_plants` an insert, each equally often; a share
    `arranged` of them has the spacing and strands of its module, the others any within `module_reach` letters.
    `decay`: chance that a letter of a planted site is replaced by one of the background.
    """

    length: Annotated[int, Meta(ge=20)]
    left: str
    right: str
    gc_mean: Fraction
    gc_sd: Positive
    plants: Annotated[float, Meta(ge=0)]
    motifs: tuple[str, ...]
    abundance: tuple[float, ...]
    modules: tuple[Module, ...] = ()
    module_plants: Annotated[float, Meta(ge=0)] = 0.0
    module_reach: Positive = 60.0
    arranged: Fraction = 0.0
    decay: Fraction = 0.0


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much the arrangement of two sites lets them act together; one value a pair of the program.

    `spacing`: best distance of centers, letters; `spread`: SD of the Gaussian around it, letters;
    `strand` in -1..1: factor 1 + strand for sites on one strand, 1 - strand otherwise.
    """

    spacing: tuple[float, ...]
    spread: tuple[float, ...]
    strand: tuple[float, ...]


class Program(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a sequence does: f(x), log2 units, one value a cell type; a shift here is a concept shift, p(y given x).

    Weight tables have one row a cell type. `identity` is a hex key from which everything random of the program
    is drawn. The matrices of the public motifs are blended with a share `turnover` of permuted ones. The pair terms
    of `rules` are added with `rule_weights`. Sites of `quenchers` (rows of `public`) weaken sites of other motifs
    within `quench_reach` letters by up to `quench`. Above a GC of `gc_onset` effects grow by `gc_gain` a tenth of GC.
    `centers` and `scales` standardise the parts (motif, pair, gc, dark, orientation: one row a cell type, one
    column a part), and `total_center`, `total_scale`, `link_scale` their sum and the link; fixed once a world.
    """

    release: str
    identity: str
    cells: tuple[str, ...]
    public: tuple[str, ...]
    dark: tuple[str, ...]
    tail: Positive
    temperature: Positive
    turnover: Fraction = 0.0
    motif_weights: Table
    orientation_weights: Table
    position_weights: Table
    dark_weights: Table
    pairs: tuple[tuple[int, int], ...]
    pair_weights: Table
    pair_reach: Positive
    helix: Fraction = 0.0
    rules: tuple[Rule, ...]
    rule_weights: tuple[float, ...] = (1.0,)
    quenchers: tuple[int, ...] = ()
    quench: Fraction = 0.0
    quench_reach: Positive = 50.0
    gc_onset: Fraction = 1.0
    gc_gain: Annotated[float, Meta(ge=0)] = 0.0
    shares: tuple[float, ...]
    centers: Table
    scales: Table
    total_center: tuple[float, ...]
    total_scale: tuple[float, ...]
    link_offset: float
    link_center: tuple[float, ...]
    link_scale: tuple[float, ...]


class Batch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a batch does to what is read: `offset` + `slope` x activity + `gc_linear` g + `gc_square` g^2, log2 units.

    g is GC - 1/2; `depth` multiplies the reads of the batch.
    """

    offset: float = 0.0
    slope: Positive = 1.0
    gc_linear: float = 0.0
    gc_square: float = 0.0
    depth: Positive = 1.0


class Assay(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How f is measured; a shift here is a measurement shift, p(observed given y).

    With h = |GC - `MIDDLE_GC`|, an insert has NB(m, `barcode_size`) barcodes,
    m = `barcode_mean` (1 - `dropout`) exp(-`barcode_gc` max(0, GC - `MIDDLE_GC`)); with fewer than `least_barcodes`
    it is not measured. It is in one of `batches`, each equally likely. Its read-out is
    a = log2((2^(`gain` f) + `leak`) / (1 + `leak`)) + `gc_linear` g + `gc_square` g^2 with g = GC - 1/2,
    changed by its batch. A factor shared by its replicates is gamma of shape n x `shared_size` / d, times, at the
    rate `jackpot_rate`, 1 + (J - 1) / n, J log-uniform in `jackpot_least`..`jackpot_most`. Counts are NB of mean
    n x `dna_depth` (RNA: n x `rna_depth` x 2^a x factor) and size n x `dna_size` / d (`rna_size`);
    d = `dispersion` exp(`dispersion_gc` h).
    """

    replicates: Annotated[int, Meta(ge=2, le=256)]
    barcode_mean: Positive
    barcode_size: Positive
    barcode_gc: Annotated[float, Meta(ge=0)] = 0.0
    dropout: Fraction = 0.0
    least_barcodes: Annotated[int, Meta(ge=1)] = 1
    gain: Positive = 1.0
    leak: Annotated[float, Meta(ge=0)] = 0.0
    gc_linear: float = 0.0
    gc_square: float = 0.0
    batches: tuple[Batch, ...] = (Batch(),)
    dispersion: Positive = 1.0
    dispersion_gc: Annotated[float, Meta(ge=0)] = 0.0
    jackpot_rate: Fraction = 0.0
    jackpot_least: Positive = 4.0
    jackpot_most: Positive = 50.0
    shared_size: Positive
    dna_depth: Positive
    rna_depth: Positive
    dna_size: Positive
    rna_size: Positive


class World(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole simulated world: exactly three parts."""

    genome: Genome
    program: Program
    assay: Assay

    def to_json(self) -> bytes:
        """Canonical JSON of the world; `World.from_json` gives an equal world."""
        return msgspec.json.encode(self, order="deterministic")

    @staticmethod
    def from_json(text: bytes | str) -> "World":
        """World written by `to_json`; `msgspec.ValidationError` names the field at fault."""
        return msgspec.json.decode(text, type=World)


@dataclass(frozen=True, slots=True)
class Truth:
    """What only a simulator knows. All float32 (n, outputs), log2 units.

    `mean` = f(x); `expected` = E[observed | x, batch, depth]; `sd` = SD[observed | the same].
    """

    mean: NDArray[np.float32]
    expected: NDArray[np.float32]
    sd: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sample:
    """Sequences with what was measured on them, simulated or real; `truth` is None on real data.

    `id` str (n,); `sequence` uint8 (n, length), A0 C1 G2 T3 N4; `observed` float32 (n, outputs);
    `noise_sd` float32 (n, outputs), SD of `observed` as the assay would estimate it, or NaN;
    `replicates` float32 (n, R, outputs) or None; `reference` int32 (n,), row of the reference allele, -1 for none;
    `group` int32 (n,), cluster of rows that are resampled together; `table` 1-D arrays by column name.
    """

    id: NDArray[np.str_]
    sequence: NDArray[np.uint8]
    observed: NDArray[np.float32]
    noise_sd: NDArray[np.float32]
    reference: NDArray[np.int32]
    group: NDArray[np.int32]
    outputs: tuple[str, ...]
    replicates: NDArray[np.float32] | None = None
    table: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    truth: Truth | None = None


@dataclass(frozen=True, slots=True)
class Profiles:
    """Perturbation data in the manner of `Sample`: expression change of every gene under every perturbation.

    `perturbation` str (p,); `gene` str (g,); `half` float32 (2, p, g), change in each half of the cells, log units;
    `truth` float32 (p, g) or None.
    """

    perturbation: NDArray[np.str_]
    gene: NDArray[np.str_]
    half: NDArray[np.float32]
    truth: NDArray[np.float32] | None = None
