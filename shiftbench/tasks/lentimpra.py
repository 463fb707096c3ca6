"""The joint lentiMPRA library of Agarwal 2025 in three cell types: its inserts, sources and overlap clusters."""

import gzip
import hashlib
import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftbench import arrays
from shiftbench.tasks.files import Files
from shiftbench.tasks.overlap import clusters
from simulators import genome

log = logging.getLogger("shiftbench.data")

DESIGN, VALUES = "ultra_joint.fa.gz", "56k_measured_file.xlsx"
CELLS = ("HepG2", "K562", "WTC11")
LEFT, RIGHT = "AGGACCGGATCAACT", "CATTGCGTGAACCGA"
"""Adapters at both ends of every insert of 200 bases, as in the plasmid."""
INSERT = slice(len(LEFT), -len(RIGHT))

PREFIXES = {
    "HepG2_": "HepG2",
    "K562_": "K562",
    "WTC11_": "WTC11",
    "ENSG": "promoter",
    "C:SLEA": "designed",
    "R:": "designed",
    "seq": "shuffled",
    "UWpeak": "control",
    "controlhigh": "control",
}
"""Source of an insert by the beginning of its name."""
NATURAL = ("HepG2", "K562", "WTC11", "promoter")
SATURATED = {
    "ENSG00000130164": "LDLR",
    "ENSG00000101076": "HNF4A",
    "HepG2_DNasePeakNoPromoter3054": "SORT1",
    "WTC11_seq42675_F": "UC88",
}
"""Inserts that lie inside an element of the saturation mutagenesis data: never trained on."""

PREPARED = 1
"""Of the prepared file: raised when what is kept of the two files changes."""

_CODE = np.full(256, 4, np.uint8)
_CODE[np.frombuffer(b"ACGT", np.uint8)] = range(4)


def encode(letters: str) -> NDArray[np.uint8]:
    """Codes of letters, uint8: A0 C1 G2 T3, any other 4."""
    return _CODE[np.frombuffer(letters.encode(), np.uint8)]


@dataclass(frozen=True, slots=True)
class Library:
    """The measured inserts of the joint library, in the order of the workbook.

    `name`, `source` str (n,); `sequence` uint8 (n, 230) with adapters; `observed` float32 (n, 3), log2 RNA/DNA, mean of
    three replicates; `cluster` int32 (n,), component of all *designed* inserts that share 50 bases on either strand;
    `designed`, `clusters`, `largest`: number of designed inserts, of their clusters, and of inserts in the largest.
    """

    name: NDArray[np.str_]
    source: NDArray[np.str_]
    sequence: NDArray[np.uint8]
    observed: NDArray[np.float32]
    cluster: NDArray[np.int32]
    designed: int
    clusters: int
    largest: int

    @property
    def insert(self) -> NDArray[np.uint8]:
        """Codes without the adapters, uint8 (n, 200)."""
        return np.ascontiguousarray(self.sequence[:, INSERT])

    @property
    def gc(self) -> NDArray[np.float32]:
        """GC share of the inserts, float32 (n,)."""
        return genome.gc(self.sequence[:, INSERT])

    @property
    def eligible(self) -> NDArray[np.bool_]:
        """Natural inserts outside the elements of the saturation mutagenesis data, bool (n,)."""
        return np.isin(self.source, NATURAL) & ~np.isin(self.name, [*SATURATED])


def load(files: Files) -> Library:
    """The joint library, from the prepared file in the cache or, the first time, from the FASTA and the workbook."""
    design, values = files.path(DESIGN), files.path(VALUES)
    inputs = [PREPARED, *(files.sources[name].digest for name in (DESIGN, VALUES))]
    key = hashlib.blake2b(repr(inputs).encode(), digest_size=8).hexdigest()
    prepared = files.cache / "prepared" / f"lentimpra-joint-{key}.npz"
    try:
        return _unpack(arrays.load(prepared))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        library = _parse(design, values)
        _keep(library, prepared)
        return library


def _parse(design: Path, values: Path) -> Library:
    from openpyxl import load_workbook

    lines = gzip.decompress(design.read_bytes()).decode().split()
    sequence = encode("".join(lines[1::2])).reshape(len(lines) // 2, -1)
    cluster = clusters(sequence[:, INSERT])
    row = {line[1:]: i for i, line in enumerate(lines[::2])}
    sheet = load_workbook(values, read_only=True).worksheets[0]
    table = list(sheet.iter_rows(min_row=2, values_only=True))
    measured = np.array([row[record[0]] for record in table])
    return Library(
        name=np.array([record[0] for record in table]),
        source=np.array([_source(record[0]) for record in table]),
        sequence=sequence[measured],
        observed=np.array([record[1:] for record in table], np.float32),
        cluster=cluster[measured],
        designed=len(sequence),
        clusters=int(cluster.max()) + 1,
        largest=int(np.bincount(cluster).max()),
    )


def _source(name: str) -> str:
    return next(source for prefix, source in PREFIXES.items() if name.startswith(prefix))


def _keep(library: Library, path: Path) -> None:
    columns = {name: getattr(library, name) for name in ("source", "sequence", "observed", "cluster")}
    columns["name"] = library.name.astype(bytes)
    columns["counts"] = np.array([library.designed, library.clusters, library.largest])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".preparing-", dir=path.parent) as folder:
            arrays.save(Path(folder, path.name), columns)
            Path(folder, path.name).replace(path)
    except OSError as error:
        log.warning("%s: %s; not kept, so the workbook is read again next time", path.parent, error.strerror)


def _unpack(stored: dict[str, NDArray[Any]]) -> Library:
    name, (designed, count, largest) = stored.pop("name").astype(str), stored.pop("counts").tolist()
    return Library(**stored, name=name, designed=designed, clusters=count, largest=largest)
