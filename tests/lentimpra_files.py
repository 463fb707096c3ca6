"""Small made-up lentiMPRA files in the layouts of the public ones."""

import gzip
import hashlib
from dataclasses import replace

import numpy as np
import openpyxl

from shiftbench.tasks import lentimpra
from shiftbench.tasks.files import Files, Source, sources
from shiftbench.tasks.lentimpra import DESIGN, VALUES

SOURCES = ("HepG2", "K562", "WTC11", "promoter")


def invented():
    """Names, letters and values: 400 natural inserts, 60 pairs across sources that share 100 bases, 40 others."""
    rng = np.random.default_rng(5)
    letters = rng.choice([*"ACGT"], (440, 200))
    letters[201:261, :100] = letters[0:60, 100:]
    names = [f"{('HepG2_DNasePeakNoPromoter', 'K562_peak', 'WTC11_seq', 'ENSG')[i % 4]}{i}" for i in range(400)]
    names += [f"C:SLEA_{i}" for i in range(10)] + [f"C:SLEA_{i}_Reversed:" for i in range(10)]
    names += [f"seq{i}_shuffled_0" for i in range(10)] + [f"UWpeak{i}_0" for i in range(8)]
    names += ["ENSG00000130164", "WTC11_seq42675_F"]
    return names, ["".join(row) for row in letters], rng.normal(size=(440, 3)).round(3)


def construct(insert):
    """Letters with the adapters."""
    return lentimpra.LEFT + insert + lentimpra.RIGHT


def turned(insert):
    """Reverse complement of letters."""
    return insert[::-1].translate(str.maketrans("ACGT", "TGCA"))


def joint(folder, order):
    """Files with the invented library, measured in the given order of rows; the last designed row is never measured."""
    names, letters, values = invented()
    folder.mkdir()
    fasta = "".join(f">{name}\n{construct(row)}\n" for name, row in zip(names, letters, strict=True))
    (folder / DESIGN).write_bytes(gzip.compress(fasta.encode()))
    book = openpyxl.Workbook()
    for row in [("name", *lentimpra.CELLS), *((names[i], *values[i].tolist()) for i in order)]:
        book.active.append(row)
    book.save(folder / VALUES)
    made = Files(data_dir=folder, cache=folder / "cache", offline=True, sources={})
    return listed(made, DESIGN, VALUES)


def listed(files, *names):
    """`files` that know the digests of these files in their folder beside those that they knew."""
    digests = {name: hashlib.sha256((files.data_dir / name).read_bytes()).hexdigest() for name in names}
    fresh = {
        name: Source(name=name, title="", urls=("https://x",), sha256=digest, licence="x", citation="x")
        for name, digest in digests.items()
    }
    return replace(files, sources={**sources(), **files.sources, **fresh})


def write_rows(path, header, rows):
    """Write a tab-separated table, packed if its name says so."""
    text = "".join("\t".join(map(str, row)) + "\n" for row in [header, *rows])
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
