"""Assays that tests share: a plain one, every mechanism alone, all together."""

from msgspec.structs import replace

from simulators.contract import Assay, Batch

PLAIN = Assay(
    replicates=3,
    barcode_mean=25.0,
    barcode_size=2.0,
    shared_size=6.0,
    dna_depth=10.0,
    rna_depth=10.0,
    dna_size=2.0,
    rna_size=1.6,
)
BATCHES = (
    Batch(offset=0.4, slope=1.3, depth=0.5),
    Batch(offset=-0.3, slope=0.8, gc_linear=1.0, gc_square=-2.0),
    Batch(gc_linear=-1.0, depth=1.6),
)
MECHANISMS = {
    "dropout": {"dropout": 0.6},
    "filter": {"least_barcodes": 10},
    "barcode_gc": {"barcode_gc": 6.0},
    "gain": {"gain": 1.4},
    "leak": {"leak": 0.3},
    "gc": {"gc_linear": 1.5, "gc_square": -4.0},
    "batches": {"batches": BATCHES},
    "jackpots": {"jackpot_rate": 0.05},
    "dispersion": {"dispersion": 3.0},
    "dispersion_gc": {"dispersion_gc": 5.0},
}
"""What each mechanism sets in `PLAIN`."""
ALL = replace(PLAIN, **{name: value for fields in MECHANISMS.values() for name, value in fields.items()})


def without(assay: Assay, mechanism: str) -> Assay:
    """The assay with one mechanism as in `PLAIN`."""
    return replace(assay, **{name: getattr(PLAIN, name) for name in MECHANISMS[mechanism]})
