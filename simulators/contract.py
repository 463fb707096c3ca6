"""Shapes and units that every simulator agrees on: World = genome x program x assay, Sample with truth, Profiles."""

from dataclasses import dataclass, field
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

LETTERS = "ACGTN"
PARTS = ("genome", "program", "assay")

Fraction = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
Table = tuple[tuple[float, ...], ...]


class Genome(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where sequences come from; a shift here is a covariate shift, p(x).

    `gc_mean`, `gc_sd`: law of the GC of the background letters of one insert (beta).
    `motifs`, `abundance`: ids planted and their relative frequency; `plants`: Poisson mean of sites an insert.
    """

    length: Annotated[int, Meta(ge=20)]
    left: str
    right: str
    gc_mean: Fraction
    gc_sd: Positive
    plants: Annotated[float, Meta(ge=0)]
    motifs: tuple[str, ...]
    abundance: tuple[float, ...]


class Program(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a sequence does: f(x), log2 units, one value a cell type; a shift here is a concept shift, p(y given x).

    Weight tables have one row a cell type. `centers` and `scales` standardise the parts
    (motif, pair, gc, dark, orientation: one row a cell type, one column a part), and
    `total_center`, `total_scale`, `link_scale` their sum and the link; they are fixed once a world.
    """

    release: str
    cells: tuple[str, ...]
    public: tuple[str, ...]
    dark: tuple[str, ...]
    tail: Positive
    temperature: Positive
    motif_weights: Table
    orientation_weights: Table
    dark_weights: Table
    pairs: tuple[tuple[int, int], ...]
    pair_weights: Table
    pair_reach: int
    field_seed: str
    shares: tuple[float, ...]
    centers: Table
    scales: Table
    total_center: tuple[float, ...]
    total_scale: tuple[float, ...]
    link_offset: float
    link_center: tuple[float, ...]
    link_scale: tuple[float, ...]


class Assay(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How f is measured; a shift here is a measurement shift, p(observed given y).

    An insert has 2 + NB(barcode_mean, barcode_size) barcodes. A gamma factor of shape n x `shared_size`
    is common to its replicates; counts are NB of mean n x `dna_depth` (RNA: n x `rna_depth` x 2^f x factor)
    and size n x `dna_size` (`rna_size`).
    """

    replicates: Annotated[int, Meta(ge=2, le=256)]
    barcode_mean: Positive
    barcode_size: Positive
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
