"""Real lentiMPRA as a task: the joint library of Agarwal 2025 in three cell types, split by overlap cluster."""

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
from shiftbench.errors import InputError
from shiftbench.spec import Data, did_you_mean
from shiftbench.tasks.files import Files
from shiftbench.tasks.overlap import clusters
from shiftbench.tasks.provider import Built
from shiftbench.tasks.split import uniform
from simulators import genome
from simulators.contract import Sample

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
LARGE = {"HepG2": ("val_HepG2.tsv", "test_HepG2.tsv"), "WTC11": ("val_WTC11.tsv", "test_WTC11.tsv")}
"""Folds of the separately cloned and assayed large libraries, by cell type."""

SHARES = {"train": 0.80, "validation": 0.05, "calibration": 0.05, "test": 0.10}
ROLES = {"training": ("train", "validation"), "calibration": ("calibration",), "test": ("test",)}
SPLITS = ("overlap", "id")

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


class LentiMpra:
    """Provider of the joint library.

    Split `overlap` keeps natural inserts and gives whole overlap clusters to train, validation, calibration or test
    by a hash of the cluster; split `id` gives every measured insert by a hash of its name, both orientations together:
    it leaks, and is there to show by how much. Sizes take the first rows of one order, so small samples lie in larger
    ones. `seed` draws another split.
    """

    version = 1
    files = (DESIGN, VALUES)
    optional = tuple(name for names in LARGE.values() for name in names)

    def build(self, data: Data, files: Files) -> Built:
        """Samples of `data`; `MissingData` without the two files, `InputError` for an unknown split."""
        if data.split not in SPLITS:
            raise InputError(f"task lentimpra: no split {data.split!r}{did_you_mean(data.split, SPLITS)}")
        if data.subset or data.shift:
            raise InputError(f"task lentimpra: subset {data.subset!r}, shift {data.shift!r}; expected none of either")
        library = load(files)
        part = assign(library, data.split, data.seed)
        order = np.argsort(uniform(library.name.tolist(), f"lentimpra/order/{data.seed}"), kind="stable")
        sizes = {"train": data.rows, "validation": data.validation, "calibration": data.rows, "test": data.rows}
        samples = {}
        for name in ROLES[data.role]:
            rows = order[part[order] == name]
            samples[name] = _sample(library, rows[: sizes[name] or None])
        facts = _facts(library, part, data.split)
        return Built(samples, facts | _ceiling(library, files, data.optional) if data.role == "test" else facts)


def load(files: Files) -> Library:
    """The joint library, from the prepared file in the cache or, the first time, from the FASTA and the workbook."""
    design, values = files.path(DESIGN), files.path(VALUES)
    inputs = [LentiMpra.version, *(files.sources[name].digest for name in (DESIGN, VALUES))]
    key = hashlib.blake2b(repr(inputs).encode(), digest_size=8).hexdigest()
    prepared = files.cache / "prepared" / f"lentimpra-joint-{key}.npz"
    try:
        return _unpack(arrays.load(prepared))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        library = _parse(design, values)
        _keep(library, prepared)
        return library


def assign(library: Library, split: str, seed: int) -> NDArray[np.str_]:
    """Part of every row, str (n,): train, validation, calibration, test, or "" for a row that is left out."""
    names = library.name.tolist()
    if split == "overlap":
        anchor: dict[int, str] = {}
        for name, cluster in zip(names, library.cluster.tolist(), strict=True):
            anchor[cluster] = min(name, anchor.get(cluster, name))
        keys = [anchor[cluster] for cluster in library.cluster.tolist()]
    else:
        keys = [name.removesuffix("_Reversed:") for name in names]
    unique, row = np.unique(keys, return_inverse=True)
    drawn = uniform(unique.tolist(), f"lentimpra/{split}/{seed}")[row]
    part = np.array([*SHARES])[np.searchsorted(np.cumsum([*SHARES.values()])[:-1], drawn, side="right")]
    if split == "overlap":
        part[~np.isin(library.source, NATURAL) | np.isin(library.name, [*SATURATED])] = ""
    return part


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


def _sample(library: Library, rows: NDArray[np.intp]) -> Sample:
    sequence = library.sequence[rows]
    return Sample(
        id=np.array(library.name[rows].tolist(), dtype=np.str_),
        sequence=sequence,
        observed=library.observed[rows],
        noise_sd=np.full((len(rows), len(CELLS)), np.nan, np.float32),
        reference=np.full(len(rows), -1, np.int32),
        group=library.cluster[rows],
        outputs=CELLS,
        table={"gc": genome.gc(sequence[:, INSERT]), "source": library.source[rows]},
    )


def _facts(library: Library, part: NDArray[np.str_], split: str) -> dict[str, Any]:
    counts = {name: int((library.source == name).sum()) for name in dict.fromkeys(PREFIXES.values())}
    left_out = {name: count for name, count in counts.items() if name not in NATURAL}
    saturated = [SATURATED[name] for name in library.name.tolist() if name in SATURATED]
    return {
        "library": "Agarwal 2025 joint library, 230 bp with adapters; log2 RNA/DNA, mean of three replicates",
        "designed": library.designed,
        "measured": len(library.name),
        "clusters": library.clusters,
        "largest_cluster": library.largest,
        "sources": counts,
        "split": split,
        "leaks": split == "id",
        "left_out": left_out | {"inside_saturated_elements": saturated} if split == "overlap" else {},
        "available": {name: int((part == name).sum()) for name in SHARES},
    }


def _ceiling(library: Library, files: Files, at_hand: tuple[str, ...]) -> dict[str, Any]:
    """Square root of the reliability of each cell type: the correlation that a perfect model would reach.

    Reliability = Pearson r of the joint with the large library on identical sequences, if both carry equal noise
    (attenuation: r of a perfect model = sqrt of the reliability).
    """
    row = {sequence.tobytes(): i for i, sequence in enumerate(library.sequence)}
    ceiling, shared, missing = {}, {}, {"K562": "no second assay of K562 among the files of this task"}
    for cell, names in LARGE.items():
        lacking = [name for name in names if name not in at_hand]
        if lacking:
            missing[cell] = f"{' and '.join(lacking)} not at hand"
            continue
        values = large(tuple(files.path(name) for name in names))
        rows, other = zip(*((row[key], value) for key, value in values.items() if key in row), strict=True)
        joint = library.observed[list(rows), CELLS.index(cell)]
        ceiling[cell] = float(np.sqrt(np.corrcoef(joint, other)[0, 1]))
        shared[cell] = len(rows)
    return {"ceiling": {"pearson": ceiling}, "ceiling_sequences": shared, "ceiling_missing": missing}


def large(paths: tuple[Path, ...]) -> dict[bytes, float]:
    """Value of each encoded sequence of files with the columns seq_id, seq, mean_value."""
    rows = (line.split("\t") for path in paths for line in path.read_text().splitlines()[1:])
    return {encode(letters).tobytes(): float(value) for _, letters, value in rows}
