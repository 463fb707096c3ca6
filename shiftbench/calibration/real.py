"""The quantities of the table, measured on public data."""

import gzip

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shiftbench.calibration import variants
from shiftbench.calibration.quantity import Found, correlation, library, lost, replicates
from shiftbench.tasks import lentimpra
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra_table import AT_HAND, read
from simulators.genome import encode, gc

REPLICATES = "reporter_experiment.oligo.HepG2.MPRAworkshop.default.all.tsv.gz"


def measure(files: Files) -> Found:
    """Every quantity but the ladder of models; `MissingData` without the files."""
    found = lentimpra.load(files)
    insert = gc(found.sequence[:, lentimpra.INSERT])
    return (
        _replicates(files)
        | {"r between libraries": _between(found, files)}
        | library(found.observed, insert)
        | _lost(found, files)
        | {"r between strands": [_strands(files, cell) for cell in AT_HAND]}
        | variants.real(files)
    )


def _replicates(files: Files) -> Found:
    table = pd.read_csv(files.path(REPLICATES), sep="\t")
    wide = table.pivot_table(index="oligo_name", columns="replicate", values=["log2FoldChange", "n_bc"]).dropna()
    return replicates(wide["log2FoldChange"].to_numpy(np.float64), wide["n_bc"].to_numpy(np.int64))


def _between(found: lentimpra.Library, files: Files) -> list[float]:
    row = {sequence.tobytes(): i for i, sequence in enumerate(found.sequence)}
    r = []
    for cell in AT_HAND:
        large = _large(files, cell)
        pairs = [(row[key], value) for key, value in large.items() if key in row]
        rows, values = np.array([i for i, _ in pairs]), np.array([value for _, value in pairs])
        r.append(correlation(found.observed[rows, lentimpra.CELLS.index(cell)], values))
    return r


def _strands(files: Files, cell: str) -> float:
    """Correlation of inserts with themselves cloned the other way round."""
    large = _large(files, cell)
    pairs = []
    for letters, value in large.items():
        sequence = np.frombuffer(letters, np.uint8)
        turned = sequence.copy()
        turned[lentimpra.INSERT] = 3 - sequence[lentimpra.INSERT][::-1]
        if turned.tobytes() in large and letters < turned.tobytes():
            pairs.append((value, large[turned.tobytes()]))
    return correlation(*np.array(pairs).T)


def _large(files: Files, cell: str) -> dict[bytes, float]:
    table = read({files.path(name): fold for name, fold in AT_HAND[cell].items()})
    return {row.tobytes(): float(value) for row, value in zip(table.sequence, table.observed, strict=True)}


def _lost(found: lentimpra.Library, files: Files) -> Found:
    lines = gzip.decompress(files.path(lentimpra.DESIGN).read_bytes()).decode().split()
    designed: NDArray[np.uint8] = encode("".join(lines[1::2])).reshape(len(lines) // 2, -1)
    measured = np.isin([name[1:] for name in lines[::2]], found.name)
    return lost(gc(designed[:, lentimpra.INSERT]), measured)
