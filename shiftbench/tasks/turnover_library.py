"""The cis/trans MPRA of Mattioli 2020: activities of human and mouse elements from barcode counts, and their pairs."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import encode
from shiftbench.tasks.overlap import clusters

INDEX, PAIRS = "index.txt.gz", "all_processed_results.txt"
STARTS = {"human": "human_TSS_vals.both_tiles.txt", "mouse": "mouse_TSS_vals.both_tiles.txt"}
"""Tables that name the element of every tile of every transcription start, by species."""
ALPHA = "alpha_per_elem.quantification.txt"
CELLS = ("HUES64", "mESC")
DNA = "MPRA__DNA__rep1.BARCODES.txt"
RNA = {cell: tuple(f"MPRA__{cell}__rep{i}__tfxn1.BARCODES.txt" for i in (1, 2, 3)) for cell in CELLS}
FILES = (INDEX, PAIRS, *STARTS.values(), DNA, *RNA["HUES64"], *RNA["mESC"])

MIN_DNA, MIN_BARCODES = 10, 5
"""DNA reads that a barcode needs to count, and barcodes that an element needs to be measured."""
PSEUDOCOUNT = 1.0
"""Added to RNA reads, so that a silent barcode has a logarithm; the median hardly feels its size."""
SHARED_BASES = 30
"""Elements that share this many bases on either strand are kept together: a fifth of an element of 144."""
MEDIAN_SE = np.sqrt(np.pi / 2)
"""Standard error of a median over that of a mean, normal law."""
MAD = 1.4826
"""Normal SD over median absolute deviation."""


@dataclass(frozen=True, slots=True)
class Elements:
    """Measured wild-type elements and the ortholog pairs among them; nothing in it is ever written to.

    `name`, `species` str (n,); `sequence` uint8 (n, 144); `replicates` float32 (n, 3, 2), log2 RNA/DNA of HUES64 and
    mESC, median over barcodes; `halves` float32 (2, n, 2), the mean over replicates from every other barcode;
    `noise_sd` float32 (n, 2); `barcodes` int32 (n,); `cluster` int32 (n,), rows that one split keeps together;
    `pairs` int64 (p, 2), rows of a human element and of its mouse ortholog, each pair once;
    `counted`: wild-type elements in the index, and those with too few barcodes.
    """

    name: NDArray[np.str_]
    species: NDArray[np.str_]
    sequence: NDArray[np.uint8]
    replicates: NDArray[np.float32]
    halves: NDArray[np.float32]
    noise_sd: NDArray[np.float32]
    barcodes: NDArray[np.int32]
    cluster: NDArray[np.int32]
    pairs: NDArray[np.int64]
    counted: dict[str, int]

    @property
    def observed(self) -> NDArray[np.float32]:
        """Mean of the replicates, float32 (n, 2), log2."""
        return np.asarray(self.replicates.mean(1, dtype=np.float64), np.float32)


def load(files: Files) -> Elements:
    """The elements; `MissingData` without one of `FILES`."""
    return _load(tuple(files.path(name) for name in FILES))


@lru_cache(maxsize=1)
def _load(paths: tuple[Path, ...]) -> Elements:
    path = dict(zip(FILES, paths, strict=True))
    index = pd.read_csv(path[INDEX], sep="\t", usecols=["barcode", "element", "tile_type", "name"])
    index = index[index["tile_type"] == "WILDTYPE"].sort_values(["element", "barcode"], ignore_index=True)
    dna, dna_all = _reads(path[DNA], index["barcode"])
    used = dna >= MIN_DNA
    codes = index["barcode"][used]
    depth = np.log2(dna[used] / dna_all)
    ratios = [[_rna(path[name], codes) - depth for name in RNA[cell]] for cell in CELLS]
    element, first = np.unique(index["element"].to_numpy(str), return_index=True)
    row = np.searchsorted(element, index["element"].to_numpy(str)[used])
    values = np.array(ratios).transpose(2, 1, 0)  # barcode, replicate, cell
    number = np.bincount(row, minlength=len(element))
    kept = number >= MIN_BARCODES
    medians = _medians(values, row, len(element))
    own = values.mean(1)
    spread = _medians(np.abs(own - _medians(own, row, len(element))[row]), row, len(element))
    noise_sd = MEDIAN_SE * MAD * spread[kept] / np.sqrt(number[kept])[:, None]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    halves = [_medians(values[place % 2 == i], row[place % 2 == i], len(element))[kept].mean(1) for i in (0, 1)]
    name = index["name"].to_numpy(str)[first][kept]
    sequence = np.stack([encode(letters) for letters in element[kept].tolist()])
    start = {species: _starts(path[STARTS[species]], element[kept]) for species in STARTS}
    pairs = _pairs(path[PAIRS], start)
    return Elements(
        name=name,
        species=np.where(np.char.startswith(name, "HUMAN"), "human", "mouse"),
        sequence=sequence,
        replicates=medians[kept].astype(np.float32),
        halves=np.stack(halves).astype(np.float32),
        noise_sd=noise_sd.astype(np.float32),
        barcodes=number[kept].astype(np.int32),
        cluster=_together(sequence, start, pairs),
        pairs=pairs,
        counted={"wild_type": len(element), "few_barcodes": int((~kept).sum())},
    )


def _reads(path: Path, barcode: "pd.Series[str]") -> tuple[NDArray[np.float64], float]:
    """Reads of each barcode, float64 (barcodes,), 0 where it was not seen; and those of all barcodes of the file."""
    table = pd.read_csv(path, sep="\t", index_col="barcode")["count"].astype(np.float64)
    return np.asarray(table.reindex(barcode, fill_value=0.0), np.float64), float(table.sum())


def _rna(path: Path, barcode: "pd.Series[str]") -> NDArray[np.float64]:
    """log2 of the share of RNA reads that each barcode has, float64 (barcodes,)."""
    reads, total = _reads(path, barcode)
    return np.asarray(np.log2((reads + PSEUDOCOUNT) / total))


def _medians(values: NDArray[np.float64], row: NDArray[np.int64], rows: int) -> NDArray[np.float64]:
    """Median over the values of each row, float64 (rows, ...), NaN for a row without any; `row` is sorted."""
    flat = pd.DataFrame(values.reshape(len(values), -1)).groupby(row).median().reindex(range(rows))
    return flat.to_numpy().reshape(rows, *values.shape[1:])


def _starts(path: Path, element: NDArray[np.str_]) -> "pd.DataFrame":
    """Columns start, tile, row: which measured element is which tile of which transcription start."""
    table = pd.read_csv(path, sep="\t", usecols=["element", "tss_id", "tss_tile_num"]).dropna()
    row = pd.Series(np.arange(len(element)), index=element)
    table = table[table["element"].isin(row.index)]
    columns = {"start": table["tss_id"], "tile": table["tss_tile_num"], "row": row[table["element"]].to_numpy()}
    return pd.DataFrame(columns).drop_duplicates()


def _pairs(path: Path, start: "dict[str, pd.DataFrame]") -> NDArray[np.int64]:
    """Rows of human and mouse element of each pair, int64 (p, 2), each pair once, in the order of the human rows."""
    # Fields of this table hold newlines within quotes: lines are not records.
    table = pd.read_csv(path, sep="\t", usecols=["hg19_id", "mm9_id", "tss_tile_num"], dtype=str)
    for species, column in (("human", "hg19_id"), ("mouse", "mm9_id")):
        named = start[species].rename(columns={"start": column, "tile": "tss_tile_num", "row": species})
        table = table.merge(named, on=[column, "tss_tile_num"])
    return np.unique(table[["human", "mouse"]].to_numpy(np.int64), axis=0)


def _together(
    sequence: NDArray[np.uint8], start: "dict[str, pd.DataFrame]", pairs: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Label of each row: one for rows joined by shared bases, by a transcription start, or as orthologs, int32 (n,)."""
    shared = clusters(sequence, SHARED_BASES)
    edges = [pairs, np.stack([np.unique(shared, return_index=True)[1][shared], np.arange(len(shared))], axis=1)]
    for table in start.values():
        first = table.groupby("start")["row"].transform("first")
        edges.append(np.stack([first.to_numpy(), table["row"].to_numpy()], axis=1))
    one, other = np.concatenate(edges).T
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(shared), len(shared)))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)
